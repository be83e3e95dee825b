// The text of a timeline after a change: lines that still say what is wanted stay as they are, and so
// do comments and blank lines.
import { byLine, lineOf, plain, type Thing, thingsOf, Unchanged, type Wanted, type Written } from "./timeline_lines";
import type { Stated } from "./timeline_model";

/** Where Python's `splitlines` ends a line. */
const LINE_END = /\r\n|[\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/;
/** What begins a comment, also of full width. */
const COMMENT = /[#\uff03\ufe5f]/;
const SETTINGS = ["length", "fps", "loop"] as const;

/** A line of the text. */
interface Entry {
  text: string;
  kind: "keys" | "segment" | "setting" | "other";
  /** Second of its keys or its segment. */
  t: number;
  /** Whether keys of its time may join it. */
  open: boolean;
  things: Thing[];
}

/** What a line says, and its comment with the space before it. */
function split(line: string): [said: string, comment: string] {
  const said = (line.split(COMMENT, 1)[0] ?? "").trimEnd();
  return [said, COMMENT.test(line) ? line.slice(said.length) : ""];
}

function settingLine(stated: Stated, name: (typeof SETTINGS)[number]): string | null {
  if (name === "loop") return stated.loop ? "loop" : null;
  if (name === "fps") return stated.fps === null ? null : `fps ${stated.fps}`;
  return stated.length_s === null ? null : `length ${plain(stated.length_s)}`;
}

/** The lines of a text while it is changed. */
class Draft {
  readonly entries: Entry[] = [];

  constructor(private readonly order: (thing: Thing) => number) {}

  /** Write what an entry says anew; its comment stays. */
  rewrite(entry: Entry): void {
    entry.things.sort((one, other) => this.order(one) - this.order(other));
    entry.text = lineOf(entry.things) + split(entry.text)[1];
  }

  /** Add keys of one time, to a line that stands there or as a line of their own. */
  place(things: Thing[]): void {
    const t = things[0]?.t ?? 0;
    const there = this.entries.find((entry) => entry.open && entry.t === t);
    const entry: Entry = there ?? { text: "", kind: "keys", t, open: true, things: [] };
    entry.things.push(...things);
    this.rewrite(entry);
    if (!there) this.entries.splice(this.spotFor(t), 0, entry);
  }

  /** Take an entry, with the comments right above it, to where its time is now. */
  move(entry: Entry): void {
    const at = this.entries.indexOf(entry);
    const timed = (found: Entry) => found.kind === "keys";
    const before = this.entries.slice(0, at).findLast(timed)?.t ?? -Infinity;
    const after = this.entries.slice(at + 1).find(timed)?.t ?? Infinity;
    if (entry.kind !== "keys" || (before <= entry.t && entry.t <= after)) return;
    const top = this.above(at);
    const block = this.entries.splice(top, at + 1 - top);
    this.entries.splice(this.spotFor(entry.t), 0, ...block);
  }

  /** Add a setting below the others, or above all that is said. */
  set(text: string): void {
    const last = this.entries.findLastIndex(({ kind }) => kind === "setting");
    const first = this.entries.findIndex(({ kind }) => kind !== "other");
    const spot = last >= 0 ? last + 1 : first >= 0 ? this.above(first) : this.entries.length;
    this.entries.splice(spot, 0, { text, kind: "setting", t: 0, open: false, things: [] });
  }

  /** Add a segment below another line, or above the keys. */
  play(thing: Thing, below: Entry | undefined): Entry {
    const entry: Entry = { text: "", kind: "segment", t: thing.t, open: false, things: [thing] };
    this.rewrite(entry);
    const keys = this.entries.findIndex(({ kind }) => kind === "keys");
    const spot = keys >= 0 ? this.above(keys) : this.entries.length;
    this.entries.splice(below ? this.entries.indexOf(below) + 1 : spot, 0, entry);
    return entry;
  }

  lastSegment(): Entry | undefined {
    return this.entries.findLast(({ things }) => things.some(({ key }) => !key));
  }

  /** Where a line of keys of a time is to stand. */
  private spotFor(t: number): number {
    const after = this.entries.findIndex((one) => one.kind === "keys" && one.t > t);
    return after >= 0 ? this.above(after) : this.entries.findLastIndex(({ kind }) => kind !== "other") + 1;
  }

  /** The first of the comments that stand right above an entry. */
  private above(at: number): number {
    let top = at;
    while (this.entries[top - 1]?.kind === "other" && this.entries[top - 1]?.text.trim()) top -= 1;
    return top;
  }
}

/** One change of a text. */
class Change {
  private readonly now: Thing[];
  private readonly lines: Map<number, Thing[]>;
  private readonly linesBefore: Map<number, Thing[]>;
  private readonly unchanged: Unchanged;
  private readonly draft: Draft;
  /** Things that have left their lines, and the lines. */
  private readonly loose: { thing: Thing; left?: Entry }[] = [];
  private readonly moved: Entry[] = [];

  constructor(
    private readonly written: Written,
    private readonly wanted: Wanted,
  ) {
    this.now = thingsOf(wanted);
    this.lines = byLine(this.now);
    this.unchanged = new Unchanged(written, wanted, this.now);
    this.linesBefore = byLine(this.unchanged.before);
    const order = new Map(this.now.map((thing, index) => [thing, index]));
    this.draft = new Draft((thing) => order.get(thing) ?? 0);
  }

  text(): string {
    const lines = this.written.text.split(LINE_END);
    if (lines.at(-1) === "") lines.pop();
    const settings = new Map<number, (typeof SETTINGS)[number]>();
    for (const name of SETTINGS) {
      for (const line of this.written.lines.settings[name]) settings.set(line, name);
    }
    lines.forEach((text, index) => {
      const setting = settings.get(index + 1);
      if (setting) this.setting(text, index + 1, setting);
      else this.line(text, index + 1);
    });
    this.settle();
    return this.draft.entries.map(({ text }) => `${text}\n`).join("");
  }

  private setting(text: string, number: number, name: (typeof SETTINGS)[number]): void {
    const wanted = settingLine(this.wanted.stated, name);
    const isLast = this.written.lines.settings[name].at(-1) === number;
    if (wanted === settingLine(this.written.stated, name)) this.keep(text, "setting");
    else if (wanted === null || !isLast) this.comment(text);
    else this.keep(wanted + split(text)[1], "setting");
  }

  private keep(text: string, kind: Entry["kind"]): void {
    this.draft.entries.push({ text, kind, t: 0, open: false, things: [] });
  }

  /** What is left of a line that says nothing more. */
  private comment(text: string): void {
    const comment = split(text)[1].trim();
    if (comment) this.keep(comment, "other");
  }

  private line(text: string, number: number): void {
    const { events, rests, commands } = this.written.lines;
    const depends = number in events || number in rests || commands.includes(number);
    const before = this.linesBefore.get(number) ?? [];
    if (!before.length && !depends) {
      this.keep(text, "other");
      return;
    }
    const isSegment = before.length > 0 && before.every(({ key }) => !key);
    const kind = isSegment ? "segment" : "keys";
    const t = before.length ? Math.min(...before.map((one) => one.t)) : rests[number] ?? 0;
    // segments of commands lie below all others, so these go below what becomes of the commands
    const sinks = !this.unchanged.commands && commands.length > 0 && !commands.includes(number);
    const all = this.lines.get(number) ?? [];
    const sunk = sinks ? all.filter(({ key }) => !key) : [];
    if (this.unchanged.says(number) && !sunk.length) {
      this.draft.entries.push({ text, kind, t, open: !depends && !isSegment, things: [...all] });
      return;
    }
    this.loose.push(...sunk.map((thing) => ({ thing })));
    const things = all.filter((thing) => !sunk.includes(thing));
    if (!things.length) {
      this.comment(text);
      return;
    }
    const stays = things.some((one) => one.t === t) ? t : Math.min(...things.map((one) => one.t));
    const here = things.filter((one) => one.t === stays);
    const entry: Entry = { text, kind, t: stays, open: here.some(({ key }) => key), things: here };
    this.draft.rewrite(entry);
    this.draft.entries.push(entry);
    // segments lie over those of the lines before, so their lines stay in order
    if (stays !== t && before.every(({ key }) => key)) this.moved.push(entry);
    this.loose.push(...things.filter((one) => one.t !== stays).map((thing) => ({ thing, left: entry })));
  }

  /** Give everything a line that has none yet. */
  private settle(): void {
    for (const entry of this.moved) this.draft.move(entry);
    for (const name of SETTINGS) {
      const wanted = settingLine(this.wanted.stated, name);
      const isNew = wanted !== settingLine(this.written.stated, name);
      const isLost = name === "length" && !this.unchanged.commands;
      if (wanted && !this.written.lines.settings[name].length && (isNew || isLost)) this.draft.set(wanted);
    }
    this.loose.push(...this.now.filter(({ line }) => line === null).map((thing) => ({ thing })));
    const lowest = new Map<Entry, Entry>();
    for (const { thing, left } of this.loose) {
      if (thing.key) continue;
      const below = left ? lowest.get(left) ?? left : this.draft.lastSegment();
      const entry = this.draft.play(thing, below);
      if (left) lowest.set(left, entry);
    }
    const times = new Set(this.loose.flatMap(({ thing }) => (thing.key ? [thing.t] : [])));
    for (const t of [...times].sort((one, other) => one - other)) {
      this.draft.place(this.loose.flatMap(({ thing }) => (thing.key && thing.t === t ? [thing] : [])));
    }
  }
}

/** The text that says what is wanted, with as few lines changed as can be. */
export function textOf(written: Written, wanted: Wanted): string {
  return new Change(written, wanted).text();
}
