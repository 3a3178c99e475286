"""Facts that must hold of the architectures, found by other ways than theirs. Plain asserts."""
