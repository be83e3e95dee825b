"""The command line: `liveportrait animate | edit | motion | models | doctor`."""
