// The controls of a node: its sliders, read and set together, with steps to go back and forth.
import table from "./controls.json";
import { keepStep, onWidget, setWidget } from "./comfyui";

export type Values = Record<string, number>;
export const GROUPS: Record<string, string[]> = table.groups;
const OPPOSITE: Record<string, string> = table.opposite;
const REST: Record<string, number> = table.rest;
const MOST_STEPS = 100;
const FORMAT = "liveportrait-suite/expression";
/** Of the files of expressions, whose text goes over the clipboard. */

/** Steps of each node, which outlive it: a graph's own undo makes its nodes anew. */
const STEPS = new Map<string, { done: Values[]; undone: Values[] }>();

/** The control of the other side; undefined for one in the middle. */
export function oppositeOf(name: string): string | undefined {
  return OPPOSITE[name];
}

/** A control's name without its side: "gaze_x" of "gaze_left_x". */
export function stemOf(name: string): string {
  return oppositeOf(name) ? name.replace(/_(left|right)/, "") : name;
}

/** A widget of a node that is no control. */
export function otherWidget(node: ComfyNode, name: string): ComfyWidget | undefined {
  return node.widgets?.find((one) => one.name === name);
}

/** The sliders of one node. */
export class ControlValues {
  private readonly widgets = new Map<string, ComfyWidget>();
  private setting = false;

  /** `changed` is called after each change, whoever made it. */
  constructor(
    private readonly node: ComfyNode,
    private readonly changed: () => void,
  ) {
    const names = new Set(Object.values(GROUPS).flat());
    for (const widget of node.widgets ?? []) {
      if (!names.has(widget.name)) continue;
      this.widgets.set(widget.name, widget);
      onWidget(widget, () => {
        if (!this.setting) changed();
      });
    }
  }

  /** The sliders by name. */
  get all(): IterableIterator<ComfyWidget> {
    return this.widgets.values();
  }

  /** Whether the node has a control. */
  has(name: string): boolean {
    return this.widgets.has(name);
  }

  get(name: string): number {
    return Number(this.widgets.get(name)?.value ?? 0);
  }

  /** Smallest and largest value, the step between two, and the value at rest. */
  range(name: string): { min: number; max: number; step: number; rest: number } {
    const { min = -1, max = 1, step2 = 0.01 } = this.widgets.get(name)?.options ?? {};
    return { min, max, step: step2, rest: REST[name] ?? 0 };
  }

  /** Every value by name. */
  values(): Values {
    return Object.fromEntries([...this.widgets.keys()].map((name) => [name, this.get(name)]));
  }

  /** Those that are not at rest. */
  changedValues(): Values {
    const values = Object.entries(this.values());
    return Object.fromEntries(values.filter(([name, value]) => value !== this.range(name).rest));
  }

  /** Every control at rest. */
  rest(): Values {
    return Object.fromEntries([...this.widgets.keys()].map((name) => [name, this.range(name).rest]));
  }

  /** Set some, each brought into its range and onto a step. */
  set(values: Values): void {
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
  setBoth(name: string, value: number, both: boolean): void {
    const other = both ? oppositeOf(name) : undefined;
    this.set(other ? { [name]: value, [other]: value } : { [name]: value });
  }

  /** Set another widget of the node. */
  setOther(name: string, value: unknown): void {
    const widget = otherWidget(this.node, name);
    if (widget) setWidget(this.node, widget, value);
    keepStep();
  }

  /** Keep `before`, the values before a change that is complete now, as a step. */
  keep(before: Values): void {
    if (JSON.stringify(before) === JSON.stringify(this.values())) return;
    const { done, undone } = this.steps();
    done.push(before);
    if (done.length > MOST_STEPS) done.shift();
    undone.length = 0;
    keepStep();
  }

  get canUndo(): boolean {
    return this.steps().done.length > 0;
  }

  get canRedo(): boolean {
    return this.steps().undone.length > 0;
  }

  undo(): void {
    const { done, undone } = this.steps();
    this.step(done, undone);
  }

  redo(): void {
    const { done, undone } = this.steps();
    this.step(undone, done);
  }

  /** The values as a text for the clipboard. */
  asText(): string {
    return JSON.stringify({ format: FORMAT, version: 1, controls: this.changedValues() });
  }

  /** Take over what `asText` gave; false where a text is none. */
  fromText(text: string): boolean {
    let read: { format?: string; controls?: Values } | null;
    try {
      read = JSON.parse(text);
    } catch {
      return false;
    }
    if (read?.format !== FORMAT || typeof read.controls !== "object") return false;
    this.set({ ...this.rest(), ...read.controls });
    return true;
  }

  private step(from: Values[], onto: Values[]): void {
    const wanted = from.pop();
    if (!wanted) return;
    onto.push(this.values());
    this.set(wanted);
    keepStep();
  }

  private steps() {
    const key = `${this.node.graph?.id ?? ""}:${this.node.id}`;
    const found = STEPS.get(key) ?? { done: [], undone: [] };
    STEPS.set(key, found);
    return found;
  }
}
