"""BERT (Devlin et al. 2019)."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .attention import attend, merge_heads, split_heads, visible
from .config import ConfigError, label_count, read_config
from .layers import ACTIVATIONS, LayerNorm

DEFAULTS = {
    "vocab_size": 30522,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "hidden_act": "gelu",
    "max_position_embeddings": 512,
    "type_vocab_size": 2,
    "layer_norm_eps": 1e-12,
    "tie_word_embeddings": True,
}
ONLY = {
    "position_embedding_type": ["absolute"],
    "is_decoder": [False],
    "add_cross_attention": [False],
}
# Of the first TensorFlow files; the pooler never had them.
IGNORED = [
    *("directionality", "pooler_fc_size", "pooler_num_attention_heads", "pooler_num_fc_layers"),
    *("pooler_size_per_head", "pooler_type"),
]


def dense_and_norm(inputs, width, eps):
    return nn.ModuleDict({"dense": nn.Linear(inputs, width), "LayerNorm": LayerNorm(width, eps)})


class Layer(nn.Module):
    """Attention and feed-forward, each added to x and the sum normalized: (B, T, C)."""

    def __init__(self, config):
        super().__init__()
        width, inner, eps = config.hidden_size, config.intermediate_size, config.layer_norm_eps
        self.heads = config.num_attention_heads
        self.act = ACTIVATIONS[config.hidden_act]
        projections = {name: nn.Linear(width, width) for name in ("query", "key", "value")}
        self.attention = nn.ModuleDict(
            {"self": nn.ModuleDict(projections), "output": dense_and_norm(width, width, eps)}
        )
        self.intermediate = nn.ModuleDict({"dense": nn.Linear(width, inner)})
        self.output = dense_and_norm(inner, width, eps)

    def forward(self, x, allowed):
        project, output = self.attention["self"], self.attention["output"]
        q, k, v = [split_heads(project[n](x), self.heads) for n in ("query", "key", "value")]
        mixed = merge_heads(attend(q, k, v, allowed, q.shape[-1] ** -0.5))
        x = output["LayerNorm"](x + output["dense"](mixed))
        fed = self.output["dense"](self.act(self.intermediate["dense"](x)))
        return self.output["LayerNorm"](x + fed)


class Encoder(nn.Module):
    """Ids, token types and positions (B, T) -> last hidden states (B, T, C); `pooler` on wish."""

    def __init__(self, config, pooled):
        super().__init__()
        width = config.hidden_size
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(config.vocab_size, width),
                "position_embeddings": nn.Embedding(config.max_position_embeddings, width),
                "token_type_embeddings": nn.Embedding(config.type_vocab_size, width),
                "LayerNorm": LayerNorm(width, config.layer_norm_eps),
            }
        )
        layers = [Layer(config) for _ in range(config.num_hidden_layers)]
        self.encoder = nn.ModuleDict({"layer": nn.ModuleList(layers)})
        if pooled:
            self.pooler = nn.ModuleDict({"dense": nn.Linear(width, width)})

    @property
    def embedding(self):
        return self.embeddings["word_embeddings"].weight

    def forward(self, ids, token_types, positions, mask):
        words, places, types, norm = self.embeddings.values()
        x = norm(words(ids) + places(positions) + types(token_types))
        for layer in self.encoder["layer"]:
            x = layer(x, visible(mask))
        return x

    def pool(self, hidden):
        """(B, T, C) -> (B, C), from the first token."""
        return torch.tanh(self.pooler["dense"](hidden[:, 0]))


class Bert(nn.Module):
    """Heads masked_lm, sequence_classification, token_classification and base."""

    prefix = "bert"
    unused = [
        r".*embeddings\.position_ids",
        r"(bert\.)?pooler\..*",
        r"cls\.seq_relationship\..*",
        r"cls\.predictions\.decoder\.(weight|bias)",
    ]

    def __init__(self, given, head):
        super().__init__()
        self.config = config = read_config(given, DEFAULTS, ONLY, IGNORED)
        self.task = head
        width = config.hidden_size
        self.bert = Encoder(config, pooled=head == "sequence_classification")
        if head == "masked_lm":
            transform = dense_and_norm(width, width, config.layer_norm_eps)
            self.cls = nn.ModuleDict({"predictions": nn.ModuleDict({"transform": transform})})
            predictions = self.cls["predictions"]
            predictions.bias = nn.Parameter(torch.zeros(config.vocab_size))
            if not config.tie_word_embeddings:
                predictions["decoder"] = nn.Linear(width, config.vocab_size, bias=False)
        elif head in ("sequence_classification", "token_classification"):
            self.classifier = nn.Linear(width, label_count(config))
        elif head == "base":
            self.unused = [*self.unused, r"(cls|classifier)\..*"]
        else:
            raise ConfigError(f"bert has no head {head!r}")

    def forward(self, inputs):
        types = torch.zeros_like(inputs.ids) if inputs.token_types is None else inputs.token_types
        hidden = self.bert(inputs.ids, types, inputs.positions_or_default, inputs.mask)
        outputs = {"hidden": hidden}
        if self.task == "masked_lm":
            outputs["logits"] = self.predict(hidden)
        elif self.task == "sequence_classification":
            outputs["logits"] = self.classifier(self.bert.pool(hidden))
        elif self.task == "token_classification":
            outputs["logits"] = self.classifier(hidden)
        return outputs

    def predict(self, hidden):
        predictions = self.cls["predictions"]
        transform, act = predictions["transform"], ACTIVATIONS[self.config.hidden_act]
        x = transform["LayerNorm"](act(transform["dense"](hidden)))
        tied = self.config.tie_word_embeddings
        weight = self.bert.embedding if tied else predictions["decoder"].weight
        return F.linear(x, weight, predictions.bias)
