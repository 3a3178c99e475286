"""RoBERTa (Liu et al. 2019): BERT's encoder with other positions and other heads."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .bert import DEFAULTS as BERT
from .bert import ONLY, Encoder
from .config import ConfigError, label_count, read_config
from .layers import LayerNorm

DEFAULTS = {**BERT, "vocab_size": 50265, "pad_token_id": 1}


class Roberta(nn.Module):
    """Heads masked_lm, sequence_classification, token_classification and base."""

    prefix = "roberta"
    unused = [
        r".*embeddings\.position_ids",
        r"(roberta\.)?pooler\..*",
        r"lm_head\.decoder\.(weight|bias)",
    ]

    def __init__(self, given, head):
        super().__init__()
        self.config = config = read_config(given, DEFAULTS, ONLY)
        self.task = head
        width = config.hidden_size
        self.roberta = Encoder(config, pooled=False)
        if head == "masked_lm":
            norm = LayerNorm(width, config.layer_norm_eps)
            self.lm_head = nn.ModuleDict({"dense": nn.Linear(width, width), "layer_norm": norm})
            self.lm_head.bias = nn.Parameter(torch.zeros(config.vocab_size))
            if not config.tie_word_embeddings:
                self.lm_head["decoder"] = nn.Linear(width, config.vocab_size, bias=False)
        elif head == "sequence_classification":
            out = nn.Linear(width, label_count(config))
            self.classifier = nn.ModuleDict({"dense": nn.Linear(width, width), "out_proj": out})
        elif head == "token_classification":
            self.classifier = nn.Linear(width, label_count(config))
        elif head == "base":
            self.unused = [*self.unused, r"(lm_head|classifier)\..*"]
        else:
            raise ConfigError(f"roberta has no head {head!r}")

    def forward(self, inputs):
        types = torch.zeros_like(inputs.ids) if inputs.token_types is None else inputs.token_types
        positions = inputs.positions
        if positions is None:
            positions = positions_of(inputs.ids, self.config.pad_token_id)
        hidden = self.roberta(inputs.ids, types, positions, inputs.mask)
        outputs = {"hidden": hidden}
        if self.task == "masked_lm":
            x = self.lm_head["layer_norm"](F.gelu(self.lm_head["dense"](hidden)))
            tied = self.config.tie_word_embeddings
            weight = self.roberta.embedding if tied else self.lm_head["decoder"].weight
            outputs["logits"] = F.linear(x, weight, self.lm_head.bias)
        elif self.task == "sequence_classification":
            first = torch.tanh(self.classifier["dense"](hidden[:, 0]))
            outputs["logits"] = self.classifier["out_proj"](first)
        elif self.task == "token_classification":
            outputs["logits"] = self.classifier(hidden)
        return outputs


def positions_of(ids, pad):
    """Positions count from pad + 1 over the tokens that are not padding, which is at `pad`."""
    real = (ids != pad).long()
    return real.cumsum(dim=1) * real + pad
