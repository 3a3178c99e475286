"""Losses of preferences, written from the papers in plain PyTorch, with the gradients.

Takes one JSON argument:
  hidden: (N, 2, T, C) last hidden states; weight: (V, C) of the output
  targets: (N, 2, T) -100 where there is none; reference: (N, 2, T) log-probabilities
  loss, beta, labelSmoothing, referenceFree, lengthNormalized, gamma, nllWeight
Prints {"loss", "hidden", "weight"}: the mean over the pairs, and its gradients.
"""

import json
import sys

import torch
import torch.nn.functional as F


def main() -> None:
    given = json.loads(sys.argv[1])
    hidden = torch.tensor(given["hidden"], dtype=torch.float64, requires_grad=True)
    weight = torch.tensor(given["weight"], dtype=torch.float64, requires_grad=True)
    targets = torch.tensor(given["targets"])
    loss = preference_loss(hidden, weight, targets, given)
    loss.backward()
    result = {
        "loss": loss.item(),
        "hidden": hidden.grad.flatten().tolist(),
        "weight": weight.grad.flatten().tolist(),
    }
    print(json.dumps(result))


def preference_loss(hidden, weight, targets, given) -> torch.Tensor:
    answer = targets >= 0
    log_probabilities = F.log_softmax(hidden @ weight.T, dim=-1)
    each = log_probabilities.gather(-1, targets.clamp(min=0).unsqueeze(-1)).squeeze(-1)
    each = torch.where(answer, each, torch.zeros_like(each))
    length = answer.sum(-1)
    policy = each.sum(-1)
    reference = torch.zeros_like(policy)
    if not given["referenceFree"]:
        reference = torch.tensor(given["reference"], dtype=torch.float64).sum(-1)
    ratios = policy - reference
    if given["lengthNormalized"]:
        ratios = ratios / length
    beta, gamma, smoothing = given["beta"], given["gamma"], given["labelSmoothing"]
    difference = ratios[:, 0] - ratios[:, 1]
    logits = beta * difference - gamma
    if given["loss"] == "sigmoid":
        # DPO, equation 7; conservative DPO; SimPO, equation 6.
        losses = -(1 - smoothing) * F.logsigmoid(logits) - smoothing * F.logsigmoid(-logits)
    elif given["loss"] == "ipo":
        # IPO, equation 17, whose tau is beta.
        losses = (difference - 1 / (2 * beta)) ** 2
    else:
        # SLiC-HF's margin, on DPO's rewards.
        losses = torch.relu(1 - logits)
    nll = -policy[:, 0] / length[:, 0]
    return (losses + given["nllWeight"] * nll).mean()


main()
