// What keys do on the lanes of a timeline.
import { text } from "./texts";
import type { Key, Lane, Segment } from "./timeline_model";
import { rangeOf, segmentTitle, titleOf } from "./timeline_paint";
import type { TimelineView } from "./timeline_view";

const FAR_FRAMES = 10;
const VALUE_STEPS = 40;

/** What the panel does for a key. */
export interface KeyActions {
  setKey(change: { t?: number; v?: number }): void;
  setSegment(change: Partial<Segment>): void;
  addKey(): void;
  remove(): void;
  play(): void;
  /** Say what is chosen, for those who hear it. */
  tell(sentence: string): void;
}

export class TimelineKeyboard {
  constructor(
    private readonly view: TimelineView,
    private readonly does: KeyActions,
  ) {}

  /** A key pressed on the lanes; whether it does something there. */
  press(event: KeyboardEvent): boolean {
    const fps = this.view.tracks?.fps ?? 25;
    const frames = (event.shiftKey ? FAR_FRAMES : 1) / fps;
    const sideways = { ArrowLeft: -frames, ArrowRight: frames }[event.key];
    const upwards = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (sideways !== undefined) this.sideways(sideways, event.altKey, fps);
    else if (upwards !== undefined) this.upwards(upwards, event.altKey);
    else return this.plain(event.key);
    return true;
  }

  private plain(key: string): boolean {
    const does: Record<string, () => void> = {
      "[": () => this.nextKey(-1),
      "]": () => this.nextKey(1),
      Home: () => this.view.goTo(0),
      End: () => this.view.goTo(Infinity),
      " ": () => this.does.play(),
      Enter: () => this.does.addKey(),
      Delete: () => this.does.remove(),
      Backspace: () => this.does.remove(),
      "+": () => this.view.zoom(1),
      "-": () => this.view.zoom(-1),
    };
    does[key]?.();
    return key in does;
  }

  private sideways(seconds: number, moves: boolean, fps: number): void {
    const { key, segment } = this.view.chosen;
    const frame = (t: number) => Math.round((t + seconds) * fps) / fps;
    if (!moves || !(key || segment)) this.view.goTo(this.view.now + seconds);
    else if (key) this.does.setKey({ t: frame(key.t) });
    else if (segment) this.does.setSegment({ at: Math.max(0, frame(segment.at)) });
    if (moves) this.tell();
  }

  private upwards(step: number, moves: boolean): void {
    const { lane, key } = this.view.chosen;
    if (!moves || !lane || !key || !this.view.tracks) {
      this.walk(-step);
      return;
    }
    const [low, , high] = rangeOf(this.view.tracks, lane);
    this.does.setKey({ v: key.v + (step * (high - low)) / VALUE_STEPS });
    this.tell();
  }

  /** Choose the segment or the lane above or below. */
  private walk(step: number): void {
    const { segments, lanes } = this.view.model;
    const rows: (Segment | Lane)[] = [...segments, ...lanes];
    const now = this.view.chosen.segment ?? this.view.chosen.lane;
    const at = now ? rows.indexOf(now) : step > 0 ? -1 : 0;
    const row = rows[(at + step + rows.length) % rows.length];
    if (!row) return;
    if ("names" in row) this.view.choose(row, null);
    else this.view.choose(null, null, row);
    this.tell();
  }

  /** Choose the next key of the lane, and look at its time. */
  private nextKey(step: number): void {
    const { lane, key } = this.view.chosen;
    if (!lane) return;
    const at = key ? lane.keys.indexOf(key) : step > 0 ? -1 : 0;
    const next = lane.keys[(at + step + lane.keys.length) % lane.keys.length];
    if (!next) return;
    this.view.choose(lane, next);
    this.tell();
    this.view.goTo(next.t);
  }

  private tell(): void {
    const { lane, key, segment } = this.view.chosen;
    if (segment) this.does.tell(text("timeline.segmentAt", segmentTitle(segment), segment.at));
    if (lane) this.does.tell(`${titleOf(lane)} ${key ? placeOf(lane, key) : ""}`.trim());
  }
}

function placeOf(lane: Lane, key: Key): string {
  return text("timeline.keyOf", lane.keys.indexOf(key) + 1, lane.keys.length, key.t, key.v);
}
