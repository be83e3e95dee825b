// How a timeline is drawn: ruler, sound, segments, groups, and lanes with their curves and keys.
import { stemOf } from "./control_values";
import { text, type TextKey } from "./texts";
import { segmentWords } from "./timeline_lines";
import { groupOf, handlesOf, type Key, type Lane, type Segment, type TimelineModel, type Tracks } from "./timeline_model";

export const LABELS_PX = 104;
export const RULER_PX = 20;
const SOUND_PX = 30;
const SEGMENT_PX = 20;
const GROUP_PX = 18;
const LANE_PX = 38;
const OPEN_PX = 104;
const MARGIN_PX = 6;
const KEY_PX = 5;
const HANDLE_PX = 4;
const TICKS_S = [0.04, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 300, 600];
const TICK_PX = 56;

export type Row =
  | { kind: "sound"; top: number; height: number }
  | { kind: "segment"; top: number; height: number; segment: Segment }
  | { kind: "group"; top: number; height: number; group: string }
  | { kind: "lane"; top: number; height: number; lane: Lane };

/** What is chosen: a lane, and perhaps one of its keys; or a segment. */
export interface Chosen {
  lane: Lane | null;
  key: Key | null;
  segment: Segment | null;
}

/** All that a picture of the timeline shows. */
export interface Scene {
  model: TimelineModel;
  tracks: Tracks;
  rows: Row[];
  chosen: Chosen;
  folded: Set<string>;
  now: number;
  /** Second at the left edge, and pixels a second. */
  from: number;
  scale: number;
  width: number;
  height: number;
}

/** Rows from top to bottom; keys of a folded group stand on the group's own row. */
export function rowsOf(model: TimelineModel, tracks: Tracks, chosen: Chosen, folded: Set<string>): Row[] {
  const rows: Row[] = [];
  let top = RULER_PX;
  const add = (row: Row) => {
    rows.push(row);
    top += row.height;
  };
  if (tracks.peaks.length) add({ kind: "sound", top, height: SOUND_PX });
  for (const segment of model.segments) add({ kind: "segment", top, height: SEGMENT_PX, segment });
  let group = "";
  for (const lane of model.lanes) {
    if (groupOf(lane) !== group) {
      group = groupOf(lane);
      add({ kind: "group", top, height: GROUP_PX, group });
    }
    if (!folded.has(group)) add({ kind: "lane", top, height: lane === chosen.lane ? OPEN_PX : LANE_PX, lane });
  }
  return rows;
}

/** What a lane is called. */
export function titleOf(lane: Lane): string {
  const [name = ""] = lane.names;
  const title = text(stemOf(name) as TextKey);
  if (lane.names.length > 1 || stemOf(name) === name) return title;
  return `${title} ${text(name.includes("left") ? "left" : "right")}`;
}

/** Smallest value, value at rest and largest value of a lane. */
export function rangeOf(tracks: Tracks, lane: Lane): [number, number, number] {
  return tracks.ranges[lane.names[0] ?? ""] ?? [-1, 0, 1];
}

export function xOf(scene: Scene, t: number): number {
  return LABELS_PX + (t - scene.from) * scene.scale;
}

export function timeAt(scene: Scene, x: number): number {
  return scene.from + (x - LABELS_PX) / scene.scale;
}

/** Where a value stands in a lane's row. */
export function yOf(scene: Scene, row: Row, lane: Lane, value: number): number {
  const [low, , high] = rangeOf(scene.tracks, lane);
  const inner = row.height - 2 * MARGIN_PX;
  return row.top + MARGIN_PX + inner * (1 - (value - low) / (high - low));
}

/** A value's change for each pixel upwards in a lane's row. */
export function valuePerPx(scene: Scene, row: Row, lane: Lane): number {
  const [low, , high] = rangeOf(scene.tracks, lane);
  return (high - low) / (row.height - 2 * MARGIN_PX);
}

/** Both handles of the way to a key, where they are drawn; none where it has no key before. */
export function handlesAt(scene: Scene, row: Row, lane: Lane, key: Key): [number, number][] {
  const before = beforeOf(scene, lane, key);
  if (!before || row.height !== OPEN_PX) return [];
  const [x1 = 0, y1 = 0, x2 = 1, y2 = 1] = handlesOf(key.easing);
  return [
    [x1, y1],
    [x2, y2],
  ].map(([x = 0, y = 0]) => [
    xOf(scene, before.t + x * (key.t - before.t)),
    yOf(scene, row, lane, before.v + y * (key.v - before.v)),
  ]);
}

/** The key before another one; at time 0 the control rests. */
export function beforeOf(scene: Scene, lane: Lane, key: Key): Key | null {
  const index = lane.keys.indexOf(key);
  if (index > 0) return lane.keys[index - 1] ?? null;
  return key.t > 0 ? { t: 0, v: rangeOf(scene.tracks, lane)[1], easing: "smooth", lines: [] } : null;
}

interface Colours {
  text: string;
  faint: string;
  line: string;
  back: string;
  accent: string;
}

function coloursOf(canvas: HTMLCanvasElement): Colours {
  const style = getComputedStyle(canvas);
  const colour = (name: string, other: string) => style.getPropertyValue(name).trim() || other;
  return {
    text: colour("--input-text", "#ddd"),
    faint: colour("--descrip-text", "#999"),
    line: colour("--border-color", "#4e4e4e"),
    back: colour("--comfy-input-bg", "#222"),
    accent: colour("--lps-accent", "#2b72cc"),
  };
}

/** Draw all of it. */
export function paint(canvas: HTMLCanvasElement, scene: Scene): void {
  const context = canvas.getContext("2d");
  if (!context) return;
  const colours = coloursOf(canvas);
  const sharp = canvas.width / scene.width;
  context.setTransform(sharp, 0, 0, sharp, 0, 0);
  context.clearRect(0, 0, scene.width, scene.height);
  context.font = "11px system-ui, sans-serif";
  context.textBaseline = "middle";
  for (const row of scene.rows) paintLabel(context, scene, row, colours);
  context.save();
  context.beginPath();
  context.rect(LABELS_PX - KEY_PX, 0, scene.width, scene.height);
  context.clip();
  paintRuler(context, scene, colours);
  for (const row of scene.rows) {
    if (row.kind === "sound") paintSound(context, scene, row, colours);
    else if (row.kind === "segment") paintSegment(context, scene, row, colours);
    else if (row.kind === "group") paintGroup(context, scene, row, colours);
    else paintLane(context, scene, row, colours);
  }
  const x = xOf(scene, scene.now);
  stroke(context, "#e5484d", 1.5, [[x, 0], [x, scene.height]]);
  context.fillStyle = "#e5484d";
  context.beginPath();
  context.moveTo(x - 5, 0);
  context.lineTo(x + 5, 0);
  context.lineTo(x, 8);
  context.fill();
  context.restore();
}

type Paint = CanvasRenderingContext2D;

function stroke(context: Paint, colour: string, width: number, points: [number, number][]): void {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}

function paintLabel(context: Paint, scene: Scene, row: Row, colours: Colours): void {
  const { lane, segment } = scene.chosen;
  const chosen = row.kind === "lane" ? row.lane === lane : row.kind === "segment" && row.segment === segment;
  if (row.kind === "group" || chosen) {
    context.fillStyle = row.kind === "group" ? colours.line : colours.back;
    context.globalAlpha = row.kind === "group" ? 0.35 : 1;
    context.fillRect(0, row.top, scene.width, row.height);
    context.globalAlpha = 1;
  }
  stroke(context, colours.line, 0.5, [[0, row.top + row.height], [scene.width, row.top + row.height]]);
  context.fillStyle = row.kind === "lane" ? colours.text : colours.faint;
  const middle = row.top + row.height / 2;
  const mark = row.kind !== "group" ? "" : scene.folded.has(row.group) ? "\u25b8 " : "\u25be ";
  context.fillText(mark + labelOf(row), row.kind === "lane" ? 14 : 4, middle, LABELS_PX - 18);
}

/** What stands before a row. */
export function labelOf(row: Row): string {
  if (row.kind === "lane") return titleOf(row.lane);
  if (row.kind === "group") return text(`group.${row.group}` as TextKey);
  return row.kind === "segment" ? segmentTitle(row.segment) : text("timeline.sound");
}

/** What a segment is called. */
export function segmentTitle({ motion }: Segment): string {
  return motion ? text("timeline.motion", motion) : text("timeline.atRest");
}

function paintRuler(context: Paint, scene: Scene, colours: Colours): void {
  const step = TICKS_S.find((each) => each * scene.scale >= TICK_PX) ?? 600;
  const end = scene.from + (scene.width - LABELS_PX) / scene.scale;
  context.fillStyle = colours.faint;
  for (let count = Math.ceil(scene.from / step); count * step <= end; count += 1) {
    const x = xOf(scene, count * step);
    stroke(context, colours.line, 0.5, [[x, RULER_PX - 5], [x, scene.height]]);
    context.fillText(`${Number((count * step).toFixed(2))} s`, x + 3, RULER_PX / 2);
  }
  const last = xOf(scene, scene.tracks.length_s);
  context.fillStyle = colours.line;
  context.globalAlpha = 0.4;
  context.fillRect(last, 0, Math.max(0, scene.width - last), scene.height);
  context.globalAlpha = 1;
}

function paintSound(context: Paint, scene: Scene, row: Row, colours: Colours): void {
  const { peaks, peak_s: each } = scene.tracks;
  const middle = row.top + row.height / 2;
  context.fillStyle = colours.faint;
  peaks.forEach((peak, index) => {
    const x = xOf(scene, index * each);
    const half = Math.max(0.5, (peak * (row.height - 4)) / 2);
    context.fillRect(x, middle - half, Math.max(0.5, each * scene.scale), 2 * half);
  });
}

function paintSegment(context: Paint, scene: Scene, row: Row, colours: Colours): void {
  if (row.kind !== "segment") return;
  const from = xOf(scene, row.segment.at);
  const to = xOf(scene, Math.min(row.segment.end ?? Infinity, scene.tracks.length_s));
  context.fillStyle = colours.accent;
  context.globalAlpha = row.segment === scene.chosen.segment ? 0.8 : 0.35;
  context.fillRect(from, row.top + 3, Math.max(4, to - from), row.height - 6);
  context.globalAlpha = 1;
  context.fillStyle = colours.text;
  context.fillText(segmentWords(row.segment), from + 4, row.top + row.height / 2, Math.max(8, to - from - 8));
}

function paintGroup(context: Paint, scene: Scene, row: Row, colours: Colours): void {
  if (row.kind !== "group") return;
  for (const lane of scene.model.lanes) {
    if (groupOf(lane) !== row.group) continue;
    for (const key of lane.keys) diamond(context, xOf(scene, key.t), row.top + row.height / 2, 4, colours.faint);
  }
}

function paintLane(context: Paint, scene: Scene, row: Row, colours: Colours): void {
  if (row.kind !== "lane") return;
  const { lane } = row;
  const { chosen, tracks } = scene;
  const rest = yOf(scene, row, lane, rangeOf(tracks, lane)[1]);
  stroke(context, colours.line, 0.5, [[LABELS_PX, rest], [scene.width, rest]]);
  const curve = tracks.lanes[lane.names[0] ?? ""]?.points ?? [];
  const points = curve.map(([t, value]): [number, number] => [xOf(scene, t), yOf(scene, row, lane, value)]);
  stroke(context, lane === chosen.lane ? colours.accent : colours.faint, 1.5, points);
  if (chosen.key && lane === chosen.lane) paintHandles(context, scene, row, chosen.key, colours);
  for (const key of lane.keys) {
    const isChosen = key === chosen.key;
    diamond(context, xOf(scene, key.t), yOf(scene, row, lane, key.v), KEY_PX, isChosen ? colours.accent : colours.text);
  }
}

function paintHandles(context: Paint, scene: Scene, row: Row, key: Key, colours: Colours): void {
  if (row.kind !== "lane") return;
  const before = beforeOf(scene, row.lane, key);
  const [first, second] = handlesAt(scene, row, row.lane, key);
  if (!before || !first || !second) return;
  const at = (end: Key): [number, number] => [xOf(scene, end.t), yOf(scene, row, row.lane, end.v)];
  stroke(context, colours.accent, 1, [at(before), first]);
  stroke(context, colours.accent, 1, [at(key), second]);
  context.fillStyle = colours.accent;
  for (const [x, y] of [first, second]) {
    context.beginPath();
    context.arc(x, y, HANDLE_PX, 0, 2 * Math.PI);
    context.fill();
  }
}

function diamond(context: Paint, x: number, y: number, size: number, colour: string): void {
  context.fillStyle = colour;
  context.beginPath();
  context.moveTo(x, y - size);
  context.lineTo(x + size, y);
  context.lineTo(x, y + size);
  context.lineTo(x - size, y);
  context.fill();
}
