// The one place that touches ComfyUI's JavaScript: its new interface will come, and then only this
// file changes.
import { api } from "../../../scripts/api.js";
import { app } from "../../../scripts/app.js";

/** Modes of a node; the front end's own numbers. */
export const RUN = 0;
export const BYPASSED = 4;
const SETTINGS = { language: "Comfy.Locale", htmlNodes: "Comfy.VueNodes.Enabled" };
/** Between two painted widgets, pixels. */
const WIDGET_GAP = 4;
/** The last front end whose HTML nodes leave out elements of ours. */
const WITHOUT_PANELS = 27;

/** Tell ComfyUI of a part of ours. */
export function register(extension: ComfyExtension): void {
  app.registerExtension(extension);
}

/** Hear an event that the server sends, such as "executed". */
export function listen<Detail>(name: string, heard: (detail: Detail) => void): void {
  api.addEventListener(name, (event) => heard((event as CustomEvent<Detail>).detail));
}

/** Behave as if the server had sent an event. */
export function send(name: string, detail: unknown): void {
  api.dispatchCustomEvent(name, detail);
}

/** The graph that holds all others. */
export function rootGraph(): ComfyGraph {
  return app.rootGraph ?? app.graph;
}

/** The class of a node, as the server knows it. */
export function classOf(node: ComfyNode): string {
  return node.comfyClass ?? node.type;
}

/** A node, its graph, and the id that a run gives it: 3, or 5:3 inside of the subgraph 5. */
export interface Place {
  id: string;
  node: ComfyNode;
  graph: ComfyGraph;
}

/**
 * All nodes of a graph and of its subgraphs.
 *
 * `enter` says whether the inside of a subgraph's node is looked at.
 */
export function* places(
  graph: ComfyGraph = rootGraph(),
  enter: (node: ComfyNode) => boolean = () => true,
  path = "",
): Generator<Place> {
  for (const node of graph.nodes ?? []) {
    const id = path + node.id;
    yield { id, node, graph };
    if (node.subgraph && enter(node)) yield* places(node.subgraph, enter, `${id}:`);
  }
}

/** The ids that a run gives a node, one for each place where its subgraph stands; none for a copy. */
export function idsOf(node: ComfyNode): string[] {
  return [...places()].filter((place) => place.node === node).map((place) => place.id);
}

/** Whether something is linked to an input of a node. */
export function linked(node: ComfyNode, name: string): boolean {
  return node.inputs?.find((slot) => slot.name === name)?.link != null;
}

/** The graph as a run would send it: a node's id -> its class and inputs. */
export async function prompt(): Promise<ComfyPrompt["output"]> {
  return (await app.graphToPrompt()).output;
}

/** Change what a run sends: `around` gets the front end's own function and what it was given. */
export function aroundPrompt(
  around: (make: () => Promise<ComfyPrompt>, graph: ComfyGraph) => Promise<ComfyPrompt>,
): void {
  const graphToPrompt = app.graphToPrompt;
  app.graphToPrompt = function (...given) {
    const graph = (given[0] as ComfyGraph | undefined) ?? rootGraph();
    return around(() => graphToPrompt.apply(this, given), graph);
  };
}

/** Run a node and what it needs; it has to be one that gives a result by itself. */
export async function runNode(id: string): Promise<void> {
  await app.queuePrompt(0, 1, [id]);
}

/** Ask the server; `route` begins behind /api. */
export function ask(route: string, options?: RequestInit): Promise<Response> {
  return api.fetchApi(route, options);
}

/** What tells this page from all others: a copied tab has the id of the first one. */
const PAGE = Math.random().toString(36).slice(2);

/** Who asks for a node: the page, and the id that a run gives the node. */
export function senderOf(node: ComfyNode): string {
  return `${api.clientId ?? ""}:${PAGE}:${idsOf(node)[0] ?? ""}`;
}

/** The language that the user chose: "en", "zh", ... */
export function language(): string {
  return String(app.extensionManager?.setting?.get(SETTINGS.language) ?? "en");
}

/** Whether elements on nodes are drawn: early HTML nodes leave them out. */
export function panelsAreDrawn(): boolean {
  const [major = 1, minor = 0] = String(window.__COMFYUI_FRONTEND_VERSION__ ?? "").split(".").map(Number);
  const early = major < 1 || (major === 1 && minor <= WITHOUT_PANELS);
  return !(early && app.extensionManager?.setting?.get(SETTINGS.htmlNodes));
}

/** Take a widget out of sight; it is saved and sent as before. */
export function hide(widget: ComfyWidget): void {
  widget.hidden = widget.options.hidden = true;
  widget.computeSize = () => [0, -WIDGET_GAP]; // front end 1.27 keeps room for it otherwise
}

/** Set a widget as a user does: whoever listens to it hears of it. */
export function setWidget(node: ComfyNode, widget: ComfyWidget, value: unknown): void {
  widget.value = value;
  widget.callback?.(value, app.canvas, node);
  if (!widget.hidden) repaint(node); // the whole canvas, which takes longer than all else in the page
}

/** Hear each change of a widget, also while it is dragged. */
export function onWidget(widget: ComfyWidget, changed: (value: unknown) => void): void {
  const before = widget.callback;
  widget.callback = function (this: unknown, value, ...rest) {
    const result = before?.call(this, value, ...rest);
    changed(widget.value);
    return result;
  };
}

/** Hear each change of what is linked to a node, also where no mouse made it. */
export function onLinks(node: ComfyNode, changed: () => void): void {
  const before = node.onConnectionsChange;
  node.onConnectionsChange = function (...given) {
    before?.apply(this, given);
    changed();
  };
}

/** Paint a node anew where the canvas paints it. */
export function repaint(node: ComfyNode): void {
  node.setDirtyCanvas?.(true, true);
}

/** Keep what the graph is now as a step of its undo. */
export function keepStep(): void {
  const tracker = app.extensionManager?.workflow?.activeWorkflow?.changeTracker;
  if (tracker?.captureCanvasState) tracker.captureCanvasState();
  else tracker?.checkState();
}

/**
 * Take a key for a panel alone.
 *
 * The graph's own undo hears every key first and looks a frame later which it was: then it is one that it
 * leaves alone.
 */
export function takeKey(event: KeyboardEvent): void {
  event.preventDefault();
  Object.defineProperty(event, "key", { value: "Control" });
}

/** Keep keys that are pressed in an element from the canvas: Delete would delete the node. */
export function keepKeysIn(element: HTMLElement, pressed: (event: KeyboardEvent) => void): void {
  element.addEventListener("keydown", (event) => {
    event.stopPropagation();
    pressed(event);
  });
}

/** Put an element on a node; it is neither saved nor sent. */
export function addElement(
  node: ComfyNode,
  name: string,
  element: HTMLElement,
  minHeight: () => number,
): ComfyWidget {
  const widget = node.addDOMWidget(name, `lps_${name}`, element, {
    serialize: false,
    hideOnZoom: false,
    getMinHeight: minHeight,
  });
  widget.serialize = false;
  return widget;
}
