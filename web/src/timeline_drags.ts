// What a drag on a timeline moves: keys, handles of curves, segments and their ends.
import { rounded } from "./timeline_lines";
import { groupOf, handlesOf, type Key, type Lane, type Segment, type TimelineModel } from "./timeline_model";
import { beforeOf, type Chosen, handlesAt, rangeOf, type Row, type Scene, valuePerPx, xOf, yOf } from "./timeline_paint";

const REACH_PX = 8;
const TOUCH_REACH_PX = 18;
const EDGE_PX = 6;

/** Called with where the pointer is, in the canvas's own pixels. */
export type Drag = (at: [x: number, y: number], event: PointerEvent) => void;

/** What drags need of the view. */
export interface Dragged {
  readonly model: TimelineModel;
  readonly chosen: Chosen;
  choose(lane: Lane | null, key: Key | null, segment?: Segment | null): void;
  /** Something was moved. */
  changed(): void;
}

/** How far from a pointer something still is under it. */
function reachOf(event: PointerEvent): number {
  return event.pointerType === "touch" ? TOUCH_REACH_PX : REACH_PX;
}

export class Drags {
  constructor(private readonly view: Dragged) {}

  /** What a drag from here moves; null where nothing lies there. */
  of(scene: Scene, row: Row | undefined, [x, y]: [number, number], event: PointerEvent): Drag | null {
    const reach = reachOf(event);
    if (!row || row.kind === "sound") return this.nothing();
    if (row.kind === "segment") return this.segment(scene, row.segment, x, reach) ?? this.nothing();
    if (row.kind === "group") {
      const keys = scene.model.lanes
        .filter((lane) => groupOf(lane) === row.group)
        .flatMap((lane) => lane.keys.map((key) => ({ lane, key })))
        .filter(({ key }) => Math.abs(xOf(scene, key.t) - x) <= reach);
      return keys.length ? this.group(scene, keys, x) : this.nothing();
    }
    const found = this.handle(scene, row, x, y, reach) ?? this.key(scene, row, x, y, 2 * reach);
    if (!found) this.view.choose(row.lane, null);
    return found;
  }

  /** The last second at which a key or a segment can stand. */
  most(scene: Scene): number {
    const { length_s, loop } = this.view.model.stated;
    return length_s === null ? Infinity : length_s - (loop ? 1 / scene.tracks.fps : 0);
  }

  private nothing(): null {
    const { lane, segment } = this.view.chosen;
    if (lane || segment) this.view.choose(null, null);
    return null;
  }

  /** A time on a frame, or anywhere with Alt. */
  private frames(scene: Scene, t: number, event: PointerEvent): number {
    const { fps } = scene.tracks;
    return event.altKey ? t : Math.round(t * fps) / fps;
  }

  private key(scene: Scene, row: Row & { kind: "lane" }, x: number, y: number, reach: number): Drag | null {
    const { lane } = row;
    const far = (key: Key) => Math.hypot(xOf(scene, key.t) - x, yOf(scene, row, lane, key.v) - y);
    const key = [...lane.keys].sort((one, other) => far(one) - far(other))[0];
    if (!key || far(key) > reach) return null;
    this.view.choose(lane, key);
    const { t, v } = key;
    const perPx = valuePerPx(scene, row, lane);
    const [low, , high] = rangeOf(scene.tracks, lane);
    return ([toX, toY], event) => {
      const along = event.shiftKey && Math.abs(toX - x) < Math.abs(toY - y) ? 0 : (toX - x) / scene.scale;
      const up = event.shiftKey && along ? 0 : (y - toY) * perPx;
      this.view.model.moveKey(lane, key, Math.min(this.most(scene), this.frames(scene, t + along, event)));
      key.v = Number(Math.min(high, Math.max(low, v + up)).toFixed(2));
      this.view.changed();
    };
  }

  private handle(scene: Scene, row: Row & { kind: "lane" }, x: number, y: number, reach: number): Drag | null {
    const { lane, key } = this.view.chosen;
    if (lane !== row.lane || !key) return null;
    const places = handlesAt(scene, row, lane, key);
    const index = places.findIndex(([atX, atY]) => Math.hypot(atX - x, atY - y) <= reach);
    const before = beforeOf(scene, lane, key);
    if (index < 0 || !before) return null;
    const wide = (key.t - before.t) * scene.scale;
    const high = yOf(scene, row, lane, key.v) - yOf(scene, row, lane, before.v);
    return ([toX, toY]) => {
      const handles = handlesOf(key.easing).map((part) => Number(part.toFixed(2)));
      handles[2 * index] = Number(Math.min(1, Math.max(0, (toX - xOf(scene, before.t)) / wide)).toFixed(2));
      if (Math.abs(high) > 1) {
        const share = (toY - yOf(scene, row, lane, before.v)) / high;
        handles[2 * index + 1] = Number(Math.min(2, Math.max(-1, share)).toFixed(2));
      }
      key.easing = handles;
      this.view.changed();
    };
  }

  private group(scene: Scene, keys: { lane: Lane; key: Key }[], x: number): Drag {
    const starts = keys.map(({ key }) => key.t);
    return ([toX], event) => {
      const along = (toX - x) / scene.scale;
      keys.forEach(({ lane, key }, index) => {
        const t = this.frames(scene, (starts[index] ?? 0) + along, event);
        this.view.model.moveKey(lane, key, Math.min(this.most(scene), t));
      });
      this.view.changed();
    };
  }

  /** A segment is moved, or one of its ends is. */
  private segment(scene: Scene, segment: Segment, x: number, reach: number): Drag | null {
    const left = xOf(scene, segment.at);
    const right = xOf(scene, Math.min(segment.end ?? Infinity, scene.tracks.length_s));
    if (x < left - reach || x > right + reach) return null;
    this.view.choose(null, null, segment);
    const { model } = this.view;
    const { at, end } = segment;
    const edge = Math.min(Math.max(EDGE_PX, reach - 2), (right - left) / 4);
    const trims = segment.motion > 0 && end !== null && end > at;
    if (trims && x > right - edge) return this.outDrag(scene, segment, x);
    if (trims && x < left + edge) return this.inDrag(scene, segment, x);
    return ([toX], event) => {
      const t = this.frames(scene, at + (toX - x) / scene.scale, event);
      model.moveSegment(segment, Math.min(this.most(scene), t));
      this.view.changed();
    };
  }

  /** The first frame of a segment: it begins later, with a later part of its motion. */
  private inDrag(scene: Scene, segment: Segment, x: number): Drag {
    const { at, from, end, for: lasts } = { ...segment };
    const frame = 1 / scene.tracks.fps;
    return ([toX], event) => {
      const t = this.frames(scene, at + (toX - x) / scene.scale, event);
      const least = Math.max(0, at - from / segment.speed);
      const begins = rounded(Math.min((end ?? at) - frame, Math.max(least, t)));
      const part = rounded(Math.max(0, from + (begins - at) * segment.speed));
      const kept = lasts === null ? null : rounded(lasts - (begins - at));
      this.view.model.setSegment(segment, { at: begins, from: part, for: kept });
      this.view.changed();
    };
  }

  /** The last frame of a segment: how long it stays, or where its part ends. */
  private outDrag(scene: Scene, segment: Segment, x: number): Drag {
    const { at, from, end, for: lasts } = { ...segment };
    const frame = 1 / scene.tracks.fps;
    const whole = scene.tracks.motions?.[segment.motion - 1] ?? Infinity;
    return ([toX], event) => {
      const t = Math.max(at + frame, this.frames(scene, (end ?? at) + (toX - x) / scene.scale, event));
      const to = rounded(Math.min(whole, from + (t - at) * segment.speed));
      const change = lasts === null ? { to: to < whole ? to : null } : { for: rounded(t - at) };
      const ends = lasts === null ? at + (to - from) / segment.speed : t;
      this.view.model.setSegment(segment, { ...change, end: ends });
      this.view.changed();
    };
  }
}
