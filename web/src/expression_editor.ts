// Expression Editor: a close-up of the face on the node that changes while it is dragged.
import { hide, idsOf, keepKeysIn, linked, onWidget, panelsAreDrawn, register, runNode, senderOf, takeKey } from "./comfyui";
import { ControlRows } from "./control_rows";
import { ControlValues, otherWidget, type Values } from "./control_values";
import { FaceCanvas, type Handles } from "./face_canvas";
import { type Film, FilmRow } from "./film_row";
import { NamedExpressions } from "./named_expressions";
import { Panels } from "./panels";
import { noteSeen, sourcesOf, type Sources } from "./preview_source";
import { Said } from "./said";
import { askJson, askPicture, Newest, type Picture, ServerError } from "./server";
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
  private readonly said = new Said();
  private readonly film = new FilmRow(() => this.want());
  private readonly people = element("div", "lps-row lps-faces");
  private readonly undo: HTMLButtonElement;
  private readonly redo: HTMLButtonElement;
  private readonly newest: Newest<Asked, Picture>;
  private sources: Sources | null = null;
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
      say: (sentence) => this.said.tell(sentence),
    });
    this.undo = iconButton("undo", text("undo"), () => this.values.undo());
    this.redo = iconButton("redo", text("redo"), () => this.values.redo());
    this.newest = new Newest(
      (asked) => this.ask(asked),
      (picture, asked) => this.show(picture, asked),
      (error, { source }) => {
        this.failed("picture", error);
        void this.showPeople(source);
      },
      () => this.root.setAttribute("aria-busy", "false"),
    );
    for (const name of LIKE) {
      const widget = otherWidget(node, name);
      if (widget) onWidget(widget, () => this.want());
    }
    const person = otherWidget(node, "like_face_index");
    if (person) onWidget(person, () => this.look());
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", text("editor"));
    this.root.append(
      this.buttons(),
      this.named.row,
      element("div", "lps-face", this.face.canvas),
      this.film.root,
      this.people,
      this.said.root,
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

  look(): void {
    window.clearTimeout(this.settling);
    const look = () => this.lookNow().catch((error: Error) => this.failed("source", error));
    this.settling = window.setTimeout(() => void look(), SETTLE_MS);
  }

  lost(isGone: boolean): void {
    this.said.about("server", isGone ? text("noAnswer") : "");
    if (!isGone) this.sources = null; // to be asked for anew
  }

  private async lookNow(): Promise<void> {
    if (!this.root.isConnected) return;
    await this.unfold();
    const found = await sourcesOf(this.node);
    if (found === null || found === "run") {
      this.sources = null;
      this.said.about("picture");
      this.said.about("source", ...(found ? this.toRun() : [text("connectSource")]));
      return;
    }
    this.said.about("source");
    if (!this.sources) void this.named.refresh();
    const isNew = JSON.stringify(found) !== JSON.stringify(this.sources);
    this.sources = found;
    this.rows.refresh();
    if (isNew) this.said.tell(text("loading"));
    if (isNew || this.said.isWrong("picture") || this.said.isWrong("server")) this.want();
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
    const source = { ...this.sources.source, at_s: this.film.at_s };
    this.newest.want({ ...this.sources, source, values, view });
  }

  private ask(asked: Asked): Promise<Picture | null> {
    return askPicture(ROUTE, { ...asked, sender: senderOf(this.node), side_px: SIDE_PX });
  }

  private async show({ jpeg, about }: Picture, { source, view }: Asked): Promise<void> {
    const { handles, note, film } = about as { handles: Handles; note: string; film: Film | null };
    this.face.show(await createImageBitmap(jpeg), view === "face" ? handles : null);
    this.film.show(film);
    this.said.about("server");
    this.said.about("picture");
    this.said.tell(note);
    void this.showPeople(source);
  }

  private failed(topic: "source" | "picture", error: Error): void {
    const isGone = error instanceof ServerError && !error.answered;
    this.said.about(isGone ? "server" : topic, error.message);
  }

  /** The faces of a picture that shows several, to choose one. */
  private async showPeople(source: Sources["source"]): Promise<void> {
    const key = JSON.stringify({ ...source, face_index: 0, at_s: 0 });
    if (key !== this.peopleOf) {
      this.peopleOf = key;
      this.people.replaceChildren();
      const { faces } = await askJson<{ faces: string[] }>("faces", source).catch(() => {
        this.peopleOf = "";
        return { faces: [] };
      });
      // one face alone is offered where another one is chosen, which is not there
      if (key !== this.peopleOf || (faces.length < 2 && source.face_index < faces.length)) return;
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
      this.failed("picture", error as Error);
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
      if (!found) this.said.tell(text("nothingToPaste"));
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
    takeKey(event);
    run();
  }

  private toRun(): (string | Node)[] {
    const button = element("button", "", text("run"));
    button.type = "button";
    button.addEventListener("click", () => {
      const [id] = idsOf(this.node);
      if (id) void runNode(id);
    });
    return [`${text("runOnce")} `, button];
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
