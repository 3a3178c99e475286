"""Mean losses."""

import torch
import torch.nn.functional as F

from .config import ConfigError, is_regression
from .moe import balance_loss

IGNORED_LABEL = -100


def task_loss(model, logits, labels, smoothing=0.0):
    """Of logits (B, T, V) and labels (B, T), which are the targets of those places, shifted
    already: cross-entropy where the label is not -100. Of a classifier's (B, V) and (B):
    cross-entropy; of a regression the mean of squares. `smoothing`: the share of each target that
    is spread over all classes (Szegedy et al. 2016)."""
    if model.task == "sequence_classification" and is_regression(model.config):
        return F.mse_loss(logits, labels.to(logits.dtype).view_as(logits))
    if labels.shape != logits.shape[:-1]:
        raise ConfigError(f"labels are {list(labels.shape)}, logits {list(logits.shape)}")
    flat = logits.flatten(0, -2), labels.flatten().long()
    return F.cross_entropy(*flat, ignore_index=IGNORED_LABEL, label_smoothing=smoothing)


def auxiliary_loss(model, mask):
    """The load-balancing loss of a mixture of experts, or None: config.json asks for it with
    `output_router_logits`, and the loss of the next token is added router_aux_loss_coef times this.
    Other tasks have none, as in transformers."""
    if model.task != "causal_lm" or not getattr(model.config, "output_router_logits", False):
        return None
    return balance_loss(model, mask)


def contrastive_loss(anchors, positives, temperature):
    """InfoNCE within the batch (van den Oord et al. 2018): each anchor's own positive against all,
    and each positive's own anchor: the mean of both ways (CLIP, Radford et al. 2021).

    anchors and positives: (B, C), of length 1 for cosines.
    """
    scores, own = anchors @ positives.T / temperature, torch.arange(len(anchors))
    return (F.cross_entropy(scores, own) + F.cross_entropy(scores.T, own)) / 2
