// Panels on nodes: each is drawn with its node, looks at the graph when that changes, and goes with it.
import { addElement, listen, onLinks, places } from "./comfyui";
import { onSources } from "./preview_source";
import { useStyle } from "./style";

interface Panel {
  readonly root: HTMLElement;
  /** Look at the graph again, soon: its source or its model may be others now. */
  look(): void;
  /** The server is gone, or is back. */
  lost(isGone: boolean): void;
}

interface Form {
  name: string;
  size: [number, number];
  heightPx: number;
}

type Output = Record<string, string[]>;

interface Executed {
  node: string;
  output?: Output;
}

/** The panels of all nodes of one type. */
export class Panels {
  private readonly panels = new Map<ComfyNode, Panel>();

  constructor(private readonly form: Form) {}

  /** Put a panel on its node. */
  add(node: ComfyNode, panel: Panel): void {
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
    // copies that are never shown stay as they are
    new IntersectionObserver((seen) => {
      if (seen.some((one) => one.isIntersecting)) panel.look();
    }).observe(panel.root);
  }

  /** Look whenever the graph may be another one, and after a node's run of which something was noted. */
  listen(note: (id: string, output: Output) => Promise<unknown> | undefined): void {
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
    listen<Executed>("executed", ({ node: id, output }) => {
      const place = output && [...places()].find((one) => one.id === id);
      if (!place) return;
      void note(id, output)?.then(() => this.panels.get(place.node)?.look());
    });
  }
}
