"""The pre-norm decoder with rotary positions that Llama and its descendants share."""

from dataclasses import dataclass
from typing import Callable, Optional

import torch.nn as nn
import torch.nn.functional as F

from .attention import attend, causal, merge_heads, split_heads
from .layers import GatedFeedForward, RMSNorm
from .rope import rope_tables, rotate


@dataclass
class DecoderSpec:
    """What an architecture's config.json says, in one form; lists have an entry for each layer."""

    vocab: int
    width: int
    inner: int
    heads: int
    kv_heads: int
    head_dim: int
    activation: str
    eps: float
    max_positions: int
    ropes: list  # settings of rope.py
    windows: list  # tokens that a token sees, itself among them; None for all before it
    query_bias: bool = False  # of queries, keys and values
    output_bias: bool = False
    mlp_bias: bool = False
    qk_norm: bool = False  # RMSNorm over each head's queries and keys, before they turn
    unit_offset: bool = False  # norms scale by 1 + weight
    sandwich: bool = False  # norms after each half too, before it is added
    embedding_scale: float = 1.0
    scale: Optional[float] = None  # of scores; head_dim^-0.5 where nothing is said
    attention_softcap: Optional[float] = None
    logit_softcap: Optional[float] = None
    mlp_name: str = "mlp"
    mlp: Optional[Callable] = None  # layer's index -> its feed-forward

    def norm(self, width):
        return RMSNorm(width, self.eps, self.unit_offset)


class Attention(nn.Module):
    """Grouped-query attention (Ainslie et al. 2023). x: (B, T, C) -> (B, T, C)."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        queries, keys = spec.heads * spec.head_dim, spec.kv_heads * spec.head_dim
        self.q_proj = nn.Linear(spec.width, queries, bias=spec.query_bias)
        self.k_proj = nn.Linear(spec.width, keys, bias=spec.query_bias)
        self.v_proj = nn.Linear(spec.width, keys, bias=spec.query_bias)
        self.o_proj = nn.Linear(queries, spec.width, bias=spec.output_bias)
        if spec.qk_norm:
            self.q_norm = spec.norm(spec.head_dim)
            self.k_norm = spec.norm(spec.head_dim)

    def forward(self, x, tables, allowed):
        spec = self.spec
        q = split_heads(self.q_proj(x), spec.heads)
        k = split_heads(self.k_proj(x), spec.kv_heads)
        v = split_heads(self.v_proj(x), spec.kv_heads)
        if spec.qk_norm:
            q, k = self.q_norm(q), self.k_norm(k)
        q, k = rotate(q, *tables), rotate(k, *tables)
        scale = spec.head_dim**-0.5 if spec.scale is None else spec.scale
        mixed = attend(q, k, v, allowed, scale, softcap=spec.attention_softcap)
        return self.o_proj(merge_heads(mixed))


class Layer(nn.Module):
    """Attention and feed-forward, each after a norm and added to x: (B, T, C)."""

    def __init__(self, spec, index):
        super().__init__()
        self.spec = spec
        self.input_layernorm = spec.norm(spec.width)
        self.self_attn = Attention(spec)
        self.post_attention_layernorm = spec.norm(spec.width)
        if spec.sandwich:
            self.pre_feedforward_layernorm = spec.norm(spec.width)
            self.post_feedforward_layernorm = spec.norm(spec.width)
        plain = (spec.width, spec.inner, spec.activation, spec.mlp_bias)
        mlp = spec.mlp(index) if spec.mlp else GatedFeedForward(*plain)
        self.add_module(spec.mlp_name, mlp)

    def forward(self, x, tables, allowed):
        mlp = getattr(self, self.spec.mlp_name)
        mixed = self.self_attn(self.input_layernorm(x), tables, allowed)
        if self.spec.sandwich:
            x = x + self.post_attention_layernorm(mixed)
            return x + self.post_feedforward_layernorm(mlp(self.pre_feedforward_layernorm(x)))
        x = x + mixed
        return x + mlp(self.post_attention_layernorm(x))


class Decoder(nn.Module):
    """Token ids (B, T), mask (B, T) and positions (T) or (B, T) -> last hidden states (B, T, C)."""

    def __init__(self, spec):
        super().__init__()
        self.spec = spec
        self.embed_tokens = nn.Embedding(spec.vocab, spec.width)
        self.layers = nn.ModuleList(Layer(spec, i) for i in range(len(spec.windows)))
        self.norm = spec.norm(spec.width)

    @property
    def embedding(self):
        return self.embed_tokens.weight

    def forward(self, ids, mask, positions):
        spec = self.spec
        x = F.embedding(ids, self.embedding) * spec.embedding_scale
        for layer, rope, window in zip(self.layers, spec.ropes, spec.windows):
            tables = rope_tables(rope, spec.head_dim, positions, spec.max_positions)
            x = layer(x, tables, causal(mask, window))
        return self.norm(x)
