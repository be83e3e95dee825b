"""Animals bent from the head of people: species, ears, fur."""
