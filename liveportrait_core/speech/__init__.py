"""What a face does while it speaks: from phonemes by rules, from sound by a network."""
