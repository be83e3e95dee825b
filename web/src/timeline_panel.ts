// The panel of a timeline: lanes of keys, and a face that shows the time that is looked at.
import { keepKeysIn, keepStep, linked, onWidget, senderOf, setWidget, takeKey } from "./comfyui";
import { type Beneath, beneathOf, MOTIONS, sourcesOf, type Source } from "./preview_source";
import { Said } from "./said";
import { askJson, askPicture, Newest, type Picture, ServerError } from "./server";
import { element } from "./style";
import { text } from "./texts";
import { KeyRow, type KeyChange } from "./timeline_key_row";
import { TimelineKeyboard } from "./timeline_keyboard";
import { rounded } from "./timeline_lines";
import { handlesOf, type Segment, TimelineModel, type Tracks, valueAt } from "./timeline_model";
import { rangeOf } from "./timeline_paint";
import { SegmentRow } from "./timeline_segment_row";
import { Player, TextSteps } from "./timeline_steps";
import { ToolRow } from "./timeline_tools";
import { TimelineView } from "./timeline_view";

export const WIDGET = "timeline";
const FACE_PX = 320;
const SETTLE_MS = 250;

/** What is to be read: a text, and what lies beneath it. */
interface Reading {
  timeline: string;
  beneath: Beneath;
}

interface Asked {
  source: Source;
  values: Reading & { time_s: number };
}

const NOTHING: Beneath = { run: null, audio: null, motions: null };

/** What stands on one node. */
export class Panel {
  readonly root = element("div", "lps");
  private readonly model = new TimelineModel();
  private readonly view: TimelineView;
  private readonly keyRow: KeyRow;
  private readonly segmentRow: SegmentRow;
  private readonly tools: ToolRow;
  private readonly keyboard: TimelineKeyboard;
  private readonly face = element("canvas");
  private readonly said = new Said();
  private readonly written = element("textarea", "lps-text");
  private readonly readings: Newest<Reading, Tracks>;
  private readonly pictures: Newest<Asked, Picture>;
  private readonly steps: TextSteps;
  private readonly player: Player;
  private source: Source | null = null;
  private beneath: Beneath = NOTHING;
  private settling: number | undefined;
  private setting = false;
  /** Whether the text is shown because it cannot be read, and nobody asked for it. */
  private mending = false;

  constructor(
    private readonly node: ComfyNode,
    private readonly widget: ComfyWidget,
  ) {
    this.steps = new TextSteps(() => `${node.graph?.id ?? ""}:${node.id}`, String(widget.value));
    this.view = new TimelineView(this.model, {
      scrubbed: () => this.want(),
      chose: () => this.chose(),
      changed: (whole) => this.edited(whole),
      ended: () => this.look(),
      editable: () => this.editable(),
    });
    this.keyRow = new KeyRow((what, whole) => this.setKey(what, whole));
    this.segmentRow = new SegmentRow((what) => this.setSegment(what));
    this.tools = this.makeTools();
    this.player = new Player((t) => this.view.goTo(t), (isPlaying) => this.tools.playing(isPlaying));
    this.keyboard = new TimelineKeyboard(this.view, {
      setKey: (change) => this.setKey(change, true),
      setSegment: (change) => this.setSegment(change),
      addKey: () => this.addKey(),
      remove: () => this.remove(),
      play: () => this.play(),
      tell: (sentence) => this.said.tell(sentence),
    });
    this.readings = new Newest(
      (wanted) => askJson<Tracks>("timeline", wanted),
      (tracks, { timeline }) => this.show(tracks, timeline),
      (error) => this.failed("text", error),
    );
    this.pictures = new Newest(
      (asked) => askPicture("preview/timeline", { ...asked, sender: senderOf(node), view: "face", side_px: FACE_PX }),
      (picture) => this.draw(picture),
      (error) => this.failed("picture", error),
      () => (this.root.ariaBusy = "false"),
    );
    this.build();
    onWidget(widget, () => {
      if (!this.setting) this.noticed();
    });
    this.chose();
    this.refresh();
  }

  look(): void {
    window.clearTimeout(this.settling);
    const look = () => this.lookNow().catch((error: Error) => this.failed("source", error));
    this.settling = window.setTimeout(() => void look(), SETTLE_MS);
  }

  lost(isGone: boolean): void {
    this.said.about("server", isGone ? text("noAnswer") : "");
  }

  /** Somebody else set the text. */
  private noticed(): void {
    this.steps.noticed(String(this.widget.value));
    this.read();
  }

  private read(): void {
    const timeline = String(this.widget.value);
    // what is being written there is not taken away
    if (document.activeElement !== this.written) this.written.value = timeline;
    this.readings.want({ timeline, beneath: this.beneath });
  }

  private async lookNow(): Promise<void> {
    if (!this.root.isConnected) return;
    this.beneath = await beneathOf(this.node);
    if (!this.view.dragging) this.noticed();
    const found = await sourcesOf(this.node);
    this.source = found === null || found === "run" ? null : found.source;
    this.said.about("source", this.source ? "" : text(found === "run" ? "runOnce" : "timeline.connect"));
    if (this.source) this.want();
    else this.said.about("picture");
  }

  private makeTools(): ToolRow {
    return new ToolRow({
      play: () => this.play(),
      step: (forward) => this.step(forward),
      addKey: (name) => this.addKey(name),
      addSegment: (motion) => this.addSegment(motion),
      remove: () => this.remove(),
      split: () => this.split(),
      zoom: (steps) => this.view.zoom(steps),
      fit: () => this.view.fit(),
      setLength: (seconds) => this.state({ length_s: seconds }),
      setLoop: () => this.state({ loop: !this.model.stated.loop }),
      showText: (shown) => {
        this.mending = false;
        this.written.hidden = !shown;
        this.view.root.hidden = shown;
        this.view.draw();
      },
      motions: () => MOTIONS.filter((name) => linked(this.node, name)).length,
    });
  }

  private build(): void {
    this.face.width = this.face.height = FACE_PX;
    this.face.setAttribute("role", "img");
    this.face.setAttribute("aria-label", text("timeline.face"));
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
      this.tools.root,
      this.view.root,
      this.written,
      this.keyRow.root,
      this.segmentRow.root,
      this.said.root,
    );
    keepKeysIn(this.root, (event) => this.key(event));
  }

  /** Whether a change would lose nothing: the text is what the lanes show, or what they were changed to. */
  private editable(): boolean {
    return !this.said.isWrong("text") || this.model.text() === String(this.widget.value);
  }

  private addKey(name?: string): void {
    const { tracks, now } = this.view;
    if (!tracks || !this.editable()) return;
    const lane = name ? this.model.laneOf(name) : this.view.chosen.lane;
    if (!lane) return;
    const value = valueAt(tracks.lanes[lane.names[0] ?? ""]?.points ?? [], now);
    this.view.choose(lane, this.model.put(lane, now, value ?? rangeOf(tracks, lane)[1]));
    this.edited(true);
  }

  private addSegment(motion: number): void {
    if (!this.view.tracks || !this.editable()) return;
    this.view.choose(null, null, this.model.addSegment(motion, this.view.now));
    this.edited(true);
  }

  private remove(): void {
    const { lane, key, segment } = this.view.chosen;
    if (!this.editable()) return;
    if (segment && !this.model.removeSegment(segment)) {
      this.said.tell(text("timeline.lastSegment"));
    } else if (segment) {
      this.view.choose(null, null);
      this.edited(true);
    } else if (lane && key) {
      this.model.remove(lane, key);
      this.view.choose(this.model.lanes.includes(lane) ? lane : null, null);
      this.edited(true);
    }
  }

  private split(): void {
    const { lane } = this.view.chosen;
    if (!lane || !this.editable()) return;
    this.model.split(lane);
    this.view.choose(lane, null);
    this.edited(true);
  }

  private state(stated: Partial<TimelineModel["stated"]>): void {
    if (!this.editable()) return;
    Object.assign(this.model.stated, stated);
    this.edited(true);
  }

  private setKey({ t, v, easing }: KeyChange, whole: boolean): void {
    const { lane, key } = this.view.chosen;
    if (!lane || !key || !this.view.tracks || !this.editable()) return;
    const [low, , high] = rangeOf(this.view.tracks, lane);
    if (t !== undefined && Number.isFinite(t)) this.model.moveKey(lane, key, t);
    if (v !== undefined && Number.isFinite(v)) key.v = rounded(Math.min(high, Math.max(low, v)));
    if (easing !== undefined) key.easing = easing === "bezier" ? handlesOf(key.easing).map(rounded) : easing;
    this.edited(whole);
  }

  private setSegment(change: Partial<Segment>): void {
    const { segment } = this.view.chosen;
    if (!segment || !this.editable()) return;
    this.model.setSegment(segment, change);
    this.edited(true);
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
    this.said.about("server");
    this.said.about("text");
    this.said.about("beneath", tracks.said);
    if (this.mending && document.activeElement !== this.written) this.tools.showText(false);
    if (this.view.dragging) {
      this.view.show(tracks);
      return;
    }
    if (wanted !== String(this.widget.value)) return;
    const chooseAgain = this.view.choice;
    this.model.read(tracks, wanted);
    chooseAgain();
    this.view.show(tracks);
    this.chose();
    this.refresh();
    if (linked(this.node, WIDGET)) this.said.tell(text("timeline.linked"));
  }

  private failed(topic: "source" | "text" | "picture", error: Error): void {
    const isGone = error instanceof ServerError && !error.answered;
    this.said.about(isGone ? "server" : topic, error.message);
    // a text that was wrong from the beginning can be mended nowhere else
    if (topic === "text" && !isGone && !this.view.tracks && this.written.hidden) {
      this.tools.showText(true);
      this.mending = true;
    }
  }

  /** Tell of the key or the segment that is chosen. */
  private chose(): void {
    const { lane, key, segment } = this.view.chosen;
    const range: [number, number, number] = lane && this.view.tracks ? rangeOf(this.view.tracks, lane) : [-1, 0, 1];
    this.keyRow.root.hidden = segment !== null;
    this.keyRow.show(lane, key, range);
    this.segmentRow.show(segment);
  }

  private refresh(): void {
    this.tools.refresh(this.model.stated, this.steps.canStep(false), this.steps.canStep(true));
  }

  private play(): void {
    const { view, model } = this;
    if (this.player.isPlaying) this.player.stop();
    else this.player.start(view.now, view.tracks?.length_s ?? 0, () => model.stated.loop && this.root.isConnected);
  }

  private want(): void {
    if (!this.source || !this.root.isConnected) return;
    this.root.ariaBusy = "true";
    const time_s = this.view.now;
    const values = { timeline: String(this.widget.value), time_s, beneath: this.beneath };
    this.pictures.want({ source: { ...this.source, at_s: time_s }, values });
  }

  private async draw({ jpeg, about }: Picture): Promise<void> {
    const picture = await createImageBitmap(jpeg);
    this.face.getContext("2d")?.drawImage(picture, 0, 0, FACE_PX, FACE_PX);
    picture.close();
    this.said.about("server");
    this.said.about("picture");
    const { note } = about as { note?: string };
    if (note) this.said.tell(note);
  }

  private key(event: KeyboardEvent): void {
    const command = event.ctrlKey || event.metaKey;
    const typed = event.key.toLowerCase();
    if (command && (typed === "z" || typed === "y") && event.target !== this.written) {
      takeKey(event);
      this.step(typed === "y" || event.shiftKey);
    } else if (event.target === this.view.canvas && !command && this.keyboard.press(event)) {
      event.preventDefault();
    }
  }
}
