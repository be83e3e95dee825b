// What we use of ComfyUI's front end, 1.27 and later; its own types are under another licence and
// incomplete. Only comfyui.ts imports these modules.

/** A widget of a node; `options.serialize` says whether it goes into the prompt. */
interface ComfyWidget {
  name: string;
  type: string;
  value: unknown;
  hidden?: boolean;
  serialize?: boolean;
  options: {
    hidden?: boolean;
    serialize?: boolean;
    min?: number;
    max?: number;
    step2?: number;
    precision?: number;
    values?: unknown;
    default?: unknown;
    [name: string]: unknown;
  };
  label?: string;
  tooltip?: string;
  element?: HTMLElement;
  callback?: (value: unknown, ...rest: unknown[]) => unknown;
  onRemove?: () => void;
  computeSize?: (width: number) => [number, number];
}

interface ComfySlot {
  name: string;
  type: string;
  link?: number | null;
  widget?: { name: string };
}

interface ComfyNode {
  id: number | string;
  type: string;
  comfyClass?: string;
  title: string;
  mode: number;
  size: [number, number];
  graph: ComfyGraph | null;
  subgraph?: ComfyGraph;
  inputs?: ComfySlot[];
  widgets?: ComfyWidget[];
  properties: Record<string, unknown>;
  addDOMWidget(
    name: string,
    type: string,
    element: HTMLElement,
    options: {
      serialize?: boolean;
      hideOnZoom?: boolean;
      getMinHeight?: () => number;
      getMaxHeight?: () => number;
      getValue?: () => unknown;
      setValue?: (value: unknown) => void;
    },
  ): ComfyWidget;
  setDirtyCanvas?(foreground: boolean, background: boolean): void;
  setSize?(size: [number, number]): void;
  computeSize(): [number, number];
  onRemoved?: (this: ComfyNode) => void;
  onConfigure?: (this: ComfyNode, saved: unknown) => void;
  onExecuted?: (this: ComfyNode, output: Record<string, unknown>) => void;
  onConnectionsChange?: (this: ComfyNode, ...rest: unknown[]) => void;
}

interface ComfyGraph {
  id?: string;
  nodes?: ComfyNode[];
  rootGraph?: ComfyGraph;
}

/** A graph as it is saved. */
interface ComfyWorkflow {
  nodes: { id: number | string; mode: number }[];
  definitions?: { subgraphs?: (ComfyWorkflow & { id: string })[] };
}

interface ComfyPromptNode {
  class_type: string;
  inputs: Record<string, unknown>;
}

/** What a run sends: `output` is the graph in the API format, by the ids that a run gives. */
interface ComfyPrompt {
  output: Record<string, ComfyPromptNode>;
  workflow: ComfyWorkflow;
}

interface ComfyExtension {
  name: string;
  setup?(): void | Promise<void>;
  nodeCreated?(node: ComfyNode): void;
  getCustomWidgets?(): Record<string, ComfyWidgetMaker>;
}

type ComfyWidgetMaker = (
  node: ComfyNode,
  name: string,
  data: [string, Record<string, unknown>],
) => { widget: ComfyWidget; minHeight?: number; minWidth?: number };

interface ComfyApp {
  graph: ComfyGraph;
  rootGraph?: ComfyGraph;
  canvas: { setDirty(foreground: boolean, background: boolean): void };
  extensionManager?: {
    setting?: { get(name: string): unknown };
    workflow?: { activeWorkflow?: { changeTracker?: { checkState(): void; captureCanvasState?(): void } } };
  };
  graphToPrompt(...given: unknown[]): Promise<ComfyPrompt>;
  queuePrompt(number: number, batchCount?: number, ids?: string[]): Promise<boolean>;
  registerExtension(extension: ComfyExtension): void;
}

interface ComfyApi extends EventTarget {
  clientId?: string;
  fetchApi(route: string, options?: RequestInit): Promise<Response>;
  dispatchCustomEvent(name: string, detail: unknown): void;
}

interface Window {
  __COMFYUI_FRONTEND_VERSION__?: string;
}

declare module "*/scripts/app.js" {
  export const app: ComfyApp;
}

declare module "*/scripts/api.js" {
  export const api: ComfyApi;
}
