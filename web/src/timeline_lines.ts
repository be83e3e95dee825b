// What each line of a timeline's text says, and whether it still says so after a change.
import { stemOf } from "./control_values";
import type { Easing, Key, Lane, Segment, Stated, TextLines } from "./timeline_model";

const DECIMALS = 4;
const SEGMENT_WORDS = ["from", "to", "for", "speed", "blend", "region", "then"] as const;
/** What a line need not say. */
const SEGMENT_REST: Record<string, unknown> = { from: 0, speed: 1, blend: 0, region: "all", then: "hold" };

/** What the text said when it was read. */
export interface Written {
  text: string;
  stated: Stated;
  lines: TextLines;
  lanes: Lane[];
  segments: Segment[];
}

/** What it is to say now. */
export type Wanted = Pick<Written, "stated" | "lanes" | "segments">;

/** A key of one control, or a segment, and the line that said it. */
export interface Thing {
  t: number;
  said: string;
  line: number | null;
  key?: { of: Key; lane: Lane; name: string };
}

/** A number as exact as texts are. */
export function rounded(value: number): number {
  return Number(value.toFixed(DECIMALS)) + 0;
}

/** A number as the text has it. */
export function plain(value: number): string {
  return String(rounded(value));
}

/** What a line says of a segment behind its time. */
export function segmentWords(segment: Segment): string {
  const words = ["play", String(segment.motion)];
  for (const name of SEGMENT_WORDS) {
    const value = segment[name];
    if (value === null || value === SEGMENT_REST[name]) continue;
    words.push(name, typeof value === "number" ? plain(value) : value);
  }
  return words.join(" ");
}

function easingWords(easing: Easing): string {
  if (Array.isArray(easing)) return ` bezier ${easing.map(plain).join(" ")}`;
  return easing === "smooth" ? "" : ` ${easing}`;
}

function item(name: string, { v, easing }: Key): string {
  return `${name.replace(/_deg$/, "")} ${plain(v)}${easingWords(easing)}`;
}

/** Everything that is to be said, in the order of a line. */
export function thingsOf({ lanes, segments }: Pick<Wanted, "lanes" | "segments">): Thing[] {
  const said = segments.filter((segment) => !segment.implied);
  const things: Thing[] = said.map((one) => ({ t: one.at, said: segmentWords(one), line: one.number }));
  for (const lane of lanes) {
    for (const of of lane.keys) {
      lane.names.forEach((name, side) => {
        things.push({ t: of.t, said: item(name, of), line: of.lines[side] ?? null, key: { of, lane, name } });
      });
    }
  }
  return things;
}

/** Things by the lines that said them. */
export function byLine(things: Thing[]): Map<number, Thing[]> {
  const found = new Map<number, Thing[]>();
  for (const thing of things) {
    if (thing.line !== null) found.set(thing.line, [...(found.get(thing.line) ?? []), thing]);
  }
  return found;
}

/** Keys and segments of one time as a line; both sides of a lane are one item. */
export function lineOf(things: Thing[]): string {
  const items: string[] = [];
  for (const { said, key } of things) {
    const sides = key ? things.filter((one) => one.key?.of === key.of).map((one) => one.key?.name) : [];
    if (!key || sides.length < 2) items.push(said);
    else if (sides[0] === key.name) items.push(item(stemOf(key.name), key.of));
  }
  return `${plain(things[0]?.t ?? 0)} ${items.join("; ")}`;
}

function marks(things: Thing[]): string {
  return things.map(({ t, said }) => `${plain(t)} ${said}`).sort().join("\n");
}

/** Which lines still say what is wanted, though what some say depends on others. */
export class Unchanged {
  readonly before: Thing[];
  private readonly linesBefore: Map<number, Thing[]>;
  private readonly lines: Map<number, Thing[]>;
  private readonly changed = new Set<string>();
  /** Whether the lines of commands can stay. */
  readonly commands: boolean;

  constructor(
    private readonly written: Written,
    wanted: Wanted,
    private readonly now: Thing[],
  ) {
    this.before = thingsOf(written);
    this.linesBefore = byLine(this.before);
    this.lines = byLine(now);
    const { stated, lines } = written;
    // a line of commands says how long the whole is, and goes by the frame rate
    const asBefore = wanted.stated.length_s !== null && wanted.stated.fps === stated.fps;
    this.commands = asBefore && lines.commands.every((line) => this.same(line));
    this.noteChanged();
  }

  /** Whether a line can stay as it is. */
  says(line: number): boolean {
    const { events, rests, commands } = this.written.lines;
    if (commands.includes(line)) return this.commands;
    if (events[line]?.some((name) => this.changed.has(name))) return false;
    const at = rests[line];
    return (at === undefined || this.rests(at)) && this.same(line);
  }

  /** Take note of the controls whose events no longer find what they found. */
  private noteChanged(): void {
    const { events, rested } = this.written.lines;
    for (const name of new Set(Object.values(events).flat())) {
      if (this.marksOf(this.before, name) !== this.marksOf(this.now, name)) this.changed.add(name);
    }
    // keys of an event or a rest that are written out are found by events of the same controls
    const made = [...Object.entries(events), ...Object.entries(rested)];
    for (let count = -1; count !== this.changed.size; ) {
      count = this.changed.size;
      for (const [line, names] of made) {
        if (!this.says(Number(line))) for (const name of names) this.changed.add(name);
      }
    }
  }

  private same(line: number): boolean {
    return marks(this.lines.get(line) ?? []) === marks(this.linesBefore.get(line) ?? []);
  }

  private marksOf(things: Thing[], name: string): string {
    return marks(things.filter(({ key }) => key?.name === name));
  }

  /** A rest gives each control that has keys elsewhere one at its time, where there is none. */
  private rests(at: number): boolean {
    const [now, before] = [this.moved(this.now), this.moved(this.before)];
    if (now.size !== before.size || [...now].some((name) => !before.has(name))) return false;
    const here = new Set(this.now.filter(({ t }) => t === at).map(({ key }) => key?.name));
    return [...now].every((name) => here.has(name));
  }

  /** Controls with keys that no rest has made. */
  private moved(things: Thing[]): Set<string> {
    const { rested } = this.written.lines;
    const isRest = ({ line, key }: Thing) => rested[line ?? 0]?.includes(key?.name ?? "");
    return new Set(things.flatMap((thing) => (thing.key && !isRest(thing) ? [thing.key.name] : [])));
  }
}
