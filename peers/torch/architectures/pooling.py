"""One vector for a text, from those of its tokens (Reimers & Gurevych 2019)."""

import torch
import torch.nn.functional as F

from .config import ConfigError


def pool(hidden, mask, kind):
    """hidden (B, T, C), mask (B, T) -> (B, C): the `mean` over what is not padding, the first token
    of that (`cls`) or its `last`."""
    if kind == "mean":
        weights = mask[..., None].to(hidden.dtype)
        return (hidden * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1e-9)
    if kind == "cls":
        chosen = mask.long().argmax(dim=1)
    elif kind == "last":
        chosen = (mask * torch.arange(mask.shape[1])).argmax(dim=1)
    else:
        raise ConfigError(f"pooling is {kind!r}; mean, cls and last are known")
    return hidden[torch.arange(len(hidden)), chosen]


def embed(hidden, mask, kind, normalize=True):
    """The sentence embedding (B, C), of length 1 if it is normalized."""
    pooled = pool(hidden, mask, kind)
    return F.normalize(pooled, dim=-1) if normalize else pooled
