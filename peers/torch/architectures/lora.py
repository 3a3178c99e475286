"""Low-rank adapters (Hu et al. 2022) in PEFT's files."""

import re

import torch
import torch.nn as nn
import torch.nn.functional as F

from .config import ConfigError
from .models import spellings

START = "base_model.model."
# Fields of adapter_config.json that say what was adapted, or change nothing once it is trained.
NO_EFFECT = {
    *("peft_type", "task_type", "r", "target_modules", "lora_dropout", "inference_mode"),
    *("base_model_name_or_path", "revision", "auto_mapping", "modules_to_save", "rank_pattern"),
    *("init_lora_weights", "fan_in_fan_out", "peft_version"),
}
USED = {"lora_alpha", "use_rslora", "alpha_pattern"}


def add_adapter(model, tensors, config):
    """Adds an adapter to a model that is loaded, and freezes what it had.

    `base_model.model.MODULE.lora_A.weight` is (r, in), lora_B (out, r); alpha / r scales the
    product, alpha / sqrt(r) with `use_rslora` (Kalajdzievski 2023). Other tensors replace the
    parameter of their name (`modules_to_save`). Returns the adapter's parameters by their names in
    the file.
    """
    for name, value in config.items():
        if name not in NO_EFFECT | USED and value not in (None, False, "none", [], {}):
            raise ConfigError(f"{name} is {value!r}; adapters with it are not computed here")
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    dtype = torch.get_default_dtype()
    adapter = {name: nn.Parameter(tensor.to(dtype)) for name, tensor in tensors.items()}
    modules = {n: m for name, m in model.named_modules() for n in spellings(name, model.prefix)}
    for name, parameter in adapter.items():
        if not name.startswith(START):
            raise ConfigError(f"the adapter's tensor {name} does not begin with {START}")
        path, _, part = name.removeprefix(START).rpartition(".")
        target, _, kind = path.rpartition(".")
        if kind == "lora_A":
            down, up = parameter, adapter[f"{START}{target}.lora_B.weight"]
            scale = scale_of(config, target, len(down))
            find(modules, target).register_forward_hook(low_rank(down, up, scale))
        elif kind == "lora_B":
            find(modules, target)
        elif part in dict(find(modules, path).named_parameters(recurse=False)):
            setattr(modules[path], part, parameter)
        else:
            raise ConfigError(f"the adapter's tensor {name} has no place in the model")
    return adapter


def find(modules, name):
    if name not in modules:
        raise ConfigError(f"the adapter names a module {name}, which the model does not have")
    return modules[name]


def low_rank(down, up, scale):
    """A hook that adds scale B A x to what a module makes of x."""
    return lambda _, inputs, output: output + scale * F.linear(F.linear(inputs[0], down), up)


def scale_of(config, module, rank):
    """Keys of `alpha_pattern` are regular expressions of the end of a module's name."""
    alpha = config.get("lora_alpha", 8)
    for pattern, value in (config.get("alpha_pattern") or {}).items():
        if re.match(rf"(.*\.)?{pattern}$", module):
            alpha = value
            break
    return alpha / rank**0.5 if config.get("use_rslora") else alpha / rank
