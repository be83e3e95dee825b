"""Networks as training has them: presets, runs, discriminators, pretrained networks, export."""
