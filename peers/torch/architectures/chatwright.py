"""Chatwright's own models: what no architecture of Hugging Face can say, in its own
words and names."""

from types import SimpleNamespace

import torch
import torch.nn as nn
import torch.nn.functional as F

from .chatwright_stack import Stack, norm
from .config import ConfigError, read_config
from .layers import ACTIVATIONS
from .pooling import pool

STACK = {
    **{"vocabSize": None, "context": None, "tokenTypes": 0, "embeddingScale": 1.0},
    **{"embeddingNorm": False, "positionOffset": 0, "layers": None, "dim": None, "heads": None},
    **{"kvHeads": None, "headDim": None, "hiddenDim": None, "norm": None, "normEpsilon": None},
    **{"normBias": None, "normPosition": None, "firstNorm": True, "activation": None, "gated": None},
    **{"feedForwardBias": None, "experts": None, "attentionBias": None, "qkNorm": False},
    **{"attentionScale": None, "attentionSoftcap": None, "sinks": False, "window": None},
    **{"windowed": None, "positions": None, "ropeTheta": 10000.0, "ropeScaling": None},
    **{"windowRopeTheta": None, "buckets": {"count": 32, "maxDistance": 128}},
}
# Nothing is random here.
RANDOM = [
    *("embeddingDropout", "attentionDropout", "residualDropout", "feedForwardDropout"),
    "stochasticDepth",
]
HEAD = {
    **{"task": None, "labels": [], "pooling": "first", "dense": None, "denseBias": True},
    **{"norm": False, "outputBias": True, "normalized": True},
}
POOLINGS = {"first": "cls", "last": "last", "mean": "mean"}
# What run.py calls the head of a task.
HEADS = {
    **{None: "causal_lm", "mlm": "masked_lm", "classify": "sequence_classification"},
    **{"regress": "sequence_classification", "tag": "token_classification", "embed": "base"},
}


def options_of(given, defaults, ignored=()):
    """The options of a part, as attributes; one that is not known is refused by name."""
    unknown = given.keys() - defaults.keys() - {*ignored}
    if unknown:
        raise ConfigError(f"chatwright: {', '.join(sorted(unknown))}: not known here")
    return SimpleNamespace(**{name: given.get(name, value) for name, value in defaults.items()})


def chatwright(given, head):
    """The model that config.json's `chatwright` describes."""
    read_config({n: x for n, x in given.items() if n != "chatwright"}, {})
    own = {**given["chatwright"]}
    kind = own.pop("kind")
    if kind == "encoder-decoder":
        return Pair(own, head)
    if kind in ("decoder", "encoder"):
        return Single(own, head, is_causal=kind == "decoder")
    raise ConfigError(f"chatwright: kind is {kind!r}; decoder, encoder, encoder-decoder are known")


def task_config(options, head):
    """What losses.py and heads look at."""
    is_regression = head is not None and head.task == "regress"
    return SimpleNamespace(
        num_labels=1 if is_regression else len(head.labels) if head else None,
        id2label=None,
        problem_type="regression" if is_regression else None,
        output_router_logits=options.experts is not None,
        router_aux_loss_coef=(options.experts or {}).get("balance", 0.0),
    )


class Head(nn.Module):
    """A layer as wide as the model at most, and an output. x: (..., C)."""

    def __init__(self, head, options):
        super().__init__()
        self.act = ACTIVATIONS[head.dense] if head.dense else None
        if head.dense:
            self.dense = nn.Linear(options.dim, options.dim, bias=head.denseBias)
        self.norm = norm(options) if head.norm else nn.Identity()
        if head.task == "mlm":
            self.bias = nn.Parameter(torch.zeros(options.vocabSize)) if head.outputBias else None
        elif head.task != "embed":
            count = 1 if head.task == "regress" else len(head.labels)
            self.output = nn.Linear(options.dim, count, bias=head.outputBias)

    def hidden(self, x):
        return self.norm(self.act(self.dense(x)) if self.act else x)


class Single(nn.Module):
    """A decoder or an encoder, with the head that its options name."""

    prefix = "model"

    def __init__(self, own, head, is_causal):
        super().__init__()
        more = {"tied": True, "logitSoftcap": None, "head": None} if is_causal else {"head": None}
        self.options = options = options_of(own, {**STACK, **more}, RANDOM)
        self.own_head = options.head and options_of(options.head, HEAD)
        task = self.own_head.task if self.own_head else None
        if head not in ("base", HEADS[task]):
            raise ConfigError(f"chatwright: this model's head is {HEADS[task]}, not {head}")
        self.task, self.unused = head, []
        self.config = task_config(options, self.own_head)
        self.model = Stack(options, is_causal)
        if head == "base":
            self.unused = [r"(lm_head|head)\..*"]
        elif self.own_head:
            self.head = Head(self.own_head, options)
        elif not options.tied:
            self.lm_head = nn.Linear(options.dim, options.vocabSize, bias=False)

    def forward(self, inputs):
        embedding = self.model.embed_tokens.weight
        places = inputs.positions_or_default
        hidden = self.model(inputs.ids, embedding, inputs.mask, places, inputs.token_types)
        outputs = {"hidden": hidden}
        if self.task == "causal_lm":
            weight = embedding if self.options.tied else self.lm_head.weight
            outputs["logits"] = self.capped(F.linear(hidden, weight))
        elif self.task == "masked_lm":
            outputs["logits"] = F.linear(self.head.hidden(hidden), embedding, self.head.bias)
        elif self.task == "sequence_classification":
            pooled = pool(hidden, inputs.mask, POOLINGS[self.own_head.pooling])
            outputs["logits"] = self.head.output(self.head.hidden(pooled))
        elif self.task == "token_classification":
            outputs["logits"] = self.head.output(self.head.hidden(hidden))
        return outputs

    def capped(self, logits):
        cap = self.options.logitSoftcap
        return logits if cap is None else cap * torch.tanh(logits / cap)


class Pair(nn.Module):
    """An encoder-decoder. A source of several parts, (B, N, S), is that of Fusion-in-Decoder."""

    prefix = "model"

    def __init__(self, own, head):
        super().__init__()
        whole = {name: own.pop(name) for name in ("startId", "padId", "tied")}
        self.tied, self.scale = whole["tied"], own.pop("outputScale", 1.0)
        sides = {side: options_of(own.pop(side), STACK, RANDOM) for side in ("encoder", "decoder")}
        options_of(own, {})
        if head not in ("seq2seq_lm", "base"):
            raise ConfigError(f"chatwright: an encoder-decoder has no head {head!r}")
        self.task, self.unused = head, [r"lm_head\.weight"] if head == "base" else []
        decoder = sides["decoder"]
        self.config = task_config(decoder, None)
        self.model = nn.ModuleDict(
            {
                "shared": nn.Embedding(decoder.vocabSize, decoder.dim),
                "encoder": Stack(sides["encoder"], is_causal=False, shared=True),
                "decoder": Stack(decoder, is_causal=True, cross=True, shared=True),
            }
        )
        if head == "seq2seq_lm" and not self.tied:
            self.lm_head = nn.Linear(decoder.dim, decoder.vocabSize, bias=False)

    def forward(self, inputs):
        embedding = self.model["shared"].weight
        parts, mask = inputs.source_ids, inputs.source_mask
        rows, kept = parts.reshape(-1, parts.shape[-1]), mask.reshape(-1, parts.shape[-1])
        source = self.model["encoder"](rows, embedding, kept, torch.arange(parts.shape[-1]))
        source = source.reshape(len(parts), -1, source.shape[-1])
        mask = mask.flatten(1)
        places = inputs.positions_or_default
        decoder = self.model["decoder"]
        hidden = decoder(inputs.ids, embedding, inputs.mask, places, None, source, mask)
        outputs = {"hidden": hidden, "source_hidden": source}
        if self.task == "seq2seq_lm":
            weight = embedding if self.tied else self.lm_head.weight
            outputs["logits"] = F.linear(hidden * (self.scale if self.tied else 1.0), weight)
        return outputs
