// The canvas of a timeline: what is seen of it, and what the pointer does on it.
import { element } from "./style";
import { type Drag, type Dragged, Drags } from "./timeline_drags";
import type { Key, Lane, Segment, TimelineModel, Tracks } from "./timeline_model";
import { type Chosen, labelOf, LABELS_PX, paint, rangeOf, type Row, rowsOf, RULER_PX, type Scene, timeAt, valuePerPx } from "./timeline_paint";

const ZOOM_STEP = 1.25;
const LEAST_SCALE = 2;
const MOST_SCALE = 2000;
const ROOM_PX = 12;
const STILL_PX = 4;

/** What the panel wants to hear of. */
export interface Heard {
  /** Another time is looked at. */
  scrubbed(): void;
  /** Another lane, key or segment is chosen. */
  chose(): void;
  /** Keys or segments were changed; `whole` once a drag has ended. */
  changed(whole: boolean): void;
  /** A drag has ended. */
  ended(): void;
  /** Whether keys and segments may be changed now. */
  editable(): boolean;
}

export class TimelineView implements Dragged {
  readonly canvas = element("canvas");
  readonly root = element("div", "lps-timeline", this.canvas);
  readonly chosen: Chosen = { lane: null, key: null, segment: null };
  now = 0;
  tracks: Tracks | null = null;
  private readonly drags = new Drags(this);
  private readonly folded = new Set<string>();
  private from = 0;
  private scale = 0;
  private drag: { pointer: number; moves: Drag } | null = null;
  private moved = false;
  /** The label that is pressed, until it is dragged. */
  private pressed: Row | null = null;

  constructor(
    readonly model: TimelineModel,
    private readonly heard: Heard,
  ) {
    const { canvas } = this;
    canvas.tabIndex = 0;
    canvas.dataset["captureWheel"] = "true";
    canvas.setAttribute("role", "application");
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId === this.drag?.pointer) this.drag.moves(this.place(event), event);
    });
    for (const kind of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(kind, (event) => this.end(event));
    }
    canvas.addEventListener("dblclick", (event) => this.addAt(event));
    canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    new ResizeObserver(() => this.draw()).observe(this.root);
  }

  /** Show what the server read; keys that are dragged meanwhile stay. */
  show(tracks: Tracks): void {
    this.tracks = tracks;
    this.now = Math.min(this.now, this.lastFrame());
    this.draw();
  }

  /** Whether something is being dragged now. */
  get dragging(): boolean {
    return this.drag !== null;
  }

  /** What is chosen, to be chosen again after a text was read anew. */
  get choice(): () => void {
    const { lane, key, segment } = this.chosen;
    const index = segment ? this.model.segments.indexOf(segment) : -1;
    return () => {
      this.chosen.lane = this.model.lanes.find((one) => one.names[0] === lane?.names[0]) ?? null;
      this.chosen.key = this.chosen.lane?.keys.find((one) => one.t === key?.t) ?? null;
      this.chosen.segment = this.model.segments[index] ?? null;
    };
  }

  choose(lane: Lane | null, key: Key | null, segment: Segment | null = null): void {
    Object.assign(this.chosen, { lane, key, segment });
    this.heard.chose();
    this.draw();
  }

  /** Look at a time, on a frame. */
  goTo(t: number): void {
    const fps = this.tracks?.fps ?? 25;
    this.now = Math.min(this.lastFrame(), Math.max(0, Math.round(t * fps) / fps));
    this.keepInSight();
    this.heard.scrubbed();
    this.draw();
  }

  /** Make everything larger or smaller, about a time or the present. */
  zoom(steps: number, about = this.now): void {
    const scene = this.scene();
    if (!scene) return;
    const x = (about - scene.from) * scene.scale;
    this.scale = Math.min(MOST_SCALE, Math.max(LEAST_SCALE, scene.scale * ZOOM_STEP ** steps));
    this.from = Math.max(0, about - x / this.scale);
    this.draw();
  }

  /** Show all of it. */
  fit(): void {
    this.from = this.scale = 0;
    this.draw();
  }

  draw(): void {
    const scene = this.scene();
    if (!scene || !scene.width) return;
    const sharp = Math.max(1, window.devicePixelRatio) * 1.5;
    this.canvas.style.height = `${scene.height}px`;
    const [width, height] = [Math.round(scene.width * sharp), Math.round(scene.height * sharp)];
    if (this.canvas.width !== width) this.canvas.width = width;
    if (this.canvas.height !== height) this.canvas.height = height;
    this.canvas.setAttribute("aria-description", scene.rows.map(labelOf).join(", "));
    paint(this.canvas, scene);
  }

  changed(): void {
    this.moved = true;
    this.heard.changed(false);
    this.draw();
  }

  private lastFrame(): number {
    const { length_s = 0, fps = 25 } = this.tracks ?? {};
    return Math.max(0, (Math.max(1, Math.round(length_s * fps)) - 1) / fps);
  }

  private scene(): Scene | null {
    const { tracks, model, chosen, folded } = this;
    if (!tracks) return null;
    const width = this.root.clientWidth;
    const rows = rowsOf(model, tracks, chosen, folded);
    const last = rows.at(-1);
    const height = Math.max(this.root.clientHeight, last ? last.top + last.height : RULER_PX);
    const fitting = Math.max(LEAST_SCALE, (width - LABELS_PX - ROOM_PX) / Math.max(0.1, tracks.length_s));
    const scale = this.scale || fitting;
    return { model, tracks, rows, chosen, folded, now: this.now, from: this.from, scale, width, height };
  }

  private keepInSight(): void {
    const scene = this.scene();
    if (!scene) return;
    const seen = (scene.width - LABELS_PX) / scene.scale;
    if (this.now < this.from) this.from = this.now;
    if (this.now > this.from + seen) this.from = this.now - seen;
  }

  /** A pointer's place on the canvas, at any zoom of the graph. */
  private place(event: MouseEvent): [number, number] {
    const box = this.canvas.getBoundingClientRect();
    const { clientWidth, clientHeight } = this.canvas;
    return [
      ((event.clientX - box.left) / box.width) * clientWidth,
      ((event.clientY - box.top) / box.height) * clientHeight,
    ];
  }

  private begin(event: PointerEvent): void {
    const scene = this.scene();
    if (!scene || event.button !== 0) return;
    event.stopPropagation();
    if (this.drag) return;
    this.canvas.focus({ preventScroll: true });
    const [x, y] = this.place(event);
    const row = scene.rows.find((one) => y >= one.top && y < one.top + one.height);
    this.moved = false;
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = { pointer: event.pointerId, moves: this.dragOf(scene, row, [x, y], event) };
  }

  private dragOf(scene: Scene, row: Row | undefined, at: [number, number], event: PointerEvent): Drag {
    if (at[0] < LABELS_PX && row) return this.labelDrag(row, event);
    const found = this.heard.editable() ? this.drags.of(scene, row, at, event) : null;
    if (found) return found;
    const scrub: Drag = ([x]) => this.goTo(timeAt(scene, x));
    scrub(at, event);
    return scrub;
  }

  /** Labels are pressed, and scroll the lanes where they are dragged. */
  private labelDrag(row: Row, { clientY }: PointerEvent): Drag {
    const { scrollTop } = this.root;
    this.pressed = row;
    return (_, event) => {
      const down = event.clientY - clientY;
      if (Math.abs(down) >= STILL_PX) this.pressed = null;
      const zoom = this.canvas.getBoundingClientRect().height / this.canvas.clientHeight;
      if (!this.pressed) this.root.scrollTop = scrollTop - down / zoom;
    };
  }

  private pressLabel(row: Row): void {
    if (row.kind === "group") {
      if (!this.folded.delete(row.group)) this.folded.add(row.group);
      this.draw();
    } else if (row.kind === "lane") {
      this.choose(row.lane, null);
    } else if (row.kind === "segment") {
      this.choose(null, null, row.segment);
    }
  }

  private end(event: PointerEvent): void {
    if (event.pointerId !== this.drag?.pointer) return;
    this.drag = null;
    if (this.pressed && event.type === "pointerup") this.pressLabel(this.pressed);
    this.pressed = null;
    if (this.moved) this.heard.changed(true);
    this.moved = false;
    this.heard.ended();
  }

  /** A key where a lane is double-clicked. */
  private addAt(event: MouseEvent): void {
    const scene = this.scene();
    if (!scene || !this.heard.editable()) return;
    const [x, y] = this.place(event);
    const row = scene.rows.find((one) => y >= one.top && y < one.top + one.height);
    if (row?.kind !== "lane" || x < LABELS_PX) return;
    const [low, , high] = rangeOf(scene.tracks, row.lane);
    const value = low + (row.top + row.height - 6 - y) * valuePerPx(scene, row, row.lane);
    const t = Math.round(timeAt(scene, x) * scene.tracks.fps) / scene.tracks.fps;
    const at = Math.min(this.drags.most(scene), Math.max(0, t));
    this.choose(row.lane, this.model.put(row.lane, at, Math.min(high, Math.max(low, value))));
    this.heard.changed(true);
  }

  private wheel(event: WheelEvent): void {
    const scene = this.scene();
    if (!scene) return;
    if (event.ctrlKey || event.metaKey || event.altKey) {
      this.zoom(-Math.sign(event.deltaY), timeAt(scene, this.place(event)[0]));
    } else if (event.shiftKey || event.deltaX) {
      this.scale = scene.scale;
      this.from = Math.max(0, this.from + (event.deltaX || event.deltaY) / scene.scale);
      this.draw();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
