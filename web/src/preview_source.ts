// What a preview of a node is of, read from the graph as a run would send it.
import { idsOf, prompt } from "./comfyui";

const PICTURES: Record<string, string> = { LoadImage: "image", LoadImageOutput: "image", LoadVideo: "file" };
const MODEL = "LPS_LoadModel";
const MODEL_WIDGETS = ["model_name", "precision", "face_finder"];

/** As the server takes it: a file and a model by name, or what the node saw in its last run. */
export interface Source {
  file: string | null;
  model: Record<string, string> | null;
  seen: string | null;
  face_index: number;
}

/** The source of a node, and the photo whose expression it adds, if any. */
export interface Sources {
  source: Source;
  like: Source | null;
}

/** What nodes saw in their last run, by the id of the run: keys, and the graph before them. */
const SEEN = new Map<string, { keys: string[]; before: string }>();

type Graph = ComfyPrompt["output"];

function linkedTo(graph: Graph, id: string, input: string): ComfyPromptNode | undefined {
  const link = graph[id]?.inputs[input];
  return Array.isArray(link) ? graph[String(link[0])] : undefined;
}

function textOf(value: unknown): string | null {
  return typeof value === "string" ? value : null;
}

/** Everything that a node's source and model depend on, as a text to be compared. */
function before(graph: Graph, id: string): string {
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
  visit([inputs["source"], inputs["model"], inputs["like"]]);
  return JSON.stringify([...found].map(([name, { class_type, inputs }]) => [name, class_type, inputs]));
}

/** Note the keys that a run of a node gave: of its source, and of the photo. */
export async function noteSeen(id: string, keys: string[]): Promise<void> {
  SEEN.set(id, { keys, before: before(await prompt(), id) });
}

function modelOf(graph: Graph, id: string): Source["model"] {
  const loader = linkedTo(graph, id, "model");
  if (loader?.class_type !== MODEL) return null;
  const values = MODEL_WIDGETS.map((name) => [name, textOf(loader.inputs[name])] as const);
  if (values.some(([, value]) => value === null)) return null;
  return Object.fromEntries(values) as Record<string, string>;
}

function fileOf(graph: Graph, id: string, input: string): string | null {
  const picture = linkedTo(graph, id, input);
  const widget = picture && PICTURES[picture.class_type];
  return widget ? textOf(picture.inputs[widget]) : null;
}

/** The sources of a node; null where it has none, "run" where other nodes make them first. */
export async function sourcesOf(node: ComfyNode): Promise<Sources | "run" | null> {
  const [id] = idsOf(node);
  if (id === undefined) return null;
  const graph = await prompt();
  const inputs = graph[id]?.inputs;
  if (!Array.isArray(inputs?.["model"]) || !Array.isArray(inputs["source"])) return null;
  const noted = SEEN.get(id);
  const keys = noted && noted.before === before(graph, id) ? noted.keys : [];
  const model = modelOf(graph, id);
  const named = (input: string, key: string | undefined, face: unknown): Source | null => {
    const file = fileOf(graph, id, input);
    if ((!file || !model) && !key) return null;
    const face_index = typeof face === "number" ? face : 0;
    return { file, model, seen: key ?? null, face_index };
  };
  const source = named("source", keys[0], inputs["face_index"]);
  const withLike = Array.isArray(inputs["like"]);
  const like = withLike ? named("like", keys[1], 0) : null;
  return source && (like || !withLike) ? { source, like } : "run";
}
