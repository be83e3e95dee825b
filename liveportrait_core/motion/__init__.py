"""The maths of Sec. 3 on tensors; no networks, no numpy, no OpenCV."""
