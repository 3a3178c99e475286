"""Model families in plain PyTorch, written from the papers: what Chatwright is compared with."""
