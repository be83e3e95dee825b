// The look of our parts, in the colours of ComfyUI's own theme, dark or light.
const SHEET = `
.lps { --lps-accent: #2f7bd9; display: flex; flex-direction: column; gap: 6px; box-sizing: border-box; width: 100%; height: 100%;
  min-height: 0; padding: 4px; color: var(--input-text, #ddd); font: 12px/1.3 system-ui, sans-serif; }
.lps-row { display: flex; flex-wrap: wrap; gap: 4px; flex: none; }
.lps-tabs { flex-wrap: nowrap; gap: 2px; }
.lps button { display: inline-flex; align-items: center; justify-content: center; min-width: 28px; height: 26px;
  padding: 0 6px; border: 1px solid var(--border-color, #4e4e4e); border-radius: 6px;
  background: var(--comfy-input-bg, #222); color: inherit; font: inherit; cursor: pointer; }
.lps .lps-tabs button { flex: 1 1 auto; min-width: 0; padding: 0 3px; font-size: 11px; }
.lps select, .lps input:not([type]) { height: 26px; box-sizing: border-box; min-width: 0; padding: 0 6px;
  border: 1px solid var(--border-color, #4e4e4e); border-radius: 6px; background: var(--comfy-input-bg, #222);
  color: inherit; font: inherit; }
.lps select { flex: 0 1 120px; }
.lps input:not([type]) { flex: 1 1 80px; }
.lps [hidden] { display: none; }
.lps button:hover:not(:disabled) { border-color: currentColor; }
.lps button:disabled { opacity: .4; cursor: default; }
.lps button[aria-pressed="true"], .lps button[aria-selected="true"] { background: var(--lps-accent); color: #fff; }
.lps :focus-visible { outline: 2px solid var(--lps-accent); outline-offset: 1px; }
.lps svg { width: 15px; height: 15px; fill: none; stroke: currentColor; stroke-width: 1.6;
  stroke-linecap: round; stroke-linejoin: round; pointer-events: none; }
.lps-face { position: relative; flex: 1 1 0; min-height: 120px; display: flex; justify-content: center; }
.lps-face canvas { width: 100%; height: 100%; object-fit: contain; border-radius: 6px;
  background: var(--comfy-menu-bg, #1a1a1a); touch-action: none; cursor: grab; }
.lps-face canvas:active { cursor: grabbing; }
.lps-said { flex: none; min-height: 16px; color: var(--descrip-text, #999); overflow-wrap: anywhere; }
.lps-said.lps-wrong { color: var(--error-text, #ff6b6b); }
.lps-faces img { height: 34px; border-radius: 4px; display: block; }
.lps-faces button { height: 42px; padding: 3px; }
.lps-controls { flex: none; display: grid; grid-template-columns: max-content 1fr 1fr; gap: 3px 8px;
  align-items: center; min-height: 158px; align-content: start; }
.lps-controls label { white-space: nowrap; }
.lps-wide { grid-column: span 2; }
.lps-one { display: flex; align-items: center; gap: 5px; min-width: 0; }
.lps-one input { flex: 1; min-width: 0; height: 20px; margin: 0; accent-color: var(--lps-accent); }
.lps-one output { width: 34px; text-align: right; font-variant-numeric: tabular-nums; }
`;

/** Put the sheet on the page, once. */
export function useStyle(): void {
  const id = "lps-style";
  if (document.getElementById(id)) return;
  const style = document.createElement("style");
  style.id = id;
  style.textContent = SHEET;
  document.head.append(style);
}

/** Paths of icons on a square of 16. */
const ICONS = {
  undo: "M6 3 2.5 6.5 6 10M2.5 6.5H10a3.5 3.5 0 0 1 0 7H6",
  redo: "M10 3l3.5 3.5L10 10M13.5 6.5H6a3.5 3.5 0 0 0 0 7h4",
  reset: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5v3h3",
  random: "M3 3h10v10H3zM5.7 5.7h.01M10.3 5.7h.01M8 8h.01M5.7 10.3h.01M10.3 10.3h.01",
  copy: "M6 6h7.5v7.5H6zM10 3.5V2.5H2.5V10h1",
  paste: "M5.5 3.5h-2v10h9v-10h-2M5.5 2.5h5v2.5h-5z",
  link: "M6.7 9.3l2.6-2.6M7.5 4.8 9 3.3a2.6 2.6 0 0 1 3.7 3.7l-1.5 1.5M8.5 11.2 7 12.7A2.6 2.6 0 0 1 3.3 9l1.5-1.5",
  save: "M3 2.5h8l2.5 2.5v8.5H2.5v-11zM5 2.5v4h5v-4M5 13.5v-4h6v4",
  before: "M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6.2a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6z",
};

export type Icon = keyof typeof ICONS;

/** An element with a class, and what is in it. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className = "",
  ...inside: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...inside);
  return made;
}

/** A button with an icon; `name` is read out and shown as a hint. */
export function iconButton(icon: Icon, name: string, pressed: () => void): HTMLButtonElement {
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("viewBox", "0 0 16 16");
  picture.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", ICONS[icon]);
  picture.append(path);
  const button = element("button");
  button.append(picture);
  button.type = "button";
  button.title = name;
  button.setAttribute("aria-label", name);
  button.addEventListener("click", pressed);
  return button;
}
