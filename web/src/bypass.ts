// A bypassed Animate Portrait gives what it would paint into: its source, or the result of another one
// (paste_onto). A front end passes on the first input whose type fits, which may be the wrong one of the
// two, or an IMAGE where a VIDEO is wanted; so the node is sent all the same, without what drives it.
import { aroundPrompt, BYPASSED, classOf, linked, places, type Place, register, RUN } from "./comfyui";

const ANIMATE = new Set(["LPS_AnimatePortrait", "LPS_AnimateVideo"]);
const LEFT_OUT = ["driving", "faces", "options"];
const NEEDED = ["model", "source"];

/** Each bypassed one; what is inside of a bypassed or muted subgraph is left out. */
function bypassed(graph: ComfyGraph): Place[] {
  return [...places(graph, (node) => node.mode === RUN)].filter(
    ({ node }) =>
      node.mode === BYPASSED &&
      ANIMATE.has(classOf(node)) &&
      NEEDED.every((name) => linked(node, name)),
  );
}

/** The same node in what is saved with the result. */
function savedAs({ node, graph }: Place, workflow: ComfyWorkflow, root: ComfyGraph) {
  const parts = workflow.definitions?.subgraphs ?? [];
  const saved = graph === root ? workflow : parts.find((part) => part.id === graph.id);
  return saved?.nodes.find((one) => one.id === node.id);
}

async function withBypassed(
  make: () => Promise<ComfyPrompt>,
  graph: ComfyGraph,
): Promise<ComfyPrompt> {
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
