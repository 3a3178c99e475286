"""What a model is given."""

from dataclasses import dataclass
from typing import Optional

import torch


@dataclass
class Inputs:
    """Token ids (B, T) int64, and what may come with them.

    mask: (B, T) booleans, false for padding. token_types: (B, T). positions: (B, T). source_ids:
    of an encoder-decoder, (B, S); (B, N, S) for Fusion-in-Decoder; ids are then the decoder's,
    which begin with its start token. source_mask: as source_ids.
    """

    ids: torch.Tensor
    mask: Optional[torch.Tensor] = None
    token_types: Optional[torch.Tensor] = None
    positions: Optional[torch.Tensor] = None
    source_ids: Optional[torch.Tensor] = None
    source_mask: Optional[torch.Tensor] = None

    def __post_init__(self):
        if self.mask is None:
            self.mask = torch.ones_like(self.ids, dtype=torch.bool)
        if self.source_ids is not None and self.source_mask is None:
            self.source_mask = torch.ones_like(self.source_ids, dtype=torch.bool)

    @property
    def positions_or_default(self):
        """The positions given, else 0 .. T - 1, whatever the mask is."""
        return torch.arange(self.ids.shape[1]) if self.positions is None else self.positions
