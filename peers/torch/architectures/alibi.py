"""Attention with linear biases (Press, Smith & Lewis 2022)."""

import torch


def alibi_slopes(heads):
    """(heads) slopes. For n heads, a power of two, they are 2^(-8/n), 2^(-16/n), ...; for others
    those of the power below, then every other one of the power above, as in the authors' code."""
    below = 1 << (heads.bit_length() - 1)
    slopes = [2 ** (-8 * (i + 1) / below) for i in range(below)]
    between = [2 ** (-8 * (i + 1) / (2 * below)) for i in range(0, 2 * below, 2)]
    return torch.tensor((slopes + between)[:heads], dtype=torch.get_default_dtype())


def alibi(heads, apart):
    """Added to scores: minus the slope for each token that a key is away, before or after.

    apart: (..., T, T) steps -> (..., heads, T, T).
    """
    return -alibi_slopes(heads)[:, None, None] * apart.abs()[..., None, :, :]
