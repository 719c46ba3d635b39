"""What a family copies from its paper handbook: doses as the parents' own entries, with photos."""
