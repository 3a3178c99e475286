"""LoRA adapters against weights with the product added."""

import torch

from ..lora import add_adapter, scale_of
from .tiny import close, logits, random_ids, tiny

IDS = random_ids(2, 7)


def adapter_for(model, modules, rank=3):
    """Random lora_A and lora_B of modules, as PEFT's files name them; weights are (in, out) if
    they are GPT-2's."""
    tensors = {}
    for name in modules:
        weight = model.get_parameter(f"{name}.weight")
        out, inputs = weight.shape if model.prefix != "transformer" else weight.T.shape
        start = f"base_model.model.{name}"
        tensors[f"{start}.lora_A.weight"] = torch.randn(rank, inputs)
        tensors[f"{start}.lora_B.weight"] = torch.randn(out, rank)
    return tensors


def check_adapters_are_added_weights():
    targets = {
        "llama": ["model.layers.0.self_attn.q_proj", "model.layers.2.mlp.down_proj"],
        "gpt2": ["transformer.h.1.attn.c_attn", "transformer.h.0.mlp.c_proj"],
    }
    for architecture, modules in targets.items():
        for options, scale in (
            ({"lora_alpha": 6, "r": 3}, 2.0),
            ({"lora_alpha": 6, "r": 3, "use_rslora": True}, 6 / 3**0.5),
        ):
            model, merged = tiny(architecture, "causal_lm"), tiny(architecture, "causal_lm")
            tensors = adapter_for(model, modules)
            before = logits(model, IDS)
            parameters = add_adapter(model, tensors, options)
            with torch.no_grad():
                for name in modules:
                    start = f"base_model.model.{name}"
                    product = tensors[f"{start}.lora_B.weight"] @ tensors[f"{start}.lora_A.weight"]
                    weight = merged.get_parameter(f"{name}.weight")
                    weight += scale * (product.T if architecture == "gpt2" else product)
            assert not close(logits(model, IDS), before, 1e-4)
            assert close(logits(model, IDS), logits(merged, IDS)), architecture
            assert parameters.keys() == tensors.keys()
            assert not any(parameter.requires_grad for parameter in model.parameters())


def check_modules_to_save():
    model = tiny("llama", "sequence_classification", num_labels=3)
    tensors = adapter_for(model, ["model.layers.1.self_attn.v_proj"])
    score = torch.randn(3, 16)
    parameters = add_adapter(model, {**tensors, "base_model.model.score.weight": score}, {})
    assert close(model.score.weight.detach(), score) and model.score.weight.requires_grad
    assert parameters["base_model.model.score.weight"] is model.score.weight


def check_patterns_of_alpha():
    config = {"lora_alpha": 8, "alpha_pattern": {"mlp.up_proj": 2, r"0.self_attn.\w_proj": 4}}
    assert scale_of(config, "model.layers.1.mlp.up_proj", 4) == 0.5
    assert scale_of(config, "model.layers.0.self_attn.q_proj", 4) == 1.0
    assert scale_of(config, "model.layers.1.mlp.down_proj", 4) == 2.0
