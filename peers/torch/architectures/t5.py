"""T5 1.0 and 1.1 (Raffel et al. 2020; Shazeer 2020)."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from .attention import attend, causal, merge_heads, split_heads, visible
from .config import ConfigError, read_config
from .layers import ACTIVATIONS, RMSNorm

DEFAULTS = {
    "vocab_size": 32128,
    "d_model": 512,
    "d_kv": 64,
    "d_ff": 2048,
    "num_layers": 6,
    "num_decoder_layers": None,
    "num_heads": 8,
    "relative_attention_num_buckets": 32,
    "relative_attention_max_distance": 128,
    "layer_norm_epsilon": 1e-6,
    "feed_forward_proj": "relu",
    "tie_word_embeddings": True,
}
IGNORED = ["n_positions", "dense_act_fn", "is_gated_act"]  # said by other fields, or nothing


def position_bucket(relative, bidirectional, buckets, farthest):
    """Bucket of a key's place less the query's: half of the buckets for single steps, the rest
    logarithmic up to `farthest` (section 2.1 of the paper). Both directions share the buckets.

    The logarithm is of float32, as the published models were trained; checks/positions.py finds no
    distance where that makes a difference.
    """
    first = torch.zeros_like(relative)
    if bidirectional:
        buckets //= 2
        first = (relative > 0) * buckets
        distance = relative.abs()
    else:
        distance = (-relative).clamp(min=0)
    single = buckets // 2
    ratio = (distance.clamp(min=1).float() / single).log() / math.log(farthest / single)
    far = (single + (ratio * (buckets - single)).long()).clamp(max=buckets - 1)
    return first + torch.where(distance < single, distance, far)


class Attention(nn.Module):
    """Attention of x (B, T, C) to memory (B, S, C), whose scores are not scaled."""

    def __init__(self, config, with_bias):
        super().__init__()
        width, inner = config.d_model, config.num_heads * config.d_kv
        self.config = config
        self.q = nn.Linear(width, inner, bias=False)
        self.k = nn.Linear(width, inner, bias=False)
        self.v = nn.Linear(width, inner, bias=False)
        self.o = nn.Linear(inner, width, bias=False)
        if with_bias:
            buckets = config.relative_attention_num_buckets
            self.relative_attention_bias = nn.Embedding(buckets, config.num_heads)

    def position_bias(self, length, bidirectional):
        """(heads, T, T) added to scores, in this layer and in those above it."""
        positions = torch.arange(length)
        relative = positions[None, :] - positions[:, None]
        buckets = self.config.relative_attention_num_buckets
        farthest = self.config.relative_attention_max_distance
        chosen = position_bucket(relative, bidirectional, buckets, farthest)
        return self.relative_attention_bias(chosen).permute(2, 0, 1)

    def forward(self, x, memory, allowed, bias=None):
        heads = self.config.num_heads
        q, k, v = [split_heads(y, heads) for y in (self.q(x), self.k(memory), self.v(memory))]
        return self.o(merge_heads(attend(q, k, v, allowed, 1.0, bias)))


class FeedForward(nn.Module):
    """`relu`, or with a gate: `gated-gelu`, whose GELU is the tanh approximation."""

    def __init__(self, config):
        super().__init__()
        *gated, name = config.feed_forward_proj.split("-")
        if gated not in ([], ["gated"]) or name not in ACTIVATIONS:
            raise ConfigError(f"feed_forward_proj is {config.feed_forward_proj!r}; it is not known")
        self.act = ACTIVATIONS["gelu_new" if gated and name == "gelu" else name]
        self.names = ["wi_0", "wi_1"] if gated else ["wi"]
        for part in self.names:
            self.add_module(part, nn.Linear(config.d_model, config.d_ff, bias=False))
        self.wo = nn.Linear(config.d_ff, config.d_model, bias=False)

    def forward(self, x):
        first, *gate = [getattr(self, part)(x) for part in self.names]
        return self.wo(self.act(first) * gate[0] if gate else self.act(first))


class Block(nn.Module):
    """Self-attention, attention to the source in a decoder, feed-forward: each after a norm."""

    def __init__(self, config, decodes, with_bias):
        super().__init__()
        parts = [{"SelfAttention": Attention(config, with_bias)}]
        if decodes:
            parts.append({"EncDecAttention": Attention(config, False)})
        parts.append({"DenseReluDense": FeedForward(config)})
        sizes = (config.d_model, config.layer_norm_epsilon)
        self.layer = nn.ModuleList(
            nn.ModuleDict({**part, "layer_norm": RMSNorm(*sizes)}) for part in parts
        )

    def forward(self, x, allowed, bias, source, source_allowed):
        first, *between, last = self.layer
        normed = first["layer_norm"](x)
        x = x + first["SelfAttention"](normed, normed, allowed, bias)
        for part in between:
            normed = part["layer_norm"](x)
            x = x + part["EncDecAttention"](normed, source, source_allowed)
        return x + last["DenseReluDense"](last["layer_norm"](x))


class Stack(nn.Module):
    """Embedded tokens (B, T, C) -> last hidden states (B, T, C)."""

    def __init__(self, config, layers, decodes):
        super().__init__()
        self.decodes = decodes
        self.block = nn.ModuleList(Block(config, decodes, i == 0) for i in range(layers))
        self.final_layer_norm = RMSNorm(config.d_model, config.layer_norm_epsilon)

    def forward(self, x, mask, source=None, source_mask=None):
        allowed = causal(mask) if self.decodes else visible(mask)
        source_allowed = visible(source_mask) if self.decodes else None
        attention = self.block[0].layer[0]["SelfAttention"]
        bias = attention.position_bias(x.shape[1], bidirectional=not self.decodes)
        for block in self.block:
            x = block(x, allowed, bias, source, source_allowed)
        return self.final_layer_norm(x)


class T5(nn.Module):
    """Heads seq2seq_lm and base; `encoder` is the encoder alone, over `ids`."""

    prefix = ""
    unused = [r"(encoder|decoder)\.embed_tokens\.weight"]

    def __init__(self, given, head):
        super().__init__()
        only = {"scale_decoder_outputs": [given.get("tie_word_embeddings", True)]}
        self.config = config = read_config(given, DEFAULTS, only, IGNORED)
        self.task = head
        if head not in ("seq2seq_lm", "base", "encoder"):
            raise ConfigError(f"t5 has no head {head!r}")
        self.shared = nn.Embedding(config.vocab_size, config.d_model)
        self.encoder = Stack(config, config.num_layers, decodes=False)
        if head == "encoder":
            self.unused = [*self.unused, r"decoder\..*"]
        else:
            layers = config.num_decoder_layers or config.num_layers
            self.decoder = Stack(config, layers, decodes=True)
        if head == "seq2seq_lm" and not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        else:
            self.unused = [*self.unused, r"lm_head\.weight"]

    def encode(self, ids, mask):
        """(B, S) -> hidden states (B, S, C) and their mask."""
        return self.encoder(self.shared(ids), mask), mask

    def forward(self, inputs):
        if self.task == "encoder":
            return {"hidden": self.encode(inputs.ids, inputs.mask)[0]}
        source, source_mask = self.encode(inputs.source_ids, inputs.source_mask)
        hidden = self.decoder(self.shared(inputs.ids), inputs.mask, source, source_mask)
        outputs = {"hidden": hidden, "source_hidden": source}
        if self.task == "seq2seq_lm":
            outputs["logits"] = self.predict(hidden)
        return outputs

    def predict(self, hidden):
        if self.config.tie_word_embeddings:
            return F.linear(hidden * self.config.d_model**-0.5, self.shared.weight)
        return self.lm_head(hidden)
