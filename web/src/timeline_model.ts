// A timeline as the panel edits it: lanes of keys and segments, and its text.
import { GROUPS, oppositeOf, stemOf } from "./control_values";

export type Easing = string | number[];
export interface Key {
  t: number;
  v: number;
  easing: Easing;
}

/** Keys of one control, or of both sides of it together. */
export interface Lane {
  names: string[];
  keys: Key[];
}

/** A motion beneath; `line` is its line of the text, `end` null where it is not known. */
export interface Segment {
  line: string;
  at: number;
  end: number | null;
}

/** What the server says of a text; values of lanes are frame by frame. */
export interface Tracks {
  length_s: number;
  fps: number;
  stated: { length_s: number | null; fps: string | null; loop: boolean };
  lanes: Record<string, { keys: [number, number, Easing][]; values: number[] }>;
  ranges: Record<string, [low: number, rest: number, high: number]>;
  segments: Segment[];
  sound_s: number | null;
  peaks: number[];
}

export const EASINGS = ["smooth", "linear", "hold", "ease", "ease-in", "ease-out"];
/** Handles that easings are drawn with; those without a name there are straight. */
const HANDLES: Record<string, number[]> = {
  ease: [0.42, 0, 0.58, 1],
  "ease-in": [0.42, 0, 1, 1],
  "ease-out": [0, 0, 0.58, 1],
};
const STRAIGHT = [1 / 3, 1 / 3, 2 / 3, 2 / 3];
const ORDER = Object.values(GROUPS).flat();
const DECIMALS = 4;

/** x1, y1, x2, y2 of an easing as CSS has them. */
export function handlesOf(easing: Easing): number[] {
  return Array.isArray(easing) ? easing : HANDLES[easing] ?? STRAIGHT;
}

/** A number as the text has it. */
export function plain(value: number): string {
  return String(Number(value.toFixed(DECIMALS)) + 0);
}

function sameKeys(one: Lane, other: Lane): boolean {
  return JSON.stringify(one.keys) === JSON.stringify(other.keys);
}

/** The group that a lane stands in. */
export function groupOf(lane: Lane): string {
  const [name = ""] = lane.names;
  return Object.keys(GROUPS).find((group) => GROUPS[group]?.includes(name)) ?? "";
}

/** Lanes, settings and segments; every change is followed by `text`. */
export class TimelineModel {
  lanes: Lane[] = [];
  segments: Segment[] = [];
  stated: Tracks["stated"] = { length_s: null, fps: null, loop: false };
  /** Names without a side whose sides have lanes of their own, though they do the same. */
  readonly apart = new Set<string>();

  /** Take over what the server read. */
  read(tracks: Tracks): void {
    this.stated = { ...tracks.stated };
    this.segments = tracks.segments.map((segment) => ({ ...segment }));
    const own = Object.entries(tracks.lanes).map(([name, { keys }]) => ({
      names: [name],
      keys: keys.map(([t, v, easing]) => ({ t, v, easing })),
    }));
    this.lanes = [];
    for (const lane of own) {
      const [name = ""] = lane.names;
      const left = this.lanes.find((one) => one.names[0] === oppositeOf(name));
      const together = left && !this.apart.has(stemOf(name)) && sameKeys(left, lane);
      if (together) left.names.push(name);
      else this.lanes.push(lane);
    }
    this.sort();
  }

  /** The text that says all of this. */
  text(): string {
    const { length_s, fps, loop } = this.stated;
    const lines = length_s === null ? [] : [`length ${plain(length_s)}`];
    if (fps !== null) lines.push(`fps ${fps}`);
    if (loop) lines.push("loop");
    lines.push(...this.segments.map((segment) => segment.line));
    const moments = new Map<number, string[]>();
    for (const lane of this.lanes) {
      for (const key of lane.keys) {
        const items = moments.get(key.t) ?? [];
        moments.set(key.t, [...items, this.item(lane, key)]);
      }
    }
    const times = [...moments.keys()].sort((one, other) => one - other);
    lines.push(...times.map((t) => `${plain(t)} ${moments.get(t)?.join("; ")}`));
    return lines.map((line) => `${line}\n`).join("");
  }

  private item(lane: Lane, { v, easing }: Key): string {
    const [name = ""] = lane.names;
    const shown = (lane.names.length > 1 ? stemOf(name) : name).replace(/_deg$/, "");
    const way = Array.isArray(easing) ? ` bezier ${easing.map(plain).join(" ")}` : ` ${easing}`;
    return `${shown} ${plain(v)}${easing === "smooth" ? "" : way}`;
  }

  /** The lane of a control and its other side, made where there is none. */
  laneOf(name: string): Lane {
    const found = this.lanes.find((lane) => lane.names.includes(name));
    if (found) return found;
    const other = oppositeOf(name);
    const names = other && !this.lanes.some((lane) => lane.names.includes(other)) ? [name, other] : [name];
    const lane: Lane = { names, keys: [] };
    this.lanes.push(lane);
    this.sort();
    return lane;
  }

  /** Set a key; one that stands at its time gets the value. */
  put(lane: Lane, t: number, v: number, easing: Easing = "smooth"): Key {
    const at = Number(t.toFixed(DECIMALS));
    const value = Number(v.toFixed(DECIMALS));
    let key = lane.keys.find((one) => one.t === at);
    if (key) key.v = value;
    else lane.keys.push((key = { t: at, v: value, easing }));
    lane.keys.sort((one, other) => one.t - other.t);
    return key;
  }

  /** Move a key in time, unless another one stands there; gives whether it was moved. */
  moveKey(lane: Lane, key: Key, t: number): boolean {
    const at = Number(Math.max(0, t).toFixed(DECIMALS));
    if (lane.keys.some((other) => other !== key && other.t === at)) return false;
    key.t = at;
    lane.keys.sort((one, other) => one.t - other.t);
    return true;
  }

  /** Take a key out, and its lane with the last one. */
  remove(lane: Lane, key: Key): void {
    lane.keys = lane.keys.filter((one) => one !== key);
    if (!lane.keys.length) this.lanes = this.lanes.filter((one) => one !== lane);
  }

  /** Give both sides of a lane lanes of their own, or bring them together again. */
  split(lane: Lane): void {
    const [name = "", other] = lane.names;
    if (other) {
      this.apart.add(stemOf(name));
      lane.names = [name];
      this.lanes.push({ names: [other], keys: lane.keys.map((key) => ({ ...key })) });
    } else {
      this.apart.delete(stemOf(name));
      const opposite = oppositeOf(name);
      this.lanes = this.lanes.filter((one) => one.names[0] !== opposite);
      if (opposite) lane.names = [name, opposite].sort();
    }
    this.sort();
  }

  /** Move a segment in time. */
  moveSegment(segment: Segment, t: number): void {
    const at = Number(Math.max(0, t).toFixed(DECIMALS));
    if (segment.end !== null) segment.end += at - segment.at;
    segment.at = at;
    segment.line = segment.line.replace(/^\S+/, plain(at));
  }

  private sort(): void {
    const place = (lane: Lane) => ORDER.indexOf(lane.names[0] ?? "");
    this.lanes.sort((one, other) => place(one) - place(other));
  }
}
