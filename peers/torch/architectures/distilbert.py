"""DistilBERT (Sanh et al. 2019): BERT without token types and pooler."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .attention import attend, merge_heads, split_heads, visible
from .config import ConfigError, label_count, read_config
from .layers import ACTIVATIONS, LayerNorm

DEFAULTS = {
    "vocab_size": 30522,
    "max_position_embeddings": 512,
    "n_layers": 6,
    "n_heads": 12,
    "dim": 768,
    "hidden_dim": 3072,
    "activation": "gelu",
    "tie_word_embeddings": True,
}
IGNORED = ["sinusoidal_pos_embds"]  # such positions are stored as any others
EPS = 1e-12


class Layer(nn.Module):
    """Attention and feed-forward, each added to x and the sum normalized: (B, T, C)."""

    def __init__(self, config):
        super().__init__()
        width, inner = config.dim, config.hidden_dim
        self.heads = config.n_heads
        self.act = ACTIVATIONS[config.activation]
        names = ("q_lin", "k_lin", "v_lin", "out_lin")
        self.attention = nn.ModuleDict({name: nn.Linear(width, width) for name in names})
        self.sa_layer_norm = LayerNorm(width, EPS)
        self.ffn = nn.ModuleDict({"lin1": nn.Linear(width, inner), "lin2": nn.Linear(inner, width)})
        self.output_layer_norm = LayerNorm(width, EPS)

    def forward(self, x, allowed):
        project = self.attention
        q, k, v = [split_heads(project[n](x), self.heads) for n in ("q_lin", "k_lin", "v_lin")]
        mixed = merge_heads(attend(q, k, v, allowed, q.shape[-1] ** -0.5))
        x = self.sa_layer_norm(x + project["out_lin"](mixed))
        return self.output_layer_norm(x + self.ffn["lin2"](self.act(self.ffn["lin1"](x))))


class Encoder(nn.Module):
    """Ids and positions (B, T) -> last hidden states (B, T, C)."""

    def __init__(self, config):
        super().__init__()
        self.embeddings = nn.ModuleDict(
            {
                "word_embeddings": nn.Embedding(config.vocab_size, config.dim),
                "position_embeddings": nn.Embedding(config.max_position_embeddings, config.dim),
                "LayerNorm": LayerNorm(config.dim, EPS),
            }
        )
        layers = [Layer(config) for _ in range(config.n_layers)]
        self.transformer = nn.ModuleDict({"layer": nn.ModuleList(layers)})

    def forward(self, ids, positions, mask):
        words, places, norm = self.embeddings.values()
        x = norm(words(ids) + places(positions))
        for layer in self.transformer["layer"]:
            x = layer(x, visible(mask))
        return x


class DistilBert(nn.Module):
    """Heads masked_lm, sequence_classification, token_classification and base."""

    prefix = "distilbert"
    unused = [r".*embeddings\.position_ids"]

    def __init__(self, given, head):
        super().__init__()
        self.config = config = read_config(given, DEFAULTS, {"tie_weights_": [True]}, IGNORED)
        self.task = head
        self.distilbert = Encoder(config)
        if head == "masked_lm":
            self.vocab_transform = nn.Linear(config.dim, config.dim)
            self.vocab_layer_norm = LayerNorm(config.dim, EPS)
            self.vocab_projector = nn.Linear(config.dim, config.vocab_size)
            if config.tie_word_embeddings:
                self.vocab_projector.weight = None  # the embedding, which must be a parameter once
                self.unused = [*self.unused, r"vocab_projector\.weight"]
        elif head == "sequence_classification":
            self.pre_classifier = nn.Linear(config.dim, config.dim)
            self.classifier = nn.Linear(config.dim, label_count(config))
        elif head == "token_classification":
            self.classifier = nn.Linear(config.dim, label_count(config))
        elif head == "base":
            self.unused = [*self.unused, r"(vocab_\w+|pre_classifier|classifier)\..*"]
        else:
            raise ConfigError(f"distilbert has no head {head!r}")

    def forward(self, inputs):
        hidden = self.distilbert(inputs.ids, inputs.positions_or_default, inputs.mask)
        outputs = {"hidden": hidden}
        if self.task == "masked_lm":
            act = ACTIVATIONS[self.config.activation]
            x = self.vocab_layer_norm(act(self.vocab_transform(hidden)))
            tied = self.distilbert.embeddings["word_embeddings"].weight
            projector = self.vocab_projector
            weight = tied if projector.weight is None else projector.weight
            outputs["logits"] = F.linear(x, weight, projector.bias)
        elif self.task == "sequence_classification":
            outputs["logits"] = self.classifier(torch.relu(self.pre_classifier(hidden[:, 0])))
        elif self.task == "token_classification":
            outputs["logits"] = self.classifier(hidden)
        return outputs
