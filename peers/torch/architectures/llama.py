"""Llama 2 and 3 (Touvron et al. 2023; Grattafiori et al. 2024)."""

from .config import read_config
from .decoder import Decoder, DecoderSpec
from .heads import DecoderHead
from .rope import rope_settings

DEFAULTS = {
    "vocab_size": 32000,
    "hidden_size": 4096,
    "intermediate_size": 11008,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": None,
    "head_dim": None,
    "hidden_act": "silu",
    "max_position_embeddings": 2048,
    "rms_norm_eps": 1e-6,
    "tie_word_embeddings": False,
    "rope_theta": 10000.0,
    "rope_scaling": None,
    "rope_parameters": None,
    "attention_bias": False,
    "mlp_bias": False,
}


def llama(given, head):
    """A head of heads.py over Llama. `pretraining_tp` only splits products and changes no value."""
    config = read_config(given, DEFAULTS, ignored=["pretraining_tp"])
    spec = spec_of(
        config,
        query_bias=config.attention_bias,
        output_bias=config.attention_bias,
        mlp_bias=config.mlp_bias,
    )
    return with_head(spec, head, config)


def spec_of(config, **more):
    """What the descendants of Llama say with the same fields; `more` are fields of DecoderSpec."""
    layers = config.num_hidden_layers
    rope = rope_settings(config.rope_theta, config.rope_scaling, config.rope_parameters)
    fields = {
        "vocab": config.vocab_size,
        "width": config.hidden_size,
        "inner": config.intermediate_size,
        "heads": config.num_attention_heads,
        "kv_heads": config.num_key_value_heads or config.num_attention_heads,
        "head_dim": config.head_dim or config.hidden_size // config.num_attention_heads,
        "activation": getattr(config, "hidden_act", None),
        "eps": config.rms_norm_eps,
        "max_positions": config.max_position_embeddings,
        "ropes": [rope] * layers,
        "windows": [None] * layers,
    }
    return DecoderSpec(**{**fields, **more})


def with_head(spec, head, config):
    softcap = spec.logit_softcap
    return DecoderHead(Decoder(spec), "model", head, spec.width, spec.vocab, config, softcap)
