"""What is trained: networks, a source of batches, a table of losses and a step for each task."""
