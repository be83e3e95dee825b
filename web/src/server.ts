// Typed requests to our part of ComfyUI's server (nodes/server), under /liveportrait/v1.
import { ask } from "./comfyui";
import { text } from "./texts";

/** What the server could not do, in a sentence for the user. */
export class ServerError extends Error {}

async function post(route: string, body: unknown): Promise<Response> {
  let answer: Response;
  try {
    answer = await ask(`/liveportrait/v1/${route}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new ServerError(text("noAnswer"));
  }
  if (answer.ok) return answer;
  const said = (await answer.json().catch(() => null)) as { error?: string } | null;
  throw new ServerError(said?.error ?? text("noAnswer"));
}

/** What the server answers in JSON. */
export async function askJson<Answer>(route: string, body: unknown): Promise<Answer> {
  return (await (await post(route, body)).json()) as Answer;
}

/** A picture, and what the server knows of it. */
export interface Picture {
  jpeg: Blob;
  about: unknown;
}

/** A picture; null where a newer request has taken this one's place. */
export async function askPicture(route: string, body: unknown): Promise<Picture | null> {
  const answer = await post(route, body);
  if (answer.status === 204) return null;
  return { jpeg: await answer.blob(), about: JSON.parse(answer.headers.get("X-LivePortrait") ?? "{}") };
}

/**
 * Sends one request at a time; of those that come meanwhile the newest alone is kept.
 *
 * `done` is called for each answer that is not stale, `failed` with the sentence of an error, `idle`
 * when nothing is wanted any more.
 */
export class Newest<Request, Answer> {
  private waiting: Request | undefined;
  private busy = false;

  constructor(
    private readonly run: (request: Request) => Promise<Answer | null>,
    private readonly done: (answer: Answer, request: Request) => void | Promise<void>,
    private readonly failed: (sentence: string) => void,
    private readonly idle: () => void = () => undefined,
  ) {}

  /** Ask for this next. */
  want(request: Request): void {
    this.waiting = request;
    if (!this.busy) void this.drain();
  }

  private async drain(): Promise<void> {
    this.busy = true;
    while (this.waiting !== undefined) {
      const request = this.waiting;
      this.waiting = undefined;
      try {
        const answer = await this.run(request);
        if (answer !== null) await this.done(answer, request);
      } catch (error) {
        this.failed(error instanceof Error ? error.message : String(error));
      }
    }
    this.busy = false;
    this.idle();
  }
}
