"""What a face does while it speaks: visemes, coarticulation, lips that seal, brows and nods."""
