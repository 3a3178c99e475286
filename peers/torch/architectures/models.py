"""All architectures by the `model_type` of config.json, and how their parameters are filled."""

import re

import torch

from .bert import Bert
from .chatwright import chatwright
from .config import ConfigError
from .distilbert import DistilBert
from .fid import FusionInDecoder
from .gemma2 import gemma2
from .gemma3_text import gemma3_text
from .gpt2 import gpt2
from .llama import llama
from .mistral import mistral
from .mixtral import mixtral
from .modernbert import ModernBert
from .qwen2 import qwen2
from .qwen3 import qwen3
from .qwen3_moe import qwen3_moe
from .roberta import Roberta
from .t5 import T5
from .transformer import Transformer

ARCHITECTURES = {
    "bert": Bert,
    "chatwright": chatwright,
    "distilbert": DistilBert,
    "fid": FusionInDecoder,
    "gemma2": gemma2,
    "gemma3_text": gemma3_text,
    "gpt2": gpt2,
    "llama": llama,
    "mistral": mistral,
    "mixtral": mixtral,
    "modernbert": ModernBert,
    "qwen2": qwen2,
    "qwen3": qwen3,
    "qwen3_moe": qwen3_moe,
    "roberta": Roberta,
    "t5": T5,
    "transformer": Transformer,
}


def create(architecture, head, config):
    """A model with parameters of no account. It has a prefix, and maps Inputs to named tensors:
    hidden (after the last norm), logits, source_hidden."""
    if architecture not in ARCHITECTURES:
        raise ConfigError(f"architecture is {architecture!r}; known are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[architecture](config, head)


def spellings(name, prefix):
    """Names under which files have a parameter: files of a model without a head lack the prefix,
    and the oldest of BERT call the parts of a LayerNorm gamma and beta."""
    names = [name, name.removeprefix(f"{prefix}.")] if prefix else [name]
    old = {"LayerNorm.weight": "LayerNorm.gamma", "LayerNorm.bias": "LayerNorm.beta"}
    return names + [n.replace(new, past) for n in names for new, past in old.items() if new in n]


def load(model, tensors):
    """Fills every parameter. Returns the parameters by their names in the file; throws on a tensor
    that is missing, has another shape, or has no place in the model."""
    named = {}
    for name, parameter in model.named_parameters():
        found = next((n for n in spellings(name, model.prefix) if n in tensors), None)
        if found is None:
            raise ConfigError(f"the weights have no tensor {name} {list(parameter.shape)}")
        if tensors[found].shape != parameter.shape:
            shapes = f"{list(tensors[found].shape)}, not {list(parameter.shape)}"
            raise ConfigError(f"the weights' tensor {found} has shape {shapes}")
        with torch.no_grad():
            parameter.copy_(tensors[found])
        named[found] = parameter
    left = [n for n in tensors if n not in named]
    left = [n for n in left if not any(re.fullmatch(pattern, n) for pattern in model.unused)]
    if left:
        raise ConfigError(f"the model has no place for {', '.join(sorted(left))}")
    return named
