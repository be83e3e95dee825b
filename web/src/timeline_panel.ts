// The panel of a timeline: lanes of keys, and a face that shows the time that is looked at.
import { browserId, idsOf, keepKeysIn, keepStep, linked, onWidget, setWidget } from "./comfyui";
import { GROUPS, oppositeOf, stemOf } from "./control_values";
import { sourcesOf, type Source } from "./preview_source";
import { askJson, askPicture, Newest, type Picture } from "./server";
import { element, iconButton } from "./style";
import { text, type TextKey } from "./texts";
import { KeyRow, type KeyChange } from "./timeline_key_row";
import { handlesOf, TimelineModel, type Tracks } from "./timeline_model";
import { rangeOf, titleOf } from "./timeline_paint";
import { Player, TextSteps } from "./timeline_steps";
import { TimelineView } from "./timeline_view";

export const WIDGET = "timeline";
const FACE_PX = 320;
const SETTLE_MS = 250;
const FAR_FRAMES = 10;

/** What was connected in the last run of a node, by the id of the run. */
export const BENEATH = new Map<string, string>();

interface Asked {
  source: Source;
  time_s: number;
}

/** What stands on one node. */
export class Panel {
  readonly root = element("div", "lps");
  private readonly model = new TimelineModel();
  private readonly view: TimelineView;
  private readonly keyRow: KeyRow;
  private readonly face = element("canvas");
  private readonly said = element("div", "lps-said");
  private readonly written = element("textarea", "lps-text");
  private readonly length = element("input");
  private readonly undoButton: HTMLButtonElement;
  private readonly redoButton: HTMLButtonElement;
  private readonly loopButton: HTMLButtonElement;
  private readonly playButton: HTMLButtonElement;
  private readonly readings: Newest<string, Tracks>;
  private readonly pictures: Newest<Asked, Picture>;
  private source: Source | null = null;
  private readonly steps: TextSteps;
  private readonly player = new Player(
    (t) => this.view.goTo(t),
    (isPlaying) => this.playButton.setAttribute("aria-pressed", String(isPlaying)),
  );
  private settling: number | undefined;
  private setting = false;

  constructor(
    private readonly node: ComfyNode,
    private readonly widget: ComfyWidget,
  ) {
    this.steps = new TextSteps(() => `${node.graph?.id ?? ""}:${node.id}`, String(widget.value));
    this.view = new TimelineView(this.model, {
      scrubbed: () => this.want(),
      chose: () => this.chose(),
      changed: (whole) => this.edited(whole),
    });
    this.keyRow = new KeyRow((what, whole) => this.setKey(what, whole));
    this.readings = new Newest(
      (wanted) => askJson<Tracks>("timeline", { timeline: wanted, beneath: this.beneath() }),
      (tracks, wanted) => this.show(tracks, wanted),
      (sentence) => this.say(sentence, true),
    );
    this.pictures = new Newest(
      (asked) => this.ask(asked),
      (picture) => this.draw(picture),
      (sentence) => this.say(sentence, true),
      () => (this.root.ariaBusy = "false"),
    );
    this.undoButton = iconButton("undo", text("undo"), () => this.step(false));
    this.redoButton = iconButton("redo", text("redo"), () => this.step(true));
    this.loopButton = iconButton("loop", text("timeline.loop"), () => this.setLoop());
    this.playButton = iconButton("play", text("timeline.play"), () => this.play());
    this.build();
    onWidget(widget, () => {
      if (!this.setting) this.noticed();
    });
    this.chose();
    this.refresh();
  }

  /** Look at the graph again, soon: its source, its model or what lies beneath may be others now. */
  look(): void {
    window.clearTimeout(this.settling);
    this.settling = window.setTimeout(() => void this.lookNow(), SETTLE_MS);
  }

  /** Somebody else set the text. */
  private noticed(): void {
    this.steps.noticed(String(this.widget.value));
    this.read();
  }

  private read(): void {
    // what is being written there is not taken away
    if (document.activeElement !== this.written) this.written.value = String(this.widget.value);
    this.readings.want(String(this.widget.value));
  }

  private async lookNow(): Promise<void> {
    if (!this.root.isConnected || this.view.dragging) return;
    this.noticed();
    const found = await sourcesOf(this.node);
    this.source = found === null || found === "run" ? null : found.source;
    if (this.source) this.want();
    else if (found === "run") this.say(text("runOnce"));
    else this.say(text("timeline.connect"));
  }

  private build(): void {
    this.face.width = this.face.height = FACE_PX;
    this.face.setAttribute("role", "img");
    this.face.setAttribute("aria-label", text("timeline.face"));
    this.said.setAttribute("role", "status");
    this.view.canvas.setAttribute("aria-label", text("timeline.keys"));
    this.view.canvas.title = text("timeline.keys");
    this.root.setAttribute("role", "group");
    this.root.setAttribute("aria-label", text("timeline.title"));
    this.written.hidden = true;
    this.written.spellcheck = false;
    this.written.setAttribute("aria-label", text("timeline.text"));
    this.written.addEventListener("change", () => this.setText(this.written.value, true));
    this.root.append(
      element("div", "lps-face", this.face),
      this.buttons(),
      this.view.root,
      this.written,
      this.keyRow.root,
      this.said,
    );
    keepKeysIn(this.root, (event) => this.key(event));
  }

  private buttons(): HTMLElement {
    const textButton = iconButton("text", text("timeline.text"), () => {
      this.written.hidden = !this.written.hidden;
      this.view.root.hidden = !this.written.hidden;
      textButton.setAttribute("aria-pressed", String(!this.written.hidden));
      this.view.draw();
    });
    textButton.setAttribute("aria-pressed", "false");
    Object.assign(this.length, { type: "number", min: "0.1", step: "0.1", title: text("timeline.length") });
    this.length.setAttribute("aria-label", text("timeline.length"));
    this.length.placeholder = text("timeline.auto");
    this.length.addEventListener("change", () => {
      this.model.stated.length_s = this.length.value ? Number(this.length.value) : null;
      this.edited(true);
    });
    return element(
      "div",
      "lps-row",
      this.playButton,
      this.undoButton,
      this.redoButton,
      this.laneMenu(),
      iconButton("addKey", text("timeline.addKey"), () => this.addKey()),
      iconButton("removeKey", text("timeline.removeKey"), () => this.removeKey()),
      iconButton("link", text("timeline.split"), () => this.split()),
      iconButton("zoomOut", text("timeline.zoomOut"), () => this.view.zoom(-2)),
      iconButton("fit", text("timeline.fit"), () => this.view.fit()),
      iconButton("zoomIn", text("timeline.zoomIn"), () => this.view.zoom(2)),
      this.length,
      this.loopButton,
      textButton,
    );
  }

  /** A menu of the controls; the chosen one gets a lane with a key at the time that is looked at. */
  private laneMenu(): HTMLSelectElement {
    const menu = element("select");
    menu.setAttribute("aria-label", text("timeline.addLane"));
    menu.append(new Option(text("timeline.addLane"), ""));
    for (const [group, names] of Object.entries(GROUPS)) {
      const part = element("optgroup");
      part.label = text(`group.${group}` as TextKey);
      for (const name of names) {
        const isRight = oppositeOf(name) && name.includes("right");
        if (!isRight) part.append(new Option(text(stemOf(name) as TextKey), name));
      }
      menu.append(part);
    }
    menu.addEventListener("change", () => {
      if (menu.value) this.addKey(menu.value);
      menu.value = "";
    });
    return menu;
  }

  private addKey(name?: string): void {
    const { tracks, now } = this.view;
    const lane = name ? this.model.laneOf(name) : this.view.chosen.lane;
    if (!tracks || !lane) return;
    const value = tracks.lanes[lane.names[0] ?? ""]?.values[Math.round(now * tracks.fps)];
    this.view.choose(lane, this.model.put(lane, now, value ?? rangeOf(tracks, lane)[1]));
    this.edited(true);
  }

  private removeKey(): void {
    const { lane, key } = this.view.chosen;
    if (!lane || !key) return;
    this.model.remove(lane, key);
    this.view.choose(this.model.lanes.includes(lane) ? lane : null, null);
    this.edited(true);
  }

  private split(): void {
    const { lane } = this.view.chosen;
    if (!lane) return;
    this.model.split(lane);
    this.view.choose(lane, null);
    this.edited(true);
  }

  private setLoop(): void {
    this.model.stated.loop = !this.model.stated.loop;
    this.edited(true);
  }

  private setKey({ t, v, easing }: KeyChange, whole: boolean): void {
    const { lane, key } = this.view.chosen;
    if (!lane || !key || !this.view.tracks) return;
    const [low, , high] = rangeOf(this.view.tracks, lane);
    if (t !== undefined && Number.isFinite(t)) this.model.moveKey(lane, key, t);
    if (v !== undefined && Number.isFinite(v)) key.v = Math.min(high, Math.max(low, v));
    if (easing !== undefined) key.easing = easing === "bezier" ? [...handlesOf(key.easing)] : easing;
    this.edited(whole);
  }

  /** Keys, segments or settings are others now: so is the text. */
  private edited(whole: boolean): void {
    this.setText(this.model.text(), whole);
    this.chose();
  }

  private setText(wanted: string, whole: boolean): void {
    this.setting = true;
    setWidget(this.node, this.widget, wanted);
    this.setting = false;
    if (whole && this.steps.keep(wanted)) keepStep();
    this.read();
    this.want();
    this.refresh();
  }

  private step(forward: boolean): void {
    const wanted = this.steps.step(forward);
    if (wanted === undefined) return;
    this.setText(wanted, false);
    keepStep();
  }

  private show(tracks: Tracks, wanted: string): void {
    if (this.view.dragging) {
      this.view.show(tracks);
      return;
    }
    if (wanted !== String(this.widget.value)) return;
    const { lane, key } = this.view.chosen;
    this.model.read(tracks);
    this.view.chooseLike(lane?.names ?? [], key?.t ?? null);
    this.view.show(tracks);
    this.chose();
    this.refresh();
    this.say(linked(this.node, WIDGET) ? text("timeline.linked") : "");
  }

  /** Tell of the key that is chosen. */
  private chose(): void {
    const { lane, key } = this.view.chosen;
    const range: [number, number, number] = lane && this.view.tracks ? rangeOf(this.view.tracks, lane) : [-1, 0, 1];
    this.keyRow.show(lane, key, range);
  }

  private refresh(): void {
    this.undoButton.disabled = !this.steps.canStep(false);
    this.redoButton.disabled = !this.steps.canStep(true);
    this.loopButton.setAttribute("aria-pressed", String(this.model.stated.loop));
    const { length_s } = this.model.stated;
    if (document.activeElement !== this.length) this.length.value = length_s === null ? "" : String(length_s);
  }

  private play(): void {
    const { view, model } = this;
    if (this.player.isPlaying) this.player.stop();
    else this.player.start(view.now, view.tracks?.length_s ?? 0, () => model.stated.loop && this.root.isConnected);
  }

  private want(): void {
    if (!this.source || !this.root.isConnected) return;
    this.root.ariaBusy = "true";
    this.pictures.want({ source: this.source, time_s: this.view.now });
  }

  private ask({ source, time_s }: Asked): Promise<Picture | null> {
    const values = { timeline: String(this.widget.value), time_s, beneath: this.beneath() };
    return askPicture("preview/timeline", { sender: this.sender(), source, values, view: "face", side_px: FACE_PX });
  }

  private async draw({ jpeg, about }: Picture): Promise<void> {
    const picture = await createImageBitmap(jpeg);
    this.face.getContext("2d")?.drawImage(picture, 0, 0, FACE_PX, FACE_PX);
    picture.close();
    const { note } = about as { note?: string };
    if (note) this.say(note);
  }

  private sender(): string {
    return `${browserId()}:${idsOf(this.node)[0] ?? ""}`;
  }

  private beneath(): string | null {
    return BENEATH.get(idsOf(this.node)[0] ?? "") ?? null;
  }

  private key(event: KeyboardEvent): void {
    const command = event.ctrlKey || event.metaKey;
    const typed = event.key.toLowerCase();
    if (command && (typed === "z" || typed === "y") && event.target !== this.written) {
      event.preventDefault();
      this.step(typed === "y" || event.shiftKey);
    } else if (event.target === this.view.canvas && !command && this.canvasKey(event)) {
      event.preventDefault();
    }
  }

  /** A key pressed on the canvas; whether it does something there. */
  private canvasKey(event: KeyboardEvent): boolean {
    const { lane, key } = this.view.chosen;
    const fps = this.view.tracks?.fps ?? 25;
    const frames = (event.shiftKey ? FAR_FRAMES : 1) / fps;
    const sideways = { ArrowLeft: -frames, ArrowRight: frames }[event.key];
    const upwards = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (sideways !== undefined) {
      if (event.altKey && key) this.setKey({ t: Math.round((key.t + sideways) * fps) / fps }, true);
      else this.view.goTo(this.view.now + sideways);
    } else if (upwards !== undefined) {
      if (event.altKey && lane && key && this.view.tracks) {
        const [low, , high] = rangeOf(this.view.tracks, lane);
        this.setKey({ v: key.v + (upwards * (high - low)) / 40 }, true);
      } else this.walk(-upwards);
    } else if (event.key === "Tab" || event.key === "Escape") return false;
    else if (event.key === "[" || event.key === "]") this.nextKey(event.key === "]" ? 1 : -1);
    else if (event.key === "Home") this.view.goTo(0);
    else if (event.key === "End") this.view.goTo(Infinity);
    else if (event.key === " ") this.play();
    else if (event.key === "Enter") this.addKey();
    else if (event.key === "Delete" || event.key === "Backspace") this.removeKey();
    else if (event.key === "+" || event.key === "-") this.view.zoom(event.key === "+" ? 1 : -1);
    else return false;
    return true;
  }

  /** Choose the lane above or below. */
  private walk(step: number): void {
    const { lanes } = this.model;
    const at = this.view.chosen.lane ? lanes.indexOf(this.view.chosen.lane) : step > 0 ? -1 : 0;
    const lane = lanes[(at + step + lanes.length) % lanes.length];
    if (lane) this.tell(() => this.view.choose(lane, null));
  }

  /** Choose the next key of the lane, and look at its time. */
  private nextKey(step: number): void {
    const { lane, key } = this.view.chosen;
    if (!lane) return;
    const at = key ? lane.keys.indexOf(key) : step > 0 ? -1 : 0;
    const next = lane.keys[(at + step + lane.keys.length) % lane.keys.length];
    if (!next) return;
    this.tell(() => this.view.choose(lane, next));
    this.view.goTo(next.t);
  }

  /** Do something and say what is chosen then, for those who hear it. */
  private tell(run: () => void): void {
    run();
    const { lane, key } = this.view.chosen;
    if (!lane) return;
    const place = key ? text("timeline.keyOf", lane.keys.indexOf(key) + 1, lane.keys.length, key.t, key.v) : "";
    this.say(`${titleOf(lane)} ${place}`.trim());
  }

  private say(sentence: string, wrong = false): void {
    this.said.textContent = sentence;
    this.said.classList.toggle("lps-wrong", wrong);
  }
}
