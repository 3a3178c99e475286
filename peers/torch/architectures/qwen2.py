"""Qwen 2 and 2.5 (Yang et al. 2024): Llama with biases on queries, keys and values."""

from .config import layer_types, read_config
from .llama import DEFAULTS as LLAMA
from .llama import spec_of, with_head

DEFAULTS = {
    **{name: value for name, value in LLAMA.items() if not name.endswith("_bias")},
    "vocab_size": 151936,
    "intermediate_size": 22016,
    "num_key_value_heads": 32,
    "max_position_embeddings": 32768,
    "use_sliding_window": False,
    "sliding_window": 4096,
    "max_window_layers": 28,
    "layer_types": None,
}


def qwen2(given, head):
    """A head of heads.py over Qwen 2."""
    config = read_config(given, DEFAULTS, {"use_mrope": [False]})
    return with_head(spec_of(config, query_bias=True, windows=windows_of(config)), head, config)


def windows_of(config):
    """`layer_types` if it is given, else a window in layers max_window_layers and above."""
    window = config.sliding_window if config.use_sliding_window else None
    layers = config.num_hidden_layers
    if config.layer_types is None:
        return [window if i >= config.max_window_layers else None for i in range(layers)]
    return [window if kind == "sliding_attention" else None for kind in layer_types(config)]
