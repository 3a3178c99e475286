"""ModernBERT (Warner et al. 2024)."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from .attention import attend, local, merge_heads, split_heads, visible
from .config import ConfigError, label_count, layer_types, read_config
from .layers import ACTIVATIONS, LayerNorm
from .pooling import pool
from .rope import rope_settings, rope_tables, rotate

DEFAULTS = {
    "vocab_size": 50368,
    "hidden_size": 768,
    "intermediate_size": 1152,
    "num_hidden_layers": 22,
    "num_attention_heads": 12,
    "hidden_activation": "gelu",
    "max_position_embeddings": 8192,
    "norm_eps": 1e-5,
    "norm_bias": False,
    "attention_bias": False,
    "mlp_bias": False,
    "global_attn_every_n_layers": 3,
    "layer_types": None,
    "local_attention": 128,
    "global_rope_theta": 160000.0,
    "local_rope_theta": 10000.0,
    "rope_parameters": None,
    "decoder_bias": True,
    "classifier_pooling": "cls",
    "classifier_bias": False,
    "classifier_activation": "gelu",
    "tie_word_embeddings": True,
}
# How it is computed, and fields of files that transformers does not read for this architecture.
IGNORED = [
    *("reference_compile", "repad_logits_with_grad", "deterministic_flash_attn", "layer_norm_eps"),
    *("position_embedding_type", "sparse_prediction", "sparse_pred_ignore_index"),
]


def norm(config):
    return LayerNorm(config.hidden_size, config.norm_eps, config.norm_bias)


class Layer(nn.Module):
    """Attention and feed-forward, each after a norm (but the first) and added to x: (B, T, C)."""

    def __init__(self, config, index):
        super().__init__()
        width, inner = config.hidden_size, config.intermediate_size
        self.heads = config.num_attention_heads
        self.act = ACTIVATIONS[config.hidden_activation]
        self.attn_norm = nn.Identity() if index == 0 else norm(config)
        self.attn = nn.ModuleDict(
            {
                "Wqkv": nn.Linear(width, 3 * width, bias=config.attention_bias),
                "Wo": nn.Linear(width, width, bias=config.attention_bias),
            }
        )
        self.mlp_norm = norm(config)
        self.mlp = nn.ModuleDict(
            {
                "Wi": nn.Linear(width, 2 * inner, bias=config.mlp_bias),
                "Wo": nn.Linear(inner, width, bias=config.mlp_bias),
            }
        )

    def forward(self, x, tables, allowed):
        parts = self.attn["Wqkv"](self.attn_norm(x)).chunk(3, dim=-1)
        q, k, v = [split_heads(part, self.heads) for part in parts]
        q, k = rotate(q, *tables), rotate(k, *tables)
        x = x + self.attn["Wo"](merge_heads(attend(q, k, v, allowed, q.shape[-1] ** -0.5)))
        entry, gate = self.mlp["Wi"](self.mlp_norm(x)).chunk(2, dim=-1)
        return x + self.mlp["Wo"](self.act(entry) * gate)


class Encoder(nn.Module):
    """Ids, mask (B, T) and positions -> last hidden states (B, T, C)."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        tokens = nn.Embedding(config.vocab_size, config.hidden_size)
        self.embeddings = nn.ModuleDict({"tok_embeddings": tokens, "norm": norm(config)})
        self.layers = nn.ModuleList(Layer(config, i) for i in range(config.num_hidden_layers))
        self.final_norm = norm(config)
        thetas = {
            "full_attention": config.global_rope_theta,
            "sliding_attention": config.local_rope_theta,
        }
        self.ropes = [
            rope_settings(thetas[kind], None, config.rope_parameters, kind)
            for kind in layer_types(config)
        ]

    @property
    def embedding(self):
        return self.embeddings["tok_embeddings"].weight

    def forward(self, ids, mask, positions):
        config = self.config
        size = config.hidden_size // config.num_attention_heads
        tokens, first_norm = self.embeddings.values()
        # `local_attention` counts both sides: half of it to the left, half to the right.
        masks = {
            "full_attention": visible(mask),
            "sliding_attention": local(mask, config.local_attention // 2),
        }
        x = first_norm(tokens(ids))
        for layer, rope, kind in zip(self.layers, self.ropes, config.layer_types):
            tables = rope_tables(rope, size, positions, config.max_position_embeddings)
            x = layer(x, tables, masks[kind])
        return self.final_norm(x)


class ModernBert(nn.Module):
    """Heads masked_lm, sequence_classification, token_classification and base."""

    prefix = "model"
    unused = []

    def __init__(self, given, head):
        super().__init__()
        self.config = config = read_config(given, DEFAULTS, ignored=IGNORED)
        self.task = head
        if config.layer_types is None:
            config.layer_types = [
                "sliding_attention" if i % config.global_attn_every_n_layers else "full_attention"
                for i in range(config.num_hidden_layers)
            ]
        self.model = Encoder(config)
        width = config.hidden_size
        if head != "base":
            dense = nn.Linear(width, width, bias=config.classifier_bias)
            self.head = nn.ModuleDict({"dense": dense, "norm": norm(config)})
        if head == "masked_lm":
            self.decoder = nn.Linear(width, config.vocab_size, bias=config.decoder_bias)
            if config.tie_word_embeddings:
                self.decoder.weight = None  # the embedding, which must be a parameter once
                self.unused = [r"decoder\.weight"]
        elif head in ("sequence_classification", "token_classification"):
            self.classifier = nn.Linear(width, label_count(config))
        elif head == "base":
            self.unused = [r"(head|decoder|classifier)\..*"]
        else:
            raise ConfigError(f"modernbert has no head {head!r}")

    def forward(self, inputs):
        hidden = self.model(inputs.ids, inputs.mask, inputs.positions_or_default)
        outputs = {"hidden": hidden}
        if self.task == "masked_lm":
            decoder = self.decoder
            weight = self.model.embedding if decoder.weight is None else decoder.weight
            outputs["logits"] = F.linear(self.transform(hidden), weight, decoder.bias)
        elif self.task == "sequence_classification":
            pooled = pool(hidden, inputs.mask, self.config.classifier_pooling)
            outputs["logits"] = self.classifier(self.transform(pooled))
        elif self.task == "token_classification":
            outputs["logits"] = self.classifier(self.transform(hidden))
        return outputs

    def transform(self, x):
        act = ACTIVATIONS[self.config.classifier_activation]
        return self.head["norm"](act(self.head["dense"](x)))
