"""Gemma 2 (Gemma Team 2024): norms around each half, soft caps, a window in every other layer."""

from .config import layer_types, read_config
from .llama import spec_of, with_head

DEFAULTS = {
    "vocab_size": 256000,
    "hidden_size": 2304,
    "intermediate_size": 9216,
    "num_hidden_layers": 26,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "head_dim": 256,
    "hidden_activation": "gelu_pytorch_tanh",
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": True,
    "rope_theta": 10000.0,
    "rope_scaling": None,
    "rope_parameters": None,
    "attention_bias": False,
    "query_pre_attn_scalar": 256,
    "sliding_window": 4096,
    "layer_types": None,
    "final_logit_softcapping": 30.0,
    "attn_logit_softcapping": 50.0,
}
# Files also have `hidden_act`, which transformers does not read for this architecture.
IGNORED = ["hidden_act"]
ONLY = {"use_bidirectional_attention": [False]}


def gemma2(given, head):
    """A head of heads.py over Gemma 2. Layers 0, 2, 4 ... have the window."""
    config = read_config(given, DEFAULTS, ONLY, IGNORED)
    if config.layer_types is None:
        kinds = ["sliding_attention", "full_attention"]
        config.layer_types = [kinds[i % 2] for i in range(config.num_hidden_layers)]
    return with_head(gemma_spec(config), head, config)


def gemma_spec(config, **more):
    """What Gemma 2 and 3 share; `more` are fields of DecoderSpec."""
    sliding = [kind == "sliding_attention" for kind in layer_types(config)]
    fields = {
        "activation": config.hidden_activation,
        "query_bias": config.attention_bias,
        "output_bias": config.attention_bias,
        "unit_offset": True,
        "sandwich": True,
        "embedding_scale": config.hidden_size**0.5,
        "scale": config.query_pre_attn_scalar**-0.5,
        "attention_softcap": config.attn_logit_softcapping,
        "logit_softcap": config.final_logit_softcapping,
        "windows": [config.sliding_window if slides else None for slides in sliding],
    }
    return spec_of(config, **{**fields, **more})
