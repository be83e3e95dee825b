"""Other ways to compute the networks than torch's own, one operator after another."""
