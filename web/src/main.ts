// Everything that ComfyUI loads of ours; each part registers itself.
import "./bypass";
import "./status_text";
