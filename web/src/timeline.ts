// Timeline: lanes of keys on the node, with a face that shows the time that is looked at.
import { hide, panelsAreDrawn, register } from "./comfyui";
import { Panels } from "./panels";
import { noteBeneath, noteSeen } from "./preview_source";
import { Panel, WIDGET } from "./timeline_panel";

const NODE = "LPS_Timeline";
const SEEN_KEY = "lps_seen";
const BENEATH_KEY = "lps_timeline";
const PANELS = new Panels({ name: "timeline_panel", size: [600, 780], heightPx: 540 });

function nodeCreated(node: ComfyNode): void {
  const widget = node.widgets?.find((one) => one.name === WIDGET);
  if (node.comfyClass !== NODE || !widget || !panelsAreDrawn()) return;
  const panel = new Panel(node, widget);
  hide(widget);
  PANELS.add(node, panel);
}

function setup(): void {
  PANELS.listen((id, output) => {
    const beneath = output[BENEATH_KEY]?.[0];
    if (!beneath) return undefined;
    const seen = output[SEEN_KEY];
    return Promise.all([noteBeneath(id, beneath), seen && noteSeen(id, seen)]);
  });
}

register({ name: "LivePortraitSuite.Timeline", nodeCreated, setup });
