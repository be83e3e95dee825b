// A timeline as the panel edits it: lanes of keys and segments, and its text.
import { GROUPS, oppositeOf, stemOf } from "./control_values";
import { rounded, type Written } from "./timeline_lines";
import { textOf } from "./timeline_writer";

export type Easing = string | number[];
export interface Key {
  t: number;
  v: number;
  easing: Easing;
  /** The line of the text that says it, for each name of its lane; null where none does. */
  lines: (number | null)[];
}

/** Keys of one control, or of both sides of it together. */
export interface Lane {
  names: string[];
  keys: Key[];
}

/** A motion beneath, in the words of the text. */
export interface Segment {
  motion: number;
  at: number;
  from: number;
  to: number | null;
  for: number | null;
  speed: number;
  blend: number;
  region: string;
  then: string;
  /** Where it ends; null where it is not known. */
  end: number | null;
  /** Its line of the text; null where none says it. */
  number: number | null;
  /** It is played because no line says what is. */
  implied: boolean;
}

export interface Stated {
  length_s: number | null;
  fps: string | null;
  loop: boolean;
}

/** Which lines of the text say what (`TimelineLines` of the library). */
export interface TextLines {
  settings: Record<"length" | "fps" | "loop", number[]>;
  events: Record<number, string[]>;
  rests: Record<number, number>;
  rested: Record<number, string[]>;
  commands: number[];
}

/** What the server says of a text; `points` are second and value where a curve bends. */
export interface Tracks {
  length_s: number;
  fps: number;
  stated: Stated;
  lanes: Record<string, { keys: [number, number, Easing, number][]; points: [number, number][] }>;
  ranges: Record<string, [low: number, rest: number, high: number]>;
  segments: Segment[];
  lines: TextLines;
  sound_s: number | null;
  peaks: number[];
  peak_s: number;
  /** Seconds of each motion beneath; null where they are not known. */
  motions: number[] | null;
  /** Why what lies beneath is not known. */
  said: string;
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
const NOTHING: Written = {
  text: "",
  stated: { length_s: null, fps: null, loop: false },
  lines: { settings: { length: [], fps: [], loop: [] }, events: {}, rests: {}, rested: {}, commands: [] },
  lanes: [],
  segments: [],
};

/** x1, y1, x2, y2 of an easing as CSS has them. */
export function handlesOf(easing: Easing): number[] {
  return Array.isArray(easing) ? easing : HANDLES[easing] ?? STRAIGHT;
}

/** The value of a curve between its points. */
export function valueAt(points: [number, number][], t: number): number | undefined {
  const after = points.findIndex(([at]) => at > t);
  const [first, last] = [points[after - 1], points[after]];
  if (!first || !last) return (after === 0 ? points[0] : points.at(-1))?.[1];
  return first[1] + ((t - first[0]) / (last[0] - first[0])) * (last[1] - first[1]);
}

function sameKeys(one: Lane, other: Lane): boolean {
  const told = ({ keys }: Lane) => JSON.stringify(keys.map(({ t, v, easing }) => [t, v, easing]));
  return told(one) === told(other);
}

/** The group that a lane stands in. */
export function groupOf(lane: Lane): string {
  const [name = ""] = lane.names;
  return Object.keys(GROUPS).find((group) => GROUPS[group]?.includes(name)) ?? "";
}

/** A lane of each control. */
function lanesOf(tracks: Tracks): Lane[] {
  return Object.entries(tracks.lanes).map(([name, { keys }]) => ({
    names: [name],
    keys: keys.map(([t, v, easing, line]) => ({ t, v, easing, lines: [line] })),
  }));
}

/** Lanes, settings and segments; every change is followed by `text`. */
export class TimelineModel {
  lanes: Lane[] = [];
  segments: Segment[] = [];
  stated: Stated = { ...NOTHING.stated };
  /** Names without a side whose sides have lanes of their own, though they do the same. */
  readonly apart = new Set<string>();
  private written: Written = NOTHING;

  /** Take over what the server read in a text. */
  read(tracks: Tracks, text: string): void {
    const copies = () => tracks.segments.map((segment) => ({ ...segment }));
    const { stated, lines } = tracks;
    this.written = { text, stated: { ...stated }, lines, lanes: lanesOf(tracks), segments: copies() };
    this.stated = { ...stated };
    this.segments = copies();
    this.lanes = [];
    for (const lane of lanesOf(tracks)) {
      const [name = ""] = lane.names;
      const left = this.lanes.find((one) => one.names[0] === oppositeOf(name));
      const together = left && !this.apart.has(stemOf(name)) && sameKeys(left, lane);
      if (together) this.join(left, lane);
      else this.lanes.push(lane);
    }
    this.sort();
  }

  /** The text that says all of this. */
  text(): string {
    return textOf(this.written, this);
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
    const at = rounded(t);
    let key = lane.keys.find((one) => one.t === at);
    if (key) key.v = rounded(v);
    else lane.keys.push((key = { t: at, v: rounded(v), easing, lines: lane.names.map(() => null) }));
    lane.keys.sort((one, other) => one.t - other.t);
    return key;
  }

  /** Move a key in time, unless another one stands there; gives whether it was moved. */
  moveKey(lane: Lane, key: Key, t: number): boolean {
    const at = rounded(Math.max(0, t));
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
    const opposite = oppositeOf(name);
    if (other) {
      this.apart.add(stemOf(name));
      const keys = lane.keys.map((key) => ({ ...key, lines: key.lines.slice(1) }));
      for (const key of lane.keys) key.lines.length = 1;
      lane.names = [name];
      this.lanes.push({ names: [other], keys });
    } else if (opposite) {
      this.apart.delete(stemOf(name));
      this.lanes = this.lanes.filter((one) => one.names[0] !== opposite);
      const isLeft = ORDER.indexOf(name) < ORDER.indexOf(opposite);
      lane.names = isLeft ? [name, opposite] : [opposite, name];
      for (const key of lane.keys) key.lines = isLeft ? [...key.lines, null] : [null, ...key.lines];
    }
    this.sort();
  }

  /** Move a segment in time. */
  moveSegment(segment: Segment, t: number): void {
    const at = rounded(Math.max(0, t));
    const by = at - segment.at;
    this.setSegment(segment, { at, end: segment.end === null ? null : segment.end + by });
  }

  /** Change what is said of a segment; what was played without a line gets one. */
  setSegment(segment: Segment, change: Partial<Segment>): void {
    for (const one of this.segments) one.implied = false;
    Object.assign(segment, change);
  }

  /** Lay a motion over the others, from a time on. */
  addSegment(motion: number, at: number): Segment {
    const rest = { from: 0, to: null, for: null, speed: 1, blend: 0, region: "all", then: "hold" };
    const added = { motion, at: rounded(at), ...rest, end: null, number: null, implied: false };
    this.segments.push(added);
    this.setSegment(added, {});
    return added;
  }

  /** Take a segment out; the last one stays, as without any all motions are played. */
  removeSegment(segment: Segment): boolean {
    if (this.segments.length < 2) return false;
    this.segments = this.segments.filter((one) => one !== segment);
    for (const one of this.segments) one.implied = false;
    return true;
  }

  private join(left: Lane, right: Lane): void {
    left.names.push(...right.names);
    left.keys.forEach((key, index) => key.lines.push(...(right.keys[index]?.lines ?? [])));
  }

  private sort(): void {
    const place = (lane: Lane) => ORDER.indexOf(lane.names[0] ?? "");
    this.lanes.sort((one, other) => place(one) - place(other));
  }
}
