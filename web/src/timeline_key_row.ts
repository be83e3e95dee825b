// The chosen key in numbers: time, value and easing, as inputs that keyboards and screen readers know.
import { element } from "./style";
import { text } from "./texts";
import { EASINGS, type Key, type Lane } from "./timeline_model";
import { titleOf } from "./timeline_paint";

const BEZIER = "bezier";

/** What an input sets. */
export interface KeyChange {
  t?: number;
  v?: number;
  easing?: string;
}

export class KeyRow {
  readonly root = element("div", "lps-row lps-key");
  private readonly title = element("span");
  private readonly time = number("timeline.time");
  private readonly value = number("timeline.value");
  private readonly slider = element("input");
  private readonly easing = element("select");

  /** `change` is called with what is set, `whole` once a slider is let go. */
  constructor(change: (what: KeyChange, whole: boolean) => void) {
    this.slider.type = "range";
    this.slider.setAttribute("aria-label", text("timeline.value"));
    this.easing.setAttribute("aria-label", text("timeline.easing"));
    this.easing.title = text("timeline.easing");
    for (const name of [...EASINGS, BEZIER]) this.easing.append(new Option(name, name));
    this.time.min = "0";
    this.time.step = "0.01";
    this.time.addEventListener("change", () => change({ t: Number(this.time.value) }, true));
    this.value.addEventListener("change", () => change({ v: Number(this.value.value) }, true));
    this.slider.addEventListener("input", () => change({ v: Number(this.slider.value) }, false));
    this.slider.addEventListener("change", () => change({ v: Number(this.slider.value) }, true));
    this.easing.addEventListener("change", () => change({ easing: this.easing.value }, true));
    this.root.append(this.title, this.time, this.slider, this.value, this.easing);
  }

  /** Show a key, or nothing. */
  show(lane: Lane | null, key: Key | null, [low, , high]: [number, number, number]): void {
    for (const each of [this.time, this.slider, this.value, this.easing]) each.hidden = !key;
    this.title.textContent = lane ? titleOf(lane) : text("timeline.hint");
    if (!key) return;
    const limits = { min: String(low), max: String(high), step: high - low > 4 ? "0.5" : "0.01" };
    Object.assign(this.slider, limits);
    Object.assign(this.value, limits);
    this.time.value = String(key.t);
    this.slider.value = this.value.value = String(key.v);
    this.easing.value = Array.isArray(key.easing) ? BEZIER : key.easing;
  }
}

function number(name: "timeline.time" | "timeline.value"): HTMLInputElement {
  const input = element("input");
  input.type = "number";
  input.title = text(name);
  input.setAttribute("aria-label", text(name));
  return input;
}
