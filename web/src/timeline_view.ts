// The canvas of a timeline: what the pointer and the keyboard do on it.
import { element } from "./style";
import { handlesOf, type Key, type Lane, type Segment, type TimelineModel, type Tracks, groupOf } from "./timeline_model";
import {
  beforeOf,
  type Chosen,
  handlesAt,
  labelOf,
  LABELS_PX,
  paint,
  rangeOf,
  type Row,
  rowsOf,
  RULER_PX,
  type Scene,
  timeAt,
  valuePerPx,
  xOf,
  yOf,
} from "./timeline_paint";

const REACH_PX = 8;
const ZOOM_STEP = 1.25;
const LEAST_SCALE = 2;
const MOST_SCALE = 2000;
const ROOM_PX = 12;

/** What the panel wants to hear of. */
export interface Heard {
  /** Another time is looked at. */
  scrubbed(): void;
  /** Another lane or key is chosen. */
  chose(): void;
  /** Keys or segments were changed; `whole` once a drag has ended. */
  changed(whole: boolean): void;
}

type Drag = (event: PointerEvent) => void;

export class TimelineView {
  readonly canvas = element("canvas");
  readonly root = element("div", "lps-timeline", this.canvas);
  readonly chosen: Chosen = { lane: null, key: null };
  now = 0;
  tracks: Tracks | null = null;
  private readonly folded = new Set<string>();
  private from = 0;
  private scale = 0;
  private drag: Drag | null = null;
  private moved = false;

  constructor(
    readonly model: TimelineModel,
    private readonly heard: Heard,
  ) {
    const { canvas } = this;
    canvas.tabIndex = 0;
    canvas.dataset["captureWheel"] = "true";
    canvas.setAttribute("role", "application");
    canvas.addEventListener("pointerdown", (event) => this.begin(event));
    canvas.addEventListener("pointermove", (event) => this.drag?.(event));
    for (const kind of ["pointerup", "pointercancel"] as const) {
      canvas.addEventListener(kind, () => this.end());
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

  /** Whether keys are being dragged now. */
  get dragging(): boolean {
    return this.drag !== null;
  }

  /** Choose the lane and key of these names and this time again, after a text was read anew. */
  chooseLike(names: string[], t: number | null): void {
    this.chosen.lane = this.model.lanes.find((lane) => lane.names[0] === names[0]) ?? null;
    this.chosen.key = this.chosen.lane?.keys.find((key) => key.t === t) ?? null;
  }

  choose(lane: Lane | null, key: Key | null): void {
    Object.assign(this.chosen, { lane, key });
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
    this.canvas.width = Math.round(scene.width * sharp);
    this.canvas.height = Math.round(scene.height * sharp);
    this.canvas.setAttribute("aria-description", scene.rows.map(labelOf).join(", "));
    paint(this.canvas, scene);
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
    this.canvas.focus({ preventScroll: true });
    const [x, y] = this.place(event);
    const row = scene.rows.find((one) => y >= one.top && y < one.top + one.height);
    this.moved = false;
    if (x < LABELS_PX && row) {
      this.pressLabel(row);
      return;
    }
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = this.dragOf(scene, row, x, y);
    if (this.drag) return;
    this.drag = (move) => this.goTo(timeAt(scene, this.place(move)[0]));
    this.drag(event);
  }

  private pressLabel(row: Row): void {
    if (row.kind === "group") {
      if (!this.folded.delete(row.group)) this.folded.add(row.group);
      this.draw();
    } else if (row.kind === "lane") {
      this.choose(row.lane, null);
    }
  }

  /** What a drag from here moves; null where nothing lies there. */
  private dragOf(scene: Scene, row: Row | undefined, x: number, y: number): Drag | null {
    if (!row || row.kind === "sound") return this.unchosen();
    if (row.kind === "segment") {
      const near = x >= xOf(scene, row.segment.at) && x <= xOf(scene, row.segment.end ?? Infinity);
      return near ? this.segmentDrag(scene, row.segment, x) : this.unchosen();
    }
    if (row.kind === "group") {
      const keys = scene.model.lanes
        .filter((lane) => groupOf(lane) === row.group)
        .flatMap((lane) => lane.keys.map((key) => ({ lane, key })))
        .filter(({ key }) => Math.abs(xOf(scene, key.t) - x) <= REACH_PX);
      return keys.length ? this.groupDrag(scene, keys, x) : this.unchosen();
    }
    return this.handleDrag(scene, row, x, y) ?? this.keyDrag(scene, row, x, y) ?? this.laneDrag(row.lane);
  }

  private unchosen(): null {
    if (this.chosen.lane) this.choose(null, null);
    return null;
  }

  private laneDrag(lane: Lane): null {
    this.choose(lane, null);
    return null;
  }

  private frames(t: number, event: PointerEvent): number {
    const fps = this.tracks?.fps ?? 25;
    return event.altKey ? t : Math.round(t * fps) / fps;
  }

  private most(): number {
    const { length_s, loop } = this.model.stated;
    const frame = 1 / (this.tracks?.fps ?? 25);
    return length_s === null ? Infinity : length_s - (loop ? frame : 0);
  }

  private keyDrag(scene: Scene, row: Row & { kind: "lane" }, x: number, y: number): Drag | null {
    const { lane } = row;
    const far = (key: Key) => Math.hypot(xOf(scene, key.t) - x, yOf(scene, row, lane, key.v) - y);
    const key = [...lane.keys].sort((one, other) => far(one) - far(other))[0];
    if (!key || far(key) > 2 * REACH_PX) return null;
    this.choose(lane, key);
    const { t, v } = key;
    const perPx = valuePerPx(scene, row, lane);
    const [low, , high] = rangeOf(scene.tracks, lane);
    return (event) => {
      const [toX, toY] = this.place(event);
      const along = event.shiftKey && Math.abs(toX - x) < Math.abs(toY - y) ? 0 : (toX - x) / scene.scale;
      const up = event.shiftKey && along ? 0 : (y - toY) * perPx;
      this.model.moveKey(lane, key, Math.min(this.most(), this.frames(t + along, event)));
      key.v = Number(Math.min(high, Math.max(low, v + up)).toFixed(2));
      this.changed();
    };
  }

  private handleDrag(scene: Scene, row: Row & { kind: "lane" }, x: number, y: number): Drag | null {
    const { lane, key } = this.chosen;
    if (lane !== row.lane || !key) return null;
    const places = handlesAt(scene, row, lane, key);
    const index = places.findIndex(([atX, atY]) => Math.hypot(atX - x, atY - y) <= REACH_PX);
    const before = beforeOf(scene, lane, key);
    if (index < 0 || !before) return null;
    const wide = (key.t - before.t) * scene.scale;
    const high = yOf(scene, row, lane, key.v) - yOf(scene, row, lane, before.v);
    return (event) => {
      const [toX, toY] = this.place(event);
      const handles = [...handlesOf(key.easing)].map((part) => Number(part.toFixed(2)));
      handles[2 * index] = Number(Math.min(1, Math.max(0, (toX - xOf(scene, before.t)) / wide)).toFixed(2));
      if (Math.abs(high) > 1) {
        const share = (toY - yOf(scene, row, lane, before.v)) / high;
        handles[2 * index + 1] = Number(Math.min(2, Math.max(-1, share)).toFixed(2));
      }
      key.easing = handles;
      this.changed();
    };
  }

  private groupDrag(scene: Scene, keys: { lane: Lane; key: Key }[], x: number): Drag {
    const starts = keys.map(({ key }) => key.t);
    return (event) => {
      const along = (this.place(event)[0] - x) / scene.scale;
      keys.forEach(({ lane, key }, index) => {
        this.model.moveKey(lane, key, Math.min(this.most(), this.frames((starts[index] ?? 0) + along, event)));
      });
      this.changed();
    };
  }

  private segmentDrag(scene: Scene, segment: Segment, x: number): Drag {
    const start = segment.at;
    return (event) => {
      const along = (this.place(event)[0] - x) / scene.scale;
      this.model.moveSegment(segment, Math.min(this.most(), this.frames(start + along, event)));
      this.changed();
    };
  }

  private changed(): void {
    this.moved = true;
    this.heard.changed(false);
    this.draw();
  }

  private end(): void {
    if (!this.drag) return;
    this.drag = null;
    if (this.moved) this.heard.changed(true);
    this.moved = false;
  }

  /** A key where a lane is double-clicked. */
  private addAt(event: MouseEvent): void {
    const scene = this.scene();
    if (!scene) return;
    const [x, y] = this.place(event);
    const row = scene.rows.find((one) => y >= one.top && y < one.top + one.height);
    if (row?.kind !== "lane" || x < LABELS_PX) return;
    const [low, , high] = rangeOf(scene.tracks, row.lane);
    const value = low + (row.top + row.height - 6 - y) * valuePerPx(scene, row, row.lane);
    const t = Math.round(timeAt(scene, x) * scene.tracks.fps) / scene.tracks.fps;
    const key = this.model.put(row.lane, Math.min(this.most(), Math.max(0, t)), Math.min(high, Math.max(low, value)));
    this.choose(row.lane, key);
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
