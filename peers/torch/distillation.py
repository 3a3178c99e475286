"""Losses of distillation and their gradients, as PyTorch computes them in float64.

python3 distillation.py '{"student": [[...]], "teacher": [[...]], "targets": [...], ...}'
"""

import json
import sys

import torch
from torch.nn import functional as F

given = json.loads(sys.argv[1])
torch.set_default_dtype(torch.float64)

student = torch.tensor(given["student"], requires_grad=True)
teacher = torch.tensor(given["teacher"])
targets = torch.tensor(given["targets"])
temperature, share = given["temperature"], given["labelWeight"]

counted = targets >= 0
own = F.log_softmax(student[counted] / temperature, -1)
theirs = F.log_softmax(teacher[counted] / temperature, -1)
pair = (own, theirs) if given["divergence"] == "forward" else (theirs, own)
divergence = F.kl_div(*pair, reduction="batchmean", log_target=True)
labels = F.cross_entropy(student, targets, ignore_index=-100)
loss = share * labels + (1 - share) * temperature**2 * divergence
(gradient,) = torch.autograd.grad(loss, student)

hidden, other = (torch.tensor(given[name]) for name in ("hidden", "otherHidden"))
distances = {
    "cosine": F.cosine_embedding_loss(hidden, other, torch.ones(len(hidden)), reduction="none"),
    "mse": F.mse_loss(hidden, other, reduction="none").mean(-1),
}

print(
    json.dumps(
        {
            "loss": loss.item(),
            "gradient": gradient.flatten().tolist(),
            **{name: value.tolist() for name, value in distances.items()},
        }
    )
)
