// The line of a panel that says what is the matter, so that what is wrong stays until it is mended.
import { element } from "./style";

/** What a sentence is about; of several wrong ones the first here is said. */
const TOPICS = ["server", "source", "text", "beneath", "picture"] as const;
export type Topic = (typeof TOPICS)[number];

export class Said {
  readonly root = element("div", "lps-said");
  private readonly wrong = new Map<Topic, (string | Node)[]>();
  private note = "";

  constructor() {
    this.root.setAttribute("role", "status");
  }

  /** Say that something is wrong with one thing; without a sentence nothing is any more. */
  about(topic: Topic, ...sentence: (string | Node)[]): void {
    const before = this.wrong.get(topic);
    if (!before && !sentence.some(Boolean)) return;
    if (sentence.some(Boolean)) this.wrong.set(topic, sentence);
    else this.wrong.delete(topic);
    this.show();
  }

  /** Whether something is wrong with it. */
  isWrong(topic: Topic): boolean {
    return this.wrong.has(topic);
  }

  /** Say something that is not wrong, until something else is said. */
  tell(sentence: string): void {
    if (sentence === this.note) return;
    this.note = sentence;
    this.show();
  }

  private show(): void {
    const topic = TOPICS.find((one) => this.wrong.has(one));
    const said = topic ? this.wrong.get(topic) ?? [] : [this.note];
    this.root.replaceChildren(...said);
    this.root.classList.toggle("lps-wrong", topic !== undefined && topic !== "source");
  }
}
