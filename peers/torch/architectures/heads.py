"""What stands on a decoder: logits of the next token, of a class, or nothing."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .config import ConfigError, label_count


class DecoderHead(nn.Module):
    """A decoder under its architecture's name and one of the heads causal_lm, token_classification,
    sequence_classification (`score`, of the last token that is not padding) and base.

    `prefix`: where the decoder lies in the architecture's files. `unused`: patterns of tensors that
    such files may have besides. `tagger`: the name of token_classification's output. `forward`
    takes inputs.py's Inputs.
    """

    def __init__(
        self, decoder, prefix, head, width, vocab, config, softcap=None, unused=(), tagger="score"
    ):
        super().__init__()
        self.tagger = tagger
        self.prefix, self.task, self.config, self.softcap = prefix, head, config, softcap
        self.unused = [*unused, r".*\.rotary_emb\.inv_freq"]
        self.add_module(prefix, decoder)
        if head == "causal_lm":
            if config.tie_word_embeddings:
                self.unused.append(r"lm_head\.weight")
            else:
                self.lm_head = nn.Linear(width, vocab, bias=False)
        elif head == "sequence_classification":
            self.score = nn.Linear(width, label_count(config), bias=False)
            self.unused.append(r"lm_head\.weight")
        elif head == "token_classification":
            self.add_module(tagger, nn.Linear(width, label_count(config)))
            self.unused.append(r"lm_head\.weight")
        elif head == "base":
            self.unused.append(rf"(lm_head|score|{tagger})\.(weight|bias)")
        else:
            raise ConfigError(f"a decoder has no head {head!r}")

    def forward(self, inputs):
        decoder = getattr(self, self.prefix)
        hidden = decoder(inputs.ids, inputs.mask, inputs.positions_or_default)
        outputs = {"hidden": hidden}
        if self.task == "causal_lm":
            tied = self.config.tie_word_embeddings
            logits = F.linear(hidden, decoder.embedding if tied else self.lm_head.weight)
            if self.softcap is not None:
                logits = self.softcap * torch.tanh(logits / self.softcap)
            outputs["logits"] = logits
        elif self.task == "sequence_classification":
            last = last_token(inputs, self.config.pad_token_id)
            outputs["logits"] = self.score(hidden[torch.arange(len(hidden)), last])
        elif self.task == "token_classification":
            outputs["logits"] = getattr(self, self.tagger)(hidden)
        return outputs


def last_token(inputs, pad):
    """(B): the last place whose id is not `pad`; where there is no such id, the last of the mask.

    transformers looks at ids only, and wants one row at a time where pad_token_id is null.
    """
    real = inputs.mask if pad is None else inputs.ids != pad
    return (real * torch.arange(real.shape[1])).argmax(dim=1)
