"""Causality, padding, windows, heads, and layers against PyTorch's own."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F

from ..attention import attend, causal
from ..inputs import Inputs
from ..losses import task_loss
from .tiny import CONFIGS, DECODERS, close, copy, logits, random_ids, tiny

IDS = random_ids(2, 12)
CHANGED = IDS.clone()
CHANGED[:, 7] = (IDS[:, 7] + 1) % 29


def check_decoders_are_causal():
    for architecture in DECODERS:
        model = tiny(architecture, "causal_lm")
        whole, changed = logits(model, IDS), logits(model, CHANGED)
        assert close(whole[:, :7], changed[:, :7]), architecture
        assert not close(whole[:, 7], changed[:, 7], 1e-4), architecture
        assert close(whole[:, :5], logits(model, IDS[:, :5])), architecture  # as with a cache


def check_decoders_see_as_far_as_they_may():
    """The last logits know of the token at place 7 where three layers reach back that far."""
    for architecture in DECODERS:
        model = tiny(architecture, "causal_lm")
        seen = not close(logits(model, IDS)[:, -1], logits(model, CHANGED)[:, -1], 1e-7)
        assert seen, architecture


def check_padding_changes_nothing():
    for architecture in DECODERS:
        model = tiny(architecture, "causal_lm")
        alone = logits(model, IDS)
        padding = torch.zeros(2, 3, dtype=torch.long)
        real = torch.ones_like(IDS, dtype=torch.bool)
        right = torch.cat([real, padding.bool()], dim=1)
        got = logits(model, torch.cat([IDS, padding], dim=1), mask=right)
        assert close(got[:, :12], alone), architecture
        positions = torch.cat([padding[0], torch.arange(12)]).expand(2, -1)
        left = torch.cat([padding.bool(), real], dim=1)
        got = logits(model, torch.cat([padding, IDS], dim=1), mask=left, positions=positions)
        assert close(got[:, 3:], alone), architecture


def check_windows():
    """A window as long as the text is none; a shorter one hides tokens by the definition."""
    mask = torch.ones(1, 6, dtype=torch.bool)
    assert (causal(mask, 6) == causal(mask)).all()
    seen = [[j for j in range(6) if causal(mask, 3)[0, 0, i, j]] for i in range(6)]
    assert seen == [[0], [0, 1], [0, 1, 2], [1, 2, 3], [2, 3, 4], [3, 4, 5]]
    for architecture in ("mistral", "qwen2", "qwen3", "gemma2", "gemma3_text", "qwen3_moe"):
        short = tiny(architecture, "causal_lm")
        long = tiny(architecture, "causal_lm", sliding_window=12)
        assert not close(logits(short, IDS), logits(long, IDS), 1e-4), architecture
        assert close(logits(short, IDS[:, :3]), logits(long, IDS[:, :3])), architecture
    one = tiny("mistral", "causal_lm", num_hidden_layers=1)
    assert close(logits(one, IDS)[:, -1], logits(one, IDS[:, -3:])[:, -1])


def check_which_layers_have_the_window():
    def windows(architecture, **changes):
        return tiny(architecture, "base", **{"num_hidden_layers": 7, **changes}).model.spec.windows

    assert windows("mistral") == [3] * 7 and windows("mistral", sliding_window=None) == [None] * 7
    assert windows("qwen2") == [None] + [3] * 6
    assert windows("qwen2", use_sliding_window=False) == [None] * 7
    assert windows("gemma2") == [3, None, 3, None, 3, None, 3]
    assert windows("gemma3_text", sliding_window_pattern=6) == [3] * 5 + [None, 3]
    spec = tiny("gemma3_text", "base", sliding_window_pattern=3).model.spec
    assert [rope["rope_theta"] for rope in spec.ropes] == [50.0, 50.0, 1000000.0]
    scaled = tiny("gemma3_text", "base", rope_scaling={"rope_type": "linear", "factor": 8.0})
    assert [rope.get("factor") for rope in scaled.model.spec.ropes] == [None, 8.0, None]


def check_grouped_queries():
    """Two heads of keys and values are four of which each two are the same."""
    grouped = tiny("llama", "causal_lm")
    full = tiny("llama", "causal_lm", num_key_value_heads=4)
    state = grouped.state_dict()
    for name in state:
        if "k_proj" in name or "v_proj" in name:
            state[name] = state[name].view(2, 4, 16).repeat_interleave(2, dim=0).flatten(0, 1)
    full.load_state_dict(state)
    assert close(logits(grouped, IDS), logits(full, IDS))


def check_attention_by_hand():
    q, k, v = torch.randn(3, 1, 1, 4, 8)
    bias = torch.randn(1, 4, 4)
    options = (causal(torch.ones(1, 4, dtype=torch.bool)), 0.3, bias, 2.0)
    got, sunk = attend(q, k, v, *options), attend(q, k, v, *options, torch.tensor([0.7]))
    for i in range(4):
        scores = torch.stack([0.3 * q[0, 0, i] @ k[0, 0, j] for j in range(i + 1)])
        powers = (2 * (scores / 2).tanh() + bias[0, i, : i + 1]).exp()
        assert close(got[0, 0, i], (powers / powers.sum()) @ v[0, 0, : i + 1])
        assert close(sunk[0, 0, i], (powers / (powers.sum() + math.exp(0.7))) @ v[0, 0, : i + 1])


def check_soft_caps():
    free = tiny("gemma2", "causal_lm", attn_logit_softcapping=None, final_logit_softcapping=None)
    wide = {"attn_logit_softcapping": 1e7, "final_logit_softcapping": 1e7}
    assert close(logits(free, IDS), logits(tiny("gemma2", "causal_lm", **wide), IDS), 1e-7)
    last = {"attn_logit_softcapping": None, "final_logit_softcapping": 2.0}
    capped = logits(tiny("gemma2", "causal_lm", **last), IDS)
    assert close(capped, 2 * (logits(free, IDS) / 2).tanh())


def check_gpt2_block_is_pytorchs():
    block = tiny("gpt2", "base").transformer.h[0]
    peer = nn.TransformerEncoderLayer(
        16, 4, 64, dropout=0.0, activation=block.act, batch_first=True, norm_first=True
    )
    pairs = {
        "self_attn.in_proj_weight": block.attn["c_attn"].weight.T,
        "self_attn.in_proj_bias": block.attn["c_attn"].bias,
        "self_attn.out_proj.weight": block.attn["c_proj"].weight.T,
        "self_attn.out_proj.bias": block.attn["c_proj"].bias,
        "linear1.weight": block.mlp["c_fc"].weight.T,
        "linear1.bias": block.mlp["c_fc"].bias,
        "linear2.weight": block.mlp["c_proj"].weight.T,
        "linear2.bias": block.mlp["c_proj"].bias,
        **{f"norm1.{name}": p for name, p in block.ln_1.named_parameters()},
        **{f"norm2.{name}": p for name, p in block.ln_2.named_parameters()},
    }
    peer.load_state_dict(pairs)
    x, allowed = torch.randn(2, 9, 16), causal(torch.ones(2, 9, dtype=torch.bool))
    with torch.no_grad():
        assert close(block(x, allowed), peer(x, src_mask=~allowed[0, 0]))


def check_one_decoder_says_another():
    """Without its window Mistral is Llama; checks/own.py has more."""
    llama = tiny("llama", "causal_lm")
    mistral = copy(llama, tiny("mistral", "causal_lm", sliding_window=None))
    assert close(logits(mistral, IDS), logits(llama, IDS))


def check_gemma_norm_and_scale():
    model = tiny("gemma2", "base").model
    x = torch.randn(3, 16)
    scaled = x / (x.square().mean(dim=-1, keepdim=True) + 1e-6).sqrt()
    assert close(model.norm(x), scaled * (1 + model.norm.weight))
    assert model.spec.embedding_scale == 4.0 and model.spec.scale == 6**-0.5


def check_classifier_on_a_decoder():
    """Logits come from the last token that is not padding, by pad_token_id or by the mask."""
    ids = torch.cat([IDS, torch.zeros(2, 3, dtype=torch.long)], dim=1)
    for architecture in DECODERS:
        model = tiny(architecture, "sequence_classification", num_labels=5, pad_token_id=0)
        with torch.no_grad():
            hidden = model(Inputs(IDS))["hidden"]
        assert close(logits(model, ids), model.score(hidden[:, -1]).detach()), architecture
        model.config.pad_token_id = None
        assert close(logits(model, ids, mask=ids != 0), model.score(hidden[:, -1])), architecture


def check_language_loss():
    model = tiny("llama", "causal_lm")
    labels = IDS.roll(-1, dims=1)
    labels[:, -1] = -100
    scores = F.log_softmax(logits(model, IDS), dim=-1)
    by_hand = [-scores[b, t, labels[b, t]] for b in range(2) for t in range(11)]
    assert close(task_loss(model, logits(model, IDS), labels), torch.stack(by_hand).mean())


def check_ties():
    for architecture in CONFIGS.keys() - {"chatwright"}:
        head = "seq2seq_lm" if architecture in ("t5", "fid", "transformer") else "causal_lm"
        if architecture in ("bert", "roberta", "distilbert", "modernbert"):
            head = "masked_lm"
        models = [tiny(architecture, head, tie_word_embeddings=tied) for tied in (True, False)]
        counts = [sum(29 in p.shape for p in model.parameters()) for model in models]
        assert counts[1] == counts[0] + 1, (architecture, counts)
