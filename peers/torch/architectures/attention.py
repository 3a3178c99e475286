"""Scaled dot-product attention (Vaswani et al. 2017), and what may attend to what."""

import torch

# Weights (B, H, T, S) of each call of `attend`, since this was last cleared.
weights_seen = []


def split_heads(x, heads):
    """(B, T, heads * D) -> (B, heads, T, D)."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x):
    """(B, heads, T, D) -> (B, T, heads * D)."""
    return x.transpose(1, 2).flatten(2)


def attend(q, k, v, allowed, scale, bias=None, softcap=None, sinks=None):
    """q: (B, H, T, D), k and v: (B, K, S, D) with K dividing H -> (B, H, T, D).

    `allowed`: booleans that broadcast to (B, H, T, S). `softcap` c turns scaled scores s into
    c tanh(s / c) (Gemma 2, 2024, section 2); `bias` is added to these, as FlashAttention has it.
    `sinks`: (H) scores of a key that is not there and takes weight from all (gpt-oss, 2025).
    """
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, dim=1), v.repeat_interleave(groups, dim=1)
    scores = (q @ k.transpose(-2, -1)) * scale
    if softcap is not None:
        scores = softcap * torch.tanh(scores / softcap)
    if bias is not None:
        scores = scores + bias
    # The smallest number, not infinity: a row of padding that sees nothing stays a number.
    scores = scores.masked_fill(~allowed, torch.finfo(scores.dtype).min)
    if sinks is None:
        weights = scores.softmax(dim=-1)
    else:
        sink = sinks[:, None, None].expand(*scores.shape[:-1], 1)
        weights = torch.cat([scores, sink], dim=-1).softmax(dim=-1)[..., :-1]
    weights_seen.append(weights)
    return weights @ v


def distances(positions):
    """How far key j lies before query i; negative after it. (..., T) -> (..., T, T)."""
    return positions[..., :, None] - positions[..., None, :]


def causal(mask, window=None):
    """Each token sees itself and those before it: at most `window` of them, itself among them.

    mask: (B, T), false where there is padding -> (B, 1, T, T).
    """
    before = distances(torch.arange(mask.shape[1]))
    near = (before >= 0) & (before < window) if window is not None else before >= 0
    return near & visible(mask)


def local(mask, reach):
    """Each token sees those at most `reach` away, on both sides. (B, T) -> (B, 1, T, T)."""
    return (distances(torch.arange(mask.shape[1])).abs() <= reach) & visible(mask)


def visible(mask):
    """Every query sees every key that is not padding. (B, S) -> (B, 1, 1, S)."""
    return mask[:, None, None, :]
