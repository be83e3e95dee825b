// Typed requests to our part of ComfyUI's server (nodes/server), under /liveportrait/v1.
import { ask } from "./comfyui";
import { text } from "./texts";

/** What the server could not do, in a sentence for the user. */
export class ServerError extends Error {
  /** Whether there was an answer at all. */
  readonly answered: boolean;

  constructor(sentence?: string) {
    super(sentence ?? text("noAnswer"));
    this.answered = sentence !== undefined;
  }
}

async function post(route: string, body: unknown): Promise<Response> {
  let answer: Response;
  try {
    answer = await ask(`/liveportrait/v1/${route}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new ServerError();
  }
  if (answer.ok) return answer;
  const said = (await answer.json().catch(() => null)) as { error?: string } | null;
  throw new ServerError(said?.error);
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
 * `done` is called for each answer that is not stale, `failed` with the error of a request, `idle` when
 * nothing is wanted any more.
 */
export class Newest<Request, Answer> {
  private waiting: Request | undefined;
  private busy = false;
  private shown: Promise<void> = Promise.resolve();

  constructor(
    private readonly run: (request: Request) => Promise<Answer | null>,
    private readonly done: (answer: Answer, request: Request) => void | Promise<void>,
    private readonly failed: (error: Error, request: Request) => void,
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
        // what came is shown while the server is at the next one, in the order of the requests
        if (answer !== null) this.shown = this.shown.then(() => this.show(answer, request));
        if (this.waiting === undefined) await this.shown;
      } catch (error) {
        this.fail(error, request);
      }
    }
    this.busy = false;
    this.idle();
  }

  private async show(answer: Answer, request: Request): Promise<void> {
    try {
      await this.done(answer, request);
    } catch (error) {
      this.fail(error, request);
    }
  }

  private fail(error: unknown, request: Request): void {
    this.failed(error instanceof Error ? error : new Error(String(error)), request);
  }
}
