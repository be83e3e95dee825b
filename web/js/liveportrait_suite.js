// Made of web/src (d9f4161493f80099) by "make web"; change it there.

// src/comfyui.ts
import { api } from "../../../scripts/api.js";
import { app } from "../../../scripts/app.js";
var RUN = 0;
var BYPASSED = 4;
var SETTINGS = { language: "Comfy.Locale", htmlNodes: "Comfy.VueNodes.Enabled" };
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
function browserId() {
  return api.clientId ?? "";
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
}
function setWidget(node, widget, value) {
  widget.value = value;
  widget.callback?.(value, app.canvas, node);
  repaint(node);
}
function onWidget(widget, changed) {
  const before2 = widget.callback;
  widget.callback = function(value, ...rest) {
    const result = before2?.call(this, value, ...rest);
    changed(widget.value);
    return result;
  };
}
function repaint(node) {
  node.setDirtyCanvas?.(true, true);
}
function keepStep() {
  app.extensionManager?.workflow?.activeWorkflow?.changeTracker?.checkState();
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
  }
};

// src/control_values.ts
var GROUPS = controls_default.groups;
var OPPOSITE = controls_default.opposite;
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
    return { min, max, step: step2, rest: name === "zoom" ? 1 : 0 };
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
.lps { --lps-accent: #2f7bd9; display: flex; flex-direction: column; gap: 6px; box-sizing: border-box; width: 100%; height: 100%;
  min-height: 0; padding: 4px; color: var(--input-text, #ddd); font: 12px/1.3 system-ui, sans-serif; }
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
.lps-wide { grid-column: span 2; }
.lps-one { display: flex; align-items: center; gap: 5px; min-width: 0; }
.lps-one input { flex: 1; min-width: 0; height: 20px; margin: 0; accent-color: var(--lps-accent); }
.lps-one output { width: 34px; text-align: right; font-variant-numeric: tabular-nums; }
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
  resetOne: "Double-click resets it",
  random: "Random face",
  copy: "Copy the expression",
  paste: "Paste an expression",
  nothingToPaste: "The clipboard holds no expression; copy one in an Expression Editor first.",
  link: "Move both sides together",
  left: "left",
  right: "right",
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
  "preset.yawn": "Yawn"
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
  resetOne: "\u53CC\u51FB\u590D\u4F4D",
  random: "\u968F\u673A\u8868\u60C5",
  copy: "\u590D\u5236\u8868\u60C5",
  paste: "\u7C98\u8D34\u8868\u60C5",
  nothingToPaste: "\u526A\u8D34\u677F\u91CC\u6CA1\u6709\u8868\u60C5\uFF0C\u8BF7\u5148\u5728\u8868\u60C5\u7F16\u8F91\u5668\u4E2D\u590D\u5236\u3002",
  link: "\u5DE6\u53F3\u4E00\u8D77\u53D8\u5316",
  left: "\u5DE6",
  right: "\u53F3",
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
  "preset.yawn": "\u6253\u54C8\u6B20"
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
    for (const name of GROUPS[group] ?? []) this.addRow(name);
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
  /** A row of one control, or of both sides; the right side's comes with the left one's. */
  addRow(name) {
    const other = oppositeOf(name);
    if (!this.values.has(name) || other && name.includes("right")) return;
    const label = element("label", "", text(stemOf(name)));
    label.title = text("resetOne");
    const names = other ? [name, other] : [name];
    label.addEventListener("dblclick", () => {
      const before2 = this.values.values();
      this.values.set(Object.fromEntries(names.map((each) => [each, this.values.range(each).rest])));
      this.done(before2);
    });
    this.rows.append(label, ...names.map((each) => this.slider(each, other !== void 0)));
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
    this.sliders.push({ name, input, output });
    return element("div", sided ? "lps-one" : "lps-one lps-wide", input, output);
  }
};

// src/face_canvas.ts
var SIDE_PX = 512;
var REACH = 0.045;
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
    canvas.setAttribute("role", "img");
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
  over = false;
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
  nearest([x, y]) {
    const far = Object.entries(this.handles).map(
      ([name, [at, below]]) => [Math.hypot(at - x, below - y), name]
    );
    const found = far.filter(([distance]) => distance < REACH).sort(([a], [b]) => a - b)[0];
    return found?.[1];
  }
  begin(event) {
    if (event.button !== 0 || this.drag || !this.picture) return;
    event.preventDefault();
    event.stopPropagation();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const from = this.place(event);
    this.near = this.nearest(from);
    const effects = OF_HANDLE[this.near ?? ""] ?? (event.shiftKey ? OF_TILT : OF_HEAD);
    this.drag = { pointer: event.pointerId, from, effects, values: this.values.values() };
    this.paint();
  }
  move(event) {
    const at = this.place(event);
    const { drag } = this;
    if (!drag) {
      const near = this.nearest(at);
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
    this.over = over;
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

// src/server.ts
var ServerError = class extends Error {
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
    throw new ServerError(text("noAnswer"));
  }
  if (answer.ok) return answer;
  const said = await answer.json().catch(() => null);
  throw new ServerError(said?.error ?? text("noAnswer"));
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
  constructor(run, done, failed) {
    this.run = run;
    this.done = done;
    this.failed = failed;
  }
  run;
  done;
  failed;
  waiting;
  busy = false;
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
        if (answer !== null) this.done(answer, request);
      } catch (error) {
        this.failed(error instanceof Error ? error.message : String(error));
      }
    }
    this.busy = false;
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
      this.face.say(error.message, true);
    }
  }
};

// src/preview_source.ts
var PICTURES = { LoadImage: "image", LoadImageOutput: "image", LoadVideo: "file" };
var MODEL = "LPS_LoadModel";
var MODEL_WIDGETS = ["model_name", "precision", "face_finder"];
var SEEN = /* @__PURE__ */ new Map();
function linkedTo(graph, id, input) {
  const link = graph[id]?.inputs[input];
  return Array.isArray(link) ? graph[String(link[0])] : void 0;
}
function textOf(value) {
  return typeof value === "string" ? value : null;
}
function before(graph, id) {
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
  visit([inputs["source"], inputs["model"]]);
  return JSON.stringify([...found].map(([name, { class_type, inputs: inputs2 }]) => [name, class_type, inputs2]));
}
async function noteSeen(id, key) {
  SEEN.set(id, { key, before: before(await prompt(), id) });
}
async function sourceOf(node) {
  const [id] = idsOf(node);
  if (id === void 0) return null;
  const graph = await prompt();
  const inputs = graph[id]?.inputs;
  if (!Array.isArray(inputs?.["model"]) || !Array.isArray(inputs["source"])) return null;
  const picture = linkedTo(graph, id, "source");
  const widget = picture && PICTURES[picture.class_type];
  const file = widget ? textOf(picture.inputs[widget]) : null;
  const loader = linkedTo(graph, id, "model");
  let model = null;
  if (loader?.class_type === MODEL) {
    const values = MODEL_WIDGETS.map((name) => [name, textOf(loader.inputs[name])]);
    if (values.every(([, value]) => value !== null)) {
      model = Object.fromEntries(values);
    }
  }
  const noted = SEEN.get(id);
  const seen = noted && noted.before === before(graph, id) ? noted.key : null;
  if ((!file || !model) && !seen) return "run";
  const face = inputs["face_index"];
  return { file, model, seen, face_index: typeof face === "number" ? face : 0 };
}

// src/expression_editor.ts
var NODE = "LPS_ExpressionEditor";
var SEEN_KEY = "lps_seen";
var SIZE = [400, 810];
var HEIGHT_PX = 480;
var SETTLE_MS = 250;
var ROUTE = "preview/expression";
var ASKED = { preset: "none", words: "" };
var PANELS = /* @__PURE__ */ new Map();
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
      say: (sentence, wrong) => this.say(sentence, wrong)
    });
    this.undo = iconButton("undo", text("undo"), () => this.values.undo());
    this.redo = iconButton("redo", text("redo"), () => this.values.redo());
    this.newest = new Newest(
      (asked) => this.ask(asked),
      (picture, asked) => void this.show(picture, asked),
      (sentence) => this.say(sentence, true)
    );
    this.said.setAttribute("role", "status");
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", text("editor"));
    this.root.append(
      this.buttons(),
      this.named.row,
      element("div", "lps-face", this.face.canvas),
      this.people,
      this.said,
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
  said = element("div", "lps-said");
  people = element("div", "lps-row lps-faces");
  undo;
  redo;
  newest;
  source = null;
  peopleOf = "";
  sidesLinked = true;
  settling;
  /** The widgets that this stands for. */
  get widgets() {
    const asked = Object.keys(ASKED).map((name) => otherWidget(this.node, name));
    return [...this.values.all, ...asked].filter((widget) => widget !== void 0);
  }
  /** Look at the graph again, soon: its source or its model may be others now. */
  look() {
    window.clearTimeout(this.settling);
    const look = () => this.lookNow().catch((error) => this.say(error.message, true));
    this.settling = window.setTimeout(() => void look(), SETTLE_MS);
  }
  async lookNow() {
    if (!this.root.isConnected) return;
    await this.unfold();
    const found = await sourceOf(this.node);
    if (found === null || found === "run") {
      this.source = null;
      if (found) this.sayToRun();
      else this.say(text("connectSource"));
      return;
    }
    if (!this.source) void this.named.refresh();
    const isNew = JSON.stringify(found) !== JSON.stringify(this.source);
    this.source = found;
    this.rows.refresh();
    if (!isNew) return;
    this.say(text("loading"));
    this.want();
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
    const { controls } = await askJson("controls", body);
    this.values.set(controls);
    for (const [name, rest] of given) this.values.setOther(name, rest);
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
    if (!this.source || !this.root.isConnected) return;
    this.newest.want({ source: this.source, values: this.values.values(), view });
  }
  ask({ source, values, view }) {
    const sender = `${browserId()}:${idsOf(this.node)[0] ?? ""}`;
    return askPicture(ROUTE, { sender, source, values, view, side_px: 512 });
  }
  async show({ jpeg, about }, { source, view }) {
    const { handles, note } = about;
    this.face.show(await createImageBitmap(jpeg), view === "face" ? handles : null);
    this.say(note);
    await this.showPeople(source);
  }
  /** The faces of a picture that shows several, to choose one. */
  async showPeople(source) {
    const key = JSON.stringify({ ...source, face_index: 0 });
    if (key !== this.peopleOf) {
      this.peopleOf = key;
      this.people.replaceChildren();
      const { faces } = await askJson("faces", source).catch(() => ({ faces: [] }));
      if (key !== this.peopleOf || faces.length < 2) return;
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
      this.say(String(error.message), true);
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
      if (!found) this.say(text("nothingToPaste"), true);
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
    event.preventDefault();
    run();
  }
  say(sentence, wrong = false) {
    this.said.textContent = sentence;
    this.said.classList.toggle("lps-wrong", wrong);
  }
  sayToRun() {
    this.say(`${text("runOnce")} `);
    const button = element("button", "", text("run"));
    button.type = "button";
    button.addEventListener("click", () => {
      const [id] = idsOf(this.node);
      if (id) void runNode(id);
    });
    this.said.append(button);
  }
};
var CLIPBOARD = { text: "" };
function nodeCreated(node) {
  if (node.comfyClass !== NODE || !panelsAreDrawn()) return;
  useStyle();
  const panel = new Panel(node);
  for (const widget of panel.widgets) hide(widget);
  addElement(node, "editor", panel.root, () => HEIGHT_PX);
  node.setSize?.(SIZE);
  PANELS.set(node, panel);
  const removed = node.onRemoved;
  node.onRemoved = function() {
    PANELS.delete(node);
    removed?.call(this);
  };
  new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) panel.look();
  }).observe(panel.root);
}
function lookAll() {
  for (const panel of PANELS.values()) panel.look();
}
function setup() {
  listen("graphChanged", lookAll);
  listen("execution_success", lookAll);
  listen("reconnected", lookAll);
  listen("executed", ({ node: id, output }) => {
    const key = output?.[SEEN_KEY]?.[0];
    const place = [...places()].find((one) => one.id === id);
    if (key && place) void noteSeen(id, key).then(() => PANELS.get(place.node)?.look());
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
