"""Facts that must hold of the families, found by other ways than theirs. Plain asserts."""
