"""Mixtures of experts against loops, and against the dense layers that they can be."""

import torch

from ..layers import GatedFeedForward
from ..losses import auxiliary_loss
from ..moe import MixtureOfExperts, balance_loss
from .tiny import close, logits, random_ids, tiny

IDS = random_ids(2, 7)


def mixture(chosen, renormalize):
    torch.manual_seed(3)
    experts = [GatedFeedForward(6, 5, "silu") for _ in range(4)]
    return MixtureOfExperts(6, experts, chosen, renormalize)


def check_each_token_alone():
    x = torch.randn(2, 3, 6)
    for chosen in (1, 2, 4):
        for renormalize in (True, False):
            layer = mixture(chosen, renormalize)
            got = layer(x)
            for b in range(2):
                for t in range(3):
                    token = x[b, t]
                    scores = (layer.gate.weight @ token).exp()
                    probabilities = scores / scores.sum()
                    best = sorted(range(4), key=lambda i: -probabilities[i])[:chosen]
                    total = sum(probabilities[i] for i in best) if renormalize else 1.0
                    mixed = sum(probabilities[i] / total * layer.experts[i](token) for i in best)
                    assert close(got[b, t], mixed)


def check_equal_experts_are_dense():
    layer = mixture(2, True)
    for expert in layer.experts:
        expert.load_state_dict(layer.experts[0].state_dict())
    x = torch.randn(2, 3, 6)
    assert close(layer(x), layer.experts[0](x))


def check_mixtral_with_equal_experts_is_mistral():
    mistral = tiny("mistral", "causal_lm", sliding_window=None, rope_theta=1e6, rms_norm_eps=1e-5)
    mixtral = tiny("mixtral", "causal_lm")
    state = mixtral.state_dict()
    names = {"w1": "gate_proj", "w2": "down_proj", "w3": "up_proj"}
    for name in state:
        if "experts" in name:
            start, _, rest = name.partition("block_sparse_moe.experts.")
            part = names[rest.split(".")[1]]  # after the expert's number
            state[name] = mistral.state_dict()[f"{start}mlp.{part}.weight"]
        elif "gate" not in name:
            state[name] = mistral.state_dict()[name]
    mixtral.load_state_dict(state)
    assert close(logits(mixtral, IDS), logits(mistral, IDS))


def check_which_layers_have_experts():
    def sparse(**changes):
        layers = tiny("qwen3_moe", "base", num_hidden_layers=4, **changes).model.layers
        return [isinstance(layer.mlp, MixtureOfExperts) for layer in layers]

    assert sparse(mlp_only_layers=None) == [True] * 4
    assert sparse() == [True, False, True, True]
    assert sparse(mlp_only_layers=[], decoder_sparse_step=2) == [False, True, False, True]


def check_balance_loss_by_hand():
    model = tiny("mixtral", "causal_lm", output_router_logits=True)
    mask = torch.ones(2, 7, dtype=torch.bool)
    mask[1, 4:] = False
    logits(model, IDS, mask=mask)
    of_layers = []
    for layer in model.model.layers:
        taken, likely, tokens = [0.0] * 4, [0.0] * 4, 0
        rows = layer.block_sparse_moe.router_logits.view(2, 7, 4)
        for row in rows[mask]:
            probabilities = row.softmax(dim=0).tolist()
            for i in sorted(range(4), key=lambda i: -probabilities[i])[:2]:
                taken[i] += 1
            likely = [a + b for a, b in zip(likely, probabilities)]
            tokens += 1
        of_layers.append(4 * sum(a * b for a, b in zip(taken, likely)) / tokens**2)
    expected = sum(of_layers) / len(of_layers)
    assert abs(balance_loss(model, mask).item() - expected) < 1e-12
    assert close(auxiliary_loss(model, mask), balance_loss(model, mask))
    assert auxiliary_loss(tiny("mixtral", "causal_lm"), mask) is None
    assert auxiliary_loss(tiny("llama", "causal_lm"), mask) is None


def check_balance_loss_of_an_even_load():
    """Two of four experts for each token, all of them as likely, is the least: 2."""
    model = tiny("mixtral", "causal_lm")
    for layer in model.model.layers:
        layer.block_sparse_moe.router_logits = torch.zeros(14, 4)
    assert abs(balance_loss(model, torch.ones(2, 7, dtype=torch.bool)).item() - 2.0) < 1e-12
