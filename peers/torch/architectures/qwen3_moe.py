"""Qwen 3 with experts (Yang et al. 2025), in some layers or all."""

from .config import read_config
from .layers import GatedFeedForward
from .llama import spec_of, with_head
from .moe import MixtureOfExperts
from .qwen3 import DEFAULTS as QWEN3

DEFAULTS = {
    **{name: QWEN3[name] for name in QWEN3 if name not in ("max_window_layers", "layer_types")},
    "hidden_size": 2048,
    "intermediate_size": 6144,
    "num_hidden_layers": 24,
    "num_key_value_heads": 4,
    "head_dim": None,
    "decoder_sparse_step": 1,
    "mlp_only_layers": None,
    "moe_intermediate_size": 768,
    "num_experts": 128,
    "num_experts_per_tok": 8,
    "norm_topk_prob": False,
    "output_router_logits": False,
    "router_aux_loss_coef": 0.001,
}


def qwen3_moe(given, head):
    """A head of heads.py over Qwen 3 with experts.

    Layer i has experts if decoder_sparse_step divides i + 1 and mlp_only_layers does not name it.
    A window is in every layer: transformers does not read max_window_layers for this architecture.
    """
    config = read_config(given, DEFAULTS, ignored=["max_window_layers"])

    def mlp(layer):
        width, activation = config.hidden_size, config.hidden_act
        dense = layer in (config.mlp_only_layers or []) or config.num_experts == 0
        if dense or (layer + 1) % config.decoder_sparse_step != 0:
            return GatedFeedForward(width, config.intermediate_size, activation)
        experts = [
            GatedFeedForward(width, config.moe_intermediate_size, activation)
            for _ in range(config.num_experts)
        ]
        chosen, renormalize = config.num_experts_per_tok, config.norm_topk_prob
        return MixtureOfExperts(width, experts, chosen, renormalize)

    window = config.sliding_window if config.use_sliding_window else None
    spec = spec_of(
        config,
        query_bias=config.attention_bias,
        output_bias=config.attention_bias,
        qk_norm=True,
        windows=[window] * config.num_hidden_layers,
        mlp=mlp,
    )
    return with_head(spec, head, config)
