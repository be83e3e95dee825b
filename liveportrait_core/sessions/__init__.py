"""What keeps a portrait ready between one change and the next, or one driver frame and the next."""
