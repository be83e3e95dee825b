"""What tests share: formula-made weights and tiny models."""
