"""Layers that several architectures share."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def gelu_tanh(x):
    """GELU by its tanh approximation (Hendrycks & Gimpel 2016, section 2)."""
    return F.gelu(x, approximate="tanh")


ACTIVATIONS = {
    "gelu": F.gelu,
    "gelu_new": gelu_tanh,
    "gelu_pytorch_tanh": gelu_tanh,
    "gelu_tanh": gelu_tanh,
    "relu": F.relu,
    "silu": F.silu,
    "swish": F.silu,
    "tanh": torch.tanh,
}


class LayerNorm(nn.Module):
    """Layer normalization (Ba, Kiros & Hinton 2016), with or without its bias."""

    def __init__(self, width, eps, bias=True):
        super().__init__()
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width)) if bias else None

    def forward(self, x):
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, self.eps)


class RMSNorm(nn.Module):
    """Root-mean-square normalization (Zhang & Sennrich 2019); Gemma's weight is stored less 1."""

    def __init__(self, width, eps, unit_offset=False):
        super().__init__()
        self.eps = eps
        self.offset = 1.0 if unit_offset else 0.0
        self.weight = nn.Parameter(torch.full((width,), 1.0 - self.offset))

    def forward(self, x):
        return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + self.eps) * (
            self.offset + self.weight
        )


class GatedFeedForward(nn.Module):
    """Feed-forward with a gate (Shazeer 2020), under the names of Llama's files."""

    def __init__(self, width, inner, activation, bias=False):
        super().__init__()
        self.act = ACTIVATIONS[activation]
        self.gate_proj = nn.Linear(width, inner, bias=bias)
        self.up_proj = nn.Linear(width, inner, bias=bias)
        self.down_proj = nn.Linear(inner, width, bias=bias)

    def forward(self, x):
        return self.down_proj(self.act(self.gate_proj(x)) * self.up_proj(x))


class FeedForward(nn.Module):
    """Position-wise feed-forward network (Vaswani et al. 2017), under the same names."""

    def __init__(self, width, inner, activation, bias=True):
        super().__init__()
        self.act = ACTIVATIONS[activation]
        self.up_proj = nn.Linear(width, inner, bias=bias)
        self.down_proj = nn.Linear(inner, width, bias=bias)

    def forward(self, x):
        return self.down_proj(self.act(self.up_proj(x)))
