"""Mixtures of experts: each token goes through the experts that its router likes best."""

import torch
import torch.nn as nn
import torch.nn.functional as F


class MixtureOfExperts(nn.Module):
    """Sparse feed-forward (Shazeer et al. 2017; Jiang et al. 2024). x: (B, T, C) -> (B, T, C).

    Every expert computes every token here, and weighs nothing where it was not chosen.
    """

    def __init__(self, width, experts, chosen, renormalize):
        super().__init__()
        self.gate = nn.Linear(width, len(experts), bias=False)
        self.experts = nn.ModuleList(experts)
        self.chosen = chosen
        self.renormalize = renormalize
        self.router_logits = None  # (B T, experts) of the last call

    def forward(self, x):
        tokens = x.flatten(0, 1)
        self.router_logits = self.gate(tokens)
        best, indices = self.router_logits.softmax(dim=-1).topk(self.chosen)
        if self.renormalize:
            best = best / best.sum(dim=-1, keepdim=True)
        weights = torch.zeros_like(self.router_logits).scatter(1, indices, best)
        mixed = sum(weights[:, i : i + 1] * expert(tokens) for i, expert in enumerate(self.experts))
        return mixed.view_as(x)


def balance_loss(model, mask):
    """Switch's load-balancing loss (Fedus et al. 2021, equations 4-6), the mean over the layers.

    Of a layer: experts times the sum over experts of (share of the tokens) x (mean probability),
    without padding; with k experts for each token the shares add up to k, so that the loss is k
    where the load is even.
    """
    layers = [module for module in model.modules() if isinstance(module, MixtureOfExperts)]
    return torch.stack([layer_balance(layer, mask) for layer in layers]).mean()


def layer_balance(layer, mask):
    logits = layer.router_logits[mask.flatten()]
    probabilities = logits.softmax(dim=-1)
    experts = logits.shape[1]
    taken = F.one_hot(probabilities.topk(layer.chosen).indices, experts).sum(dim=1)
    shares = taken.to(logits.dtype).mean(dim=0)
    return experts * (shares * probabilities.mean(dim=0)).sum()
