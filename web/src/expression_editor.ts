// Expression Editor: a close-up of the face on the node that changes while it is dragged.
import { browserId, hide, idsOf, keepKeysIn, linked, onWidget, panelsAreDrawn, register, runNode } from "./comfyui";
import { ControlRows } from "./control_rows";
import { ControlValues, otherWidget, type Values } from "./control_values";
import { FaceCanvas, type Handles } from "./face_canvas";
import { NamedExpressions } from "./named_expressions";
import { Panels } from "./panels";
import { noteSeen, sourcesOf, type Sources } from "./preview_source";
import { askJson, askPicture, Newest, type Picture } from "./server";
import { element, iconButton } from "./style";
import { text } from "./texts";

const NODE = "LPS_ExpressionEditor";
const SEEN_KEY = "lps_seen";
const SIDE_PX = 512;
const SETTLE_MS = 250;
const ROUTE = "preview/expression";

/** Widgets that only programs set, and their values at rest. */
const ASKED: Record<string, unknown> = { preset: "none", words: "" };

/** How the expression of a photo is added. */
const LIKE = ["like_parts", "like_strength"];

interface Asked extends Sources {
  values: Record<string, unknown>;
  view: "face" | "before";
}

const PANELS = new Panels({ name: "editor", size: [400, 810], heightPx: 480 });

/** What stands on one node. */
class Panel {
  readonly root = element("div", "lps");
  private readonly values: ControlValues;
  private readonly face: FaceCanvas;
  private readonly rows: ControlRows;
  private readonly named: NamedExpressions;
  private readonly said = element("div", "lps-said");
  private readonly people = element("div", "lps-row lps-faces");
  private readonly undo: HTMLButtonElement;
  private readonly redo: HTMLButtonElement;
  private readonly newest: Newest<Asked, Picture>;
  private sources: Sources | null = null;
  private failed = false;
  private peopleOf = "";
  private sidesLinked = true;
  private settling: number | undefined;

  constructor(private readonly node: ComfyNode) {
    this.values = new ControlValues(node, () => this.changed());
    const both = () => this.sidesLinked;
    const done = (before: Values) => this.done(before);
    this.face = new FaceCanvas(this.values, both, done, text("editor"), text("editorKeys"));
    this.rows = new ControlRows(this.values, both, done);
    this.named = new NamedExpressions({
      take: (controls, over) =>
        this.change(() => this.values.set({ ...(over ? {} : this.values.rest()), ...controls })),
      values: () => this.values.values(),
      say: (sentence, wrong) => this.say(sentence, wrong),
    });
    this.undo = iconButton("undo", text("undo"), () => this.values.undo());
    this.redo = iconButton("redo", text("redo"), () => this.values.redo());
    this.newest = new Newest(
      (asked) => this.ask(asked),
      (picture, asked) => this.show(picture, asked),
      (sentence) => {
        this.failed = true;
        this.say(sentence, true);
      },
      () => this.root.setAttribute("aria-busy", "false"),
    );
    for (const name of LIKE) {
      const widget = otherWidget(node, name);
      if (widget) onWidget(widget, () => this.want());
    }
    this.said.setAttribute("role", "status");
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", text("editor"));
    this.root.append(
      this.buttons(),
      this.named.row,
      element("div", "lps-face", this.face.canvas),
      this.people,
      this.said,
      this.rows.tabs,
      this.rows.rows,
    );
    keepKeysIn(this.root, (event) => this.key(event));
    this.refreshSteps();
  }

  /** The widgets that this stands for. */
  get widgets(): ComfyWidget[] {
    const asked = Object.keys(ASKED).map((name) => otherWidget(this.node, name));
    return [...this.values.all, ...asked].filter((widget) => widget !== undefined);
  }

  /** Look at the graph again, soon: its source or its model may be others now. */
  look(): void {
    window.clearTimeout(this.settling);
    const look = () => this.lookNow().catch((error: Error) => this.say(error.message, true));
    this.settling = window.setTimeout(() => void look(), SETTLE_MS);
  }

  private async lookNow(): Promise<void> {
    if (!this.root.isConnected) return;
    await this.unfold();
    const found = await sourcesOf(this.node);
    if (found === null || found === "run") {
      this.sources = null;
      if (found) this.sayToRun();
      else this.say(text("connectSource"));
      return;
    }
    if (!this.sources) void this.named.refresh();
    const isNew = JSON.stringify(found) !== JSON.stringify(this.sources);
    this.sources = found;
    this.rows.refresh();
    if (!isNew && !this.failed) return;
    this.say(text("loading"));
    this.want();
  }

  /** A preset and words that came with the workflow become sliders, which say the same. */
  private async unfold(): Promise<void> {
    const given = Object.entries(ASKED).filter(
      ([name, rest]) => !linked(this.node, name) && otherWidget(this.node, name)?.value !== rest,
    );
    if (!given.length) return;
    const values = Object.fromEntries(
      given.map(([name]) => [name, otherWidget(this.node, name)?.value]),
    );
    const body = { values: { ...values, ...this.values.values() } };
    try {
      const { controls } = await askJson<{ controls: Values }>("controls", body);
      this.values.set(controls);
    } catch (error) {
      this.named.offer(String(values["words"] ?? ""));
      throw error;
    } finally {
      for (const [name, rest] of given) this.values.setOther(name, rest);
    }
  }

  private buttons(): HTMLElement {
    const link = iconButton("link", text("link"), () => {
      this.sidesLinked = !this.sidesLinked;
      link.setAttribute("aria-pressed", String(this.sidesLinked));
    });
    link.setAttribute("aria-pressed", "true");
    const before = iconButton("before", text("before"), () => undefined);
    const see = (view: Asked["view"]) => () => this.want(view);
    before.addEventListener("pointerdown", see("before"));
    before.addEventListener("keydown", (event) => {
      if (event.key === " " || event.key === "Enter") this.want("before");
    });
    for (const end of ["pointerup", "pointerleave", "keyup", "blur"]) {
      before.addEventListener(end, see("face"));
    }
    return element(
      "div",
      "lps-row",
      this.undo,
      this.redo,
      iconButton("reset", text("reset"), () => this.change(() => this.values.set(this.values.rest()))),
      iconButton("random", text("random"), () => void this.random()),
      iconButton("copy", text("copy"), () => void this.copy()),
      iconButton("paste", text("paste"), () => void this.paste()),
      link,
      before,
    );
  }

  private changed(): void {
    this.rows.refresh();
    this.refreshSteps();
    this.want();
  }

  private done(before: Values): void {
    this.values.keep(before);
    this.refreshSteps();
  }

  private change(run: () => void): void {
    const before = this.values.values();
    run();
    this.done(before);
  }

  private refreshSteps(): void {
    this.undo.disabled = !this.values.canUndo;
    this.redo.disabled = !this.values.canRedo;
  }

  private want(view: Asked["view"] = "face"): void {
    if (!this.sources || !this.root.isConnected) return;
    const like = LIKE.map((name) => [name, otherWidget(this.node, name)?.value]);
    const values = { ...this.values.values(), ...Object.fromEntries(like) };
    this.root.setAttribute("aria-busy", "true");
    this.newest.want({ ...this.sources, values, view });
  }

  private ask(asked: Asked): Promise<Picture | null> {
    const sender = `${browserId()}:${idsOf(this.node)[0] ?? ""}`;
    return askPicture(ROUTE, { ...asked, sender, side_px: SIDE_PX });
  }

  private async show({ jpeg, about }: Picture, { source, view }: Asked): Promise<void> {
    this.failed = false;
    const { handles, note } = about as { handles: Handles; note: string };
    this.face.show(await createImageBitmap(jpeg), view === "face" ? handles : null);
    this.say(note);
    void this.showPeople(source);
  }

  /** The faces of a picture that shows several, to choose one. */
  private async showPeople(source: Sources["source"]): Promise<void> {
    const key = JSON.stringify({ ...source, face_index: 0 });
    if (key !== this.peopleOf) {
      this.peopleOf = key;
      this.people.replaceChildren();
      const { faces } = await askJson<{ faces: string[] }>("faces", source).catch(() => ({ faces: [] }));
      if (key !== this.peopleOf || faces.length < 2) return;
      faces.forEach((jpeg, index) => {
        const name = text("chooseFace", index + 1, faces.length);
        const image = element("img");
        image.src = `data:image/jpeg;base64,${jpeg}`;
        image.alt = name;
        const button = element("button", "", image);
        button.type = "button";
        button.title = name;
        button.addEventListener("click", () => this.chooseFace(index));
        this.people.append(button);
      });
    }
    [...this.people.children].forEach((button, index) => {
      button.setAttribute("aria-pressed", String(index === source.face_index));
    });
  }

  private chooseFace(index: number): void {
    this.values.setOther("face_index", index);
    this.look();
  }

  private async random(): Promise<void> {
    const seed = Math.floor(Math.random() * 2 ** 31);
    try {
      const { controls } = await askJson<{ controls: Values }>("random", { seed });
      this.change(() => this.values.set({ ...this.values.rest(), ...controls }));
    } catch (error) {
      this.say(String((error as Error).message), true);
    }
  }

  private async copy(): Promise<void> {
    CLIPBOARD.text = this.values.asText();
    await navigator.clipboard?.writeText(CLIPBOARD.text).catch(() => undefined);
  }

  private async paste(): Promise<void> {
    const read = await navigator.clipboard?.readText().catch(() => "");
    this.change(() => {
      const found = this.values.fromText(read ?? "") || this.values.fromText(CLIPBOARD.text);
      if (!found) this.say(text("nothingToPaste"), true);
    });
  }

  private key(event: KeyboardEvent): void {
    if (!(event.ctrlKey || event.metaKey)) return;
    const does: Record<string, () => void> = {
      z: () => (event.shiftKey ? this.values.redo() : this.values.undo()),
      y: () => this.values.redo(),
      c: () => void this.copy(),
      v: () => void this.paste(),
    };
    const run = does[event.key.toLowerCase()];
    if (!run) return;
    event.preventDefault();
    run();
  }

  private say(sentence: string, wrong = false): void {
    this.said.textContent = sentence;
    this.said.classList.toggle("lps-wrong", wrong);
  }

  private sayToRun(): void {
    this.say(`${text("runOnce")} `);
    const button = element("button", "", text("run"));
    button.type = "button";
    button.addEventListener("click", () => {
      const [id] = idsOf(this.node);
      if (id) void runNode(id);
    });
    this.said.append(button);
  }
}

/** Where the browser lets no page read its clipboard. */
const CLIPBOARD = { text: "" };

function nodeCreated(node: ComfyNode): void {
  if (node.comfyClass !== NODE || !panelsAreDrawn()) return;
  const panel = new Panel(node);
  for (const widget of panel.widgets) hide(widget);
  PANELS.add(node, panel);
}

function setup(): void {
  PANELS.listen((id, output) => {
    const keys = output[SEEN_KEY];
    return keys && noteSeen(id, keys);
  });
}

register({ name: "LivePortraitSuite.ExpressionEditor", nodeCreated, setup });
