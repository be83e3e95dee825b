"""LivePortrait Suite: ComfyUI loads this folder; the library is `liveportrait_core`."""
