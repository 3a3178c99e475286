"""Fusion-in-Decoder (Izacard & Grave 2021) over T5."""

from .t5 import T5


class FusionInDecoder(T5):
    """T5 whose decoder attends to many sources at once, each of them encoded apart.

    Names and config.json are T5's. source_ids and source_mask: (B, N, S).
    """

    def encode(self, ids, mask):
        """(B, N, S) -> hidden states (B, N S, C) and their mask (B, N S)."""
        hidden, _ = super().encode(ids.flatten(0, 1), mask.flatten(0, 1))
        return hidden.reshape(len(ids), -1, hidden.shape[-1]), mask.flatten(1)
