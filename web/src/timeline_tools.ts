// The buttons of a timeline, its length, and the menu of what can be added.
import { GROUPS, oppositeOf, stemOf } from "./control_values";
import { element, iconButton } from "./style";
import { text, type TextKey } from "./texts";
import type { Stated } from "./timeline_model";

/** What the tools do. */
export interface Tools {
  play(): void;
  step(forward: boolean): void;
  /** A key of a control, or of the chosen lane, at the time that is looked at. */
  addKey(name?: string): void;
  addSegment(motion: number): void;
  remove(): void;
  split(): void;
  zoom(steps: number): void;
  fit(): void;
  setLength(seconds: number | null): void;
  setLoop(): void;
  showText(shown: boolean): void;
  /** How many motions are connected. */
  motions(): number;
}

export class ToolRow {
  readonly root = element("div", "lps-row");
  private readonly length = element("input");
  private readonly menu = element("select");
  private readonly motions = element("optgroup");
  private readonly undo: HTMLButtonElement;
  private readonly redo: HTMLButtonElement;
  private readonly loop: HTMLButtonElement;
  private readonly play: HTMLButtonElement;
  private readonly text: HTMLButtonElement;
  private isText = false;

  constructor(private readonly does: Tools) {
    this.play = iconButton("play", text("timeline.play"), () => does.play());
    this.undo = iconButton("undo", text("undo"), () => does.step(false));
    this.redo = iconButton("redo", text("redo"), () => does.step(true));
    this.loop = iconButton("loop", text("timeline.loop"), () => does.setLoop());
    this.text = iconButton("text", text("timeline.text"), () => this.showText(!this.isText));
    this.text.setAttribute("aria-pressed", "false");
    this.playing(false);
    this.buildMenu();
    this.buildLength();
    this.root.append(
      this.play,
      this.undo,
      this.redo,
      this.menu,
      iconButton("addKey", text("timeline.addKey"), () => does.addKey()),
      iconButton("removeKey", text("timeline.removeKey"), () => does.remove()),
      iconButton("link", text("timeline.split"), () => does.split()),
      iconButton("zoomOut", text("timeline.zoomOut"), () => does.zoom(-2)),
      iconButton("fit", text("timeline.fit"), () => does.fit()),
      iconButton("zoomIn", text("timeline.zoomIn"), () => does.zoom(2)),
      this.length,
      this.loop,
      this.text,
    );
  }

  playing(isPlaying: boolean): void {
    this.play.setAttribute("aria-pressed", String(isPlaying));
  }

  /** Show the text instead of the lanes, or the lanes again. */
  showText(shown: boolean): void {
    this.isText = shown;
    this.text.setAttribute("aria-pressed", String(shown));
    this.does.showText(shown);
  }

  refresh(stated: Stated, canUndo: boolean, canRedo: boolean): void {
    this.undo.disabled = !canUndo;
    this.redo.disabled = !canRedo;
    this.loop.setAttribute("aria-pressed", String(stated.loop));
    if (document.activeElement === this.length) return;
    this.length.value = stated.length_s === null ? "" : String(stated.length_s);
  }

  private buildLength(): void {
    const { length } = this;
    Object.assign(length, { type: "number", min: "0.1", step: "0.1", title: text("timeline.length") });
    length.setAttribute("aria-label", text("timeline.length"));
    length.placeholder = text("timeline.auto");
    length.addEventListener("change", () => this.does.setLength(length.value ? Number(length.value) : null));
  }

  private buildMenu(): void {
    const { menu, motions } = this;
    menu.setAttribute("aria-label", text("timeline.addLane"));
    menu.append(new Option(text("timeline.addLane"), ""), motions);
    motions.label = text("timeline.motions");
    motions.hidden = true;
    for (const [group, names] of Object.entries(GROUPS)) {
      const part = element("optgroup");
      part.label = text(`group.${group}` as TextKey);
      for (const name of names) {
        const isRight = oppositeOf(name) && name.includes("right");
        if (!isRight) part.append(new Option(text(stemOf(name) as TextKey), name));
      }
      menu.append(part);
    }
    const list = () => {
      const numbers = [...Array(this.does.motions()).keys()].map((index) => index + 1);
      motions.hidden = !numbers.length;
      motions.replaceChildren(...numbers.map((number) => new Option(text("timeline.motion", number), String(number))));
    };
    for (const event of ["pointerdown", "focus"]) menu.addEventListener(event, list);
    menu.addEventListener("change", () => {
      const number = Number(menu.value);
      if (number) this.does.addSegment(number);
      else if (menu.value) this.does.addKey(menu.value);
      menu.value = "";
    });
  }
}
