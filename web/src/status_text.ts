// What a node of ours says of its run stands on it (the server's send_progress_text). Front ends keep
// that text until the node says something else, and an empty text changes nothing; so it is taken
// away here when a run begins. A node whose result is still there from before keeps its text.
import { classOf, listen, places, register, repaint, send } from "./comfyui";

const OURS = "LPS_";
const KEPT_TEXT = "lps_text";
const TEXT = "$$node-text-preview"; // the front end's name of the widget

interface Executed {
  node: string;
  display_node?: string;
  output?: Record<string, string[]>;
}

function clear(node: ComfyNode): void {
  const place = (node.widgets ?? []).findIndex((widget) => widget.name === TEXT);
  if (place < 0) return;
  node.widgets?.[place]?.onRemove?.();
  node.widgets?.splice(place, 1);
  repaint(node);
}

function setup(): void {
  // sent once when a run begins, with all nodes whose results are there already
  listen<{ nodes: string[] }>("execution_cached", ({ nodes }) => {
    const kept = new Set(nodes.map(String));
    for (const { id, node } of places()) {
      if (classOf(node).startsWith(OURS) && !kept.has(id)) clear(node);
    }
  });
  // A page that was opened after a node ran gets its text with its result, where ComfyUI sends those
  // of nodes that do not run again.
  listen<Executed>("executed", ({ node, display_node, output }) => {
    const [text] = output?.[KEPT_TEXT] ?? [];
    if (text) send("progress_text", { nodeId: display_node ?? node, text });
  });
}

register({ name: "LivePortraitSuite.StatusText", setup });
