// The close-up of a face that is dragged: eyes, brows, corners of the mouth, jaw, and the head.
import type { ControlValues, Values } from "./control_values";
import { oppositeOf } from "./control_values";
import { element } from "./style";

/** Where each handle lies in the close-up, from 0 to 1. */
export type Handles = Record<string, [number, number]>;

const SIDE_PX = 512;
/** Of the close-up's side; nearer to a handle than this it is dragged. */
const REACH = 0.045;
const TOUCH_REACH = 0.08;
const KEY_TURN_DEG = 1;

/** What a drag changes: for each control what one side of the close-up to the right and down adds. */
type Effect = [control: string, right: number, down: number];
const OF_HANDLE: Record<string, Effect[]> = {
  brow_left: [["brow_left", 0, -14]],
  brow_right: [["brow_right", 0, -14]],
  iris_left: [["gaze_left_x", 22, 0], ["gaze_left_y", 0, -34]],
  iris_right: [["gaze_right_x", 22, 0], ["gaze_right_y", 0, -34]],
  smile_left: [["smile_left", -5, -14]],
  smile_right: [["smile_right", 5, -14]],
  jaw: [["jaw_open", 0, 7]],
};
const OF_HEAD: Effect[] = [["yaw_deg", -90, 0], ["pitch_deg", 0, 80]];
const OF_TILT: Effect[] = [["roll_deg", 90, 0]];

interface Drag {
  pointer: number;
  from: [number, number];
  effects: Effect[];
  values: Values;
}

/** The canvas; `dragged` is called when a drag, or a key, has made a whole change of `before`. */
export class FaceCanvas {
  readonly canvas = element("canvas");
  private picture: ImageBitmap | undefined;
  private handles: Handles = {};
  private near: string | undefined;
  /** Without a pointer that hovers, handles are there all the time. */
  private readonly hovers = window.matchMedia("(hover: hover)").matches;
  private over = !this.hovers;
  private drag: Drag | undefined;

  constructor(
    private readonly values: ControlValues,
    private readonly bothSides: () => boolean,
    private readonly dragged: (before: Values) => void,
    name: string,
    keys: string,
  ) {
    const { canvas } = this;
    canvas.width = canvas.height = SIDE_PX;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "application");
    canvas.setAttribute("aria-label", `${name}. ${keys}`);
    canvas.title = keys;
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(kind, (event) => this.end(event));
    }
    canvas.addEventListener("pointerleave", () => this.hover(false));
    canvas.addEventListener("pointerenter", () => this.hover(true));
    canvas.addEventListener("keydown", (event) => this.key(event));
  }

  /** Show a picture; without handles the last ones stay where a drag needs them. */
  show(picture: ImageBitmap, handles: Handles | null): void {
    this.picture?.close();
    this.picture = picture;
    if (handles) this.handles = handles;
    this.paint();
  }

  /** Nothing is known of a face. */
  clear(): void {
    this.picture?.close();
    this.picture = undefined;
    this.handles = {};
    this.paint();
  }

  private place(event: PointerEvent): [number, number] {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const side = Math.min(width, height); // the picture stands in the middle (object-fit)
    const [x, y] = [event.clientX - left - (width - side) / 2, event.clientY - top - (height - side) / 2];
    return [x / side, y / side];
  }

  private nearest([x, y]: [number, number], { pointerType }: PointerEvent): string | undefined {
    const reach = pointerType === "touch" ? TOUCH_REACH : REACH;
    const far = Object.entries(this.handles).map(
      ([name, [at, below]]) => [Math.hypot(at - x, below - y), name] as const,
    );
    const found = far.filter(([distance]) => distance < reach).sort(([a], [b]) => a - b)[0];
    return found?.[1];
  }

  private begin(event: PointerEvent): void {
    if (event.button !== 0 || this.drag || !this.picture) return;
    event.preventDefault();
    event.stopPropagation();
    this.canvas.focus({ preventScroll: true });
    this.canvas.setPointerCapture(event.pointerId);
    const from = this.place(event);
    this.near = this.nearest(from, event);
    const effects = OF_HANDLE[this.near ?? ""] ?? (event.shiftKey ? OF_TILT : OF_HEAD);
    this.drag = { pointer: event.pointerId, from, effects, values: this.values.values() };
    this.paint();
  }

  private move(event: PointerEvent): void {
    const at = this.place(event);
    const { drag } = this;
    if (!drag) {
      const near = this.nearest(at, event);
      if (near === this.near) return;
      this.near = near;
      this.paint();
      return;
    }
    if (event.pointerId !== drag.pointer) return;
    event.stopPropagation();
    const [right, down] = [at[0] - drag.from[0], at[1] - drag.from[1]];
    const changed: Values = {};
    for (const [control, perRight, perDown] of drag.effects) {
      const value = (drag.values[control] ?? 0) + right * perRight + down * perDown;
      changed[control] = value;
      const other = this.bothSides() ? oppositeOf(control) : undefined;
      if (other) changed[other] = value;
    }
    this.values.set(changed);
  }

  private end(event: PointerEvent): void {
    const { drag } = this;
    if (!drag || event.pointerId !== drag.pointer) return;
    this.drag = undefined;
    this.paint();
    this.dragged(drag.values);
  }

  private key(event: KeyboardEvent): void {
    const turns: Record<string, Effect> = {
      ArrowLeft: event.shiftKey ? ["roll_deg", -1, 0] : ["yaw_deg", 1, 0],
      ArrowRight: event.shiftKey ? ["roll_deg", 1, 0] : ["yaw_deg", -1, 0],
      ArrowUp: ["pitch_deg", -1, 0],
      ArrowDown: ["pitch_deg", 1, 0],
    };
    const turn = turns[event.key];
    if (!turn) return;
    event.preventDefault();
    const before = this.values.values();
    this.values.set({ [turn[0]]: this.values.get(turn[0]) + turn[1] * KEY_TURN_DEG });
    this.dragged(before);
  }

  private hover(over: boolean): void {
    this.over = over || !this.hovers;
    if (!over && !this.drag) this.near = undefined;
    this.paint();
  }

  private paint(): void {
    const pen = this.canvas.getContext("2d");
    if (!pen) return;
    pen.clearRect(0, 0, SIDE_PX, SIDE_PX);
    if (!this.picture) return;
    pen.drawImage(this.picture, 0, 0, SIDE_PX, SIDE_PX);
    if (this.drag || !this.over) return;
    for (const [name, [x, y]] of Object.entries(this.handles)) {
      pen.beginPath();
      pen.arc(x * SIDE_PX, y * SIDE_PX, name === this.near ? 9 : 6, 0, 2 * Math.PI);
      for (const [colour, width] of [["#000a", 4], ["#fff", 2]] as const) {
        pen.strokeStyle = colour;
        pen.lineWidth = width;
        pen.stroke();
      }
    }
  }
}
