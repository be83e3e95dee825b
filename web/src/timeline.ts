// Timeline: lanes of keys on the node, with a face that shows the time that is looked at.
import { addElement, hide, listen, panelsAreDrawn, places, register } from "./comfyui";
import { noteSeen } from "./preview_source";
import { useStyle } from "./style";
import { BENEATH, Panel, WIDGET } from "./timeline_panel";

const NODE = "LPS_Timeline";
const SEEN_KEY = "lps_seen";
const BENEATH_KEY = "lps_timeline";
const SIZE: [number, number] = [600, 780];
const HEIGHT_PX = 540;

const PANELS = new Map<ComfyNode, Panel>();

function nodeCreated(node: ComfyNode): void {
  const widget = node.widgets?.find((one) => one.name === WIDGET);
  if (node.comfyClass !== NODE || !widget || !panelsAreDrawn()) return;
  useStyle();
  const panel = new Panel(node, widget);
  hide(widget);
  addElement(node, "timeline_panel", panel.root, () => HEIGHT_PX);
  node.setSize?.(SIZE);
  PANELS.set(node, panel);
  const removed = node.onRemoved;
  node.onRemoved = function () {
    PANELS.delete(node);
    removed?.call(this);
  };
  // copies that are never shown stay as they are
  new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting)) panel.look();
  }).observe(panel.root);
}

interface Executed {
  node: string;
  output?: Record<string, string[]>;
}

function setup(): void {
  const lookAll = () => {
    for (const panel of PANELS.values()) panel.look();
  };
  listen("graphChanged", lookAll);
  listen("execution_success", lookAll);
  listen("reconnected", lookAll);
  listen<Executed>("executed", ({ node: id, output }) => {
    const beneath = output?.[BENEATH_KEY]?.[0];
    const place = [...places()].find((one) => one.id === id);
    if (!beneath || !place) return;
    BENEATH.set(id, beneath);
    const seen = output?.[SEEN_KEY];
    void (seen ? noteSeen(id, seen) : Promise.resolve()).then(() => PANELS.get(place.node)?.look());
  });
}

register({ name: "LivePortraitSuite.Timeline", nodeCreated, setup });
