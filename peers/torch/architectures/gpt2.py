"""GPT-2 (Radford et al. 2019)."""

import torch
import torch.nn as nn

from .attention import attend, causal, merge_heads, split_heads
from .config import read_config
from .heads import DecoderHead
from .layers import ACTIVATIONS, LayerNorm

DEFAULTS = {
    "vocab_size": 50257,
    "n_positions": 1024,
    "n_embd": 768,
    "n_layer": 12,
    "n_head": 12,
    "n_inner": None,
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5,
    "scale_attn_weights": True,
    "scale_attn_by_inverse_layer_idx": False,
    "tie_word_embeddings": True,
}
# Sizes said twice, the head of another task, and an order of computing that changes no value.
IGNORED = [
    *("n_ctx", "summary_activation", "summary_first_dropout", "summary_proj_to_labels"),
    *("summary_type", "summary_use_proj", "reorder_and_upcast_attn"),
]


def gpt2(given, head):
    """A head of heads.py over GPT-2."""
    config = read_config(given, DEFAULTS, {"add_cross_attention": [False]}, IGNORED)
    unused = [r"(transformer\.)?h\.\d+\.attn\.(bias|masked_bias)"]  # causal masks
    sizes = (config.n_embd, config.vocab_size)
    more = {"unused": unused, "tagger": "classifier"}
    return DecoderHead(GPT2(config), "transformer", head, *sizes, config, **more)


class Projection(nn.Module):
    """A linear layer whose weight is stored as (in, out)."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(inputs, outputs))
        self.bias = nn.Parameter(torch.zeros(outputs))

    def forward(self, x):
        return x @ self.weight + self.bias


class Block(nn.Module):
    """Attention and feed-forward, each after a norm and added to x: (B, T, C)."""

    def __init__(self, config, index):
        super().__init__()
        width = config.n_embd
        inner = config.n_inner or 4 * width
        self.heads = config.n_head
        self.act = ACTIVATIONS[config.activation_function]
        self.scale = (width // config.n_head) ** -0.5 if config.scale_attn_weights else 1.0
        if config.scale_attn_by_inverse_layer_idx:
            self.scale /= index + 1
        self.ln_1 = LayerNorm(width, config.layer_norm_epsilon)
        self.attn = nn.ModuleDict(
            {"c_attn": Projection(width, 3 * width), "c_proj": Projection(width, width)}
        )
        self.ln_2 = LayerNorm(width, config.layer_norm_epsilon)
        self.mlp = nn.ModuleDict(
            {"c_fc": Projection(width, inner), "c_proj": Projection(inner, width)}
        )

    def forward(self, x, allowed):
        parts = self.attn["c_attn"](self.ln_1(x)).chunk(3, dim=-1)
        q, k, v = [split_heads(part, self.heads) for part in parts]
        x = x + self.attn["c_proj"](merge_heads(attend(q, k, v, allowed, self.scale)))
        return x + self.mlp["c_proj"](self.act(self.mlp["c_fc"](self.ln_2(x))))


class GPT2(nn.Module):
    """Token ids (B, T), mask (B, T) and positions (T) or (B, T) -> last hidden states (B, T, C)."""

    def __init__(self, config):
        super().__init__()
        self.wte = nn.Embedding(config.vocab_size, config.n_embd)
        self.wpe = nn.Embedding(config.n_positions, config.n_embd)
        self.h = nn.ModuleList(Block(config, i) for i in range(config.n_layer))
        self.ln_f = LayerNorm(config.n_embd, config.layer_norm_epsilon)

    @property
    def embedding(self):
        return self.wte.weight

    def forward(self, ids, mask, positions):
        x = self.wte(ids) + self.wpe(positions)
        for block in self.h:
            x = block(x, causal(mask))
        return self.ln_f(x)
