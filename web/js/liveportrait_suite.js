// Made of web/src (29ae47ff84f06c8e) by "make web"; change it there.

// src/comfyui.ts
import { api } from "../../../scripts/api.js";
import { app } from "../../../scripts/app.js";
var RUN = 0;
var BYPASSED = 4;
var SETTINGS = { language: "Comfy.Locale", htmlNodes: "Comfy.VueNodes.Enabled" };
var WIDGET_GAP = 4;
var WITHOUT_PANELS = 27;
function register(extension) {
  app.registerExtension(extension);
}
function listen(name, heard) {
  api.addEventListener(name, (event) => heard(event.detail));
}
function send(name, detail) {
  api.dispatchCustomEvent(name, detail);
}
function rootGraph() {
  return app.rootGraph ?? app.graph;
}
function classOf(node) {
  return node.comfyClass ?? node.type;
}
function* places(graph = rootGraph(), enter = () => true, path = "") {
  for (const node of graph.nodes ?? []) {
    const id = path + node.id;
    yield { id, node, graph };
    if (node.subgraph && enter(node)) yield* places(node.subgraph, enter, `${id}:`);
  }
}
function idsOf(node) {
  return [...places()].filter((place) => place.node === node).map((place) => place.id);
}
function linked(node, name) {
  return node.inputs?.find((slot) => slot.name === name)?.link != null;
}
async function prompt() {
  return (await app.graphToPrompt()).output;
}
function aroundPrompt(around) {
  const graphToPrompt = app.graphToPrompt;
  app.graphToPrompt = function(...given) {
    const graph = given[0] ?? rootGraph();
    return around(() => graphToPrompt.apply(this, given), graph);
  };
}
async function runNode(id) {
  await app.queuePrompt(0, 1, [id]);
}
function ask(route, options) {
  return api.fetchApi(route, options);
}
var PAGE = Math.random().toString(36).slice(2);
function senderOf(node) {
  return `${api.clientId ?? ""}:${PAGE}:${idsOf(node)[0] ?? ""}`;
}
function language() {
  return String(app.extensionManager?.setting?.get(SETTINGS.language) ?? "en");
}
function panelsAreDrawn() {
  const [major = 1, minor = 0] = String(window.__COMFYUI_FRONTEND_VERSION__ ?? "").split(".").map(Number);
  const early = major < 1 || major === 1 && minor <= WITHOUT_PANELS;
  return !(early && app.extensionManager?.setting?.get(SETTINGS.htmlNodes));
}
function hide(widget) {
  widget.hidden = widget.options.hidden = true;
  widget.computeSize = () => [0, -WIDGET_GAP];
}
function setWidget(node, widget, value) {
  widget.value = value;
  widget.callback?.(value, app.canvas, node);
  if (!widget.hidden) repaint(node);
}
function onWidget(widget, changed) {
  const before2 = widget.callback;
  widget.callback = function(value, ...rest) {
    const result = before2?.call(this, value, ...rest);
    changed(widget.value);
    return result;
  };
}
function onLinks(node, changed) {
  const before2 = node.onConnectionsChange;
  node.onConnectionsChange = function(...given) {
    before2?.apply(this, given);
    changed();
  };
}
function repaint(node) {
  node.setDirtyCanvas?.(true, true);
}
function keepStep() {
  const tracker = app.extensionManager?.workflow?.activeWorkflow?.changeTracker;
  if (tracker?.captureCanvasState) tracker.captureCanvasState();
  else tracker?.checkState();
}
function takeKey(event) {
  event.preventDefault();
  Object.defineProperty(event, "key", { value: "Control" });
}
function keepKeysIn(element2, pressed) {
  element2.addEventListener("keydown", (event) => {
    event.stopPropagation();
    pressed(event);
  });
}
function addElement(node, name, element2, minHeight) {
  const widget = node.addDOMWidget(name, `lps_${name}`, element2, {
    serialize: false,
    hideOnZoom: false,
    getMinHeight: minHeight
  });
  widget.serialize = false;
  return widget;
}

// src/bypass.ts
var ANIMATE = /* @__PURE__ */ new Set(["LPS_AnimatePortrait", "LPS_AnimateVideo"]);
var LEFT_OUT = ["driving", "faces", "options"];
var NEEDED = ["model", "source"];
function bypassed(graph) {
  return [...places(graph, (node) => node.mode === RUN)].filter(
    ({ node }) => node.mode === BYPASSED && ANIMATE.has(classOf(node)) && NEEDED.every((name) => linked(node, name))
  );
}
function savedAs({ node, graph }, workflow, root) {
  const parts = workflow.definitions?.subgraphs ?? [];
  const saved = graph === root ? workflow : parts.find((part) => part.id === graph.id);
  return saved?.nodes.find((one) => one.id === node.id);
}
async function withBypassed(make, graph) {
  const found = bypassed(graph);
  let made;
  try {
    for (const { node } of found) node.mode = RUN;
    made = await make();
  } finally {
    for (const { node } of found) node.mode = BYPASSED;
  }
  for (const one of found) {
    for (const name of LEFT_OUT) delete made.output[one.id]?.inputs[name];
    const saved = savedAs(one, made.workflow, graph);
    if (saved) saved.mode = BYPASSED;
  }
  return made;
}
register({ name: "LivePortraitSuite.Bypass", setup: () => aroundPrompt(withBypassed) });

// src/controls.json
var controls_default = {
  groups: {
    eyes: [
      "blink_left",
      "blink_right",
      "squint_left",
      "squint_right",
      "gaze_left_x",
      "gaze_right_x",
      "gaze_left_y",
      "gaze_right_y"
    ],
    brows: [
      "brow_left",
      "brow_right",
      "brow_inner_left",
      "brow_inner_right"
    ],
    mouth: [
      "smile_left",
      "smile_right",
      "mouth_side"
    ],
    lips: [
      "lip_open",
      "lip_wide",
      "lip_round",
      "lip_press",
      "lip_funnel",
      "upper_lip",
      "lower_lip"
    ],
    jaw: [
      "jaw_open",
      "jaw_side"
    ],
    "cheeks and nose": [
      "cheek_puff",
      "cheek_raise",
      "nose_wrinkle"
    ],
    head: [
      "pitch_deg",
      "yaw_deg",
      "roll_deg"
    ],
    place: [
      "shift_x",
      "shift_y",
      "zoom"
    ]
  },
  opposite: {
    blink_left: "blink_right",
    blink_right: "blink_left",
    squint_left: "squint_right",
    squint_right: "squint_left",
    gaze_left_x: "gaze_right_x",
    gaze_right_x: "gaze_left_x",
    gaze_left_y: "gaze_right_y",
    gaze_right_y: "gaze_left_y",
    brow_left: "brow_right",
    brow_right: "brow_left",
    brow_inner_left: "brow_inner_right",
    brow_inner_right: "brow_inner_left",
    smile_left: "smile_right",
    smile_right: "smile_left"
  },
  rest: {
    blink_left: 0,
    blink_right: 0,
    squint_left: 0,
    squint_right: 0,
    gaze_left_x: 0,
    gaze_right_x: 0,
    gaze_left_y: 0,
    gaze_right_y: 0,
    brow_left: 0,
    brow_right: 0,
    brow_inner_left: 0,
    brow_inner_right: 0,
    smile_left: 0,
    smile_right: 0,
    mouth_side: 0,
    jaw_open: 0,
    jaw_side: 0,
    lip_open: 0,
    lip_wide: 0,
    lip_round: 0,
    lip_press: 0,
    lip_funnel: 0,
    upper_lip: 0,
    lower_lip: 0,
    cheek_puff: 0,
    cheek_raise: 0,
    nose_wrinkle: 0,
    pitch_deg: 0,
    yaw_deg: 0,
    roll_deg: 0,
    shift_x: 0,
    shift_y: 0,
    zoom: 1
  }
};

// src/control_values.ts
var GROUPS = controls_default.groups;
var OPPOSITE = controls_default.opposite;
var REST = controls_default.rest;
var MOST_STEPS = 100;
var FORMAT = "liveportrait-suite/expression";
var STEPS = /* @__PURE__ */ new Map();
function oppositeOf(name) {
  return OPPOSITE[name];
}
function stemOf(name) {
  return oppositeOf(name) ? name.replace(/_(left|right)/, "") : name;
}
function otherWidget(node, name) {
  return node.widgets?.find((one) => one.name === name);
}
var ControlValues = class {
  /** `changed` is called after each change, whoever made it. */
  constructor(node, changed) {
    this.node = node;
    this.changed = changed;
    const names = new Set(Object.values(GROUPS).flat());
    for (const widget of node.widgets ?? []) {
      if (!names.has(widget.name)) continue;
      this.widgets.set(widget.name, widget);
      onWidget(widget, () => {
        if (!this.setting) changed();
      });
    }
  }
  node;
  changed;
  widgets = /* @__PURE__ */ new Map();
  setting = false;
  /** The sliders by name. */
  get all() {
    return this.widgets.values();
  }
  /** Whether the node has a control. */
  has(name) {
    return this.widgets.has(name);
  }
  get(name) {
    return Number(this.widgets.get(name)?.value ?? 0);
  }
  /** Smallest and largest value, the step between two, and the value at rest. */
  range(name) {
    const { min = -1, max = 1, step2 = 0.01 } = this.widgets.get(name)?.options ?? {};
    return { min, max, step: step2, rest: REST[name] ?? 0 };
  }
  /** Every value by name. */
  values() {
    return Object.fromEntries([...this.widgets.keys()].map((name) => [name, this.get(name)]));
  }
  /** Those that are not at rest. */
  changedValues() {
    const values = Object.entries(this.values());
    return Object.fromEntries(values.filter(([name, value]) => value !== this.range(name).rest));
  }
  /** Every control at rest. */
  rest() {
    return Object.fromEntries([...this.widgets.keys()].map((name) => [name, this.range(name).rest]));
  }
  /** Set some, each brought into its range and onto a step. */
  set(values) {
    this.setting = true;
    try {
      for (const [name, value] of Object.entries(values)) {
        const widget = this.widgets.get(name);
        if (!widget || !Number.isFinite(value)) continue;
        const { min, max, step } = this.range(name);
        const stepped = Number((Math.round(value / step) * step).toFixed(6));
        setWidget(this.node, widget, Math.min(max, Math.max(min, stepped)));
      }
    } finally {
      this.setting = false;
    }
    this.changed();
  }
  /** Set a control, and that of the other side with it. */
  setBoth(name, value, both) {
    const other = both ? oppositeOf(name) : void 0;
    this.set(other ? { [name]: value, [other]: value } : { [name]: value });
  }
  /** Set another widget of the node. */
  setOther(name, value) {
    const widget = otherWidget(this.node, name);
    if (widget) setWidget(this.node, widget, value);
    keepStep();
  }
  /** Keep `before`, the values before a change that is complete now, as a step. */
  keep(before2) {
    if (JSON.stringify(before2) === JSON.stringify(this.values())) return;
    const { done, undone } = this.steps();
    done.push(before2);
    if (done.length > MOST_STEPS) done.shift();
    undone.length = 0;
    keepStep();
  }
  get canUndo() {
    return this.steps().done.length > 0;
  }
  get canRedo() {
    return this.steps().undone.length > 0;
  }
  undo() {
    const { done, undone } = this.steps();
    this.step(done, undone);
  }
  redo() {
    const { done, undone } = this.steps();
    this.step(undone, done);
  }
  /** The values as a text for the clipboard. */
  asText() {
    return JSON.stringify({ format: FORMAT, version: 1, controls: this.changedValues() });
  }
  /** Take over what `asText` gave; false where a text is none. */
  fromText(text2) {
    let read;
    try {
      read = JSON.parse(text2);
    } catch {
      return false;
    }
    if (read?.format !== FORMAT || typeof read.controls !== "object") return false;
    this.set({ ...this.rest(), ...read.controls });
    return true;
  }
  step(from, onto) {
    const wanted = from.pop();
    if (!wanted) return;
    onto.push(this.values());
    this.set(wanted);
    keepStep();
  }
  steps() {
    const key = `${this.node.graph?.id ?? ""}:${this.node.id}`;
    const found = STEPS.get(key) ?? { done: [], undone: [] };
    STEPS.set(key, found);
    return found;
  }
};

// src/style.ts
var SHEET = `
.lps { --lps-accent: #2b72cc; display: flex; flex-direction: column; gap: 6px; box-sizing: border-box; width: 100%; height: 100%;
  min-height: 0; padding: 4px; color: var(--input-text, #ddd); font: 12px/1.3 system-ui, sans-serif;
  touch-action: none; }
.lps input[type="range"] { touch-action: none; }
.lps-row { display: flex; flex-wrap: wrap; gap: 4px; flex: none; }
.lps-tabs { flex-wrap: nowrap; gap: 2px; }
.lps button { display: inline-flex; align-items: center; justify-content: center; min-width: 28px; height: 26px;
  padding: 0 6px; border: 1px solid var(--border-color, #4e4e4e); border-radius: 6px;
  background: var(--comfy-input-bg, #222); color: inherit; font: inherit; cursor: pointer; }
.lps .lps-tabs button { flex: 1 1 auto; min-width: 0; padding: 0 3px; font-size: 11px; }
.lps select, .lps input:not([type]) { height: 26px; box-sizing: border-box; min-width: 0; padding: 0 6px;
  border: 1px solid var(--border-color, #4e4e4e); border-radius: 6px; background: var(--comfy-input-bg, #222);
  color: inherit; font: inherit; }
.lps select { flex: 0 1 120px; }
.lps input:not([type]) { flex: 1 1 80px; }
.lps [hidden] { display: none; }
.lps button:hover:not(:disabled) { border-color: currentColor; }
.lps button:disabled { opacity: .4; cursor: default; }
.lps button[aria-pressed="true"], .lps button[aria-selected="true"] { background: var(--lps-accent); color: #fff; }
.lps :focus-visible { outline: 2px solid var(--lps-accent); outline-offset: 1px; }
.lps svg { width: 15px; height: 15px; fill: none; stroke: currentColor; stroke-width: 1.6;
  stroke-linecap: round; stroke-linejoin: round; pointer-events: none; }
.lps-face { position: relative; flex: 1 1 0; min-height: 120px; display: flex; justify-content: center; }
.lps-face canvas { width: 100%; height: 100%; object-fit: contain; border-radius: 6px;
  background: var(--comfy-menu-bg, #1a1a1a); touch-action: none; cursor: grab; }
.lps-face canvas:active { cursor: grabbing; }
.lps-said { flex: none; min-height: 16px; color: var(--descrip-text, #999); overflow-wrap: anywhere; }
.lps-said.lps-wrong { color: var(--error-text, #ff6b6b); }
.lps-faces img { height: 34px; border-radius: 4px; display: block; }
.lps-faces button { height: 42px; padding: 3px; }
.lps-controls { flex: none; display: grid; grid-template-columns: max-content 1fr 1fr; gap: 3px 8px;
  align-items: center; min-height: 158px; align-content: start; }
.lps-controls label { white-space: nowrap; }
.lps-side { color: var(--descrip-text, #999); font-size: 11px; }
.lps-wide { grid-column: span 2; }
.lps-one { display: flex; align-items: center; gap: 5px; min-width: 0; }
.lps-one input { flex: 1; min-width: 0; height: 20px; margin: 0; accent-color: var(--lps-accent); }
.lps-one output { width: 34px; text-align: right; font-variant-numeric: tabular-nums; }
.lps-timeline { flex: 2 1 0; min-height: 150px; overflow: hidden auto; border: 1px solid var(--border-color, #4e4e4e); border-radius: 6px; }
.lps-timeline canvas { display: block; width: 100%; touch-action: none; }
.lps .lps-text { flex: 2 1 0; min-height: 150px; resize: none; font: 12px/1.4 ui-monospace, monospace; }
.lps .lps-text { touch-action: pan-y; }
.lps .lps-text, .lps input[type="number"] { box-sizing: border-box; border: 1px solid var(--border-color, #4e4e4e); border-radius: 6px;
  background: var(--comfy-input-bg, #222); color: inherit; }
.lps input[type="number"] { width: 64px; height: 26px; font: inherit; padding: 0 4px; }
.lps-key { align-items: center; min-height: 26px; }
.lps-key span { min-width: 90px; }
.lps-segment label { display: flex; align-items: center; gap: 3px; color: var(--descrip-text, #999); }
.lps .lps-segment input[type="number"] { width: 50px; }
.lps .lps-segment select { flex: 0 1 92px; }
.lps-film { flex-wrap: nowrap; align-items: center; }
.lps-film input { flex: 1; min-width: 60px; margin: 0; accent-color: var(--lps-accent); }
.lps-film output { min-width: 56px; text-align: right; font-variant-numeric: tabular-nums; }
.lps-key input[type="range"] { flex: 1; min-width: 60px; accent-color: var(--lps-accent); }
`;
function useStyle() {
  const id = "lps-style";
  if (document.getElementById(id)) return;
  const style = document.createElement("style");
  style.id = id;
  style.textContent = SHEET;
  document.head.append(style);
}
var ICONS = {
  undo: "M6 3 2.5 6.5 6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H6",
  redo: "M10 3l3.5 3.5L10 10M13.5 6.5H6a3.5 3.5 0 0 0 0 7h4",
  reset: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
  random: "M3 3h10v10H3zM5.7 5.7h.01M10.3 5.7h.01M8 8h.01M5.7 10.3h.01M10.3 10.3h.01",
  copy: "M6 6h7.5v7.5H6zM10 3.5V2.5H2.5V10h1",
  paste: "M5.5 3.5h-2v10h9v-10h-2M5.5 2.5h5v2.5h-5z",
  link: "M6.7 9.3l2.6-2.6M7.5 4.8 9 3.3a2.6 2.6 0 0 1 3.7 3.7l-1.5 1.5M8.5 11.2 7 12.7A2.6 2.6 0 0 1 3.3 9l1.5-1.5",
  save: "M3 2.5h8l2.5 2.5v8.5H2.5v-11zM5 2.5v4h5v-4M5 13.5v-4h6v4",
  play: "M4.5 3v10l8-5z",
  loop: "M3 8V6.5A2.5 2.5 0 0 1 5.5 4H13M11 2l2 2-2 2M13 8v1.5a2.5 2.5 0 0 1-2.5 2.5H3M5 10l-2 2 2 2",
  addKey: "M6.5 4 10 7.5 6.5 11 3 7.5zM12 10v4M10 12h4",
  removeKey: "M6.5 4 10 7.5 6.5 11 3 7.5zM10 12h4",
  zoomIn: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3 14 14M7 5v4M5 7h4",
  zoomOut: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3 14 14M5 7h4",
  fit: "M2.5 3v10M13.5 3v10M5 8h6M6.5 6.2 4.7 8l1.8 1.8M9.5 6.2 11.3 8 9.5 9.8",
  text: "M3 4h10M3 7h7M3 10h9M3 13h5",
  before: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z"
};
function element(tag, className = "", ...inside) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}
function iconButton(icon, name, pressed) {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[icon]);
  picture.append(path);
  const button = element("button");
  button.append(picture);
  button.type = "button";
  button.title = name;
  button.setAttribute("aria-label", name);
  button.addEventListener("click", pressed);
  return button;
}

// ../locales/en/front_end.json
var front_end_default = {
  noAnswer: "ComfyUI does not answer; previews go on when it is back.",
  editor: "Face that is being changed",
  editorKeys: "Drag an eye, a brow, a corner of the mouth or the lower lip; drag elsewhere to turn the head, with Shift to tilt it. Arrow keys turn the head.",
  loading: "Reading the face ...",
  connectSource: "Connect a model and a source to see the face.",
  runOnce: "Other nodes make the source: run them once to see the face.",
  run: "Run",
  chooseFace: "Face {0} of {1}",
  before: "Hold to see the source",
  undo: "Undo",
  redo: "Redo",
  reset: "Reset all",
  resetOne: "A double click, or Delete on the slider, resets it",
  random: "Random face",
  copy: "Copy the expression",
  paste: "Paste an expression",
  nothingToPaste: "The clipboard holds no expression; copy one in an Expression Editor first.",
  link: "Move both sides together",
  left: "left",
  right: "right",
  sideLeft: "left in the image",
  sideRight: "right in the image",
  "group.eyes": "Eyes",
  "group.brows": "Brows",
  "group.mouth": "Mouth",
  "group.lips": "Lips",
  "group.jaw": "Jaw",
  "group.cheeks and nose": "Cheeks",
  "group.head": "Head",
  "group.place": "Place",
  blink: "Blink",
  squint: "Squint",
  gaze_x: "Look aside",
  gaze_y: "Look up",
  brow: "Brow",
  brow_inner: "Inner end",
  smile: "Smile",
  mouth_side: "Aside",
  jaw_open: "Open",
  jaw_side: "Aside",
  lip_open: "Open",
  lip_wide: "Wide",
  lip_round: "Round",
  lip_press: "Press",
  lip_funnel: "Funnel",
  upper_lip: "Upper",
  lower_lip: "Lower",
  cheek_puff: "Puff",
  cheek_raise: "Raise",
  nose_wrinkle: "Nose",
  pitch_deg: "Nod",
  yaw_deg: "Turn",
  roll_deg: "Tilt",
  shift_x: "Aside",
  shift_y: "Down",
  zoom: "Zoom",
  presets: "Expressions",
  words: "Say it in words",
  wordsExample: "For example: slight smile, look left, raise the right brow. Left and right are the image's.",
  nameIt: "Name of this expression",
  save: "Save this expression",
  saved: "Saved as {0}.",
  "preset.afraid": "Afraid",
  "preset.angry": "Angry",
  "preset.disgusted": "Disgusted",
  "preset.doubtful": "Doubtful",
  "preset.kiss": "Kiss",
  "preset.laugh": "Laugh",
  "preset.sad": "Sad",
  "preset.sleepy": "Sleepy",
  "preset.smile": "Smile",
  "preset.smirk": "Smirk",
  "preset.surprised": "Surprised",
  "preset.thinking": "Thinking",
  "preset.wink": "Wink",
  "preset.yawn": "Yawn",
  "timeline.title": "Timeline",
  "timeline.face": "The face at the time that is looked at",
  "timeline.keys": "Lanes of keys. Drag a key, a motion or the ruler; double-click a lane for a new key. Arrow keys go by frames and lanes, [ and ] from key to key, with Alt they move the key; Enter sets one, Delete takes it out, Space plays, + and - zoom.",
  "timeline.connect": "Connect a model and a source to see the face.",
  "timeline.linked": "The text comes from another node; changes here do not count.",
  "timeline.hint": "Choose a lane",
  "timeline.play": "Play",
  "timeline.loop": "The end goes on with the beginning",
  "timeline.length": "Length in seconds; empty: as long as what is on it",
  "timeline.auto": "auto s",
  "timeline.addLane": "Add ...",
  "timeline.addKey": "Set a key of the lane at this time",
  "timeline.removeKey": "Take out what is chosen: a key or a motion",
  "timeline.split": "Left and right apart, or together",
  "timeline.zoomIn": "Zoom in",
  "timeline.zoomOut": "Zoom out",
  "timeline.fit": "Show all",
  "timeline.text": "The timeline as text",
  "timeline.time": "Time of the key, seconds",
  "timeline.value": "Value of the key",
  "timeline.easing": "How the control gets to this key",
  "timeline.sound": "Sound",
  "timeline.motion": "Motion {0}",
  "timeline.keyOf": "key {0} of {1}: at {2} s, {3}",
  "film.frame": "Frame",
  "film.hint": "Which frame of the film is shown; the change is the same on every frame.",
  "timeline.motions": "Motions",
  "timeline.atRest": "At rest",
  "timeline.segmentAt": "{0}: at {1} s",
  "timeline.lastSegment": "Without any such line all connected motions are played one after another; disconnect them instead.",
  "segment.at": "at",
  "segment.at.long": "Second of the timeline where it begins",
  "segment.from": "in",
  "segment.from.long": "Second of the motion where the part begins",
  "segment.to": "out",
  "segment.to.long": "Second of the motion where the part ends; empty: at its end",
  "segment.for": "stays",
  "segment.for.long": "Seconds that it stays on the timeline; empty: as long as the part",
  "segment.speed": "speed",
  "segment.speed.long": "How many times as fast as the motion",
  "segment.blend": "blend",
  "segment.blend.long": "Seconds over which it comes in, and goes out where it ends before the timeline",
  "segment.region.long": "What of the face it moves",
  "segment.region.all": "all",
  "segment.region.expression": "expression",
  "segment.region.pose": "pose",
  "segment.region.lip": "lips",
  "segment.region.eyes": "eyes",
  "segment.then.long": "How it goes on where the part is shorter than it stays",
  "segment.then.hold": "then hold",
  "segment.then.loop": "then loop",
  "segment.then.bounce": "then bounce"
};

// ../locales/zh/front_end.json
var front_end_default2 = {
  noAnswer: "ComfyUI \u6CA1\u6709\u54CD\u5E94\uFF0C\u6062\u590D\u540E\u9884\u89C8\u4F1A\u7EE7\u7EED\u3002",
  editor: "\u6B63\u5728\u6539\u53D8\u7684\u8138",
  editorKeys: "\u62D6\u52A8\u773C\u775B\u3001\u7709\u6BDB\u3001\u5634\u89D2\u6216\u4E0B\u5507\uFF1B\u62D6\u52A8\u5176\u4ED6\u90E8\u4F4D\u8F6C\u5934\uFF0C\u6309\u4F4F Shift \u5219\u6B6A\u5934\u3002\u65B9\u5411\u952E\u8F6C\u5934\u3002",
  loading: "\u6B63\u5728\u8BFB\u53D6\u8138\u2026\u2026",
  connectSource: "\u8FDE\u63A5\u6A21\u578B\u548C\u6E90\uFF0C\u5373\u53EF\u770B\u5230\u8138\u3002",
  runOnce: "\u6E90\u7531\u5176\u4ED6\u8282\u70B9\u751F\u6210\uFF1A\u5148\u8FD0\u884C\u4E00\u6B21\uFF0C\u5373\u53EF\u770B\u5230\u8138\u3002",
  run: "\u8FD0\u884C",
  chooseFace: "\u7B2C {0} \u5F20\u8138\uFF0C\u5171 {1} \u5F20",
  before: "\u6309\u4F4F\u67E5\u770B\u539F\u56FE",
  undo: "\u64A4\u9500",
  redo: "\u91CD\u505A",
  reset: "\u5168\u90E8\u590D\u4F4D",
  resetOne: "\u53CC\u51FB\u540D\u79F0\uFF0C\u6216\u5728\u6ED1\u5757\u4E0A\u6309 Delete\uFF0C\u5373\u53EF\u590D\u4F4D",
  random: "\u968F\u673A\u8868\u60C5",
  copy: "\u590D\u5236\u8868\u60C5",
  paste: "\u7C98\u8D34\u8868\u60C5",
  nothingToPaste: "\u526A\u8D34\u677F\u91CC\u6CA1\u6709\u8868\u60C5\uFF0C\u8BF7\u5148\u5728\u8868\u60C5\u7F16\u8F91\u5668\u4E2D\u590D\u5236\u3002",
  link: "\u5DE6\u53F3\u4E00\u8D77\u53D8\u5316",
  left: "\u5DE6",
  right: "\u53F3",
  sideLeft: "\u56FE\u50CF\u5DE6\u4FA7",
  sideRight: "\u56FE\u50CF\u53F3\u4FA7",
  "group.eyes": "\u773C\u775B",
  "group.brows": "\u7709\u6BDB",
  "group.mouth": "\u5634",
  "group.lips": "\u5634\u5507",
  "group.jaw": "\u4E0B\u5DF4",
  "group.cheeks and nose": "\u8138\u988A",
  "group.head": "\u5934\u90E8",
  "group.place": "\u4F4D\u7F6E",
  blink: "\u95ED\u773C",
  squint: "\u772F\u773C",
  gaze_x: "\u5DE6\u53F3\u770B",
  gaze_y: "\u4E0A\u4E0B\u770B",
  brow: "\u7709\u6BDB",
  brow_inner: "\u7709\u5185\u7AEF",
  smile: "\u5FAE\u7B11",
  mouth_side: "\u5DE6\u53F3",
  jaw_open: "\u5F20\u5F00",
  jaw_side: "\u5DE6\u53F3",
  lip_open: "\u5F20\u5408",
  lip_wide: "\u5BBD",
  lip_round: "\u5706",
  lip_press: "\u62BF",
  lip_funnel: "\u524D\u4F38",
  upper_lip: "\u4E0A\u5507",
  lower_lip: "\u4E0B\u5507",
  cheek_puff: "\u9F13\u816E",
  cheek_raise: "\u62AC\u8D77",
  nose_wrinkle: "\u76B1\u9F3B",
  pitch_deg: "\u70B9\u5934",
  yaw_deg: "\u8F6C\u5934",
  roll_deg: "\u6B6A\u5934",
  shift_x: "\u5DE6\u53F3",
  shift_y: "\u5411\u4E0B",
  zoom: "\u7F29\u653E",
  presets: "\u8868\u60C5",
  words: "\u7528\u6587\u5B57\u63CF\u8FF0",
  wordsExample: "\u4F8B\u5982\uFF1A\u5FAE\u5FAE\u4E00\u7B11\uFF0C\u770B\u5DE6\u8FB9\uFF0C\u62AC\u8D77\u53F3\u7709\u3002\u5DE6\u53F3\u6307\u753B\u9762\u7684\u5DE6\u53F3\u3002",
  nameIt: "\u7ED9\u8FD9\u4E2A\u8868\u60C5\u547D\u540D",
  save: "\u4FDD\u5B58\u8FD9\u4E2A\u8868\u60C5",
  saved: "\u5DF2\u4FDD\u5B58\u4E3A {0}\u3002",
  "preset.afraid": "\u5BB3\u6015",
  "preset.angry": "\u751F\u6C14",
  "preset.disgusted": "\u538C\u6076",
  "preset.doubtful": "\u6000\u7591",
  "preset.kiss": "\u4EB2\u543B",
  "preset.laugh": "\u5927\u7B11",
  "preset.sad": "\u60B2\u4F24",
  "preset.sleepy": "\u56F0\u5026",
  "preset.smile": "\u5FAE\u7B11",
  "preset.smirk": "\u574F\u7B11",
  "preset.surprised": "\u60CA\u8BB6",
  "preset.thinking": "\u601D\u8003",
  "preset.wink": "\u7728\u4E00\u53EA\u773C",
  "preset.yawn": "\u6253\u54C8\u6B20",
  "timeline.title": "\u65F6\u95F4\u7EBF",
  "timeline.face": "\u5F53\u524D\u65F6\u523B\u7684\u8138",
  "timeline.keys": "\u5173\u952E\u5E27\u8F68\u9053\u3002\u62D6\u52A8\u5173\u952E\u5E27\u3001\u52A8\u4F5C\u6216\u6807\u5C3A\uFF1B\u53CC\u51FB\u8F68\u9053\u6DFB\u52A0\u5173\u952E\u5E27\u3002\u65B9\u5411\u952E\u6309\u5E27\u548C\u8F68\u9053\u79FB\u52A8\uFF0C[ \u548C ] \u5728\u5173\u952E\u5E27\u4E4B\u95F4\u8DF3\u8F6C\uFF0C\u6309\u4F4F Alt \u79FB\u52A8\u5173\u952E\u5E27\uFF1B\u56DE\u8F66\u6DFB\u52A0\uFF0CDelete \u5220\u9664\uFF0C\u7A7A\u683C\u64AD\u653E\uFF0C+ \u548C - \u7F29\u653E\u3002",
  "timeline.connect": "\u8FDE\u63A5\u6A21\u578B\u548C\u6E90\u56FE\uFF0C\u5373\u53EF\u770B\u5230\u8138\u3002",
  "timeline.linked": "\u6587\u672C\u6765\u81EA\u5176\u4ED6\u8282\u70B9\uFF1B\u5728\u8FD9\u91CC\u7684\u4FEE\u6539\u4E0D\u8D77\u4F5C\u7528\u3002",
  "timeline.hint": "\u9009\u62E9\u4E00\u6761\u8F68\u9053",
  "timeline.play": "\u64AD\u653E",
  "timeline.loop": "\u7ED3\u5C3E\u63A5\u56DE\u5F00\u5934\uFF08\u5FAA\u73AF\uFF09",
  "timeline.length": "\u957F\u5EA6\uFF08\u79D2\uFF09\uFF1B\u7559\u7A7A\uFF1A\u4E0E\u5185\u5BB9\u4E00\u6837\u957F",
  "timeline.auto": "\u81EA\u52A8",
  "timeline.addLane": "\u6DFB\u52A0\u2026",
  "timeline.addKey": "\u5728\u5F53\u524D\u65F6\u523B\u4E3A\u8BE5\u8F68\u9053\u6DFB\u52A0\u5173\u952E\u5E27",
  "timeline.removeKey": "\u53D6\u51FA\u6240\u9009\u7684\uFF1A\u5173\u952E\u5E27\u6216\u52A8\u4F5C",
  "timeline.split": "\u5DE6\u53F3\u5206\u5F00\uFF0C\u6216\u5408\u5728\u4E00\u8D77",
  "timeline.zoomIn": "\u653E\u5927",
  "timeline.zoomOut": "\u7F29\u5C0F",
  "timeline.fit": "\u663E\u793A\u5168\u90E8",
  "timeline.text": "\u65F6\u95F4\u7EBF\u7684\u6587\u672C",
  "timeline.time": "\u5173\u952E\u5E27\u7684\u65F6\u523B\uFF08\u79D2\uFF09",
  "timeline.value": "\u5173\u952E\u5E27\u7684\u503C",
  "timeline.easing": "\u63A7\u4EF6\u5982\u4F55\u5230\u8FBE\u6B64\u5173\u952E\u5E27",
  "timeline.sound": "\u58F0\u97F3",
  "timeline.motion": "\u52A8\u4F5C {0}",
  "timeline.keyOf": "\u7B2C {0} \u4E2A\u5173\u952E\u5E27\uFF0C\u5171 {1} \u4E2A\uFF1A{2} \u79D2\uFF0C{3}",
  "film.frame": "\u5E27",
  "film.hint": "\u663E\u793A\u5F71\u7247\u7684\u54EA\u4E00\u5E27\uFF1B\u6BCF\u4E00\u5E27\u7684\u6539\u53D8\u90FD\u76F8\u540C\u3002",
  "timeline.motions": "\u52A8\u4F5C",
  "timeline.atRest": "\u9759\u6B62",
  "timeline.segmentAt": "{0}\uFF1A\u5728 {1} \u79D2",
  "timeline.lastSegment": "\u6CA1\u6709\u8FD9\u6837\u7684\u884C\u65F6\uFF0C\u6240\u6709\u5DF2\u8FDE\u63A5\u7684\u52A8\u4F5C\u4F1A\u4F9D\u6B21\u64AD\u653E\uFF1B\u8BF7\u6539\u4E3A\u65AD\u5F00\u8FDE\u63A5\u3002",
  "segment.at": "\u8D77",
  "segment.at.long": "\u5728\u65F6\u95F4\u7EBF\u4E0A\u5F00\u59CB\u7684\u79D2\u6570",
  "segment.from": "\u5165",
  "segment.from.long": "\u52A8\u4F5C\u7247\u6BB5\u5F00\u59CB\u7684\u79D2\u6570",
  "segment.to": "\u51FA",
  "segment.to.long": "\u52A8\u4F5C\u7247\u6BB5\u7ED3\u675F\u7684\u79D2\u6570\uFF1B\u7A7A\uFF1A\u5230\u7ED3\u5C3E",
  "segment.for": "\u6301\u7EED",
  "segment.for.long": "\u5728\u65F6\u95F4\u7EBF\u4E0A\u6301\u7EED\u7684\u79D2\u6570\uFF1B\u7A7A\uFF1A\u4E0E\u7247\u6BB5\u7B49\u957F",
  "segment.speed": "\u901F\u5EA6",
  "segment.speed.long": "\u4E3A\u52A8\u4F5C\u901F\u5EA6\u7684\u591A\u5C11\u500D",
  "segment.blend": "\u8FC7\u6E21",
  "segment.blend.long": "\u6DE1\u5165\u6240\u7528\u7684\u79D2\u6570\uFF1B\u82E5\u5728\u65F6\u95F4\u7EBF\u7ED3\u675F\u524D\u7ED3\u675F\uFF0C\u4E5F\u540C\u6837\u6DE1\u51FA",
  "segment.region.long": "\u5B83\u79FB\u52A8\u8138\u7684\u54EA\u4E00\u90E8\u5206",
  "segment.region.all": "\u5168\u90E8",
  "segment.region.expression": "\u8868\u60C5",
  "segment.region.pose": "\u59FF\u6001",
  "segment.region.lip": "\u5634\u5507",
  "segment.region.eyes": "\u773C\u775B",
  "segment.then.long": "\u7247\u6BB5\u6BD4\u6301\u7EED\u65F6\u95F4\u77ED\u65F6\u5982\u4F55\u7EE7\u7EED",
  "segment.then.hold": "\u7136\u540E\u4FDD\u6301",
  "segment.then.loop": "\u7136\u540E\u5FAA\u73AF",
  "segment.then.bounce": "\u7136\u540E\u5F80\u8FD4"
};

// src/texts.ts
var TEXTS = { en: front_end_default, zh: front_end_default2 };
function text(key, ...values) {
  const chosen = language();
  const texts = TEXTS[chosen] ?? TEXTS[chosen.split("-")[0] ?? ""];
  const found = texts?.[key] ?? front_end_default[key];
  return found.replace(/\{(\d)\}/g, (_, place) => String(values[Number(place)] ?? ""));
}
function textOr(key, other) {
  return key in front_end_default ? text(key) : other;
}

// src/control_rows.ts
var ControlRows = class {
  constructor(values, bothSides, done) {
    this.values = values;
    this.bothSides = bothSides;
    this.done = done;
    this.tabs.setAttribute("role", "tablist");
    this.rows.setAttribute("role", "tabpanel");
    for (const group of Object.keys(GROUPS)) {
      const tab = element("button", "", text(`group.${group}`));
      tab.type = "button";
      tab.dataset["group"] = group;
      tab.setAttribute("role", "tab");
      tab.addEventListener("click", () => this.choose(group));
      this.tabs.append(tab);
    }
    this.tabs.addEventListener("keydown", (event) => this.walk(event));
    this.choose(Object.keys(GROUPS)[0] ?? "");
  }
  values;
  bothSides;
  done;
  tabs = element("div", "lps-row lps-tabs");
  rows = element("div", "lps-controls");
  sliders = [];
  /** Show the values as they are. */
  refresh() {
    for (const { name, input, output } of this.sliders) {
      const value = this.values.get(name);
      input.value = String(value);
      output.value = String(Number(value.toFixed(2)));
    }
  }
  choose(group) {
    for (const tab of this.tabs.querySelectorAll("button")) {
      const chosen = tab.dataset["group"] === group;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    this.sliders = [];
    this.rows.replaceChildren();
    this.rows.setAttribute("aria-label", text(`group.${group}`));
    const names = (GROUPS[group] ?? []).filter((name) => this.values.has(name));
    if (names.some(oppositeOf)) this.addHeader();
    for (const name of names) this.addRow(name);
    this.refresh();
  }
  walk(event) {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...this.tabs.querySelectorAll("button")];
    const at = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    const next = tabs[(at + step + tabs.length) % tabs.length];
    event.preventDefault();
    next?.click();
    next?.focus();
  }
  /** Which column is of which side; each slider's own name says it too. */
  addHeader() {
    const sides = [text("sideLeft"), text("sideRight")].map((side) => element("span", "lps-side", side));
    for (const side of sides) side.setAttribute("aria-hidden", "true");
    this.rows.append(element("span"), ...sides);
  }
  /** A row of one control, or of both sides; the right side's comes with the left one's. */
  addRow(name) {
    const other = oppositeOf(name);
    if (other && name.includes("right")) return;
    const label = element("label", "", text(stemOf(name)));
    label.title = text("resetOne");
    const names = other ? [name, other] : [name];
    label.addEventListener("dblclick", () => this.reset(names));
    this.rows.append(label, ...names.map((each) => this.slider(each, other !== void 0)));
  }
  reset(names) {
    const before2 = this.values.values();
    this.values.set(Object.fromEntries(names.map((each) => [each, this.values.range(each).rest])));
    this.done(before2);
  }
  slider(name, sided) {
    const input = element("input");
    const output = element("output");
    const { min, max, step } = this.values.range(name);
    Object.assign(input, { type: "range", min, max, step });
    const side = sided ? text(name.includes("left") ? "left" : "right") : "";
    input.setAttribute("aria-label", `${text(stemOf(name))} ${side}`.trim());
    input.dataset["control"] = name;
    let before2;
    input.addEventListener("input", () => {
      before2 ??= this.values.values();
      this.values.setBoth(name, Number(input.value), this.bothSides());
    });
    input.addEventListener("change", () => {
      if (before2) this.done(before2);
      before2 = void 0;
    });
    input.addEventListener("keydown", (event) => {
      const other = this.bothSides() ? oppositeOf(name) : void 0;
      if (event.key === "Delete" || event.key === "Backspace") this.reset(other ? [name, other] : [name]);
    });
    this.sliders.push({ name, input, output });
    return element("div", sided ? "lps-one" : "lps-one lps-wide", input, output);
  }
};

// src/face_canvas.ts
var SIDE_PX = 512;
var REACH = 0.045;
var TOUCH_REACH = 0.08;
var KEY_TURN_DEG = 1;
var OF_HANDLE = {
  brow_left: [["brow_left", 0, -14]],
  brow_right: [["brow_right", 0, -14]],
  iris_left: [["gaze_left_x", 22, 0], ["gaze_left_y", 0, -34]],
  iris_right: [["gaze_right_x", 22, 0], ["gaze_right_y", 0, -34]],
  smile_left: [["smile_left", -5, -14]],
  smile_right: [["smile_right", 5, -14]],
  jaw: [["jaw_open", 0, 7]]
};
var OF_HEAD = [["yaw_deg", -90, 0], ["pitch_deg", 0, 80]];
var OF_TILT = [["roll_deg", 90, 0]];
var FaceCanvas = class {
  constructor(values, bothSides, dragged, name, keys) {
    this.values = values;
    this.bothSides = bothSides;
    this.dragged = dragged;
    const { canvas } = this;
    canvas.width = canvas.height = SIDE_PX;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", `${name}. ${keys}`);
    canvas.title = keys;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(kind, (event) => this.end(event));
    }
    canvas.addEventListener("pointerleave", () => this.hover(false));
    canvas.addEventListener("pointerenter", () => this.hover(true));
    canvas.addEventListener("keydown", (event) => this.key(event));
  }
  values;
  bothSides;
  dragged;
  canvas = element("canvas");
  picture;
  handles = {};
  near;
  /** Without a pointer that hovers, handles are there all the time. */
  hovers = window.matchMedia("(hover: hover)").matches;
  over = !this.hovers;
  drag;
  /** Show a picture; without handles the last ones stay where a drag needs them. */
  show(picture, handles) {
    this.picture?.close();
    this.picture = picture;
    if (handles) this.handles = handles;
    this.paint();
  }
  /** Nothing is known of a face. */
  clear() {
    this.picture?.close();
    this.picture = void 0;
    this.handles = {};
    this.paint();
  }
  place(event) {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const side = Math.min(width, height);
    const [x, y] = [event.clientX - left - (width - side) / 2, event.clientY - top - (height - side) / 2];
    return [x / side, y / side];
  }
  nearest([x, y], { pointerType }) {
    const reach = pointerType === "touch" ? TOUCH_REACH : REACH;
    const far = Object.entries(this.handles).map(
      ([name, [at, below]]) => [Math.hypot(at - x, below - y), name]
    );
    const found = far.filter(([distance]) => distance < reach).sort(([a], [b]) => a - b)[0];
    return found?.[1];
  }
  begin(event) {
    if (event.button !== 0 || this.drag || !this.picture) return;
    event.preventDefault();
    event.stopPropagation();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const from = this.place(event);
    this.near = this.nearest(from, event);
    const effects = OF_HANDLE[this.near ?? ""] ?? (event.shiftKey ? OF_TILT : OF_HEAD);
    this.drag = { pointer: event.pointerId, from, effects, values: this.values.values() };
    this.paint();
  }
  move(event) {
    const at = this.place(event);
    const { drag } = this;
    if (!drag) {
      const near = this.nearest(at, event);
      if (near === this.near) return;
      this.near = near;
      this.paint();
      return;
    }
    if (event.pointerId !== drag.pointer) return;
    event.stopPropagation();
    const [right, down] = [at[0] - drag.from[0], at[1] - drag.from[1]];
    const changed = {};
    for (const [control, perRight, perDown] of drag.effects) {
      const value = (drag.values[control] ?? 0) + right * perRight + down * perDown;
      changed[control] = value;
      const other = this.bothSides() ? oppositeOf(control) : void 0;
      if (other) changed[other] = value;
    }
    this.values.set(changed);
  }
  end(event) {
    const { drag } = this;
    if (!drag || event.pointerId !== drag.pointer) return;
    this.drag = void 0;
    this.paint();
    this.dragged(drag.values);
  }
  key(event) {
    const turns = {
      ArrowLeft: event.shiftKey ? ["roll_deg", -1, 0] : ["yaw_deg", 1, 0],
      ArrowRight: event.shiftKey ? ["roll_deg", 1, 0] : ["yaw_deg", -1, 0],
      ArrowUp: ["pitch_deg", -1, 0],
      ArrowDown: ["pitch_deg", 1, 0]
    };
    const turn = turns[event.key];
    if (!turn) return;
    event.preventDefault();
    const before2 = this.values.values();
    this.values.set({ [turn[0]]: this.values.get(turn[0]) + turn[1] * KEY_TURN_DEG });
    this.dragged(before2);
  }
  hover(over) {
    this.over = over || !this.hovers;
    if (!over && !this.drag) this.near = void 0;
    this.paint();
  }
  paint() {
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    pen.clearRect(0, 0, SIDE_PX, SIDE_PX);
    if (!this.picture) return;
    pen.drawImage(this.picture, 0, 0, SIDE_PX, SIDE_PX);
    if (this.drag || !this.over) return;
    for (const [name, [x, y]] of Object.entries(this.handles)) {
      pen.beginPath();
      pen.arc(x * SIDE_PX, y * SIDE_PX, name === this.near ? 9 : 6, 0, 2 * Math.PI);
      for (const [colour, width] of [["#000a", 4], ["#fff", 2]]) {
        pen.strokeStyle = colour;
        pen.lineWidth = width;
        pen.stroke();
      }
    }
  }
};

// src/film_row.ts
var FilmRow = class {
  /** `changed` is called when another frame is to be shown. */
  constructor(changed) {
    this.changed = changed;
    this.slider.type = "range";
    this.slider.min = this.slider.value = "0";
    this.slider.addEventListener("input", () => {
      this.refresh();
      this.changed();
    });
    this.root.append(text("film.frame"), this.slider, this.output);
    this.root.title = text("film.hint");
    this.root.hidden = true;
  }
  changed;
  root = element("label", "lps-row lps-film");
  slider = element("input");
  output = element("output");
  film = null;
  /** Second of the frame. */
  get at_s() {
    return this.film ? Number(this.slider.value) / this.film.fps : 0;
  }
  /** Show a film's row, or none. */
  show(film) {
    this.film = film && film.frames > 1 ? film : null;
    this.root.hidden = !this.film;
    this.slider.max = String((this.film?.frames ?? 1) - 1);
    this.refresh();
  }
  refresh() {
    this.output.value = `${this.slider.value} / ${this.slider.max}`;
    this.slider.setAttribute("aria-valuetext", `${this.output.value}, ${this.at_s.toFixed(2)} s`);
  }
};

// src/server.ts
var ServerError = class extends Error {
  /** Whether there was an answer at all. */
  answered;
  constructor(sentence) {
    super(sentence ?? text("noAnswer"));
    this.answered = sentence !== void 0;
  }
};
async function post(route, body) {
  let answer;
  try {
    answer = await ask(`/liveportrait/v1/${route}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body)
    });
  } catch {
    throw new ServerError();
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => null);
  throw new ServerError(said?.error);
}
async function askJson(route, body) {
  return await (await post(route, body)).json();
}
async function askPicture(route, body) {
  const answer = await post(route, body);
  if (answer.status === 204) return null;
  return { jpeg: await answer.blob(), about: JSON.parse(answer.headers.get("X-LivePortrait") ?? "{}") };
}
var Newest = class {
  constructor(run, done, failed, idle = () => void 0) {
    this.run = run;
    this.done = done;
    this.failed = failed;
    this.idle = idle;
  }
  run;
  done;
  failed;
  idle;
  waiting;
  busy = false;
  shown = Promise.resolve();
  /** Ask for this next. */
  want(request) {
    this.waiting = request;
    if (!this.busy) void this.drain();
  }
  async drain() {
    this.busy = true;
    while (this.waiting !== void 0) {
      const request = this.waiting;
      this.waiting = void 0;
      try {
        const answer = await this.run(request);
        if (answer !== null) this.shown = this.shown.then(() => this.show(answer, request));
        if (this.waiting === void 0) await this.shown;
      } catch (error) {
        this.fail(error, request);
      }
    }
    this.busy = false;
    this.idle();
  }
  async show(answer, request) {
    try {
      await this.done(answer, request);
    } catch (error) {
      this.fail(error, request);
    }
  }
  fail(error, request) {
    this.failed(error instanceof Error ? error : new Error(String(error)), request);
  }
};

// src/named_expressions.ts
var NamedExpressions = class {
  constructor(face) {
    this.face = face;
    const { names, words, name } = this;
    names.setAttribute("aria-label", text("presets"));
    names.addEventListener("change", () => {
      void this.ask({ preset: names.value }, false);
      names.value = "";
    });
    words.placeholder = text("words");
    words.title = text("wordsExample");
    words.setAttribute("aria-label", text("words"));
    words.addEventListener("change", () => void this.ask({ words: words.value }, true));
    name.placeholder = text("nameIt");
    name.setAttribute("aria-label", text("nameIt"));
    name.hidden = true;
    name.addEventListener("change", () => void this.save());
    const save = iconButton("save", text("save"), () => {
      name.hidden = !name.hidden;
      words.hidden = !name.hidden;
      if (!name.hidden) name.focus();
    });
    this.row.append(names, words, name, save);
    this.list([]);
  }
  face;
  row = element("div", "lps-row");
  names = element("select");
  words = element("input");
  name = element("input");
  /** Words that are not understood, to be corrected. */
  offer(words) {
    this.words.value = words;
  }
  /** Ask which there are. */
  async refresh() {
    await this.tried(async () => this.list(await this.named({})));
  }
  async named(body) {
    return (await askJson("expressions", body)).names;
  }
  list(names) {
    const choices = names.map((name) => new Option(textOr(`preset.${name}`, name), name));
    this.names.replaceChildren(new Option(text("presets"), ""), ...choices);
  }
  async ask(values, over) {
    if (!Object.values(values).some((value) => value.trim())) return;
    await this.tried(async () => {
      const { controls } = await askJson("controls", { values });
      this.face.take(controls, over);
    });
  }
  async save() {
    const name = this.name.value.trim();
    if (!name) return;
    await this.tried(async () => {
      this.list(await this.named({ name, values: this.face.values() }));
      this.name.value = "";
      this.name.hidden = true;
      this.words.hidden = false;
      this.face.say(text("saved", name));
    });
  }
  async tried(run) {
    try {
      await run();
    } catch (error) {
      this.face.say(error.message);
    }
  }
};

// src/preview_source.ts
var PICTURES = { LoadImage: "image", LoadImageOutput: "image", LoadVideo: "file" };
var MODEL = "LPS_LoadModel";
var MODEL_WIDGETS = ["model_name", "precision", "face_finder"];
var SOUNDS = { LoadAudio: "audio" };
var FILMS = { LoadVideo: "file" };
var PARTS_OF_FILM = "GetVideoComponents";
var MOTION = "LPS_LoadMotion";
var MOTIONS = ["motion_1", "motion_2", "motion_3", "motion_4"];
var SEEN = /* @__PURE__ */ new Map();
var BENEATH = /* @__PURE__ */ new Map();
var SOURCES = ["source", "model", "like"];
var BENEATHS = ["audio", ...MOTIONS];
function linkedTo(graph, id, input) {
  const link = graph[id]?.inputs[input];
  return Array.isArray(link) ? graph[String(link[0])] : void 0;
}
function textOf(value) {
  return typeof value === "string" ? value : null;
}
function upstream(graph, id, names) {
  const found = /* @__PURE__ */ new Map();
  const visit = (inputs2) => {
    for (const link of inputs2) {
      if (!Array.isArray(link)) continue;
      const [name, node] = [String(link[0]), graph[String(link[0])]];
      if (!node || found.has(name)) continue;
      found.set(name, node);
      visit(Object.values(node.inputs));
    }
  };
  const inputs = graph[id]?.inputs ?? {};
  visit(names.map((name) => inputs[name]));
  return found;
}
function before(graph, id, names) {
  const found = upstream(graph, id, names);
  return JSON.stringify([...found].map(([name, { class_type, inputs }]) => [name, class_type, inputs]));
}
var HEARD = /* @__PURE__ */ new Set();
var WATCHED = /* @__PURE__ */ new WeakSet();
function onSources(changed) {
  HEARD.add(changed);
}
function watch(graph, id, names) {
  const found = upstream(graph, id, names);
  for (const { id: other, node } of places()) {
    if (!found.has(other)) continue;
    for (const widget of node.widgets ?? []) {
      if (WATCHED.has(widget)) continue;
      WATCHED.add(widget);
      onWidget(widget, () => HEARD.forEach((changed) => changed()));
    }
  }
}
async function noteSeen(id, keys) {
  SEEN.set(id, { keys, before: before(await prompt(), id, SOURCES) });
}
async function noteBeneath(id, key) {
  BENEATH.set(id, { key, before: before(await prompt(), id, BENEATHS) });
}
function modelOf(graph, id) {
  const loader = linkedTo(graph, id, "model");
  if (loader?.class_type !== MODEL) return null;
  const values = MODEL_WIDGETS.map((name) => [name, textOf(loader.inputs[name])]);
  if (values.some(([, value]) => value === null)) return null;
  return Object.fromEntries(values);
}
function fileOf(graph, id, input, loaders = PICTURES) {
  const loader = linkedTo(graph, id, input);
  const widget = loader && loaders[loader.class_type];
  return widget ? textOf(loader.inputs[widget]) : null;
}
function soundOf(graph, id) {
  const link = graph[id]?.inputs["audio"];
  const parts = Array.isArray(link) ? String(link[0]) : "";
  if (graph[parts]?.class_type === PARTS_OF_FILM) return fileOf(graph, parts, "video", FILMS);
  return fileOf(graph, id, "audio", SOUNDS);
}
async function beneathOf(node) {
  const [id = ""] = idsOf(node);
  const graph = await prompt();
  const noted = BENEATH.get(id);
  const run = noted && noted.before === before(graph, id, BENEATHS) ? noted.key : null;
  const loaders = MOTIONS.filter((name) => Array.isArray(graph[id]?.inputs[name])).map(
    (name) => linkedTo(graph, id, name)
  );
  const motions = loaders.flatMap((loader) => {
    const chosen = Object.entries(loader?.inputs ?? {});
    const isFile = loader?.class_type === MOTION && chosen.every(([, value]) => textOf(value) !== null);
    return isFile ? [Object.fromEntries(chosen)] : [];
  });
  const audio = soundOf(graph, id);
  return { run, audio, motions: motions.length === loaders.length ? motions : null };
}
async function sourcesOf(node) {
  const [id] = idsOf(node);
  if (id === void 0) return null;
  const graph = await prompt();
  const inputs = graph[id]?.inputs;
  watch(graph, id, [...SOURCES, ...BENEATHS]);
  if (!Array.isArray(inputs?.["model"]) || !Array.isArray(inputs["source"])) return null;
  const noted = SEEN.get(id);
  const keys = noted && noted.before === before(graph, id, SOURCES) ? noted.keys : [];
  const model = modelOf(graph, id);
  const named = (input, key, face) => {
    const file = fileOf(graph, id, input);
    if ((!file || !model) && !key) return null;
    const face_index = typeof face === "number" ? face : 0;
    return { file, model, seen: key ?? null, face_index, at_s: 0 };
  };
  const source = named("source", keys[0], inputs["face_index"]);
  const withLike = Array.isArray(inputs["like"]);
  const like = withLike ? named("like", keys[1], inputs["like_face_index"]) : null;
  return source && (like || !withLike) ? { source, like } : "run";
}

// src/panels.ts
var Panels = class {
  constructor(form) {
    this.form = form;
  }
  form;
  panels = /* @__PURE__ */ new Map();
  /** Put a panel on its node. */
  add(node, panel) {
    useStyle();
    addElement(node, this.form.name, panel.root, () => this.form.heightPx);
    node.setSize?.(this.form.size);
    this.panels.set(node, panel);
    const removed = node.onRemoved;
    node.onRemoved = () => {
      this.panels.delete(node);
      removed?.call(node);
    };
    onLinks(node, () => panel.look());
    new IntersectionObserver((seen) => {
      if (seen.some((one) => one.isIntersecting)) panel.look();
    }).observe(panel.root);
  }
  /** Look whenever the graph may be another one, and after a node's run of which something was noted. */
  listen(note) {
    for (const event of ["reconnecting", "reconnected"]) {
      listen(event, () => {
        for (const panel of this.panels.values()) panel.lost(event === "reconnecting");
      });
    }
    const look = () => {
      for (const panel of this.panels.values()) panel.look();
    };
    onSources(look);
    for (const event of ["graphChanged", "execution_success", "reconnected"]) listen(event, look);
    listen("executed", ({ node: id, output }) => {
      const place = output && [...places()].find((one) => one.id === id);
      if (!place) return;
      void note(id, output)?.then(() => this.panels.get(place.node)?.look());
    });
  }
};

// src/said.ts
var TOPICS = ["server", "source", "text", "beneath", "picture"];
var Said = class {
  root = element("div", "lps-said");
  wrong = /* @__PURE__ */ new Map();
  note = "";
  constructor() {
    this.root.setAttribute("role", "status");
  }
  /** Say that something is wrong with one thing; without a sentence nothing is any more. */
  about(topic, ...sentence) {
    const before2 = this.wrong.get(topic);
    if (!before2 && !sentence.some(Boolean)) return;
    if (sentence.some(Boolean)) this.wrong.set(topic, sentence);
    else this.wrong.delete(topic);
    this.show();
  }
  /** Whether something is wrong with it. */
  isWrong(topic) {
    return this.wrong.has(topic);
  }
  /** Say something that is not wrong, until something else is said. */
  tell(sentence) {
    if (sentence === this.note) return;
    this.note = sentence;
    this.show();
  }
  show() {
    const topic = TOPICS.find((one) => this.wrong.has(one));
    const said = topic ? this.wrong.get(topic) ?? [] : [this.note];
    this.root.replaceChildren(...said);
    this.root.classList.toggle("lps-wrong", topic !== void 0 && topic !== "source");
  }
};

// src/expression_editor.ts
var NODE = "LPS_ExpressionEditor";
var SEEN_KEY = "lps_seen";
var SIDE_PX2 = 512;
var SETTLE_MS = 250;
var ROUTE = "preview/expression";
var ASKED = { preset: "none", words: "" };
var LIKE = ["like_parts", "like_strength"];
var PANELS = new Panels({ name: "editor", size: [400, 810], heightPx: 480 });
var Panel = class {
  constructor(node) {
    this.node = node;
    this.values = new ControlValues(node, () => this.changed());
    const both = () => this.sidesLinked;
    const done = (before2) => this.done(before2);
    this.face = new FaceCanvas(this.values, both, done, text("editor"), text("editorKeys"));
    this.rows = new ControlRows(this.values, both, done);
    this.named = new NamedExpressions({
      take: (controls, over) => this.change(() => this.values.set({ ...over ? {} : this.values.rest(), ...controls })),
      values: () => this.values.values(),
      say: (sentence) => this.said.tell(sentence)
    });
    this.undo = iconButton("undo", text("undo"), () => this.values.undo());
    this.redo = iconButton("redo", text("redo"), () => this.values.redo());
    this.newest = new Newest(
      (asked) => this.ask(asked),
      (picture, asked) => this.show(picture, asked),
      (error, { source }) => {
        this.failed("picture", error);
        void this.showPeople(source);
      },
      () => this.root.setAttribute("aria-busy", "false")
    );
    for (const name of LIKE) {
      const widget = otherWidget(node, name);
      if (widget) onWidget(widget, () => this.want());
    }
    const person = otherWidget(node, "like_face_index");
    if (person) onWidget(person, () => this.look());
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", text("editor"));
    this.root.append(
      this.buttons(),
      this.named.row,
      element("div", "lps-face", this.face.canvas),
      this.film.root,
      this.people,
      this.said.root,
      this.rows.tabs,
      this.rows.rows
    );
    keepKeysIn(this.root, (event) => this.key(event));
    this.refreshSteps();
  }
  node;
  root = element("div", "lps");
  values;
  face;
  rows;
  named;
  said = new Said();
  film = new FilmRow(() => this.want());
  people = element("div", "lps-row lps-faces");
  undo;
  redo;
  newest;
  sources = null;
  peopleOf = "";
  sidesLinked = true;
  settling;
  /** The widgets that this stands for. */
  get widgets() {
    const asked = Object.keys(ASKED).map((name) => otherWidget(this.node, name));
    return [...this.values.all, ...asked].filter((widget) => widget !== void 0);
  }
  look() {
    window.clearTimeout(this.settling);
    const look = () => this.lookNow().catch((error) => this.failed("source", error));
    this.settling = window.setTimeout(() => void look(), SETTLE_MS);
  }
  lost(isGone) {
    this.said.about("server", isGone ? text("noAnswer") : "");
    if (!isGone) this.sources = null;
  }
  async lookNow() {
    if (!this.root.isConnected) return;
    await this.unfold();
    const found = await sourcesOf(this.node);
    if (found === null || found === "run") {
      this.sources = null;
      this.said.about("picture");
      this.said.about("source", ...found ? this.toRun() : [text("connectSource")]);
      return;
    }
    this.said.about("source");
    if (!this.sources) void this.named.refresh();
    const isNew = JSON.stringify(found) !== JSON.stringify(this.sources);
    this.sources = found;
    this.rows.refresh();
    if (isNew) this.said.tell(text("loading"));
    if (isNew || this.said.isWrong("picture") || this.said.isWrong("server")) this.want();
  }
  /** A preset and words that came with the workflow become sliders, which say the same. */
  async unfold() {
    const given = Object.entries(ASKED).filter(
      ([name, rest]) => !linked(this.node, name) && otherWidget(this.node, name)?.value !== rest
    );
    if (!given.length) return;
    const values = Object.fromEntries(
      given.map(([name]) => [name, otherWidget(this.node, name)?.value])
    );
    const body = { values: { ...values, ...this.values.values() } };
    try {
      const { controls } = await askJson("controls", body);
      this.values.set(controls);
    } catch (error) {
      this.named.offer(String(values["words"] ?? ""));
      throw error;
    } finally {
      for (const [name, rest] of given) this.values.setOther(name, rest);
    }
  }
  buttons() {
    const link = iconButton("link", text("link"), () => {
      this.sidesLinked = !this.sidesLinked;
      link.setAttribute("aria-pressed", String(this.sidesLinked));
    });
    link.setAttribute("aria-pressed", "true");
    const before2 = iconButton("before", text("before"), () => void 0);
    const see = (view) => () => this.want(view);
    before2.addEventListener("pointerdown", see("before"));
    before2.addEventListener("keydown", (event) => {
      if (event.key === " " || event.key === "Enter") this.want("before");
    });
    for (const end of ["pointerup", "pointerleave", "keyup", "blur"]) {
      before2.addEventListener(end, see("face"));
    }
    return element(
      "div",
      "lps-row",
      this.undo,
      this.redo,
      iconButton("reset", text("reset"), () => this.change(() => this.values.set(this.values.rest()))),
      iconButton("random", text("random"), () => void this.random()),
      iconButton("copy", text("copy"), () => void this.copy()),
      iconButton("paste", text("paste"), () => void this.paste()),
      link,
      before2
    );
  }
  changed() {
    this.rows.refresh();
    this.refreshSteps();
    this.want();
  }
  done(before2) {
    this.values.keep(before2);
    this.refreshSteps();
  }
  change(run) {
    const before2 = this.values.values();
    run();
    this.done(before2);
  }
  refreshSteps() {
    this.undo.disabled = !this.values.canUndo;
    this.redo.disabled = !this.values.canRedo;
  }
  want(view = "face") {
    if (!this.sources || !this.root.isConnected) return;
    const like = LIKE.map((name) => [name, otherWidget(this.node, name)?.value]);
    const values = { ...this.values.values(), ...Object.fromEntries(like) };
    this.root.setAttribute("aria-busy", "true");
    const source = { ...this.sources.source, at_s: this.film.at_s };
    this.newest.want({ ...this.sources, source, values, view });
  }
  ask(asked) {
    return askPicture(ROUTE, { ...asked, sender: senderOf(this.node), side_px: SIDE_PX2 });
  }
  async show({ jpeg, about }, { source, view }) {
    const { handles, note, film } = about;
    this.face.show(await createImageBitmap(jpeg), view === "face" ? handles : null);
    this.film.show(film);
    this.said.about("server");
    this.said.about("picture");
    this.said.tell(note);
    void this.showPeople(source);
  }
  failed(topic, error) {
    const isGone = error instanceof ServerError && !error.answered;
    this.said.about(isGone ? "server" : topic, error.message);
  }
  /** The faces of a picture that shows several, to choose one. */
  async showPeople(source) {
    const key = JSON.stringify({ ...source, face_index: 0, at_s: 0 });
    if (key !== this.peopleOf) {
      this.peopleOf = key;
      this.people.replaceChildren();
      const { faces } = await askJson("faces", source).catch(() => {
        this.peopleOf = "";
        return { faces: [] };
      });
      if (key !== this.peopleOf || faces.length < 2 && source.face_index < faces.length) return;
      faces.forEach((jpeg, index) => {
        const name = text("chooseFace", index + 1, faces.length);
        const image = element("img");
        image.src = `data:image/jpeg;base64,${jpeg}`;
        image.alt = name;
        const button = element("button", "", image);
        button.type = "button";
        button.title = name;
        button.addEventListener("click", () => this.chooseFace(index));
        this.people.append(button);
      });
    }
    [...this.people.children].forEach((button, index) => {
      button.setAttribute("aria-pressed", String(index === source.face_index));
    });
  }
  chooseFace(index) {
    this.values.setOther("face_index", index);
    this.look();
  }
  async random() {
    const seed = Math.floor(Math.random() * 2 ** 31);
    try {
      const { controls } = await askJson("random", { seed });
      this.change(() => this.values.set({ ...this.values.rest(), ...controls }));
    } catch (error) {
      this.failed("picture", error);
    }
  }
  async copy() {
    CLIPBOARD.text = this.values.asText();
    await navigator.clipboard?.writeText(CLIPBOARD.text).catch(() => void 0);
  }
  async paste() {
    const read = await navigator.clipboard?.readText().catch(() => "");
    this.change(() => {
      const found = this.values.fromText(read ?? "") || this.values.fromText(CLIPBOARD.text);
      if (!found) this.said.tell(text("nothingToPaste"));
    });
  }
  key(event) {
    if (!(event.ctrlKey || event.metaKey)) return;
    const does = {
      z: () => event.shiftKey ? this.values.redo() : this.values.undo(),
      y: () => this.values.redo(),
      c: () => void this.copy(),
      v: () => void this.paste()
    };
    const run = does[event.key.toLowerCase()];
    if (!run) return;
    takeKey(event);
    run();
  }
  toRun() {
    const button = element("button", "", text("run"));
    button.type = "button";
    button.addEventListener("click", () => {
      const [id] = idsOf(this.node);
      if (id) void runNode(id);
    });
    return [`${text("runOnce")} `, button];
  }
};
var CLIPBOARD = { text: "" };
function nodeCreated(node) {
  if (node.comfyClass !== NODE || !panelsAreDrawn()) return;
  const panel = new Panel(node);
  for (const widget of panel.widgets) hide(widget);
  PANELS.add(node, panel);
}
function setup() {
  PANELS.listen((id, output) => {
    const keys = output[SEEN_KEY];
    return keys && noteSeen(id, keys);
  });
}
register({ name: "LivePortraitSuite.ExpressionEditor", nodeCreated, setup });

// src/status_text.ts
var OURS = "LPS_";
var KEPT_TEXT = "lps_text";
var TEXT = "$$node-text-preview";
function clear(node) {
  const place = (node.widgets ?? []).findIndex((widget) => widget.name === TEXT);
  if (place < 0) return;
  node.widgets?.[place]?.onRemove?.();
  node.widgets?.splice(place, 1);
  repaint(node);
}
function setup2() {
  listen("execution_cached", ({ nodes }) => {
    const kept = new Set(nodes.map(String));
    for (const { id, node } of places()) {
      if (classOf(node).startsWith(OURS) && !kept.has(id)) clear(node);
    }
  });
  listen("executed", ({ node, display_node, output }) => {
    const [text2] = output?.[KEPT_TEXT] ?? [];
    if (text2) send("progress_text", { nodeId: display_node ?? node, text: text2 });
  });
}
register({ name: "LivePortraitSuite.StatusText", setup: setup2 });

// src/timeline_lines.ts
var DECIMALS = 4;
var SEGMENT_WORDS = ["from", "to", "for", "speed", "blend", "region", "then"];
var SEGMENT_REST = { from: 0, speed: 1, blend: 0, region: "all", then: "hold" };
function rounded(value) {
  return Number(value.toFixed(DECIMALS)) + 0;
}
function plain(value) {
  return String(rounded(value));
}
function segmentWords(segment) {
  const words = ["play", String(segment.motion)];
  for (const name of SEGMENT_WORDS) {
    const value = segment[name];
    if (value === null || value === SEGMENT_REST[name]) continue;
    words.push(name, typeof value === "number" ? plain(value) : value);
  }
  return words.join(" ");
}
function easingWords(easing) {
  if (Array.isArray(easing)) return ` bezier ${easing.map(plain).join(" ")}`;
  return easing === "smooth" ? "" : ` ${easing}`;
}
function item(name, { v, easing }) {
  return `${name.replace(/_deg$/, "")} ${plain(v)}${easingWords(easing)}`;
}
function thingsOf({ lanes, segments }) {
  const said = segments.filter((segment) => !segment.implied);
  const things = said.map((one) => ({ t: one.at, said: segmentWords(one), line: one.number }));
  for (const lane of lanes) {
    for (const of of lane.keys) {
      lane.names.forEach((name, side) => {
        things.push({ t: of.t, said: item(name, of), line: of.lines[side] ?? null, key: { of, lane, name } });
      });
    }
  }
  return things;
}
function byLine(things) {
  const found = /* @__PURE__ */ new Map();
  for (const thing of things) {
    if (thing.line !== null) found.set(thing.line, [...found.get(thing.line) ?? [], thing]);
  }
  return found;
}
function lineOf(things) {
  const items = [];
  for (const { said, key } of things) {
    const sides = key ? things.filter((one) => one.key?.of === key.of).map((one) => one.key?.name) : [];
    if (!key || sides.length < 2) items.push(said);
    else if (sides[0] === key.name) items.push(item(stemOf(key.name), key.of));
  }
  return `${plain(things[0]?.t ?? 0)} ${items.join("; ")}`;
}
function marks(things) {
  return things.map(({ t, said }) => `${plain(t)} ${said}`).sort().join("\n");
}
var Unchanged = class {
  constructor(written, wanted, now) {
    this.written = written;
    this.now = now;
    this.before = thingsOf(written);
    this.linesBefore = byLine(this.before);
    this.lines = byLine(now);
    const { stated, lines } = written;
    const asBefore = wanted.stated.length_s !== null && wanted.stated.fps === stated.fps;
    this.commands = asBefore && lines.commands.every((line) => this.same(line));
    this.noteChanged();
  }
  written;
  now;
  before;
  linesBefore;
  lines;
  changed = /* @__PURE__ */ new Set();
  /** Whether the lines of commands can stay. */
  commands;
  /** Whether a line can stay as it is. */
  says(line) {
    const { events, rests, commands } = this.written.lines;
    if (commands.includes(line)) return this.commands;
    if (events[line]?.some((name) => this.changed.has(name))) return false;
    const at = rests[line];
    return (at === void 0 || this.rests(at)) && this.same(line);
  }
  /** Take note of the controls whose events no longer find what they found. */
  noteChanged() {
    const { events, rested } = this.written.lines;
    for (const name of new Set(Object.values(events).flat())) {
      if (this.marksOf(this.before, name) !== this.marksOf(this.now, name)) this.changed.add(name);
    }
    const made = [...Object.entries(events), ...Object.entries(rested)];
    for (let count = -1; count !== this.changed.size; ) {
      count = this.changed.size;
      for (const [line, names] of made) {
        if (!this.says(Number(line))) for (const name of names) this.changed.add(name);
      }
    }
  }
  same(line) {
    return marks(this.lines.get(line) ?? []) === marks(this.linesBefore.get(line) ?? []);
  }
  marksOf(things, name) {
    return marks(things.filter(({ key }) => key?.name === name));
  }
  /** A rest gives each control that has keys elsewhere one at its time, where there is none. */
  rests(at) {
    const [now, before2] = [this.moved(this.now), this.moved(this.before)];
    if (now.size !== before2.size || [...now].some((name) => !before2.has(name))) return false;
    const here = new Set(this.now.filter(({ t }) => t === at).map(({ key }) => key?.name));
    return [...now].every((name) => here.has(name));
  }
  /** Controls with keys that no rest has made. */
  moved(things) {
    const { rested } = this.written.lines;
    const isRest = ({ line, key }) => rested[line ?? 0]?.includes(key?.name ?? "");
    return new Set(things.flatMap((thing) => thing.key && !isRest(thing) ? [thing.key.name] : []));
  }
};

// src/timeline_writer.ts
var LINE_END = /\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/;
var COMMENT = /[#\uff03\ufe5f]/;
var SETTINGS2 = ["length", "fps", "loop"];
function split(line) {
  const said = (line.split(COMMENT, 1)[0] ?? "").trimEnd();
  return [said, COMMENT.test(line) ? line.slice(said.length) : ""];
}
function settingLine(stated, name) {
  if (name === "loop") return stated.loop ? "loop" : null;
  if (name === "fps") return stated.fps === null ? null : `fps ${stated.fps}`;
  return stated.length_s === null ? null : `length ${plain(stated.length_s)}`;
}
var Draft = class {
  constructor(order) {
    this.order = order;
  }
  order;
  entries = [];
  /** Write what an entry says anew; its comment stays. */
  rewrite(entry) {
    entry.things.sort((one, other) => this.order(one) - this.order(other));
    entry.text = lineOf(entry.things) + split(entry.text)[1];
  }
  /** Add keys of one time, to a line that stands there or as a line of their own. */
  place(things) {
    const t = things[0]?.t ?? 0;
    const there = this.entries.find((entry2) => entry2.open && entry2.t === t);
    const entry = there ?? { text: "", kind: "keys", t, open: true, things: [] };
    entry.things.push(...things);
    this.rewrite(entry);
    if (!there) this.entries.splice(this.spotFor(t), 0, entry);
  }
  /** Take an entry, with the comments right above it, to where its time is now. */
  move(entry) {
    const at = this.entries.indexOf(entry);
    const timed = (found) => found.kind === "keys";
    const before2 = this.entries.slice(0, at).findLast(timed)?.t ?? -Infinity;
    const after = this.entries.slice(at + 1).find(timed)?.t ?? Infinity;
    if (entry.kind !== "keys" || before2 <= entry.t && entry.t <= after) return;
    const top = this.above(at);
    const block = this.entries.splice(top, at + 1 - top);
    this.entries.splice(this.spotFor(entry.t), 0, ...block);
  }
  /** Add a setting below the others, or above all that is said. */
  set(text2) {
    const last = this.entries.findLastIndex(({ kind }) => kind === "setting");
    const first = this.entries.findIndex(({ kind }) => kind !== "other");
    const spot = last >= 0 ? last + 1 : first >= 0 ? this.above(first) : this.entries.length;
    this.entries.splice(spot, 0, { text: text2, kind: "setting", t: 0, open: false, things: [] });
  }
  /** Add a segment below another line, or above the keys. */
  play(thing, below) {
    const entry = { text: "", kind: "segment", t: thing.t, open: false, things: [thing] };
    this.rewrite(entry);
    const keys = this.entries.findIndex(({ kind }) => kind === "keys");
    const spot = keys >= 0 ? this.above(keys) : this.entries.length;
    this.entries.splice(below ? this.entries.indexOf(below) + 1 : spot, 0, entry);
    return entry;
  }
  lastSegment() {
    return this.entries.findLast(({ things }) => things.some(({ key }) => !key));
  }
  /** Where a line of keys of a time is to stand. */
  spotFor(t) {
    const after = this.entries.findIndex((one) => one.kind === "keys" && one.t > t);
    return after >= 0 ? this.above(after) : this.entries.findLastIndex(({ kind }) => kind !== "other") + 1;
  }
  /** The first of the comments that stand right above an entry. */
  above(at) {
    let top = at;
    while (this.entries[top - 1]?.kind === "other" && this.entries[top - 1]?.text.trim()) top -= 1;
    return top;
  }
};
var Change = class {
  constructor(written, wanted) {
    this.written = written;
    this.wanted = wanted;
    this.now = thingsOf(wanted);
    this.lines = byLine(this.now);
    this.unchanged = new Unchanged(written, wanted, this.now);
    this.linesBefore = byLine(this.unchanged.before);
    const order = new Map(this.now.map((thing, index) => [thing, index]));
    this.draft = new Draft((thing) => order.get(thing) ?? 0);
  }
  written;
  wanted;
  now;
  lines;
  linesBefore;
  unchanged;
  draft;
  /** Things that have left their lines, and the lines. */
  loose = [];
  moved = [];
  text() {
    const lines = this.written.text.split(LINE_END);
    if (lines.at(-1) === "") lines.pop();
    const settings = /* @__PURE__ */ new Map();
    for (const name of SETTINGS2) {
      for (const line of this.written.lines.settings[name]) settings.set(line, name);
    }
    lines.forEach((text2, index) => {
      const setting = settings.get(index + 1);
      if (setting) this.setting(text2, index + 1, setting);
      else this.line(text2, index + 1);
    });
    this.settle();
    return this.draft.entries.map(({ text: text2 }) => `${text2}
`).join("");
  }
  setting(text2, number2, name) {
    const wanted = settingLine(this.wanted.stated, name);
    const isLast = this.written.lines.settings[name].at(-1) === number2;
    if (wanted === settingLine(this.written.stated, name)) this.keep(text2, "setting");
    else if (wanted === null || !isLast) this.comment(text2);
    else this.keep(wanted + split(text2)[1], "setting");
  }
  keep(text2, kind) {
    this.draft.entries.push({ text: text2, kind, t: 0, open: false, things: [] });
  }
  /** What is left of a line that says nothing more. */
  comment(text2) {
    const comment = split(text2)[1].trim();
    if (comment) this.keep(comment, "other");
  }
  line(text2, number2) {
    const { events, rests, commands } = this.written.lines;
    const depends = number2 in events || number2 in rests || commands.includes(number2);
    const before2 = this.linesBefore.get(number2) ?? [];
    if (!before2.length && !depends) {
      this.keep(text2, "other");
      return;
    }
    const isSegment = before2.length > 0 && before2.every(({ key }) => !key);
    const kind = isSegment ? "segment" : "keys";
    const t = before2.length ? Math.min(...before2.map((one) => one.t)) : rests[number2] ?? 0;
    const sinks = !this.unchanged.commands && commands.length > 0 && !commands.includes(number2);
    const all = this.lines.get(number2) ?? [];
    const sunk = sinks ? all.filter(({ key }) => !key) : [];
    if (this.unchanged.says(number2) && !sunk.length) {
      this.draft.entries.push({ text: text2, kind, t, open: !depends && !isSegment, things: [...all] });
      return;
    }
    this.loose.push(...sunk.map((thing) => ({ thing })));
    const things = all.filter((thing) => !sunk.includes(thing));
    if (!things.length) {
      this.comment(text2);
      return;
    }
    const stays = things.some((one) => one.t === t) ? t : Math.min(...things.map((one) => one.t));
    const here = things.filter((one) => one.t === stays);
    const entry = { text: text2, kind, t: stays, open: here.some(({ key }) => key), things: here };
    this.draft.rewrite(entry);
    this.draft.entries.push(entry);
    if (stays !== t && before2.every(({ key }) => key)) this.moved.push(entry);
    this.loose.push(...things.filter((one) => one.t !== stays).map((thing) => ({ thing, left: entry })));
  }
  /** Give everything a line that has none yet. */
  settle() {
    for (const entry of this.moved) this.draft.move(entry);
    for (const name of SETTINGS2) {
      const wanted = settingLine(this.wanted.stated, name);
      const isNew = wanted !== settingLine(this.written.stated, name);
      const isLost = name === "length" && !this.unchanged.commands;
      if (wanted && !this.written.lines.settings[name].length && (isNew || isLost)) this.draft.set(wanted);
    }
    this.loose.push(...this.now.filter(({ line }) => line === null).map((thing) => ({ thing })));
    const lowest = /* @__PURE__ */ new Map();
    for (const { thing, left } of this.loose) {
      if (thing.key) continue;
      const below = left ? lowest.get(left) ?? left : this.draft.lastSegment();
      const entry = this.draft.play(thing, below);
      if (left) lowest.set(left, entry);
    }
    const times = new Set(this.loose.flatMap(({ thing }) => thing.key ? [thing.t] : []));
    for (const t of [...times].sort((one, other) => one - other)) {
      this.draft.place(this.loose.flatMap(({ thing }) => thing.key && thing.t === t ? [thing] : []));
    }
  }
};
function textOf2(written, wanted) {
  return new Change(written, wanted).text();
}

// src/timeline_model.ts
var EASINGS = ["smooth", "linear", "hold", "ease", "ease-in", "ease-out"];
var HANDLES = {
  ease: [0.42, 0, 0.58, 1],
  "ease-in": [0.42, 0, 1, 1],
  "ease-out": [0, 0, 0.58, 1]
};
var STRAIGHT = [1 / 3, 1 / 3, 2 / 3, 2 / 3];
var ORDER = Object.values(GROUPS).flat();
var NOTHING = {
  text: "",
  stated: { length_s: null, fps: null, loop: false },
  lines: { settings: { length: [], fps: [], loop: [] }, events: {}, rests: {}, rested: {}, commands: [] },
  lanes: [],
  segments: []
};
function handlesOf(easing) {
  return Array.isArray(easing) ? easing : HANDLES[easing] ?? STRAIGHT;
}
function valueAt(points, t) {
  const after = points.findIndex(([at]) => at > t);
  const [first, last] = [points[after - 1], points[after]];
  if (!first || !last) return (after === 0 ? points[0] : points.at(-1))?.[1];
  return first[1] + (t - first[0]) / (last[0] - first[0]) * (last[1] - first[1]);
}
function sameKeys(one, other) {
  const told = ({ keys }) => JSON.stringify(keys.map(({ t, v, easing }) => [t, v, easing]));
  return told(one) === told(other);
}
function groupOf(lane) {
  const [name = ""] = lane.names;
  return Object.keys(GROUPS).find((group) => GROUPS[group]?.includes(name)) ?? "";
}
function lanesOf(tracks) {
  return Object.entries(tracks.lanes).map(([name, { keys }]) => ({
    names: [name],
    keys: keys.map(([t, v, easing, line]) => ({ t, v, easing, lines: [line] }))
  }));
}
var TimelineModel = class {
  lanes = [];
  segments = [];
  stated = { ...NOTHING.stated };
  /** Names without a side whose sides have lanes of their own, though they do the same. */
  apart = /* @__PURE__ */ new Set();
  written = NOTHING;
  /** Take over what the server read in a text. */
  read(tracks, text2) {
    const copies = () => tracks.segments.map((segment) => ({ ...segment }));
    const { stated, lines } = tracks;
    this.written = { text: text2, stated: { ...stated }, lines, lanes: lanesOf(tracks), segments: copies() };
    this.stated = { ...stated };
    this.segments = copies();
    this.lanes = [];
    for (const lane of lanesOf(tracks)) {
      const [name = ""] = lane.names;
      const left = this.lanes.find((one) => one.names[0] === oppositeOf(name));
      const together = left && !this.apart.has(stemOf(name)) && sameKeys(left, lane);
      if (together) this.join(left, lane);
      else this.lanes.push(lane);
    }
    this.sort();
  }
  /** The text that says all of this. */
  text() {
    return textOf2(this.written, this);
  }
  /** The lane of a control and its other side, made where there is none. */
  laneOf(name) {
    const found = this.lanes.find((lane2) => lane2.names.includes(name));
    if (found) return found;
    const other = oppositeOf(name);
    const names = other && !this.lanes.some((lane2) => lane2.names.includes(other)) ? [name, other] : [name];
    const lane = { names, keys: [] };
    this.lanes.push(lane);
    this.sort();
    return lane;
  }
  /** Set a key; one that stands at its time gets the value. */
  put(lane, t, v, easing = "smooth") {
    const at = rounded(t);
    let key = lane.keys.find((one) => one.t === at);
    if (key) key.v = rounded(v);
    else lane.keys.push(key = { t: at, v: rounded(v), easing, lines: lane.names.map(() => null) });
    lane.keys.sort((one, other) => one.t - other.t);
    return key;
  }
  /** Move a key in time, unless another one stands there; gives whether it was moved. */
  moveKey(lane, key, t) {
    const at = rounded(Math.max(0, t));
    if (lane.keys.some((other) => other !== key && other.t === at)) return false;
    key.t = at;
    lane.keys.sort((one, other) => one.t - other.t);
    return true;
  }
  /** Take a key out, and its lane with the last one. */
  remove(lane, key) {
    lane.keys = lane.keys.filter((one) => one !== key);
    if (!lane.keys.length) this.lanes = this.lanes.filter((one) => one !== lane);
  }
  /** Give both sides of a lane lanes of their own, or bring them together again. */
  split(lane) {
    const [name = "", other] = lane.names;
    const opposite = oppositeOf(name);
    if (other) {
      this.apart.add(stemOf(name));
      const keys = lane.keys.map((key) => ({ ...key, lines: key.lines.slice(1) }));
      for (const key of lane.keys) key.lines.length = 1;
      lane.names = [name];
      this.lanes.push({ names: [other], keys });
    } else if (opposite) {
      this.apart.delete(stemOf(name));
      this.lanes = this.lanes.filter((one) => one.names[0] !== opposite);
      const isLeft = ORDER.indexOf(name) < ORDER.indexOf(opposite);
      lane.names = isLeft ? [name, opposite] : [opposite, name];
      for (const key of lane.keys) key.lines = isLeft ? [...key.lines, null] : [null, ...key.lines];
    }
    this.sort();
  }
  /** Move a segment in time. */
  moveSegment(segment, t) {
    const at = rounded(Math.max(0, t));
    const by = at - segment.at;
    this.setSegment(segment, { at, end: segment.end === null ? null : segment.end + by });
  }
  /** Change what is said of a segment; what was played without a line gets one. */
  setSegment(segment, change) {
    for (const one of this.segments) one.implied = false;
    Object.assign(segment, change);
  }
  /** Lay a motion over the others, from a time on. */
  addSegment(motion, at) {
    const rest = { from: 0, to: null, for: null, speed: 1, blend: 0, region: "all", then: "hold" };
    const added = { motion, at: rounded(at), ...rest, end: null, number: null, implied: false };
    this.segments.push(added);
    this.setSegment(added, {});
    return added;
  }
  /** Take a segment out; the last one stays, as without any all motions are played. */
  removeSegment(segment) {
    if (this.segments.length < 2) return false;
    this.segments = this.segments.filter((one) => one !== segment);
    for (const one of this.segments) one.implied = false;
    return true;
  }
  join(left, right) {
    left.names.push(...right.names);
    left.keys.forEach((key, index) => key.lines.push(...right.keys[index]?.lines ?? []));
  }
  sort() {
    const place = (lane) => ORDER.indexOf(lane.names[0] ?? "");
    this.lanes.sort((one, other) => place(one) - place(other));
  }
};

// src/timeline_paint.ts
var LABELS_PX = 104;
var RULER_PX = 20;
var SOUND_PX = 30;
var SEGMENT_PX = 20;
var GROUP_PX = 18;
var LANE_PX = 38;
var OPEN_PX = 104;
var MARGIN_PX = 6;
var KEY_PX = 5;
var HANDLE_PX = 4;
var TICKS_S = [0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 600];
var TICK_PX = 56;
function rowsOf(model, tracks, chosen, folded) {
  const rows = [];
  let top = RULER_PX;
  const add = (row) => {
    rows.push(row);
    top += row.height;
  };
  if (tracks.peaks.length) add({ kind: "sound", top, height: SOUND_PX });
  for (const segment of model.segments) add({ kind: "segment", top, height: SEGMENT_PX, segment });
  let group = "";
  for (const lane of model.lanes) {
    if (groupOf(lane) !== group) {
      group = groupOf(lane);
      add({ kind: "group", top, height: GROUP_PX, group });
    }
    if (!folded.has(group)) add({ kind: "lane", top, height: lane === chosen.lane ? OPEN_PX : LANE_PX, lane });
  }
  return rows;
}
function titleOf(lane) {
  const [name = ""] = lane.names;
  const title = text(stemOf(name));
  if (lane.names.length > 1 || stemOf(name) === name) return title;
  return `${title} ${text(name.includes("left") ? "left" : "right")}`;
}
function rangeOf(tracks, lane) {
  return tracks.ranges[lane.names[0] ?? ""] ?? [-1, 0, 1];
}
function xOf(scene, t) {
  return LABELS_PX + (t - scene.from) * scene.scale;
}
function timeAt(scene, x) {
  return scene.from + (x - LABELS_PX) / scene.scale;
}
function yOf(scene, row, lane, value) {
  const [low, , high] = rangeOf(scene.tracks, lane);
  const inner = row.height - 2 * MARGIN_PX;
  return row.top + MARGIN_PX + inner * (1 - (value - low) / (high - low));
}
function valuePerPx(scene, row, lane) {
  const [low, , high] = rangeOf(scene.tracks, lane);
  return (high - low) / (row.height - 2 * MARGIN_PX);
}
function handlesAt(scene, row, lane, key) {
  const before2 = beforeOf(scene, lane, key);
  if (!before2 || row.height !== OPEN_PX) return [];
  const [x1 = 0, y1 = 0, x2 = 1, y2 = 1] = handlesOf(key.easing);
  return [
    [x1, y1],
    [x2, y2]
  ].map(([x = 0, y = 0]) => [
    xOf(scene, before2.t + x * (key.t - before2.t)),
    yOf(scene, row, lane, before2.v + y * (key.v - before2.v))
  ]);
}
function beforeOf(scene, lane, key) {
  const index = lane.keys.indexOf(key);
  if (index > 0) return lane.keys[index - 1] ?? null;
  return key.t > 0 ? { t: 0, v: rangeOf(scene.tracks, lane)[1], easing: "smooth", lines: [] } : null;
}
function coloursOf(canvas) {
  const style = getComputedStyle(canvas);
  const colour = (name, other) => style.getPropertyValue(name).trim() || other;
  return {
    text: colour("--input-text", "#ddd"),
    faint: colour("--descrip-text", "#999"),
    line: colour("--border-color", "#4e4e4e"),
    back: colour("--comfy-input-bg", "#222"),
    accent: colour("--lps-accent", "#2b72cc")
  };
}
function paint(canvas, scene) {
  const context = canvas.getContext("2d");
  if (!context) return;
  const colours = coloursOf(canvas);
  const sharp = canvas.width / scene.width;
  context.setTransform(sharp, 0, 0, sharp, 0, 0);
  context.clearRect(0, 0, scene.width, scene.height);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const row of scene.rows) paintLabel(context, scene, row, colours);
  context.save();
  context.beginPath();
  context.rect(LABELS_PX - KEY_PX, 0, scene.width, scene.height);
  context.clip();
  paintRuler(context, scene, colours);
  for (const row of scene.rows) {
    if (row.kind === "sound") paintSound(context, scene, row, colours);
    else if (row.kind === "segment") paintSegment(context, scene, row, colours);
    else if (row.kind === "group") paintGroup(context, scene, row, colours);
    else paintLane(context, scene, row, colours);
  }
  const x = xOf(scene, scene.now);
  stroke(context, "#e5484d", 1.5, [[x, 0], [x, scene.height]]);
  context.fillStyle = "#e5484d";
  context.beginPath();
  context.moveTo(x - 5, 0);
  context.lineTo(x + 5, 0);
  context.lineTo(x, 8);
  context.fill();
  context.restore();
}
function stroke(context, colour, width, points) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}
function paintLabel(context, scene, row, colours) {
  const { lane, segment } = scene.chosen;
  const chosen = row.kind === "lane" ? row.lane === lane : row.kind === "segment" && row.segment === segment;
  if (row.kind === "group" || chosen) {
    context.fillStyle = row.kind === "group" ? colours.line : colours.back;
    context.globalAlpha = row.kind === "group" ? 0.35 : 1;
    context.fillRect(0, row.top, scene.width, row.height);
    context.globalAlpha = 1;
  }
  stroke(context, colours.line, 0.5, [[0, row.top + row.height], [scene.width, row.top + row.height]]);
  context.fillStyle = row.kind === "lane" ? colours.text : colours.faint;
  const middle = row.top + row.height / 2;
  const mark = row.kind !== "group" ? "" : scene.folded.has(row.group) ? "\u25B8 " : "\u25BE ";
  context.fillText(mark + labelOf(row), row.kind === "lane" ? 14 : 4, middle, LABELS_PX - 18);
}
function labelOf(row) {
  if (row.kind === "lane") return titleOf(row.lane);
  if (row.kind === "group") return text(`group.${row.group}`);
  return row.kind === "segment" ? segmentTitle(row.segment) : text("timeline.sound");
}
function segmentTitle({ motion }) {
  return motion ? text("timeline.motion", motion) : text("timeline.atRest");
}
function paintRuler(context, scene, colours) {
  const step = TICKS_S.find((each) => each * scene.scale >= TICK_PX) ?? 600;
  const end = scene.from + (scene.width - LABELS_PX) / scene.scale;
  context.fillStyle = colours.faint;
  for (let count = Math.ceil(scene.from / step); count * step <= end; count += 1) {
    const x = xOf(scene, count * step);
    stroke(context, colours.line, 0.5, [[x, RULER_PX - 5], [x, scene.height]]);
    context.fillText(`${Number((count * step).toFixed(2))} s`, x + 3, RULER_PX / 2);
  }
  const last = xOf(scene, scene.tracks.length_s);
  context.fillStyle = colours.line;
  context.globalAlpha = 0.4;
  context.fillRect(last, 0, Math.max(0, scene.width - last), scene.height);
  context.globalAlpha = 1;
}
function paintSound(context, scene, row, colours) {
  const { peaks, peak_s: each } = scene.tracks;
  const middle = row.top + row.height / 2;
  context.fillStyle = colours.faint;
  peaks.forEach((peak, index) => {
    const x = xOf(scene, index * each);
    const half = Math.max(0.5, peak * (row.height - 4) / 2);
    context.fillRect(x, middle - half, Math.max(0.5, each * scene.scale), 2 * half);
  });
}
function paintSegment(context, scene, row, colours) {
  if (row.kind !== "segment") return;
  const from = xOf(scene, row.segment.at);
  const to = xOf(scene, Math.min(row.segment.end ?? Infinity, scene.tracks.length_s));
  context.fillStyle = colours.accent;
  context.globalAlpha = row.segment === scene.chosen.segment ? 0.8 : 0.35;
  context.fillRect(from, row.top + 3, Math.max(4, to - from), row.height - 6);
  context.globalAlpha = 1;
  context.fillStyle = colours.text;
  context.fillText(segmentWords(row.segment), from + 4, row.top + row.height / 2, Math.max(8, to - from - 8));
}
function paintGroup(context, scene, row, colours) {
  if (row.kind !== "group") return;
  for (const lane of scene.model.lanes) {
    if (groupOf(lane) !== row.group) continue;
    for (const key of lane.keys) diamond(context, xOf(scene, key.t), row.top + row.height / 2, 4, colours.faint);
  }
}
function paintLane(context, scene, row, colours) {
  if (row.kind !== "lane") return;
  const { lane } = row;
  const { chosen, tracks } = scene;
  const rest = yOf(scene, row, lane, rangeOf(tracks, lane)[1]);
  stroke(context, colours.line, 0.5, [[LABELS_PX, rest], [scene.width, rest]]);
  const curve = tracks.lanes[lane.names[0] ?? ""]?.points ?? [];
  const points = curve.map(([t, value]) => [xOf(scene, t), yOf(scene, row, lane, value)]);
  stroke(context, lane === chosen.lane ? colours.accent : colours.faint, 1.5, points);
  if (chosen.key && lane === chosen.lane) paintHandles(context, scene, row, chosen.key, colours);
  for (const key of lane.keys) {
    const isChosen = key === chosen.key;
    diamond(context, xOf(scene, key.t), yOf(scene, row, lane, key.v), KEY_PX, isChosen ? colours.accent : colours.text);
  }
}
function paintHandles(context, scene, row, key, colours) {
  if (row.kind !== "lane") return;
  const before2 = beforeOf(scene, row.lane, key);
  const [first, second] = handlesAt(scene, row, row.lane, key);
  if (!before2 || !first || !second) return;
  const at = (end) => [xOf(scene, end.t), yOf(scene, row, row.lane, end.v)];
  stroke(context, colours.accent, 1, [at(before2), first]);
  stroke(context, colours.accent, 1, [at(key), second]);
  context.fillStyle = colours.accent;
  for (const [x, y] of [first, second]) {
    context.beginPath();
    context.arc(x, y, HANDLE_PX, 0, 2 * Math.PI);
    context.fill();
  }
}
function diamond(context, x, y, size, colour) {
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.fill();
}

// src/timeline_key_row.ts
var BEZIER = "bezier";
var KeyRow = class {
  root = element("div", "lps-row lps-key");
  title = element("span");
  time = number("timeline.time");
  value = number("timeline.value");
  slider = element("input");
  easing = element("select");
  /** `change` is called with what is set, `whole` once a slider is let go. */
  constructor(change) {
    this.slider.type = "range";
    this.slider.setAttribute("aria-label", text("timeline.value"));
    this.easing.setAttribute("aria-label", text("timeline.easing"));
    this.easing.title = text("timeline.easing");
    for (const name of [...EASINGS, BEZIER]) this.easing.append(new Option(name, name));
    this.time.min = "0";
    this.time.step = "0.01";
    this.time.addEventListener("change", () => change({ t: Number(this.time.value) }, true));
    this.value.addEventListener("change", () => change({ v: Number(this.value.value) }, true));
    this.slider.addEventListener("input", () => change({ v: Number(this.slider.value) }, false));
    this.slider.addEventListener("change", () => change({ v: Number(this.slider.value) }, true));
    this.easing.addEventListener("change", () => change({ easing: this.easing.value }, true));
    this.root.append(this.title, this.time, this.slider, this.value, this.easing);
  }
  /** Show a key, or nothing. */
  show(lane, key, [low, , high]) {
    for (const each of [this.time, this.slider, this.value, this.easing]) each.hidden = !key;
    this.title.textContent = lane ? titleOf(lane) : text("timeline.hint");
    if (!key) return;
    const limits = { min: String(low), max: String(high), step: high - low > 4 ? "0.5" : "0.01" };
    Object.assign(this.slider, limits);
    Object.assign(this.value, limits);
    this.time.value = String(key.t);
    this.slider.value = this.value.value = String(key.v);
    this.easing.value = Array.isArray(key.easing) ? BEZIER : key.easing;
  }
};
function number(name) {
  const input = element("input");
  input.type = "number";
  input.title = text(name);
  input.setAttribute("aria-label", text(name));
  return input;
}

// src/timeline_keyboard.ts
var FAR_FRAMES = 10;
var VALUE_STEPS = 40;
var TimelineKeyboard = class {
  constructor(view, does) {
    this.view = view;
    this.does = does;
  }
  view;
  does;
  /** A key pressed on the lanes; whether it does something there. */
  press(event) {
    const fps = this.view.tracks?.fps ?? 25;
    const frames = (event.shiftKey ? FAR_FRAMES : 1) / fps;
    const sideways = { ArrowLeft: -frames, ArrowRight: frames }[event.key];
    const upwards = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (sideways !== void 0) this.sideways(sideways, event.altKey, fps);
    else if (upwards !== void 0) this.upwards(upwards, event.altKey);
    else return this.plain(event.key);
    return true;
  }
  plain(key) {
    const does = {
      "[": () => this.nextKey(-1),
      "]": () => this.nextKey(1),
      Home: () => this.view.goTo(0),
      End: () => this.view.goTo(Infinity),
      " ": () => this.does.play(),
      Enter: () => this.does.addKey(),
      Delete: () => this.does.remove(),
      Backspace: () => this.does.remove(),
      "+": () => this.view.zoom(1),
      "-": () => this.view.zoom(-1)
    };
    does[key]?.();
    return key in does;
  }
  sideways(seconds, moves, fps) {
    const { key, segment } = this.view.chosen;
    const frame = (t) => Math.round((t + seconds) * fps) / fps;
    if (!moves || !(key || segment)) this.view.goTo(this.view.now + seconds);
    else if (key) this.does.setKey({ t: frame(key.t) });
    else if (segment) this.does.setSegment({ at: Math.max(0, frame(segment.at)) });
    if (moves) this.tell();
  }
  upwards(step, moves) {
    const { lane, key } = this.view.chosen;
    if (!moves || !lane || !key || !this.view.tracks) {
      this.walk(-step);
      return;
    }
    const [low, , high] = rangeOf(this.view.tracks, lane);
    this.does.setKey({ v: key.v + step * (high - low) / VALUE_STEPS });
    this.tell();
  }
  /** Choose the segment or the lane above or below. */
  walk(step) {
    const { segments, lanes } = this.view.model;
    const rows = [...segments, ...lanes];
    const now = this.view.chosen.segment ?? this.view.chosen.lane;
    const at = now ? rows.indexOf(now) : step > 0 ? -1 : 0;
    const row = rows[(at + step + rows.length) % rows.length];
    if (!row) return;
    if ("names" in row) this.view.choose(row, null);
    else this.view.choose(null, null, row);
    this.tell();
  }
  /** Choose the next key of the lane, and look at its time. */
  nextKey(step) {
    const { lane, key } = this.view.chosen;
    if (!lane) return;
    const at = key ? lane.keys.indexOf(key) : step > 0 ? -1 : 0;
    const next = lane.keys[(at + step + lane.keys.length) % lane.keys.length];
    if (!next) return;
    this.view.choose(lane, next);
    this.tell();
    this.view.goTo(next.t);
  }
  tell() {
    const { lane, key, segment } = this.view.chosen;
    if (segment) this.does.tell(text("timeline.segmentAt", segmentTitle(segment), segment.at));
    if (lane) this.does.tell(`${titleOf(lane)} ${key ? placeOf(lane, key) : ""}`.trim());
  }
};
function placeOf(lane, key) {
  return text("timeline.keyOf", lane.keys.indexOf(key) + 1, lane.keys.length, key.t, key.v);
}

// src/timeline_segment_row.ts
var NUMBERS = ["at", "from", "to", "for", "speed", "blend"];
var REGIONS = ["all", "expression", "pose", "lip", "eyes"];
var WAYS = ["hold", "loop", "bounce"];
var LEAST_SPEED = 0.01;
var SegmentRow = class {
  root = element("div", "lps-row lps-key lps-segment");
  title = element("span");
  numbers = /* @__PURE__ */ new Map();
  region = choice("region", REGIONS);
  then = choice("then", WAYS);
  /** `change` is called with what an input sets. */
  constructor(change) {
    this.root.append(this.title);
    for (const name of NUMBERS) {
      const input = element("input");
      const least = name === "speed" ? LEAST_SPEED : 0;
      Object.assign(input, { type: "number", min: String(least), step: name === "speed" ? "0.1" : "0.04" });
      input.setAttribute("aria-label", text(`segment.${name}.long`));
      input.title = text(`segment.${name}.long`);
      if (name === "to" || name === "for") input.placeholder = text("timeline.auto");
      input.addEventListener("change", () => {
        const isOpen = input.value === "" && input.placeholder !== "";
        const value = Number(input.value || (name === "speed" ? 1 : 0));
        if (isOpen) change({ [name]: null });
        else if (Number.isFinite(value)) change({ [name]: Math.max(least, value) });
      });
      this.numbers.set(name, input);
      this.root.append(element("label", "", text(`segment.${name}`), input));
    }
    this.region.addEventListener("change", () => change({ region: this.region.value }));
    this.then.addEventListener("change", () => change({ then: this.then.value }));
    this.root.append(this.region, this.then);
    this.show(null);
  }
  /** Show a segment, or nothing. */
  show(segment) {
    this.root.hidden = !segment;
    if (!segment) return;
    this.title.textContent = segmentTitle(segment);
    for (const [name, input] of this.numbers) input.value = segment[name] === null ? "" : String(segment[name]);
    this.region.value = segment.region;
    this.then.value = segment.then;
  }
};
function choice(name, options) {
  const select = element("select");
  select.setAttribute("aria-label", text(`segment.${name}.long`));
  select.title = text(`segment.${name}.long`);
  for (const option of options) select.append(new Option(text(`segment.${name}.${option}`), option));
  return select;
}

// src/timeline_steps.ts
var MOST_STEPS2 = 100;
var STEPS2 = /* @__PURE__ */ new Map();
var TextSteps = class {
  constructor(key, first) {
    this.key = key;
    this.first = first;
  }
  key;
  first;
  /** A whole change has been made; false where nothing has changed. */
  keep(text2) {
    const steps = this.steps();
    if (text2 === steps.now) return false;
    steps.done.push(steps.now);
    if (steps.done.length > MOST_STEPS2) steps.done.shift();
    steps.undone.length = 0;
    steps.now = text2;
    return true;
  }
  /** The text was set by somebody else: loaded, typed elsewhere, or undone by the graph. */
  noticed(text2) {
    this.steps().now = text2;
  }
  canStep(forward) {
    const { done, undone } = this.steps();
    return (forward ? undone : done).length > 0;
  }
  /** The text one step further or back. */
  step(forward) {
    const steps = this.steps();
    const wanted = (forward ? steps.undone : steps.done).pop();
    if (wanted === void 0) return void 0;
    (forward ? steps.done : steps.undone).push(steps.now);
    steps.now = wanted;
    return wanted;
  }
  steps() {
    const key = this.key();
    const found = STEPS2.get(key) ?? { now: this.first, done: [], undone: [] };
    STEPS2.set(key, found);
    return found;
  }
};
var Player = class {
  /** `show` is called with each second, `changed` when it begins and ends. */
  constructor(show, changed) {
    this.show = show;
    this.changed = changed;
  }
  show;
  changed;
  request = 0;
  get isPlaying() {
    return this.request !== 0;
  }
  /** Play to the end, and on from the beginning as long as `again` says so. */
  start(now, length, again) {
    const from = now + 0.1 >= length ? 0 : now;
    const begun = performance.now();
    const tick = (at) => {
      const t = from + Math.max(0, at - begun) / 1e3;
      if (length <= 0 || t >= length && !again()) {
        this.show(length);
        this.stop();
        return;
      }
      this.show(t % length);
      this.request = window.requestAnimationFrame(tick);
    };
    this.request = window.requestAnimationFrame(tick);
    this.changed(true);
  }
  stop() {
    window.cancelAnimationFrame(this.request);
    this.request = 0;
    this.changed(false);
  }
};

// src/timeline_tools.ts
var ToolRow = class {
  constructor(does) {
    this.does = does;
    this.play = iconButton("play", text("timeline.play"), () => does.play());
    this.undo = iconButton("undo", text("undo"), () => does.step(false));
    this.redo = iconButton("redo", text("redo"), () => does.step(true));
    this.loop = iconButton("loop", text("timeline.loop"), () => does.setLoop());
    this.text = iconButton("text", text("timeline.text"), () => this.showText(!this.isText));
    this.text.setAttribute("aria-pressed", "false");
    this.playing(false);
    this.buildMenu();
    this.buildLength();
    this.root.append(
      this.play,
      this.undo,
      this.redo,
      this.menu,
      iconButton("addKey", text("timeline.addKey"), () => does.addKey()),
      iconButton("removeKey", text("timeline.removeKey"), () => does.remove()),
      iconButton("link", text("timeline.split"), () => does.split()),
      iconButton("zoomOut", text("timeline.zoomOut"), () => does.zoom(-2)),
      iconButton("fit", text("timeline.fit"), () => does.fit()),
      iconButton("zoomIn", text("timeline.zoomIn"), () => does.zoom(2)),
      this.length,
      this.loop,
      this.text
    );
  }
  does;
  root = element("div", "lps-row");
  length = element("input");
  menu = element("select");
  motions = element("optgroup");
  undo;
  redo;
  loop;
  play;
  text;
  isText = false;
  playing(isPlaying) {
    this.play.setAttribute("aria-pressed", String(isPlaying));
  }
  /** Show the text instead of the lanes, or the lanes again. */
  showText(shown) {
    this.isText = shown;
    this.text.setAttribute("aria-pressed", String(shown));
    this.does.showText(shown);
  }
  refresh(stated, canUndo, canRedo) {
    this.undo.disabled = !canUndo;
    this.redo.disabled = !canRedo;
    this.loop.setAttribute("aria-pressed", String(stated.loop));
    if (document.activeElement === this.length) return;
    this.length.value = stated.length_s === null ? "" : String(stated.length_s);
  }
  buildLength() {
    const { length } = this;
    Object.assign(length, { type: "number", min: "0.1", step: "0.1", title: text("timeline.length") });
    length.setAttribute("aria-label", text("timeline.length"));
    length.placeholder = text("timeline.auto");
    length.addEventListener("change", () => this.does.setLength(length.value ? Number(length.value) : null));
  }
  buildMenu() {
    const { menu, motions } = this;
    menu.setAttribute("aria-label", text("timeline.addLane"));
    menu.append(new Option(text("timeline.addLane"), ""), motions);
    motions.label = text("timeline.motions");
    motions.hidden = true;
    for (const [group, names] of Object.entries(GROUPS)) {
      const part = element("optgroup");
      part.label = text(`group.${group}`);
      for (const name of names) {
        const isRight = oppositeOf(name) && name.includes("right");
        if (!isRight) part.append(new Option(text(stemOf(name)), name));
      }
      menu.append(part);
    }
    const list = () => {
      const numbers = [...Array(this.does.motions()).keys()].map((index) => index + 1);
      motions.hidden = !numbers.length;
      motions.replaceChildren(...numbers.map((number2) => new Option(text("timeline.motion", number2), String(number2))));
    };
    for (const event of ["pointerdown", "focus"]) menu.addEventListener(event, list);
    menu.addEventListener("change", () => {
      const number2 = Number(menu.value);
      if (number2) this.does.addSegment(number2);
      else if (menu.value) this.does.addKey(menu.value);
      menu.value = "";
    });
  }
};

// src/timeline_drags.ts
var REACH_PX = 8;
var TOUCH_REACH_PX = 18;
var EDGE_PX = 6;
function reachOf(event) {
  return event.pointerType === "touch" ? TOUCH_REACH_PX : REACH_PX;
}
var Drags = class {
  constructor(view) {
    this.view = view;
  }
  view;
  /** What a drag from here moves; null where nothing lies there. */
  of(scene, row, [x, y], event) {
    const reach = reachOf(event);
    if (!row || row.kind === "sound") return this.nothing();
    if (row.kind === "segment") return this.segment(scene, row.segment, x, reach) ?? this.nothing();
    if (row.kind === "group") {
      const keys = scene.model.lanes.filter((lane) => groupOf(lane) === row.group).flatMap((lane) => lane.keys.map((key) => ({ lane, key }))).filter(({ key }) => Math.abs(xOf(scene, key.t) - x) <= reach);
      return keys.length ? this.group(scene, keys, x) : this.nothing();
    }
    const found = this.handle(scene, row, x, y, reach) ?? this.key(scene, row, x, y, 2 * reach);
    if (!found) this.view.choose(row.lane, null);
    return found;
  }
  /** The last second at which a key or a segment can stand. */
  most(scene) {
    const { length_s, loop } = this.view.model.stated;
    return length_s === null ? Infinity : length_s - (loop ? 1 / scene.tracks.fps : 0);
  }
  nothing() {
    const { lane, segment } = this.view.chosen;
    if (lane || segment) this.view.choose(null, null);
    return null;
  }
  /** A time on a frame, or anywhere with Alt. */
  frames(scene, t, event) {
    const { fps } = scene.tracks;
    return event.altKey ? t : Math.round(t * fps) / fps;
  }
  key(scene, row, x, y, reach) {
    const { lane } = row;
    const far = (key2) => Math.hypot(xOf(scene, key2.t) - x, yOf(scene, row, lane, key2.v) - y);
    const key = [...lane.keys].sort((one, other) => far(one) - far(other))[0];
    if (!key || far(key) > reach) return null;
    this.view.choose(lane, key);
    const { t, v } = key;
    const perPx = valuePerPx(scene, row, lane);
    const [low, , high] = rangeOf(scene.tracks, lane);
    return ([toX, toY], event) => {
      const along = event.shiftKey && Math.abs(toX - x) < Math.abs(toY - y) ? 0 : (toX - x) / scene.scale;
      const up = event.shiftKey && along ? 0 : (y - toY) * perPx;
      this.view.model.moveKey(lane, key, Math.min(this.most(scene), this.frames(scene, t + along, event)));
      key.v = Number(Math.min(high, Math.max(low, v + up)).toFixed(2));
      this.view.changed();
    };
  }
  handle(scene, row, x, y, reach) {
    const { lane, key } = this.view.chosen;
    if (lane !== row.lane || !key) return null;
    const places2 = handlesAt(scene, row, lane, key);
    const index = places2.findIndex(([atX, atY]) => Math.hypot(atX - x, atY - y) <= reach);
    const before2 = beforeOf(scene, lane, key);
    if (index < 0 || !before2) return null;
    const wide = (key.t - before2.t) * scene.scale;
    const high = yOf(scene, row, lane, key.v) - yOf(scene, row, lane, before2.v);
    return ([toX, toY]) => {
      const handles = handlesOf(key.easing).map((part) => Number(part.toFixed(2)));
      handles[2 * index] = Number(Math.min(1, Math.max(0, (toX - xOf(scene, before2.t)) / wide)).toFixed(2));
      if (Math.abs(high) > 1) {
        const share = (toY - yOf(scene, row, lane, before2.v)) / high;
        handles[2 * index + 1] = Number(Math.min(2, Math.max(-1, share)).toFixed(2));
      }
      key.easing = handles;
      this.view.changed();
    };
  }
  group(scene, keys, x) {
    const starts = keys.map(({ key }) => key.t);
    return ([toX], event) => {
      const along = (toX - x) / scene.scale;
      keys.forEach(({ lane, key }, index) => {
        const t = this.frames(scene, (starts[index] ?? 0) + along, event);
        this.view.model.moveKey(lane, key, Math.min(this.most(scene), t));
      });
      this.view.changed();
    };
  }
  /** A segment is moved, or one of its ends is. */
  segment(scene, segment, x, reach) {
    const left = xOf(scene, segment.at);
    const right = xOf(scene, Math.min(segment.end ?? Infinity, scene.tracks.length_s));
    if (x < left - reach || x > right + reach) return null;
    this.view.choose(null, null, segment);
    const { model } = this.view;
    const { at, end } = segment;
    const edge = Math.min(Math.max(EDGE_PX, reach - 2), (right - left) / 4);
    const trims = segment.motion > 0 && end !== null && end > at;
    if (trims && x > right - edge) return this.outDrag(scene, segment, x);
    if (trims && x < left + edge) return this.inDrag(scene, segment, x);
    return ([toX], event) => {
      const t = this.frames(scene, at + (toX - x) / scene.scale, event);
      model.moveSegment(segment, Math.min(this.most(scene), t));
      this.view.changed();
    };
  }
  /** The first frame of a segment: it begins later, with a later part of its motion. */
  inDrag(scene, segment, x) {
    const { at, from, end, for: lasts } = { ...segment };
    const frame = 1 / scene.tracks.fps;
    return ([toX], event) => {
      const t = this.frames(scene, at + (toX - x) / scene.scale, event);
      const least = Math.max(0, at - from / segment.speed);
      const begins = rounded(Math.min((end ?? at) - frame, Math.max(least, t)));
      const part = rounded(Math.max(0, from + (begins - at) * segment.speed));
      const kept = lasts === null ? null : rounded(lasts - (begins - at));
      this.view.model.setSegment(segment, { at: begins, from: part, for: kept });
      this.view.changed();
    };
  }
  /** The last frame of a segment: how long it stays, or where its part ends. */
  outDrag(scene, segment, x) {
    const { at, from, end, for: lasts } = { ...segment };
    const frame = 1 / scene.tracks.fps;
    const whole = scene.tracks.motions?.[segment.motion - 1] ?? Infinity;
    return ([toX], event) => {
      const t = Math.max(at + frame, this.frames(scene, (end ?? at) + (toX - x) / scene.scale, event));
      const to = rounded(Math.min(whole, from + (t - at) * segment.speed));
      const change = lasts === null ? { to: to < whole ? to : null } : { for: rounded(t - at) };
      const ends = lasts === null ? at + (to - from) / segment.speed : t;
      this.view.model.setSegment(segment, { ...change, end: ends });
      this.view.changed();
    };
  }
};

// src/timeline_view.ts
var ZOOM_STEP = 1.25;
var LEAST_SCALE = 2;
var MOST_SCALE = 2e3;
var ROOM_PX = 12;
var STILL_PX = 4;
var TimelineView = class {
  constructor(model, heard) {
    this.model = model;
    this.heard = heard;
    const { canvas } = this;
    canvas.tabIndex = 0;
    canvas.dataset["captureWheel"] = "true";
    canvas.setAttribute("role", "application");
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId === this.drag?.pointer) this.drag.moves(this.place(event), event);
    });
    for (const kind of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(kind, (event) => this.end(event));
    }
    canvas.addEventListener("dblclick", (event) => this.addAt(event));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.draw()).observe(this.root);
  }
  model;
  heard;
  canvas = element("canvas");
  root = element("div", "lps-timeline", this.canvas);
  chosen = { lane: null, key: null, segment: null };
  now = 0;
  tracks = null;
  drags = new Drags(this);
  folded = /* @__PURE__ */ new Set();
  from = 0;
  scale = 0;
  drag = null;
  moved = false;
  /** The label that is pressed, until it is dragged. */
  pressed = null;
  /** Show what the server read; keys that are dragged meanwhile stay. */
  show(tracks) {
    this.tracks = tracks;
    this.now = Math.min(this.now, this.lastFrame());
    this.draw();
  }
  /** Whether something is being dragged now. */
  get dragging() {
    return this.drag !== null;
  }
  /** What is chosen, to be chosen again after a text was read anew. */
  get choice() {
    const { lane, key, segment } = this.chosen;
    const index = segment ? this.model.segments.indexOf(segment) : -1;
    return () => {
      this.chosen.lane = this.model.lanes.find((one) => one.names[0] === lane?.names[0]) ?? null;
      this.chosen.key = this.chosen.lane?.keys.find((one) => one.t === key?.t) ?? null;
      this.chosen.segment = this.model.segments[index] ?? null;
    };
  }
  choose(lane, key, segment = null) {
    Object.assign(this.chosen, { lane, key, segment });
    this.heard.chose();
    this.draw();
  }
  /** Look at a time, on a frame. */
  goTo(t) {
    const fps = this.tracks?.fps ?? 25;
    this.now = Math.min(this.lastFrame(), Math.max(0, Math.round(t * fps) / fps));
    this.keepInSight();
    this.heard.scrubbed();
    this.draw();
  }
  /** Make everything larger or smaller, about a time or the present. */
  zoom(steps, about = this.now) {
    const scene = this.scene();
    if (!scene) return;
    const x = (about - scene.from) * scene.scale;
    this.scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, scene.scale * ZOOM_STEP ** steps));
    this.from = Math.max(0, about - x / this.scale);
    this.draw();
  }
  /** Show all of it. */
  fit() {
    this.from = this.scale = 0;
    this.draw();
  }
  draw() {
    const scene = this.scene();
    if (!scene || !scene.width) return;
    const sharp = Math.max(1, window.devicePixelRatio) * 1.5;
    this.canvas.style.height = `${scene.height}px`;
    const [width, height] = [Math.round(scene.width * sharp), Math.round(scene.height * sharp)];
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.canvas.setAttribute("aria-description", scene.rows.map(labelOf).join(", "));
    paint(this.canvas, scene);
  }
  changed() {
    this.moved = true;
    this.heard.changed(false);
    this.draw();
  }
  lastFrame() {
    const { length_s = 0, fps = 25 } = this.tracks ?? {};
    return Math.max(0, (Math.max(1, Math.round(length_s * fps)) - 1) / fps);
  }
  scene() {
    const { tracks, model, chosen, folded } = this;
    if (!tracks) return null;
    const width = this.root.clientWidth;
    const rows = rowsOf(model, tracks, chosen, folded);
    const last = rows.at(-1);
    const height = Math.max(this.root.clientHeight, last ? last.top + last.height : RULER_PX);
    const fitting = Math.max(LEAST_SCALE, (width - LABELS_PX - ROOM_PX) / Math.max(0.1, tracks.length_s));
    const scale = this.scale || fitting;
    return { model, tracks, rows, chosen, folded, now: this.now, from: this.from, scale, width, height };
  }
  keepInSight() {
    const scene = this.scene();
    if (!scene) return;
    const seen = (scene.width - LABELS_PX) / scene.scale;
    if (this.now < this.from) this.from = this.now;
    if (this.now > this.from + seen) this.from = this.now - seen;
  }
  /** A pointer's place on the canvas, at any zoom of the graph. */
  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const { clientWidth, clientHeight } = this.canvas;
    return [
      (event.clientX - box.left) / box.width * clientWidth,
      (event.clientY - box.top) / box.height * clientHeight
    ];
  }
  begin(event) {
    const scene = this.scene();
    if (!scene || event.button !== 0) return;
    event.stopPropagation();
    if (this.drag) return;
    this.canvas.focus({ preventScroll: true });
    const [x, y] = this.place(event);
    const row = scene.rows.find((one) => y >= one.top && y < one.top + one.height);
    this.moved = false;
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = { pointer: event.pointerId, moves: this.dragOf(scene, row, [x, y], event) };
  }
  dragOf(scene, row, at, event) {
    if (at[0] < LABELS_PX && row) return this.labelDrag(row, event);
    const found = this.heard.editable() ? this.drags.of(scene, row, at, event) : null;
    if (found) return found;
    const scrub = ([x]) => this.goTo(timeAt(scene, x));
    scrub(at, event);
    return scrub;
  }
  /** Labels are pressed, and scroll the lanes where they are dragged. */
  labelDrag(row, { clientY }) {
    const { scrollTop } = this.root;
    this.pressed = row;
    return (_, event) => {
      const down = event.clientY - clientY;
      if (Math.abs(down) >= STILL_PX) this.pressed = null;
      const zoom = this.canvas.getBoundingClientRect().height / this.canvas.clientHeight;
      if (!this.pressed) this.root.scrollTop = scrollTop - down / zoom;
    };
  }
  pressLabel(row) {
    if (row.kind === "group") {
      if (!this.folded.delete(row.group)) this.folded.add(row.group);
      this.draw();
    } else if (row.kind === "lane") {
      this.choose(row.lane, null);
    } else if (row.kind === "segment") {
      this.choose(null, null, row.segment);
    }
  }
  end(event) {
    if (event.pointerId !== this.drag?.pointer) return;
    this.drag = null;
    if (this.pressed && event.type === "pointerup") this.pressLabel(this.pressed);
    this.pressed = null;
    if (this.moved) this.heard.changed(true);
    this.moved = false;
    this.heard.ended();
  }
  /** A key where a lane is double-clicked. */
  addAt(event) {
    const scene = this.scene();
    if (!scene || !this.heard.editable()) return;
    const [x, y] = this.place(event);
    const row = scene.rows.find((one) => y >= one.top && y < one.top + one.height);
    if (row?.kind !== "lane" || x < LABELS_PX) return;
    const [low, , high] = rangeOf(scene.tracks, row.lane);
    const value = low + (row.top + row.height - 6 - y) * valuePerPx(scene, row, row.lane);
    const t = Math.round(timeAt(scene, x) * scene.tracks.fps) / scene.tracks.fps;
    const at = Math.min(this.drags.most(scene), Math.max(0, t));
    this.choose(row.lane, this.model.put(row.lane, at, Math.min(high, Math.max(low, value))));
    this.heard.changed(true);
  }
  wheel(event) {
    const scene = this.scene();
    if (!scene) return;
    if (event.ctrlKey || event.metaKey || event.altKey) {
      this.zoom(-Math.sign(event.deltaY), timeAt(scene, this.place(event)[0]));
    } else if (event.shiftKey || event.deltaX) {
      this.scale = scene.scale;
      this.from = Math.max(0, this.from + (event.deltaX || event.deltaY) / scene.scale);
      this.draw();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
};

// src/timeline_panel.ts
var WIDGET = "timeline";
var FACE_PX = 320;
var SETTLE_MS2 = 250;
var NOTHING2 = { run: null, audio: null, motions: null };
var Panel2 = class {
  constructor(node, widget) {
    this.node = node;
    this.widget = widget;
    this.steps = new TextSteps(() => `${node.graph?.id ?? ""}:${node.id}`, String(widget.value));
    this.view = new TimelineView(this.model, {
      scrubbed: () => this.want(),
      chose: () => this.chose(),
      changed: (whole) => this.edited(whole),
      ended: () => this.look(),
      editable: () => this.editable()
    });
    this.keyRow = new KeyRow((what, whole) => this.setKey(what, whole));
    this.segmentRow = new SegmentRow((what) => this.setSegment(what));
    this.tools = this.makeTools();
    this.player = new Player((t) => this.view.goTo(t), (isPlaying) => this.tools.playing(isPlaying));
    this.keyboard = new TimelineKeyboard(this.view, {
      setKey: (change) => this.setKey(change, true),
      setSegment: (change) => this.setSegment(change),
      addKey: () => this.addKey(),
      remove: () => this.remove(),
      play: () => this.play(),
      tell: (sentence) => this.said.tell(sentence)
    });
    this.readings = new Newest(
      (wanted) => askJson("timeline", wanted),
      (tracks, { timeline }) => this.show(tracks, timeline),
      (error) => this.failed("text", error)
    );
    this.pictures = new Newest(
      (asked) => askPicture("preview/timeline", { ...asked, sender: senderOf(node), view: "face", side_px: FACE_PX }),
      (picture) => this.draw(picture),
      (error) => this.failed("picture", error),
      () => this.root.ariaBusy = "false"
    );
    this.build();
    onWidget(widget, () => {
      if (!this.setting) this.noticed();
    });
    this.chose();
    this.refresh();
  }
  node;
  widget;
  root = element("div", "lps");
  model = new TimelineModel();
  view;
  keyRow;
  segmentRow;
  tools;
  keyboard;
  face = element("canvas");
  said = new Said();
  written = element("textarea", "lps-text");
  readings;
  pictures;
  steps;
  player;
  source = null;
  beneath = NOTHING2;
  settling;
  setting = false;
  /** Whether the text is shown because it cannot be read, and nobody asked for it. */
  mending = false;
  look() {
    window.clearTimeout(this.settling);
    const look = () => this.lookNow().catch((error) => this.failed("source", error));
    this.settling = window.setTimeout(() => void look(), SETTLE_MS2);
  }
  lost(isGone) {
    this.said.about("server", isGone ? text("noAnswer") : "");
  }
  /** Somebody else set the text. */
  noticed() {
    this.steps.noticed(String(this.widget.value));
    this.read();
  }
  read() {
    const timeline = String(this.widget.value);
    if (document.activeElement !== this.written) this.written.value = timeline;
    this.readings.want({ timeline, beneath: this.beneath });
  }
  async lookNow() {
    if (!this.root.isConnected) return;
    this.beneath = await beneathOf(this.node);
    if (!this.view.dragging) this.noticed();
    const found = await sourcesOf(this.node);
    this.source = found === null || found === "run" ? null : found.source;
    this.said.about("source", this.source ? "" : text(found === "run" ? "runOnce" : "timeline.connect"));
    if (this.source) this.want();
    else this.said.about("picture");
  }
  makeTools() {
    return new ToolRow({
      play: () => this.play(),
      step: (forward) => this.step(forward),
      addKey: (name) => this.addKey(name),
      addSegment: (motion) => this.addSegment(motion),
      remove: () => this.remove(),
      split: () => this.split(),
      zoom: (steps) => this.view.zoom(steps),
      fit: () => this.view.fit(),
      setLength: (seconds) => this.state({ length_s: seconds }),
      setLoop: () => this.state({ loop: !this.model.stated.loop }),
      showText: (shown) => {
        this.mending = false;
        this.written.hidden = !shown;
        this.view.root.hidden = shown;
        this.view.draw();
      },
      motions: () => MOTIONS.filter((name) => linked(this.node, name)).length
    });
  }
  build() {
    this.face.width = this.face.height = FACE_PX;
    this.face.setAttribute("role", "img");
    this.face.setAttribute("aria-label", text("timeline.face"));
    this.view.canvas.setAttribute("aria-label", text("timeline.keys"));
    this.view.canvas.title = text("timeline.keys");
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", text("timeline.title"));
    this.written.hidden = true;
    this.written.spellcheck = false;
    this.written.setAttribute("aria-label", text("timeline.text"));
    this.written.addEventListener("change", () => this.setText(this.written.value, true));
    this.root.append(
      element("div", "lps-face", this.face),
      this.tools.root,
      this.view.root,
      this.written,
      this.keyRow.root,
      this.segmentRow.root,
      this.said.root
    );
    keepKeysIn(this.root, (event) => this.key(event));
  }
  /** Whether a change would lose nothing: the text is what the lanes show, or what they were changed to. */
  editable() {
    return !this.said.isWrong("text") || this.model.text() === String(this.widget.value);
  }
  addKey(name) {
    const { tracks, now } = this.view;
    if (!tracks || !this.editable()) return;
    const lane = name ? this.model.laneOf(name) : this.view.chosen.lane;
    if (!lane) return;
    const value = valueAt(tracks.lanes[lane.names[0] ?? ""]?.points ?? [], now);
    this.view.choose(lane, this.model.put(lane, now, value ?? rangeOf(tracks, lane)[1]));
    this.edited(true);
  }
  addSegment(motion) {
    if (!this.view.tracks || !this.editable()) return;
    this.view.choose(null, null, this.model.addSegment(motion, this.view.now));
    this.edited(true);
  }
  remove() {
    const { lane, key, segment } = this.view.chosen;
    if (!this.editable()) return;
    if (segment && !this.model.removeSegment(segment)) {
      this.said.tell(text("timeline.lastSegment"));
    } else if (segment) {
      this.view.choose(null, null);
      this.edited(true);
    } else if (lane && key) {
      this.model.remove(lane, key);
      this.view.choose(this.model.lanes.includes(lane) ? lane : null, null);
      this.edited(true);
    }
  }
  split() {
    const { lane } = this.view.chosen;
    if (!lane || !this.editable()) return;
    this.model.split(lane);
    this.view.choose(lane, null);
    this.edited(true);
  }
  state(stated) {
    if (!this.editable()) return;
    Object.assign(this.model.stated, stated);
    this.edited(true);
  }
  setKey({ t, v, easing }, whole) {
    const { lane, key } = this.view.chosen;
    if (!lane || !key || !this.view.tracks || !this.editable()) return;
    const [low, , high] = rangeOf(this.view.tracks, lane);
    if (t !== void 0 && Number.isFinite(t)) this.model.moveKey(lane, key, t);
    if (v !== void 0 && Number.isFinite(v)) key.v = rounded(Math.min(high, Math.max(low, v)));
    if (easing !== void 0) key.easing = easing === "bezier" ? handlesOf(key.easing).map(rounded) : easing;
    this.edited(whole);
  }
  setSegment(change) {
    const { segment } = this.view.chosen;
    if (!segment || !this.editable()) return;
    this.model.setSegment(segment, change);
    this.edited(true);
  }
  /** Keys, segments or settings are others now: so is the text. */
  edited(whole) {
    this.setText(this.model.text(), whole);
    this.chose();
  }
  setText(wanted, whole) {
    this.setting = true;
    setWidget(this.node, this.widget, wanted);
    this.setting = false;
    if (whole && this.steps.keep(wanted)) keepStep();
    this.read();
    this.want();
    this.refresh();
  }
  step(forward) {
    const wanted = this.steps.step(forward);
    if (wanted === void 0) return;
    this.setText(wanted, false);
    keepStep();
  }
  show(tracks, wanted) {
    this.said.about("server");
    this.said.about("text");
    this.said.about("beneath", tracks.said);
    if (this.mending && document.activeElement !== this.written) this.tools.showText(false);
    if (this.view.dragging) {
      this.view.show(tracks);
      return;
    }
    if (wanted !== String(this.widget.value)) return;
    const chooseAgain = this.view.choice;
    this.model.read(tracks, wanted);
    chooseAgain();
    this.view.show(tracks);
    this.chose();
    this.refresh();
    if (linked(this.node, WIDGET)) this.said.tell(text("timeline.linked"));
  }
  failed(topic, error) {
    const isGone = error instanceof ServerError && !error.answered;
    this.said.about(isGone ? "server" : topic, error.message);
    if (topic === "text" && !isGone && !this.view.tracks && this.written.hidden) {
      this.tools.showText(true);
      this.mending = true;
    }
  }
  /** Tell of the key or the segment that is chosen. */
  chose() {
    const { lane, key, segment } = this.view.chosen;
    const range = lane && this.view.tracks ? rangeOf(this.view.tracks, lane) : [-1, 0, 1];
    this.keyRow.root.hidden = segment !== null;
    this.keyRow.show(lane, key, range);
    this.segmentRow.show(segment);
  }
  refresh() {
    this.tools.refresh(this.model.stated, this.steps.canStep(false), this.steps.canStep(true));
  }
  play() {
    const { view, model } = this;
    if (this.player.isPlaying) this.player.stop();
    else this.player.start(view.now, view.tracks?.length_s ?? 0, () => model.stated.loop && this.root.isConnected);
  }
  want() {
    if (!this.source || !this.root.isConnected) return;
    this.root.ariaBusy = "true";
    const time_s = this.view.now;
    const values = { timeline: String(this.widget.value), time_s, beneath: this.beneath };
    this.pictures.want({ source: { ...this.source, at_s: time_s }, values });
  }
  async draw({ jpeg, about }) {
    const picture = await createImageBitmap(jpeg);
    this.face.getContext("2d")?.drawImage(picture, 0, 0, FACE_PX, FACE_PX);
    picture.close();
    this.said.about("server");
    this.said.about("picture");
    const { note } = about;
    if (note) this.said.tell(note);
  }
  key(event) {
    const command = event.ctrlKey || event.metaKey;
    const typed = event.key.toLowerCase();
    if (command && (typed === "z" || typed === "y") && event.target !== this.written) {
      takeKey(event);
      this.step(typed === "y" || event.shiftKey);
    } else if (event.target === this.view.canvas && !command && this.keyboard.press(event)) {
      event.preventDefault();
    }
  }
};

// src/timeline.ts
var NODE2 = "LPS_Timeline";
var SEEN_KEY2 = "lps_seen";
var BENEATH_KEY = "lps_timeline";
var PANELS2 = new Panels({ name: "timeline_panel", size: [600, 780], heightPx: 540 });
function nodeCreated2(node) {
  const widget = node.widgets?.find((one) => one.name === WIDGET);
  if (node.comfyClass !== NODE2 || !widget || !panelsAreDrawn()) return;
  const panel = new Panel2(node, widget);
  hide(widget);
  PANELS2.add(node, panel);
}
function setup3() {
  PANELS2.listen((id, output) => {
    const beneath = output[BENEATH_KEY]?.[0];
    if (!beneath) return void 0;
    const seen = output[SEEN_KEY2];
    return Promise.all([noteBeneath(id, beneath), seen && noteSeen(id, seen)]);
  });
}
register({ name: "LivePortraitSuite.Timeline", nodeCreated: nodeCreated2, setup: setup3 });
export {
  TimelineModel
};
