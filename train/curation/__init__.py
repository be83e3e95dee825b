"""Curation: clips of one person each, of good quality, cropped and annotated."""
