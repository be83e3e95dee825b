// Everything that ComfyUI loads of ours; each part registers itself.
import "./bypass";
import "./expression_editor";
import "./status_text";
import "./timeline";

// for tests, which have no page
export { TimelineModel } from "./timeline_model";
