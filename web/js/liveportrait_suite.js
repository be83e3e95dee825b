// Made of web/src (b308abf5637f800f) by "make web"; change it there.

// src/comfyui.ts
import { api } from "../../../scripts/api.js";
import { app } from "../../../scripts/app.js";
var RUN = 0;
var BYPASSED = 4;
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
function linked(node, name) {
  return node.inputs?.find((slot) => slot.name === name)?.link != null;
}
function aroundPrompt(around) {
  const graphToPrompt = app.graphToPrompt;
  app.graphToPrompt = function(...given) {
    const graph = given[0] ?? rootGraph();
    return around(() => graphToPrompt.apply(this, given), graph);
  };
}
function repaint(node) {
  node.setDirtyCanvas?.(true, true);
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
function setup() {
  listen("execution_cached", ({ nodes }) => {
    const kept = new Set(nodes.map(String));
    for (const { id, node } of places()) {
      if (classOf(node).startsWith(OURS) && !kept.has(id)) clear(node);
    }
  });
  listen("executed", ({ node, display_node, output }) => {
    const [text] = output?.[KEPT_TEXT] ?? [];
    if (text) send("progress_text", { nodeId: display_node ?? node, text });
  });
}
register({ name: "LivePortraitSuite.StatusText", setup });
