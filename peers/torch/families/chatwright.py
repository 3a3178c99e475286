"""Chatwright's own decoder: what no family of Hugging Face can say, under Llama's names."""

import torch.nn as nn

from .alibi import alibi
from .attention import attend, causal, merge_heads, split_heads
from .config import ConfigError, read_config
from .heads import DecoderHead
from .layers import FeedForward, GatedFeedForward, LayerNorm, RMSNorm
from .rope import rope_settings, rope_tables, rotate

DEFAULTS = {
    "vocabSize": None,
    "context": None,
    "layers": None,
    "dim": None,
    "heads": None,
    "kvHeads": None,
    "headDim": None,
    "hiddenDim": None,
    "positions": "learned",  # or rotary, or alibi
    "ropeTheta": 10000.0,
    "norm": "layer",  # or rms
    "normEpsilon": 1e-5,
    "activation": "gelu_tanh",
    "gated": False,
    "bias": True,
    "tied": True,
}


def chatwright(given, head):
    """A head of heads.py over a decoder of the choices in DEFAULTS."""
    config = read_config(given, DEFAULTS, ignored=["stochasticDepth"])
    if config.positions not in ("learned", "rotary", "alibi"):
        raise ConfigError(f"positions is {config.positions!r}; learned, rotary and alibi are known")
    config.tie_word_embeddings = config.tied
    config.kvHeads = config.kvHeads or config.heads
    config.headDim = config.headDim or config.dim // config.heads
    config.hiddenDim = config.hiddenDim or 4 * config.dim
    return DecoderHead(Chatwright(config), "model", head, config.dim, config.vocabSize, config)


def norm(config):
    if config.norm == "rms":
        return RMSNorm(config.dim, config.normEpsilon)
    return LayerNorm(config.dim, config.normEpsilon, config.bias)


class Attention(nn.Module):
    """Grouped-query attention with any kind of position. x: (B, T, C) -> (B, T, C)."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        queries, keys = config.heads * config.headDim, config.kvHeads * config.headDim
        self.q_proj = nn.Linear(config.dim, queries, bias=config.bias)
        self.k_proj = nn.Linear(config.dim, keys, bias=config.bias)
        self.v_proj = nn.Linear(config.dim, keys, bias=config.bias)
        self.o_proj = nn.Linear(queries, config.dim, bias=config.bias)

    def forward(self, x, positions, allowed):
        config = self.config
        q = split_heads(self.q_proj(x), config.heads)
        k = split_heads(self.k_proj(x), config.kvHeads)
        v = split_heads(self.v_proj(x), config.kvHeads)
        if config.positions == "rotary":
            rope = rope_settings(config.ropeTheta)
            tables = rope_tables(rope, config.headDim, positions, config.context)
            q, k = rotate(q, *tables), rotate(k, *tables)
        bias = alibi(config.heads, x.shape[1]) if config.positions == "alibi" else None
        mixed = attend(q, k, v, allowed, config.headDim**-0.5, bias)
        return self.o_proj(merge_heads(mixed))


class Layer(nn.Module):
    """Attention and feed-forward, each after a norm and added to x: (B, T, C)."""

    def __init__(self, config):
        super().__init__()
        feed_forward = GatedFeedForward if config.gated else FeedForward
        self.input_layernorm = norm(config)
        self.self_attn = Attention(config)
        self.post_attention_layernorm = norm(config)
        self.mlp = feed_forward(config.dim, config.hiddenDim, config.activation, config.bias)

    def forward(self, x, positions, allowed):
        x = x + self.self_attn(self.input_layernorm(x), positions, allowed)
        return x + self.mlp(self.post_attention_layernorm(x))


class Chatwright(nn.Module):
    """Token ids (B, T), mask (B, T) and positions (T) or (B, T) -> last hidden states (B, T, C)."""

    def __init__(self, config):
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocabSize, config.dim)
        if config.positions == "learned":
            self.embed_positions = nn.Embedding(config.context, config.dim)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.norm = norm(config)

    @property
    def embedding(self):
        return self.embed_tokens.weight

    def forward(self, ids, mask, positions):
        x = self.embed_tokens(ids)
        if hasattr(self, "embed_positions"):
            x = x + self.embed_positions(positions)
        for layer in self.layers:
            x = layer(x, positions, causal(mask))
        return self.norm(x)
