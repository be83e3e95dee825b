// Tabs of the groups of controls, and the sliders of the chosen one; left and right stand side by side.
import type { ControlValues, Values } from "./control_values";
import { GROUPS, oppositeOf, stemOf } from "./control_values";
import { element } from "./style";
import { text, type TextKey } from "./texts";

interface Slider {
  name: string;
  input: HTMLInputElement;
  output: HTMLOutputElement;
}

/** The rows; `done` is called when a slider was let go, with the values before. */
export class ControlRows {
  readonly tabs = element("div", "lps-row lps-tabs");
  readonly rows = element("div", "lps-controls");
  private sliders: Slider[] = [];

  constructor(
    private readonly values: ControlValues,
    private readonly bothSides: () => boolean,
    private readonly done: (before: Values) => void,
  ) {
    this.tabs.setAttribute("role", "tablist");
    this.rows.setAttribute("role", "tabpanel");
    for (const group of Object.keys(GROUPS)) {
      const tab = element("button", "", text(`group.${group}` as TextKey));
      tab.type = "button";
      tab.dataset["group"] = group;
      tab.setAttribute("role", "tab");
      tab.addEventListener("click", () => this.choose(group));
      this.tabs.append(tab);
    }
    this.tabs.addEventListener("keydown", (event) => this.walk(event));
    this.choose(Object.keys(GROUPS)[0] ?? "");
  }

  /** Show the values as they are. */
  refresh(): void {
    for (const { name, input, output } of this.sliders) {
      const value = this.values.get(name);
      input.value = String(value);
      output.value = String(Number(value.toFixed(2)));
    }
  }

  private choose(group: string): void {
    for (const tab of this.tabs.querySelectorAll("button")) {
      const chosen = tab.dataset["group"] === group;
      tab.setAttribute("aria-selected", String(chosen));
      tab.tabIndex = chosen ? 0 : -1;
    }
    this.sliders = [];
    this.rows.replaceChildren();
    this.rows.setAttribute("aria-label", text(`group.${group}` as TextKey));
    const names = (GROUPS[group] ?? []).filter((name) => this.values.has(name));
    if (names.some(oppositeOf)) this.addHeader();
    for (const name of names) this.addRow(name);
    this.refresh();
  }

  private walk(event: KeyboardEvent): void {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...this.tabs.querySelectorAll("button")];
    const at = tabs.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    const next = tabs[(at + step + tabs.length) % tabs.length];
    event.preventDefault();
    next?.click();
    next?.focus();
  }

  /** Which column is of which side; each slider's own name says it too. */
  private addHeader(): void {
    const sides = [text("sideLeft"), text("sideRight")].map((side) => element("span", "lps-side", side));
    for (const side of sides) side.setAttribute("aria-hidden", "true");
    this.rows.append(element("span"), ...sides);
  }

  /** A row of one control, or of both sides; the right side's comes with the left one's. */
  private addRow(name: string): void {
    const other = oppositeOf(name);
    if (other && name.includes("right")) return;
    const label = element("label", "", text(stemOf(name) as TextKey));
    label.title = text("resetOne");
    const names = other ? [name, other] : [name];
    label.addEventListener("dblclick", () => this.reset(names));
    this.rows.append(label, ...names.map((each) => this.slider(each, other !== undefined)));
  }

  private reset(names: string[]): void {
    const before = this.values.values();
    this.values.set(Object.fromEntries(names.map((each) => [each, this.values.range(each).rest])));
    this.done(before);
  }

  private slider(name: string, sided: boolean): HTMLElement {
    const input = element("input");
    const output = element("output");
    const { min, max, step } = this.values.range(name);
    Object.assign(input, { type: "range", min, max, step });
    const side = sided ? text(name.includes("left") ? "left" : "right") : "";
    input.setAttribute("aria-label", `${text(stemOf(name) as TextKey)} ${side}`.trim());
    input.dataset["control"] = name;
    let before: Values | undefined;
    input.addEventListener("input", () => {
      before ??= this.values.values();
      this.values.setBoth(name, Number(input.value), this.bothSides());
    });
    input.addEventListener("change", () => {
      if (before) this.done(before);
      before = undefined;
    });
    input.addEventListener("keydown", (event) => {
      const other = this.bothSides() ? oppositeOf(name) : undefined;
      if (event.key === "Delete" || event.key === "Backspace") this.reset(other ? [name, other] : [name]);
    });
    this.sliders.push({ name, input, output });
    return element("div", sided ? "lps-one" : "lps-one lps-wide", input, output);
  }
}
