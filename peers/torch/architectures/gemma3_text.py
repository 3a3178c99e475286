"""Gemma 3's language model (Gemma Team 2025): five layers with a window for each without."""

from .config import read_config
from .gemma2 import DEFAULTS as GEMMA2
from .gemma2 import IGNORED, ONLY, gemma_spec
from .llama import with_head
from .rope import rope_settings

DEFAULTS = {
    **GEMMA2,
    "vocab_size": 262208,
    "max_position_embeddings": 131072,
    "rope_theta": 1000000.0,
    "rope_local_base_freq": 10000.0,
    "sliding_window_pattern": None,
    "_sliding_window_pattern": 6,
    "final_logit_softcapping": None,
    "attn_logit_softcapping": None,
}


def gemma3_text(given, head):
    """A head of heads.py over Gemma 3. `rope_scaling` is for layers without a window only.

    transformers has attn_logit_softcapping for this architecture and computes nothing with it.
    """
    only = {**ONLY, "attn_logit_softcapping": []}
    config = read_config(given, DEFAULTS, only, IGNORED)
    if config.layer_types is None:
        # Newer files write the pattern with an underscore.
        pattern = config.sliding_window_pattern or config._sliding_window_pattern
        config.layer_types = [
            "full_attention" if (i + 1) % pattern == 0 else "sliding_attention"
            for i in range(config.num_hidden_layers)
        ]
    ropes = {
        "sliding_attention": (config.rope_local_base_freq, None),
        "full_attention": (config.rope_theta, config.rope_scaling),
    }
    settings = [
        rope_settings(*ropes[kind], config.rope_parameters, kind) for kind in config.layer_types
    ]
    return with_head(gemma_spec(config, qk_norm=True, ropes=settings), head, config)
