"""Chatwright's own stack of layers: every choice of its config.json, under its own names."""

import torch
import torch.nn as nn

from .alibi import alibi
from .attention import attend, causal, distances, local, merge_heads, split_heads, visible
from .config import ConfigError
from .layers import FeedForward, GatedFeedForward, LayerNorm, RMSNorm
from .moe import MixtureOfExperts
from .rope import rope_settings, rope_tables, rotate
from .t5 import position_bucket
from .transformer import sinusoids

# Of `ropeScaling`, and how rope.py calls it.
ROPE_FIELDS = {
    **{"kind": "rope_type", "factor": "factor", "original": "original_max_position_embeddings"},
    **{"low": "low_freq_factor", "high": "high_freq_factor", "truncate": "truncate"},
    **{"betaFast": "beta_fast", "betaSlow": "beta_slow", "attentionFactor": "attention_factor"},
}


def norm(options, width=None):
    """A norm of the stack's kind."""
    width = width or options.dim
    if options.norm == "rms":
        return RMSNorm(width, options.normEpsilon)
    return LayerNorm(width, options.normEpsilon, options.normBias)


class Attention(nn.Module):
    """Grouped-query attention of x (B, T, C) to memory (B, S, C): x itself, or another."""

    def __init__(self, options, cross=False):
        super().__init__()
        self.options = options
        bias = options.attentionBias
        queries, keys = options.heads * options.headDim, options.kvHeads * options.headDim
        self.q_proj = nn.Linear(options.dim, queries, bias=bias != "none")
        self.k_proj = nn.Linear(options.dim, keys, bias=bias != "none")
        self.v_proj = nn.Linear(options.dim, keys, bias=bias != "none")
        self.o_proj = nn.Linear(queries, options.dim, bias=bias == "all")
        self.qk_norm = options.qkNorm and not cross
        if self.qk_norm:
            self.q_norm = RMSNorm(options.headDim, options.normEpsilon)
            self.k_norm = RMSNorm(options.headDim, options.normEpsilon)
        if options.sinks and not cross:
            self.sinks = nn.Parameter(torch.zeros(options.heads))
        self.softcap = None if cross else options.attentionSoftcap

    def forward(self, x, memory, allowed, tables=None, bias=None):
        options = self.options
        q = split_heads(self.q_proj(x), options.heads)
        k = split_heads(self.k_proj(memory), options.kvHeads)
        v = split_heads(self.v_proj(memory), options.kvHeads)
        if self.qk_norm:
            q, k = self.q_norm(q), self.k_norm(k)
        if tables is not None:
            q, k = rotate(q, *tables), rotate(k, *tables)
        scale = options.attentionScale or options.headDim**-0.5
        sinks = getattr(self, "sinks", None)
        return self.o_proj(merge_heads(attend(q, k, v, allowed, scale, bias, self.softcap, sinks)))


def feed_forward(options, layer):
    """The feed-forward network of a layer, or its mixture of experts."""
    kind = GatedFeedForward if options.gated else FeedForward
    more = (options.activation, options.feedForwardBias)
    experts = options.experts
    if experts is None or not experts.get("layers", [True] * options.layers)[layer]:
        return kind(options.dim, options.hiddenDim, *more)
    each = [kind(options.dim, experts["hiddenDim"], *more) for _ in range(experts["count"])]
    return MixtureOfExperts(options.dim, each, experts["perToken"], experts["normalized"])


class Layer(nn.Module):
    """Attention, attention to a source where there is one, feed-forward. (B, T, C) -> (B, T, C)."""

    def __init__(self, options, index, cross):
        super().__init__()
        self.post = options.normPosition == "post"
        both = options.normPosition == "both"
        self.input_layernorm = norm(options) if index > 0 or options.firstNorm else None
        self.self_attn = Attention(options)
        self.self_attn_output_norm = norm(options) if both else None
        self.cross_attn_layernorm = norm(options) if cross else None
        self.cross_attn = Attention(options, cross=True) if cross else None
        self.post_attention_layernorm = norm(options)
        self.mlp = feed_forward(options, index)
        self.mlp_output_norm = norm(options) if both else None

    def add(self, x, inner, norm, output_norm=None):
        """x and what a part makes of it, with norms where they stand."""
        branch = inner(x if norm is None or self.post else norm(x))
        total = x + (branch if output_norm is None else output_norm(branch))
        return norm(total) if norm is not None and self.post else total

    def forward(self, x, allowed, tables, bias, source, source_allowed):
        def attended(y):
            return self.self_attn(y, y, allowed, tables, bias)

        x = self.add(x, attended, self.input_layernorm, self.self_attn_output_norm)
        if self.cross_attn is not None:
            def crossed(y):
                return self.cross_attn(y, source, source_allowed)

            x = self.add(x, crossed, self.cross_attn_layernorm)
        return self.add(x, self.mlp, self.post_attention_layernorm, self.mlp_output_norm)


class Stack(nn.Module):
    """Token ids (B, T) -> last hidden states (B, T, C). `shared`: the embedding is another's."""

    def __init__(self, options, is_causal, cross=False, shared=False):
        super().__init__()
        self.options, self.is_causal = options, is_causal
        if options.positions not in {"none", "sinusoidal", "learned", "rotary", "alibi", "buckets"}:
            raise ConfigError(f"positions is {options.positions!r}; it is not known")
        if not shared:
            self.embed_tokens = nn.Embedding(options.vocabSize, options.dim)
        if options.positions == "learned":
            rows = options.context + options.positionOffset
            self.embed_positions = nn.Embedding(rows, options.dim)
        if options.tokenTypes > 0:
            self.embed_types = nn.Embedding(options.tokenTypes, options.dim)
        if options.embeddingNorm:
            self.embed_norm = norm(options)
        if options.positions == "buckets":
            self.relative_bias = nn.Embedding(options.buckets["count"], options.heads)
        self.layers = nn.ModuleList(Layer(options, i, cross) for i in range(options.layers))
        self.norm = norm(options) if options.normPosition != "post" else nn.Identity()

    def forward(self, ids, embedding, mask, positions, types=None, source=None, source_mask=None):
        """embedding: (V, C). positions: (T) or (B, T)."""
        x = self.embed(ids, embedding, positions, types)
        bias = self.position_bias(positions)
        source_allowed = None if source is None else visible(source_mask)
        for i, layer in enumerate(self.layers):
            windowed = self.has_window(i)
            allowed = self.allowed(mask, self.options.window if windowed else None)
            tables = self.rope(positions, windowed)
            x = layer(x, allowed, tables, bias, source, source_allowed)
        return self.norm(x)

    def embed(self, ids, embedding, positions, types):
        options = self.options
        x = embedding[ids] * options.embeddingScale
        if options.positions == "sinusoidal":
            x = x + sinusoids(positions, options.dim)
        if options.positions == "learned":
            x = x + self.embed_positions(positions + options.positionOffset)
        if options.tokenTypes > 0:
            x = x + self.embed_types(torch.zeros_like(ids) if types is None else types)
        return self.embed_norm(x) if options.embeddingNorm else x

    def has_window(self, layer):
        options = self.options
        return options.window is not None and (options.windowed is None or options.windowed[layer])

    def allowed(self, mask, window):
        if self.is_causal:
            return causal(mask, window)
        return visible(mask) if window is None else local(mask, window - 1)

    def rope(self, positions, windowed):
        """Scalings are those of layers without a base of their own."""
        options = self.options
        if options.positions != "rotary":
            return None
        scaling = {ROPE_FIELDS[name]: x for name, x in (options.ropeScaling or {}).items()}
        settings = rope_settings(options.ropeTheta, scaling)
        if windowed and options.windowRopeTheta is not None:
            settings = rope_settings(options.windowRopeTheta)
        return rope_tables(settings, options.headDim, positions, options.context)

    def position_bias(self, positions):
        """(heads, T, T) or (B, heads, T, T), added to scores."""
        options = self.options
        apart = distances(positions)
        if options.positions == "alibi":
            return alibi(options.heads, apart)
        if options.positions == "buckets":
            count, farthest = options.buckets["count"], options.buckets["maxDistance"]
            chosen = position_bucket(-apart, not self.is_causal, count, farthest)
            return self.relative_bias(chosen).movedim(-1, -3)
        return None
