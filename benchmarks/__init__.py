"""What the networks cost: python -m benchmarks."""
