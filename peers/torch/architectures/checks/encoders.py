"""Encoders: layers against PyTorch's own, padding, positions, windows, pooling."""

import torch
import torch.nn as nn
import torch.nn.functional as F

from ..attention import local, visible
from ..inputs import Inputs
from ..losses import contrastive_loss, task_loss
from ..pooling import embed, pool
from ..roberta import positions_of
from .tiny import ENCODERS, close, logits, random_ids, tiny

IDS = random_ids(2, 12)
HEADS = ("masked_lm", "sequence_classification", "token_classification")


def hidden(model, ids, **more):
    with torch.no_grad():
        return model(Inputs(ids, **more))["hidden"]


def check_bert_layer_is_pytorchs():
    layer = tiny("bert", "base").bert.encoder["layer"][0]
    peer = nn.TransformerEncoderLayer(
        16, 4, 24, dropout=0.0, activation="gelu", batch_first=True, layer_norm_eps=1e-12
    )
    attention, output = layer.attention["self"], layer.attention["output"]
    parts = [attention[name] for name in ("query", "key", "value")]
    pairs = {
        "self_attn.out_proj": output["dense"],
        "linear1": layer.intermediate["dense"],
        "linear2": layer.output["dense"],
        "norm1": output["LayerNorm"],
        "norm2": layer.output["LayerNorm"],
    }
    state = {f"{a}.{n}": p for a, module in pairs.items() for n, p in module.named_parameters()}
    state["self_attn.in_proj_weight"] = torch.cat([part.weight for part in parts])
    state["self_attn.in_proj_bias"] = torch.cat([part.bias for part in parts])
    peer.load_state_dict(state)
    x, mask = torch.randn(2, 9, 16), torch.ones(2, 9, dtype=torch.bool)
    mask[1, 5:] = False
    peer.train()  # the layer as it is written, not the fused kernel of inference
    got, expected = layer(x, visible(mask)), peer(x, src_key_padding_mask=~mask)
    assert close(got[mask], expected[mask])


def check_distilbert_is_bert_without_token_types():
    bert, distil = tiny("bert", "base"), tiny("distilbert", "base")
    names = {
        "attention.q_lin": "attention.self.query",
        "attention.k_lin": "attention.self.key",
        "attention.v_lin": "attention.self.value",
        "attention.out_lin": "attention.output.dense",
        "sa_layer_norm": "attention.output.LayerNorm",
        "ffn.lin1": "intermediate.dense",
        "ffn.lin2": "output.dense",
        "output_layer_norm": "output.LayerNorm",
        "transformer": "encoder",
    }
    with torch.no_grad():
        bert.bert.embeddings["token_type_embeddings"].weight.zero_()
        for name, parameter in distil.distilbert.named_parameters():
            for ours, theirs in names.items():
                name = name.replace(ours, theirs)
            parameter.copy_(bert.bert.get_parameter(name))
    assert close(hidden(distil, IDS), hidden(bert, IDS))


def check_padding_changes_nothing():
    for architecture in ENCODERS:
        pad = 1 if architecture == "roberta" else 0
        padding = torch.full((2, 3), pad)
        ids = torch.cat([IDS, padding], dim=1)
        for head in HEADS:
            model = tiny(architecture, head, num_labels=3)
            got, alone = logits(model, ids, mask=ids != pad), logits(model, IDS)
            assert close(got[:, :12] if got.dim() == 3 else got, alone), (architecture, head)
            assert not close(logits(model, ids)[:, 0], alone[:, 0], 1e-4), (architecture, head)


def check_both_sides_are_seen():
    changed = IDS.clone()
    changed[:, 6] = 2
    for architecture in ENCODERS:
        model = tiny(architecture, "masked_lm")
        difference = (logits(model, IDS) - logits(model, changed)).abs().amax(dim=(0, 2))
        assert (difference > 1e-7).all(), architecture


def check_roberta_positions():
    ids = torch.tensor([[5, 6, 7, 1, 1], [1, 1, 5, 6, 7]])
    assert positions_of(ids, 1).tolist() == [[2, 3, 4, 1, 1], [1, 1, 2, 3, 4]]


def check_token_types_matter():
    types = torch.zeros_like(IDS)
    types[:, 6:] = 1
    for architecture in ("bert", "roberta"):
        model = tiny(architecture, "base")
        assert close(hidden(model, IDS), hidden(model, IDS, token_types=torch.zeros_like(IDS)))
        assert not close(hidden(model, IDS), hidden(model, IDS, token_types=types), 1e-4)


def check_modernbert_windows():
    mask = torch.ones(1, 7, dtype=torch.bool)
    seen = [[j for j in range(7) if local(mask, 2)[0, 0, i, j]] for i in range(7)]
    assert seen[0] == [0, 1, 2] and seen[3] == [1, 2, 3, 4, 5] and seen[6] == [4, 5, 6]
    near, wide = tiny("modernbert", "base"), tiny("modernbert", "base", local_attention=24)
    assert close(hidden(near, IDS[:, :3]), hidden(wide, IDS[:, :3]))
    assert not close(hidden(near, IDS), hidden(wide, IDS), 1e-4)
    deep = tiny("modernbert", "base", num_hidden_layers=7)
    thetas = [rope["rope_theta"] for rope in deep.model.ropes]
    assert thetas == [160000.0, 10000.0, 10000.0, 160000.0, 10000.0, 10000.0, 160000.0]
    written = ["full_attention", "sliding_attention", "sliding_attention"]
    assert close(hidden(tiny("modernbert", "base", layer_types=written), IDS), hidden(near, IDS))


def check_modernbert_feed_forward():
    """The first half of Wi goes through GELU, the second is the gate."""
    layer = tiny("modernbert", "base").model.layers[0]
    with torch.no_grad():
        layer.attn["Wo"].weight.zero_()
        x = torch.randn(1, 5, 16)
        tables = torch.ones(5, 2), torch.zeros(5, 2)
        got = layer(x, tables, visible(torch.ones(1, 5, dtype=torch.bool)))
        entry, gate = layer.mlp["Wi"].weight.view(2, 24, 16)
        y = F.layer_norm(x, (16,), layer.mlp_norm.weight)
        assert close(got, x + (F.gelu(y @ entry.T) * (y @ gate.T)) @ layer.mlp["Wo"].weight.T)
    assert isinstance(layer.attn_norm, nn.Identity) and not hasattr(layer.attn_norm, "weight")


def check_pooling():
    x = torch.randn(2, 4, 3)
    mask = torch.tensor([[1, 1, 1, 0], [0, 1, 1, 1]], dtype=torch.bool)
    assert close(pool(x, mask, "mean"), torch.stack([x[0, :3].mean(dim=0), x[1, 1:].mean(dim=0)]))
    assert close(pool(x, mask, "cls"), torch.stack([x[0, 0], x[1, 1]]))
    assert close(pool(x, mask, "last"), torch.stack([x[0, 2], x[1, 3]]))
    assert close(embed(x, mask, "mean").norm(dim=1), torch.ones(2))
    pooled = tiny("modernbert", "sequence_classification", classifier_pooling="mean")
    assert not close(logits(pooled, IDS), logits(tiny("modernbert", pooled.task), IDS), 1e-4)


def check_contrastive_loss():
    a, b = F.normalize(torch.randn(2, 3, 5), dim=-1)
    scores = [[a[i] @ b[j] / 0.1 for j in range(3)] for i in range(3)]
    terms = []
    for i in range(3):
        for rivals in (scores[i], [row[i] for row in scores]):
            terms.append(torch.stack(rivals).exp().sum().log() - scores[i][i])
    assert close(contrastive_loss(a, b, 0.1), torch.stack(terms).mean())


def check_regression():
    model = tiny("bert", "sequence_classification", num_labels=1)
    got, labels = logits(model, IDS), torch.tensor([0.5, -2.0])
    assert close(task_loss(model, got, labels), ((got[:, 0] - labels) ** 2).mean())
