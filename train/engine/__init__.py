"""The training loop and what every run shares: config, checkpoints, statistics, randomness."""
