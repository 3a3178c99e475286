"""Qwen 3 (Yang et al. 2025): Llama with norms on the queries and keys of each head."""

from .config import read_config
from .llama import spec_of, with_head
from .qwen2 import DEFAULTS as QWEN2
from .qwen2 import windows_of

DEFAULTS = {**QWEN2, "head_dim": 128, "attention_bias": False}


def qwen3(given, head):
    """A head of heads.py over Qwen 3."""
    config = read_config(given, DEFAULTS)
    spec = spec_of(
        config,
        query_bias=config.attention_bias,
        output_bias=config.attention_bias,
        qk_norm=True,
        windows=windows_of(config),
    )
    return with_head(spec, head, config)
