"""LivePortrait as a library; importing it does no work."""
