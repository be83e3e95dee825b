"""People: identity, hair, clothes, accessories, and what is held before a face."""
