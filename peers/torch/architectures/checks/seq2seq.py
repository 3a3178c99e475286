"""Encoder-decoders: PyTorch's own Transformer, T5's conventions, sources in any order."""

import torch
import torch.nn as nn

from ..inputs import Inputs
from ..transformer import sinusoids
from .tiny import ENCODER_DECODERS, close, copy, logits, random_ids, tiny

SOURCE, IDS = random_ids(2, 9), random_ids(3, 7)[1:]
ALL = torch.ones_like(SOURCE, dtype=torch.bool)


def sources(architecture, ids, mask=None):
    """The source of an architecture; Fusion-in-Decoder's is in one part."""
    mask = torch.ones_like(ids, dtype=torch.bool) if mask is None else mask
    if architecture == "fid":
        ids, mask = ids[:, None], mask[:, None]
    return {"source_ids": ids, "source_mask": mask}


def check_transformer_is_pytorchs():
    model = tiny("transformer", "base")
    sizes = {"d_model": 16, "nhead": 4, "num_encoder_layers": 2, "num_decoder_layers": 2}
    peer = nn.Transformer(**sizes, dim_feedforward=24, dropout=0.0, batch_first=True)
    peer.encoder.norm = peer.decoder.norm = None  # the paper has no norm after the last layer
    state = {}
    for side in ("encoder", "decoder"):
        norms = ["self_attn_layer_norm", "encoder_attn_layer_norm", "final_layer_norm"]
        norms = norms if side == "decoder" else [norms[0], norms[2]]
        for i, layer in enumerate(getattr(model, side)["layers"]):
            start = f"{side}.layers.{i}"
            pairs = {"linear1": layer.fc1, "linear2": layer.fc2}
            pairs |= {f"norm{n + 1}": getattr(layer, norm) for n, norm in enumerate(norms)}
            for theirs, ours in (("self_attn", "self_attn"), ("multihead_attn", "encoder_attn")):
                attention = getattr(layer, ours, None)
                if attention is None:
                    continue
                pairs[f"{theirs}.out_proj"] = attention.out_proj
                parts = [attention.q_proj, attention.k_proj, attention.v_proj]
                for n in ("weight", "bias"):
                    joined = torch.cat([getattr(part, n) for part in parts])
                    state[f"{start}.{theirs}.in_proj_{n}"] = joined
            for theirs, module in pairs.items():
                state |= {f"{start}.{theirs}.{n}": p for n, p in module.named_parameters()}
    peer.load_state_dict(state)
    mask = ALL.clone()
    mask[1, 6:] = False

    def embedded(ids):
        return 4 * model.shared(ids) + sinusoids(torch.arange(ids.shape[1]), 16)

    with torch.no_grad():
        got = model(Inputs(IDS, source_ids=SOURCE, source_mask=mask))["hidden"]
        expected = peer(
            embedded(SOURCE),
            embedded(IDS),
            tgt_mask=~torch.ones(7, 7, dtype=torch.bool).tril(),
            src_key_padding_mask=~mask,
            memory_key_padding_mask=~mask,
        )
    assert close(got, expected)


def check_decoders_are_causal():
    changed = IDS.clone()
    changed[:, 4] = 2
    for architecture in ENCODER_DECODERS:
        model, source = tiny(architecture, "seq2seq_lm"), sources(architecture, SOURCE)
        whole, other = logits(model, IDS, **source), logits(model, changed, **source)
        assert close(whole[:, :4], other[:, :4]) and not close(whole[:, 4:], other[:, 4:], 1e-4)
        assert close(whole[:, :3], logits(model, IDS[:, :3], **source)), architecture


def check_source_is_seen_and_padding_is_not():
    padded = torch.cat([SOURCE, torch.zeros(2, 3, dtype=torch.long)], dim=1)
    for architecture in ENCODER_DECODERS:
        model = tiny(architecture, "seq2seq_lm")
        alone = logits(model, IDS, **sources(architecture, SOURCE))
        masked = logits(model, IDS, **sources(architecture, padded, padded != 0))
        assert close(masked, alone), architecture
        unmasked = logits(model, IDS, **sources(architecture, padded))
        assert not close(unmasked, alone, 1e-4), architecture


def check_fusion_in_decoder():
    """One source is T5; the order of many changes nothing; each is encoded without the others."""
    options = {"feed_forward_proj": "gated-gelu", "tie_word_embeddings": False}
    t5 = tiny("t5", "seq2seq_lm", **options)
    fid = copy(t5, tiny("fid", "seq2seq_lm"))
    one = logits(fid, IDS, source_ids=SOURCE[:, None])
    assert close(one, logits(t5, IDS, source_ids=SOURCE))
    three = random_ids(2, 3, 5)
    got = logits(fid, IDS, source_ids=three)
    assert close(got, logits(fid, IDS, source_ids=three[:, [2, 0, 1]]))
    with torch.no_grad():
        apart = [t5.encode(three[:, i], torch.ones(2, 5, dtype=torch.bool))[0] for i in range(3)]
        hidden, mask = fid.encode(three, torch.ones(2, 3, 5, dtype=torch.bool))
    assert close(hidden, torch.cat(apart, dim=1)) and mask.shape == (2, 15)
    padded = torch.ones(2, 3, 5, dtype=torch.bool)
    padded[:, 1] = False
    pair = logits(fid, IDS, source_ids=three[:, [0, 2]])
    assert close(logits(fid, IDS, source_ids=three, source_mask=padded), pair)


def check_t5_conventions():
    model = tiny("t5", "seq2seq_lm")
    attention = model.encoder.block[0].layer[0]["SelfAttention"]
    x = torch.randn(1, 4, 16)
    with torch.no_grad():
        got = attention(x, x, torch.ones(1, 1, 4, 4, dtype=torch.bool), torch.zeros(3, 4, 4))
        heads = []
        for h in range(3):
            q, k, v = [
                x[0] @ getattr(attention, n).weight[5 * h : 5 * h + 5].T for n in ("q", "k", "v")
            ]
            heads.append((q @ k.T).softmax(dim=-1) @ v)  # not divided by sqrt(5)
        assert close(got[0], torch.cat(heads, dim=-1) @ attention.o.weight.T)
        hidden = model(Inputs(IDS, source_ids=SOURCE))["hidden"]
        assert close(logits(model, IDS, source_ids=SOURCE), hidden @ model.shared.weight.T / 4)
    with_bias = [n for n, _ in model.named_parameters() if "relative_attention_bias" in n]
    start, end = "block.0.layer.0.SelfAttention", "relative_attention_bias.weight"
    assert with_bias == [f"encoder.{start}.{end}", f"decoder.{start}.{end}"]
    bias = attention.position_bias(6, bidirectional=True)
    assert close(bias[:, 1, 3], bias[:, 2, 4]) and not close(bias[:, 1, 3], bias[:, 3, 1])
    alone = tiny("t5", "encoder")
    copy_of = {n: p for n, p in model.state_dict().items() if not n.startswith("decoder")}
    alone.load_state_dict(copy_of)
    with torch.no_grad():
        assert close(alone(Inputs(SOURCE))["hidden"], model.encode(SOURCE, ALL)[0])
