"""Files: images, video, sound, motion. Read in streams, written whole or not at all."""
