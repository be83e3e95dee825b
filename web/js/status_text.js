// What a node of ours says of its run stands on it (the server's send_progress_text). Front ends keep
// that text until the node says something else, and an empty text changes nothing; so it is taken
// away here when a run begins. A node whose result is still there from before keeps its text.
import { api } from "../../../scripts/api.js";
import { app } from "../../../scripts/app.js";

const OURS = "LPS_";
const KEPT_TEXT = "lps_text";
const TEXT = "$$node-text-preview"; // the front end's name of the widget

function clear(node) {
  const place = (node.widgets ?? []).findIndex((widget) => widget.name === TEXT);
  if (place < 0) return;
  node.widgets[place].onRemove?.();
  node.widgets.splice(place, 1);
  node.setDirtyCanvas?.(true, true);
}

// Each node of ours, also in subgraphs, with the id that a run gives it: 3, or 5:3 inside of 5.
function* nodes(graph, path = "") {
  for (const node of graph?.nodes ?? []) {
    const id = path + node.id;
    if (node.subgraph) yield* nodes(node.subgraph, `${id}:`);
    else if (String(node.comfyClass ?? node.type).startsWith(OURS)) yield [id, node];
  }
}

app.registerExtension({
  name: "LivePortraitSuite.StatusText",
  setup() {
    // sent once when a run begins, with all nodes whose results are there already
    api.addEventListener("execution_cached", ({ detail }) => {
      const kept = new Set(detail.nodes.map(String));
      for (const [id, node] of nodes(app.rootGraph ?? app.graph)) if (!kept.has(id)) clear(node);
    });
    // A page that was opened after a node ran gets its text with its result, where ComfyUI sends those
    // of nodes that do not run again.
    api.addEventListener("executed", ({ detail }) => {
      const [text] = detail.output?.[KEPT_TEXT] ?? [];
      if (!text) return;
      const nodeId = detail.display_node ?? detail.node;
      api.dispatchCustomEvent("progress_text", { nodeId, text });
    });
  },
});
