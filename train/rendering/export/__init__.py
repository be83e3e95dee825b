"""Rendered sets on disk: shards, WebDataset, contact sheets, clips."""
