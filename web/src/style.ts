// The look of our parts, in the colours of ComfyUI's own theme, dark or light.
const SHEET = `
.lps { --lps-accent: #2b72cc; display: flex; flex-direction: column; gap: 6px; box-sizing: border-box; width: 100%; height: 100%;
  min-height: 0; padding: 4px; color: var(--input-text, #ddd); font: 12px/1.3 system-ui, sans-serif;
  touch-action: none; }
.lps input[type="range"] { touch-action: none; }
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
.lps-side { color: var(--descrip-text, #999); font-size: 11px; }
.lps-wide { grid-column: span 2; }
.lps-one { display: flex; align-items: center; gap: 5px; min-width: 0; }
.lps-one input { flex: 1; min-width: 0; height: 20px; margin: 0; accent-color: var(--lps-accent); }
.lps-one output { width: 34px; text-align: right; font-variant-numeric: tabular-nums; }
.lps-timeline { flex: 2 1 0; min-height: 150px; overflow: hidden auto; border: 1px solid var(--border-color, #4e4e4e); border-radius: 6px; }
.lps-timeline canvas { display: block; width: 100%; touch-action: none; }
.lps .lps-text { flex: 2 1 0; min-height: 150px; resize: none; font: 12px/1.4 ui-monospace, monospace; }
.lps .lps-text { touch-action: pan-y; }
.lps .lps-text, .lps input[type="number"] { box-sizing: border-box; border: 1px solid var(--border-color, #4e4e4e); border-radius: 6px;
  background: var(--comfy-input-bg, #222); color: inherit; }
.lps input[type="number"] { width: 64px; height: 26px; font: inherit; padding: 0 4px; }
.lps-key { align-items: center; min-height: 26px; }
.lps-key span { min-width: 90px; }
.lps-segment label { display: flex; align-items: center; gap: 3px; color: var(--descrip-text, #999); }
.lps .lps-segment input[type="number"] { width: 50px; }
.lps .lps-segment select { flex: 0 1 92px; }
.lps-film { flex-wrap: nowrap; align-items: center; }
.lps-film input { flex: 1; min-width: 60px; margin: 0; accent-color: var(--lps-accent); }
.lps-film output { min-width: 56px; text-align: right; font-variant-numeric: tabular-nums; }
.lps-key input[type="range"] { flex: 1; min-width: 60px; accent-color: var(--lps-accent); }
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
  play: "M4.5 3v10l8-5z",
  loop: "M3 8V6.5A2.5 2.5 0 0 1 5.5 4H13M11 2l2 2-2 2M13 8v1.5a2.5 2.5 0 0 1-2.5 2.5H3M5 10l-2 2 2 2",
  addKey: "M6.5 4 10 7.5 6.5 11 3 7.5zM12 10v4M10 12h4",
  removeKey: "M6.5 4 10 7.5 6.5 11 3 7.5zM10 12h4",
  zoomIn: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3 14 14M7 5v4M5 7h4",
  zoomOut: "M7 2.5a4.5 4.5 0 1 0 0 9 4.5 4.5 0 0 0 0-9zM10.3 10.3 14 14M5 7h4",
  fit: "M2.5 3v10M13.5 3v10M5 8h6M6.5 6.2 4.7 8l1.8 1.8M9.5 6.2 11.3 8 9.5 9.8",
  text: "M3 4h10M3 7h7M3 10h9M3 13h5",
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
