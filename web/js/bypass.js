// A bypassed Animate Portrait gives what it would paint into: its source, or the result of another one
// (paste_onto). A front end passes on the first input whose type fits, which may be the wrong one of the
// two, or an IMAGE where a VIDEO is wanted; so the node is sent all the same, without what drives it.
import { app } from "../../../scripts/app.js";

const ANIMATE = new Set(["LPS_AnimatePortrait", "LPS_AnimateVideo"]);
const LEFT_OUT = ["driving", "faces", "options"];
const NEEDED = ["model", "source"];
const RUN = 0;
const BYPASSED = 4; // modes of the front end's own

const linked = (node, name) => node.inputs?.find((slot) => slot.name === name)?.link != null;

// Each bypassed one with its graph and the id that a run gives it: 3, or 5:3 inside of 5. What is
// inside of a bypassed or muted subgraph is left out.
function* bypassed(graph, path = "") {
  for (const node of graph?.nodes ?? []) {
    const id = path + node.id;
    if (node.subgraph && node.mode === RUN) yield* bypassed(node.subgraph, `${id}:`);
    if (node.mode !== BYPASSED || !ANIMATE.has(node.comfyClass ?? node.type)) continue;
    if (NEEDED.every((name) => linked(node, name))) yield { id, node, graph };
  }
}

// The same node in what is saved with the result.
function savedAs({ node, graph }, workflow, root) {
  const parts = workflow?.definitions?.subgraphs ?? [];
  const saved = graph === root ? workflow : parts.find((part) => part.id === graph.id);
  return saved?.nodes.find((one) => one.id === node.id);
}

app.registerExtension({
  name: "LivePortraitSuite.Bypass",
  setup() {
    const graphToPrompt = app.graphToPrompt;
    app.graphToPrompt = async function (...given) {
      const root = given[0] ?? app.rootGraph ?? app.graph;
      const found = [...bypassed(root)];
      let made;
      try {
        for (const { node } of found) node.mode = RUN;
        made = await graphToPrompt.apply(this, given);
      } finally {
        for (const { node } of found) node.mode = BYPASSED;
      }
      for (const one of found) {
        for (const name of LEFT_OUT) delete made.output[one.id]?.inputs[name];
        const saved = savedAs(one, made.workflow, root);
        if (saved) saved.mode = BYPASSED;
      }
      return made;
    };
  },
});
