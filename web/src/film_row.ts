// Which frame of a film is looked at; a picture has no such row.
import { element } from "./style";
import { text } from "./texts";

/** What the server knows of a source that moves. */
export interface Film {
  frames: number;
  fps: number;
}

export class FilmRow {
  readonly root = element("label", "lps-row lps-film");
  private readonly slider = element("input");
  private readonly output = element("output");
  private film: Film | null = null;

  /** `changed` is called when another frame is to be shown. */
  constructor(private readonly changed: () => void) {
    this.slider.type = "range";
    this.slider.min = this.slider.value = "0";
    this.slider.addEventListener("input", () => {
      this.refresh();
      this.changed();
    });
    this.root.append(text("film.frame"), this.slider, this.output);
    this.root.title = text("film.hint");
    this.root.hidden = true;
  }

  /** Second of the frame. */
  get at_s(): number {
    return this.film ? Number(this.slider.value) / this.film.fps : 0;
  }

  /** Show a film's row, or none. */
  show(film: Film | null): void {
    this.film = film && film.frames > 1 ? film : null;
    this.root.hidden = !this.film;
    this.slider.max = String((this.film?.frames ?? 1) - 1);
    this.refresh();
  }

  private refresh(): void {
    this.output.value = `${this.slider.value} / ${this.slider.max}`;
    this.slider.setAttribute("aria-valuetext", `${this.output.value}, ${this.at_s.toFixed(2)} s`);
  }
}
