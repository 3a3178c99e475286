"""Mistral 7B (Jiang et al. 2023): Llama with a sliding window."""

from .config import read_config
from .llama import DEFAULTS as LLAMA
from .llama import spec_of, with_head

DEFAULTS = {
    **{name: value for name, value in LLAMA.items() if not name.endswith("_bias")},
    "intermediate_size": 14336,
    "num_key_value_heads": 8,
    "max_position_embeddings": 131072,
    "sliding_window": 4096,
}


def mistral(given, head):
    """A head of heads.py over Mistral; a null sliding_window is attention to all tokens before."""
    config = read_config(given, DEFAULTS)
    windows = [config.sliding_window] * config.num_hidden_layers
    return with_head(spec_of(config, windows=windows), head, config)
