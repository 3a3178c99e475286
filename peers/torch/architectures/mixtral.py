"""Mixtral 8x7B (Jiang et al. 2024): Mistral with experts in every layer."""

import torch.nn as nn

from .config import read_config
from .layers import ACTIVATIONS
from .llama import spec_of, with_head
from .mistral import DEFAULTS as MISTRAL
from .moe import MixtureOfExperts

DEFAULTS = {
    **MISTRAL,
    "rms_norm_eps": 1e-5,
    "rope_theta": 1000000.0,
    "sliding_window": None,
    "num_local_experts": 8,
    "num_experts_per_tok": 2,
    "output_router_logits": False,
    "router_aux_loss_coef": 0.001,
}


class Expert(nn.Module):
    """GatedFeedForward under Mixtral's names: w1 is the gate, w3 goes up, w2 down."""

    def __init__(self, width, inner, activation):
        super().__init__()
        self.act = ACTIVATIONS[activation]
        self.w1 = nn.Linear(width, inner, bias=False)
        self.w2 = nn.Linear(inner, width, bias=False)
        self.w3 = nn.Linear(width, inner, bias=False)

    def forward(self, x):
        return self.w2(self.act(self.w1(x)) * self.w3(x))


def mixtral(given, head):
    """A head of heads.py over Mixtral. Weights of the chosen experts add up to 1."""
    config = read_config(given, DEFAULTS, {"router_jitter_noise": [0.0]})
    sizes = (config.hidden_size, config.intermediate_size, config.hidden_act)

    def mlp(_):
        experts = [Expert(*sizes) for _ in range(config.num_local_experts)]
        return MixtureOfExperts(config.hidden_size, experts, config.num_experts_per_tok, True)

    windows = [config.sliding_window] * config.num_hidden_layers
    spec = spec_of(config, windows=windows, mlp=mlp, mlp_name="block_sparse_moe")
    return with_head(spec, head, config)
