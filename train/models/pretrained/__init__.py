"""Networks that others trained and users bring: ConvNeXt-V2, ArcFace, VGG19."""
