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

/** What nodes saw in their last run, by the id of the run: a key, and the graph before them. */
const SEEN = new Map<string, { key: string; before: string }>();

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
  visit([inputs["source"], inputs["model"]]);
  return JSON.stringify([...found].map(([name, { class_type, inputs }]) => [name, class_type, inputs]));
}

/** Note the key that a run of a node gave. */
export async function noteSeen(id: string, key: string): Promise<void> {
  SEEN.set(id, { key, before: before(await prompt(), id) });
}

/**
 * The source of a node; null where it has none, "run" where other nodes make it and have to run.
 */
export async function sourceOf(node: ComfyNode): Promise<Source | "run" | null> {
  const [id] = idsOf(node);
  if (id === undefined) return null;
  const graph = await prompt();
  const inputs = graph[id]?.inputs;
  if (!Array.isArray(inputs?.["model"]) || !Array.isArray(inputs["source"])) return null;
  const picture = linkedTo(graph, id, "source");
  const widget = picture && PICTURES[picture.class_type];
  const file = widget ? textOf(picture.inputs[widget]) : null;
  const loader = linkedTo(graph, id, "model");
  let model: Source["model"] = null;
  if (loader?.class_type === MODEL) {
    const values = MODEL_WIDGETS.map((name) => [name, textOf(loader.inputs[name])] as const);
    if (values.every(([, value]) => value !== null)) {
      model = Object.fromEntries(values) as Record<string, string>;
    }
  }
  const noted = SEEN.get(id);
  const seen = noted && noted.before === before(graph, id) ? noted.key : null;
  if ((!file || !model) && !seen) return "run";
  const face = inputs["face_index"];
  return { file, model, seen, face_index: typeof face === "number" ? face : 0 };
}
