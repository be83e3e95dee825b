"""How options are declared, checked, read from command lines, and shown in documents."""
