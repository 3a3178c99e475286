"""Model architectures in plain PyTorch, written from the papers, to compare Chatwright with."""
