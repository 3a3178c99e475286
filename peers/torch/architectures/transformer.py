"""The Transformer of 2017 (Vaswani et al.): an encoder-decoder with norms after each sum.

No file of Hugging Face's is exactly this, so names and config.json follow BART's, without its
`model.` and without positions, which are computed.
"""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .attention import attend, causal, merge_heads, split_heads, visible
from .config import ConfigError, read_config
from .layers import ACTIVATIONS, LayerNorm

DEFAULTS = {
    "vocab_size": 37000,
    "d_model": 512,
    "encoder_layers": 6,
    "decoder_layers": 6,
    "encoder_attention_heads": 8,
    "decoder_attention_heads": 8,
    "encoder_ffn_dim": 2048,
    "decoder_ffn_dim": 2048,
    "activation_function": "relu",
    "scale_embedding": True,
    "layer_norm_eps": 1e-5,
    "tie_word_embeddings": True,
}


def sinusoids(positions, width):
    """Section 3.5: component 2i is sin(p / 10000^(2i / width)), 2i + 1 its cosine.

    positions: (..., T) -> (..., T, width).
    """
    steps = torch.arange(0, width, 2, dtype=torch.float64) / width
    angles = positions[..., None].double() / 10000**steps
    both = torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)
    return both.to(torch.get_default_dtype())


class Attention(nn.Module):
    """Attention of x (B, T, C) to memory (B, S, C), with biases."""

    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, width)
        self.k_proj = nn.Linear(width, width)
        self.v_proj = nn.Linear(width, width)
        self.out_proj = nn.Linear(width, width)

    def forward(self, x, memory, allowed):
        projected = self.q_proj(x), self.k_proj(memory), self.v_proj(memory)
        q, k, v = [split_heads(part, self.heads) for part in projected]
        return self.out_proj(merge_heads(attend(q, k, v, allowed, q.shape[-1] ** -0.5)))


class Layer(nn.Module):
    """Self-attention, attention to the source in a decoder, feed-forward: the norm of each sum."""

    def __init__(self, config, side):
        super().__init__()
        width, eps = config.d_model, config.layer_norm_eps
        heads = getattr(config, f"{side}_attention_heads")
        inner = getattr(config, f"{side}_ffn_dim")
        self.act = ACTIVATIONS[config.activation_function]
        self.self_attn = Attention(width, heads)
        self.self_attn_layer_norm = LayerNorm(width, eps)
        if side == "decoder":
            self.encoder_attn = Attention(width, heads)
            self.encoder_attn_layer_norm = LayerNorm(width, eps)
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)
        self.final_layer_norm = LayerNorm(width, eps)

    def forward(self, x, allowed, source=None, source_allowed=None):
        x = self.self_attn_layer_norm(x + self.self_attn(x, x, allowed))
        if source is not None:
            mixed = self.encoder_attn(x, source, source_allowed)
            x = self.encoder_attn_layer_norm(x + mixed)
        return self.final_layer_norm(x + self.fc2(self.act(self.fc1(x))))


class Transformer(nn.Module):
    """Heads seq2seq_lm and base. One matrix embeds both sides, and is the output where tied."""

    prefix = ""
    unused = []

    def __init__(self, given, head):
        super().__init__()
        self.config = config = read_config(given, DEFAULTS, ignored=["max_position_embeddings"])
        self.task = head
        if head not in ("seq2seq_lm", "base"):
            raise ConfigError(f"transformer has no head {head!r}")
        self.shared = nn.Embedding(config.vocab_size, config.d_model)
        for side in ("encoder", "decoder"):
            count = getattr(config, f"{side}_layers")
            layers = nn.ModuleList(Layer(config, side) for _ in range(count))
            self.add_module(side, nn.ModuleDict({"layers": layers}))
        if head == "seq2seq_lm" and not config.tie_word_embeddings:
            self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        else:
            self.unused = [r"lm_head\.weight"]

    def embed(self, ids, positions):
        scale = self.config.d_model**0.5 if self.config.scale_embedding else 1.0
        return self.shared(ids) * scale + sinusoids(positions, self.config.d_model)

    def forward(self, inputs):
        source = self.embed(inputs.source_ids, torch.arange(inputs.source_ids.shape[1]))
        source_allowed = visible(inputs.source_mask)
        for layer in self.encoder["layers"]:
            source = layer(source, source_allowed)
        x = self.embed(inputs.ids, inputs.positions_or_default)
        for layer in self.decoder["layers"]:
            x = layer(x, causal(inputs.mask), source, source_allowed)
        outputs = {"hidden": x, "source_hidden": source}
        if self.task == "seq2seq_lm":
            tied = self.config.tie_word_embeddings
            outputs["logits"] = F.linear(x, self.shared.weight if tied else self.lm_head.weight)
        return outputs
