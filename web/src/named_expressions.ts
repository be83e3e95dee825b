// Expressions by name and by words, and a name for the one that is there.
import type { Values } from "./control_values";
import { askJson } from "./server";
import { element, iconButton } from "./style";
import { text, textOr } from "./texts";

/** What a row of these does to the face. */
export interface Expressed {
  /** Take over an expression: instead of what is there, or over it. */
  take(controls: Values, over: boolean): void;
  /** What is there now. */
  values(): Values;
  say(sentence: string): void;
}

/** The row. */
export class NamedExpressions {
  readonly row = element("div", "lps-row");
  private readonly names = element("select");
  private readonly words = element("input");
  private readonly name = element("input");

  constructor(private readonly face: Expressed) {
    const { names, words, name } = this;
    names.setAttribute("aria-label", text("presets"));
    names.addEventListener("change", () => {
      void this.ask({ preset: names.value }, false);
      names.value = "";
    });
    words.placeholder = text("words");
    words.title = text("wordsExample");
    words.setAttribute("aria-label", text("words"));
    words.addEventListener("change", () => void this.ask({ words: words.value }, true));
    name.placeholder = text("nameIt");
    name.setAttribute("aria-label", text("nameIt"));
    name.hidden = true;
    name.addEventListener("change", () => void this.save());
    const save = iconButton("save", text("save"), () => {
      name.hidden = !name.hidden;
      words.hidden = !name.hidden;
      if (!name.hidden) name.focus();
    });
    this.row.append(names, words, name, save);
    this.list([]);
  }

  /** Words that are not understood, to be corrected. */
  offer(words: string): void {
    this.words.value = words;
  }

  /** Ask which there are. */
  async refresh(): Promise<void> {
    await this.tried(async () => this.list(await this.named({})));
  }

  private async named(body: unknown): Promise<string[]> {
    return (await askJson<{ names: string[] }>("expressions", body)).names;
  }

  private list(names: string[]): void {
    const choices = names.map((name) => new Option(textOr(`preset.${name}`, name), name));
    this.names.replaceChildren(new Option(text("presets"), ""), ...choices);
  }

  private async ask(values: Record<string, string>, over: boolean): Promise<void> {
    if (!Object.values(values).some((value) => value.trim())) return;
    await this.tried(async () => {
      const { controls } = await askJson<{ controls: Values }>("controls", { values });
      this.face.take(controls, over);
    });
  }

  private async save(): Promise<void> {
    const name = this.name.value.trim();
    if (!name) return;
    await this.tried(async () => {
      this.list(await this.named({ name, values: this.face.values() }));
      this.name.value = "";
      this.name.hidden = true;
      this.words.hidden = false;
      this.face.say(text("saved", name));
    });
  }

  private async tried(run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      this.face.say((error as Error).message);
    }
  }
}
