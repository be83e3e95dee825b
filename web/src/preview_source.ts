// What a preview of a node is of, read from the graph as a run would send it.
import { idsOf, onWidget, places, prompt } from "./comfyui";

const PICTURES: Record<string, string> = { LoadImage: "image", LoadImageOutput: "image", LoadVideo: "file" };
const MODEL = "LPS_LoadModel";
const MODEL_WIDGETS = ["model_name", "precision", "face_finder"];
const SOUNDS: Record<string, string> = { LoadAudio: "audio" };
const FILMS: Record<string, string> = { LoadVideo: "file" };
const PARTS_OF_FILM = "GetVideoComponents";
const MOTION = "LPS_LoadMotion";
/** Inputs of a timeline. */
export const MOTIONS = ["motion_1", "motion_2", "motion_3", "motion_4"];

/** As the server takes it: a file and a model by name, or what the node saw in its last run. */
export interface Source {
  file: string | null;
  model: Record<string, string> | null;
  seen: string | null;
  face_index: number;
  /** Which moment of a film. */
  at_s: number;
}

/** What lies beneath a timeline, as the server takes it: files by name, or the key of its last run. */
export interface Beneath {
  run: string | null;
  audio: string | null;
  motions: Record<string, string>[] | null;
}

/** The source of a node, and the photo whose expression it adds, if any. */
export interface Sources {
  source: Source;
  like: Source | null;
}

/** What nodes saw in their last run, by the id of the run: keys, and the graph before them. */
const SEEN = new Map<string, { keys: string[]; before: string }>();
/** The same of what lies beneath timelines. */
const BENEATH = new Map<string, { key: string; before: string }>();
const SOURCES = ["source", "model", "like"];
const BENEATHS = ["audio", ...MOTIONS];

type Graph = ComfyPrompt["output"];

function linkedTo(graph: Graph, id: string, input: string): ComfyPromptNode | undefined {
  const link = graph[id]?.inputs[input];
  return Array.isArray(link) ? graph[String(link[0])] : undefined;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** All nodes that some inputs of a node depend on. */
function upstream(graph: Graph, id: string, names: string[]): Map<string, ComfyPromptNode> {
  const found = new Map<string, ComfyPromptNode>();
  const visit = (inputs: unknown[]) => {
    for (const link of inputs) {
      if (!Array.isArray(link)) continue;
      const [name, node] = [String(link[0]), graph[String(link[0])]];
      if (!node || found.has(name)) continue;
      found.set(name, node);
      visit(Object.values(node.inputs));
    }
  };
  const inputs = graph[id]?.inputs ?? {};
  visit(names.map((name) => inputs[name]));
  return found;
}

/** The same as a text to be compared. */
function before(graph: Graph, id: string, names: string[]): string {
  const found = upstream(graph, id, names);
  return JSON.stringify([...found].map(([name, { class_type, inputs }]) => [name, class_type, inputs]));
}

/** Called when a node changes that a panel's source depends on. */
const HEARD = new Set<() => void>();
const WATCHED = new WeakSet<ComfyWidget>();

/** Hear of each change of a node that any panel depends on; a file that is dropped tells nobody else. */
export function onSources(changed: () => void): void {
  HEARD.add(changed);
}

function watch(graph: Graph, id: string, names: string[]): void {
  const found = upstream(graph, id, names);
  for (const { id: other, node } of places()) {
    if (!found.has(other)) continue;
    for (const widget of node.widgets ?? []) {
      if (WATCHED.has(widget)) continue;
      WATCHED.add(widget);
      onWidget(widget, () => HEARD.forEach((changed) => changed()));
    }
  }
}

/** Note the keys that a run of a node gave: of its source, and of the photo. */
export async function noteSeen(id: string, keys: string[]): Promise<void> {
  SEEN.set(id, { keys, before: before(await prompt(), id, SOURCES) });
}

/** Note the key that a run of a timeline gave. */
export async function noteBeneath(id: string, key: string): Promise<void> {
  BENEATH.set(id, { key, before: before(await prompt(), id, BENEATHS) });
}

function modelOf(graph: Graph, id: string): Source["model"] {
  const loader = linkedTo(graph, id, "model");
  if (loader?.class_type !== MODEL) return null;
  const values = MODEL_WIDGETS.map((name) => [name, textOf(loader.inputs[name])] as const);
  if (values.some(([, value]) => value === null)) return null;
  return Object.fromEntries(values) as Record<string, string>;
}

function fileOf(graph: Graph, id: string, input: string, loaders = PICTURES): string | null {
  const loader = linkedTo(graph, id, input);
  const widget = loader && loaders[loader.class_type];
  return widget ? textOf(loader.inputs[widget]) : null;
}

/** The file whose sound is connected: of a sound, or of a film that is taken apart. */
function soundOf(graph: Graph, id: string): string | null {
  const link = graph[id]?.inputs["audio"];
  const parts = Array.isArray(link) ? String(link[0]) : "";
  if (graph[parts]?.class_type === PARTS_OF_FILM) return fileOf(graph, parts, "video", FILMS);
  return fileOf(graph, id, "audio", SOUNDS);
}

/** What lies beneath a timeline. */
export async function beneathOf(node: ComfyNode): Promise<Beneath> {
  const [id = ""] = idsOf(node);
  const graph = await prompt();
  const noted = BENEATH.get(id);
  const run = noted && noted.before === before(graph, id, BENEATHS) ? noted.key : null;
  const loaders = MOTIONS.filter((name) => Array.isArray(graph[id]?.inputs[name])).map((name) =>
    linkedTo(graph, id, name),
  );
  const motions = loaders.flatMap((loader) => {
    const chosen = Object.entries(loader?.inputs ?? {});
    const isFile = loader?.class_type === MOTION && chosen.every(([, value]) => textOf(value) !== null);
    return isFile ? [Object.fromEntries(chosen) as Record<string, string>] : [];
  });
  const audio = soundOf(graph, id);
  return { run, audio, motions: motions.length === loaders.length ? motions : null };
}

/** The sources of a node; null where it has none, "run" where other nodes make them first. */
export async function sourcesOf(node: ComfyNode): Promise<Sources | "run" | null> {
  const [id] = idsOf(node);
  if (id === undefined) return null;
  const graph = await prompt();
  const inputs = graph[id]?.inputs;
  watch(graph, id, [...SOURCES, ...BENEATHS]);
  if (!Array.isArray(inputs?.["model"]) || !Array.isArray(inputs["source"])) return null;
  const noted = SEEN.get(id);
  const keys = noted && noted.before === before(graph, id, SOURCES) ? noted.keys : [];
  const model = modelOf(graph, id);
  const named = (input: string, key: string | undefined, face: unknown): Source | null => {
    const file = fileOf(graph, id, input);
    if ((!file || !model) && !key) return null;
    const face_index = typeof face === "number" ? face : 0;
    return { file, model, seen: key ?? null, face_index, at_s: 0 };
  };
  const source = named("source", keys[0], inputs["face_index"]);
  const withLike = Array.isArray(inputs["like"]);
  const like = withLike ? named("like", keys[1], inputs["like_face_index"]) : null;
  return source && (like || !withLike) ? { source, like } : "run";
}
