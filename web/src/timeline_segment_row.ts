// The chosen segment in numbers: which part of its motion, how fast, and how it comes in.
import { element } from "./style";
import { text, type TextKey } from "./texts";
import type { Segment } from "./timeline_model";
import { segmentTitle } from "./timeline_paint";

type NumberName = "at" | "from" | "to" | "for" | "speed" | "blend";
const NUMBERS: NumberName[] = ["at", "from", "to", "for", "speed", "blend"];
const REGIONS = ["all", "expression", "pose", "lip", "eyes"];
const WAYS = ["hold", "loop", "bounce"];
const LEAST_SPEED = 0.01;

export class SegmentRow {
  readonly root = element("div", "lps-row lps-key lps-segment");
  private readonly title = element("span");
  private readonly numbers = new Map<NumberName, HTMLInputElement>();
  private readonly region = choice("region", REGIONS);
  private readonly then = choice("then", WAYS);

  /** `change` is called with what an input sets. */
  constructor(change: (what: Partial<Segment>) => void) {
    this.root.append(this.title);
    for (const name of NUMBERS) {
      const input = element("input");
      const least = name === "speed" ? LEAST_SPEED : 0;
      Object.assign(input, { type: "number", min: String(least), step: name === "speed" ? "0.1" : "0.04" });
      input.setAttribute("aria-label", text(`segment.${name}.long` as TextKey));
      input.title = text(`segment.${name}.long` as TextKey);
      if (name === "to" || name === "for") input.placeholder = text("timeline.auto");
      input.addEventListener("change", () => {
        const isOpen = input.value === "" && input.placeholder !== "";
        const value = Number(input.value || (name === "speed" ? 1 : 0));
        if (isOpen) change({ [name]: null });
        else if (Number.isFinite(value)) change({ [name]: Math.max(least, value) });
      });
      this.numbers.set(name, input);
      this.root.append(element("label", "", text(`segment.${name}` as TextKey), input));
    }
    this.region.addEventListener("change", () => change({ region: this.region.value }));
    this.then.addEventListener("change", () => change({ then: this.then.value }));
    this.root.append(this.region, this.then);
    this.show(null);
  }

  /** Show a segment, or nothing. */
  show(segment: Segment | null): void {
    this.root.hidden = !segment;
    if (!segment) return;
    this.title.textContent = segmentTitle(segment);
    for (const [name, input] of this.numbers) input.value = segment[name] === null ? "" : String(segment[name]);
    this.region.value = segment.region;
    this.then.value = segment.then;
  }
}

function choice(name: "region" | "then", options: string[]): HTMLSelectElement {
  const select = element("select");
  select.setAttribute("aria-label", text(`segment.${name}.long` as TextKey));
  select.title = text(`segment.${name}.long` as TextKey);
  for (const option of options) select.append(new Option(text(`segment.${name}.${option}` as TextKey), option));
  return select;
}
