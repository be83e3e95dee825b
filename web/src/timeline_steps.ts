// A text that one can go back and forth in, and a clock that plays.

const MOST_STEPS = 100;

interface Steps {
  now: string;
  done: string[];
  undone: string[];
}

/** Steps of each node, which outlive it: a graph's own undo makes its nodes anew. */
const STEPS = new Map<string, Steps>();

/** The texts of one node. */
export class TextSteps {
  constructor(
    private readonly key: () => string,
    private readonly first: string,
  ) {}

  /** A whole change has been made; false where nothing has changed. */
  keep(text: string): boolean {
    const steps = this.steps();
    if (text === steps.now) return false;
    steps.done.push(steps.now);
    if (steps.done.length > MOST_STEPS) steps.done.shift();
    steps.undone.length = 0;
    steps.now = text;
    return true;
  }

  /** The text was set by somebody else: loaded, typed elsewhere, or undone by the graph. */
  noticed(text: string): void {
    this.steps().now = text;
  }

  canStep(forward: boolean): boolean {
    const { done, undone } = this.steps();
    return (forward ? undone : done).length > 0;
  }

  /** The text one step further or back. */
  step(forward: boolean): string | undefined {
    const steps = this.steps();
    const wanted = (forward ? steps.undone : steps.done).pop();
    if (wanted === undefined) return undefined;
    (forward ? steps.done : steps.undone).push(steps.now);
    steps.now = wanted;
    return wanted;
  }

  private steps(): Steps {
    const key = this.key();
    const found = STEPS.get(key) ?? { now: this.first, done: [], undone: [] };
    STEPS.set(key, found);
    return found;
  }
}

/** Shows one time after another, as fast as they pass. */
export class Player {
  private request = 0;

  /** `show` is called with each second, `changed` when it begins and ends. */
  constructor(
    private readonly show: (t: number) => void,
    private readonly changed: (isPlaying: boolean) => void,
  ) {}

  get isPlaying(): boolean {
    return this.request !== 0;
  }

  /** Play to the end, and on from the beginning as long as `again` says so. */
  start(now: number, length: number, again: () => boolean): void {
    const from = now + 0.1 >= length ? 0 : now;
    const begun = performance.now();
    const tick = (at: number) => {
      const t = from + Math.max(0, at - begun) / 1000;
      if (length <= 0 || (t >= length && !again())) {
        this.show(length);
        this.stop();
        return;
      }
      this.show(t % length);
      this.request = window.requestAnimationFrame(tick);
    };
    this.request = window.requestAnimationFrame(tick);
    this.changed(true);
  }

  stop(): void {
    window.cancelAnimationFrame(this.request);
    this.request = 0;
    this.changed(false);
  }
}
