"""Every architecture in a size that computes at once, with parameters that all matter."""

import torch

from ..inputs import Inputs
from ..models import create

LLAMA = {
    "vocab_size": 29,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
QWEN = {**LLAMA, "use_sliding_window": True, "sliding_window": 3, "max_window_layers": 1}
GEMMA = {**LLAMA, "head_dim": 8, "query_pre_attn_scalar": 6, "sliding_window": 3}
EXPERTS = {"num_experts": 4, "moe_intermediate_size": 12, "norm_topk_prob": True}
BERT = {
    **{name: LLAMA[name] for name in LLAMA if name != "num_key_value_heads"},
    "num_hidden_layers": 2,
}
T5 = {"vocab_size": 29, "d_model": 16, "d_kv": 5, "d_ff": 24, "num_layers": 2, "num_heads": 3}
BUCKETS = {"relative_attention_num_buckets": 8, "relative_attention_max_distance": 12}

DECODERS = {
    "gpt2": {"vocab_size": 29, "n_positions": 64, "n_embd": 16, "n_layer": 3, "n_head": 4},
    "llama": LLAMA,
    "mistral": {**LLAMA, "sliding_window": 3},
    "qwen2": QWEN,
    "qwen3": {**QWEN, "head_dim": 6},
    "gemma2": GEMMA,
    "gemma3_text": {**GEMMA, "sliding_window_pattern": 2, "rope_local_base_freq": 50.0},
    "mixtral": {**LLAMA, "num_local_experts": 4},
    "qwen3_moe": {**QWEN, **EXPERTS, "num_experts_per_tok": 2, "mlp_only_layers": [1]},
}
ENCODERS = {
    "bert": BERT,
    "roberta": BERT,
    "distilbert": {
        **{"vocab_size": 29, "max_position_embeddings": 64, "n_layers": 2, "n_heads": 4},
        **{"dim": 16, "hidden_dim": 24},
    },
    "modernbert": {**BERT, "num_hidden_layers": 3, "local_attention": 4},
}
ENCODER_DECODERS = {
    "t5": {**T5, **BUCKETS},
    "fid": {**T5, **BUCKETS, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False},
    "transformer": {
        **{"vocab_size": 29, "d_model": 16, "encoder_layers": 2, "decoder_layers": 2},
        **{"encoder_attention_heads": 4, "decoder_attention_heads": 4},
        **{"encoder_ffn_dim": 24, "decoder_ffn_dim": 24},
    },
}
STACK = {
    **{"vocabSize": 29, "context": 64, "layers": 3, "dim": 16, "heads": 4, "kvHeads": 2},
    **{"headDim": 4, "hiddenDim": 24, "norm": "layer", "normEpsilon": 1e-5, "normBias": True},
    **{"normPosition": "pre", "activation": "gelu_tanh", "gated": False, "feedForwardBias": True},
    **{"attentionBias": "all", "positions": "learned"},
}
CONFIGS = {**DECODERS, **ENCODERS, **ENCODER_DECODERS, "chatwright": {}}


def tiny(architecture, head, **changes):
    """One of CONFIGS, filled."""
    return filled(create(architecture, head, {**CONFIGS[architecture], **changes}))


def own(kind, **changes):
    """config.json of our own architecture: one stack with these options, or two that are alike."""
    stack = {**STACK, **changes}
    if kind != "encoder-decoder":
        return {"chatwright": {"kind": kind, **stack}}
    whole = {"startId": 0, "padId": 0, "tied": True}
    return {"chatwright": {"kind": kind, **whole, "encoder": stack, "decoder": stack}}


def filled(model):
    """A model whose parameters are all random, biases and norms too."""
    torch.manual_seed(7)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.4 * torch.randn(parameter.shape) + 0.1)
    return model


def copy(source, target):
    """Gives a model the parameters of another that has the same names."""
    target.load_state_dict(source.state_dict())
    return target


def random_ids(*shape, low=3):
    """Token ids that are no padding. (shape)"""
    return torch.randint(low, 29, shape, generator=torch.Generator().manual_seed(11))


def logits(model, ids, **more):
    with torch.no_grad():
        return model(Inputs(ids, **more))["logits"]


def close(a, b, tolerance=1e-9):
    """True for arrays of one shape with no difference above the tolerance."""
    return a.shape == b.shape and bool((a - b).abs().max() <= tolerance)
