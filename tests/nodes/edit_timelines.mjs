// Edits timelines as their panel does: node edit_timelines.mjs BUNDLE < CASES > RESULTS, in JSON.
// A case is a text, what the server says of it, and edits, whose numbers from 0 to 1 choose what is
// changed and how.
import { readFileSync } from "node:fs";

const { TimelineModel } = await import(process.argv[2]);
const EASINGS = ["smooth", "linear", "hold", "ease", "ease-in", "ease-out", [0.25, -0.5, 0.75, 1.5]];
const LAST_S = 50;

function pick(list, part) {
  return list[Math.floor(part * list.length)];
}

function valueOf(tracks, name, part) {
  const [low, , high] = tracks.ranges[name];
  return low + part * (high - low);
}

const EDITS = {
  put(model, tracks, [a, b, c, d]) {
    const lane = model.laneOf(pick(Object.keys(tracks.ranges), a));
    const t = d < 0.3 && model.lanes[0]?.keys[0] ? model.lanes[0].keys[0].t : b * LAST_S;
    model.put(lane, t, valueOf(tracks, lane.names[0], c), pick(EASINGS, d));
  },
  move(model, tracks, [a, b, c]) {
    const lane = pick(model.lanes, a);
    const key = lane && pick(lane.keys, b);
    if (key) model.moveKey(lane, key, c < 0.3 ? key.t + c : c * LAST_S);
  },
  value(model, tracks, [a, b, c]) {
    const lane = pick(model.lanes, a);
    const key = lane && pick(lane.keys, b);
    if (key) model.put(lane, key.t, valueOf(tracks, lane.names[0], c));
  },
  ease(model, tracks, [a, b, c]) {
    const lane = pick(model.lanes, a);
    const key = lane && pick(lane.keys, b);
    if (key) key.easing = pick(EASINGS, c);
  },
  remove(model, tracks, [a, b]) {
    const lane = pick(model.lanes, a);
    const key = lane && pick(lane.keys, b);
    if (key) model.remove(lane, key);
  },
  split(model, tracks, [a]) {
    const lane = pick(model.lanes, a);
    if (lane) model.split(lane);
  },
  length(model, tracks, [a]) {
    model.stated.length_s = a < 0.3 && !model.stated.loop ? null : 60 + Math.round(a * 100) / 10;
  },
  loop(model) {
    model.stated.loop = !model.stated.loop && model.stated.length_s !== null;
  },
  fps(model, tracks, [a]) {
    model.stated.fps = pick([null, "30", "30000/1001"], a);
  },
  shift(model, tracks, [a, b]) {
    const segment = pick(model.segments, a);
    if (segment) model.moveSegment(segment, b * LAST_S);
  },
  part(model, tracks, [a, b, c, d]) {
    const segment = pick(model.segments, a);
    const change = { from: Math.round(b * 40) / 10, to: c < 0.5 ? null : 5 + Math.round(c * 10), speed: 0.5 + d };
    if (segment) model.setSegment(segment, { ...change, blend: Math.round(d * 10) / 10 });
  },
  play(model, tracks, [a, b]) {
    model.addSegment(Math.floor(a * 4), b * LAST_S);
  },
  stop(model, tracks, [a]) {
    const segment = pick(model.segments, a);
    if (segment) model.removeSegment(segment);
  },
};

const cases = JSON.parse(readFileSync(0, "utf-8"));
const results = cases.map(({ text, tracks, edits }) => {
  const model = new TimelineModel();
  model.read(tracks, text);
  for (const [name, numbers] of edits) EDITS[name](model, tracks, numbers);
  const { stated, lanes, segments } = model;
  return { text: model.text(), stated, lanes, segments };
});
console.log(JSON.stringify(results));
