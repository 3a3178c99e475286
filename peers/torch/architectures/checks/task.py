"""The command: what it writes, and its gradients against differences of its losses."""

import json
import tempfile
from pathlib import Path

import torch

from safetensors_file import read_safetensors, write_safetensors

from ..inputs import Inputs
from ..run import run
from .names import refused
from .tiny import CONFIGS, DECODERS, ENCODER_DECODERS, ENCODERS, close, own, random_ids, tiny

IDS, LABELS = random_ids(2, 6), random_ids(2, 6).flip(1)
LABELS[0, 2] = -100
MASK = torch.ones_like(IDS)
MASK[1, 4:] = 0
WITH_LOSS = {"want": ["loss"], "dtype": "float64"}


def tasks():
    """One task of each architecture and head with a loss, behind both and changes of config."""
    language = {"ids": IDS.tolist(), "labels": LABELS.tolist(), "mask": MASK.tolist()}
    classes = {"ids": IDS.tolist(), "labels": [2, 0], "mask": MASK.tolist()}
    tags = {**language, "labels": (LABELS % 3).tolist()}
    numbers = {**classes, "labels": [0.5, -1.0]}
    pairs = {"ids": IDS.tolist(), "mask": MASK.tolist(), "pair_ids": random_ids(2, 4).tolist()}
    source = {"source_ids": random_ids(2, 5).tolist()}
    for architecture in DECODERS:
        router = {"output_router_logits": True, "router_aux_loss_coef": 0.5}
        changes = router if architecture in ("mixtral", "qwen3_moe") else {}
        yield architecture, "causal_lm", changes, {"inputs": language}
        yield architecture, "sequence_classification", {"num_labels": 3}, {"inputs": classes}
        yield architecture, "token_classification", {"num_labels": 3}, {"inputs": tags}
        yield architecture, "base", {}, {"inputs": pairs, "pooling": "last"}
    for architecture in ENCODERS:
        yield architecture, "masked_lm", {}, {"inputs": language}
        yield architecture, "sequence_classification", {"num_labels": 3}, {"inputs": classes}
        yield architecture, "sequence_classification", {"num_labels": 1}, {"inputs": numbers}
        yield architecture, "token_classification", {"num_labels": 3}, {"inputs": tags}
        yield architecture, "base", {}, {"inputs": pairs, "pooling": "mean", "temperature": 0.5}
    for architecture in ENCODER_DECODERS:
        sources = {"source_ids": random_ids(2, 3, 5).tolist()} if architecture == "fid" else source
        yield architecture, "seq2seq_lm", {}, {"inputs": {**language, **sources}}
    yield "t5", "encoder", {}, {"inputs": pairs, "pooling": "cls", "temperature": 0.5}
    experts = {"count": 4, "perToken": 2, "hiddenDim": 12, "normalized": True, "balance": 0.5}
    config = own("decoder", positions="alibi", sinks=True, experts=experts)
    yield "chatwright", "causal_lm", config, {"inputs": language, "label_smoothing": 0.2}
    config = own("encoder-decoder", positions="buckets", normPosition="both")
    yield "chatwright", "seq2seq_lm", config, {"inputs": {**language, **source}}


def check_gradients_are_differences():
    """Along a random direction of all parameters; only an expert may have no part in a loss."""
    with tempfile.TemporaryDirectory() as folder:
        weights, output = f"{folder}/weights", f"{folder}/output"
        for architecture, head, changes, rest in tasks():
            model = tiny(architecture, head, **changes)
            before = {name: p.detach().clone() for name, p in model.named_parameters()}
            task = {
                **{"architecture": architecture, "head": head},
                "config": {**CONFIGS[architecture], **changes},
                **{"weights": weights, "output": output, **WITH_LOSS, **rest},
            }

            def loss_at(step):
                write_safetensors(weights, {n: p + step * away[n] for n, p in before.items()})
                return run(task)["loss"]

            away = {name: torch.randn_like(p) for name, p in before.items()}
            difference = (loss_at(1e-5) - loss_at(-1e-5)) / 2e-5
            write_safetensors(weights, before)
            run({**task, "gradients": True})
            got = read_safetensors(output)
            slopes = {name: (got[f"grad.{name}"] * away[name]).sum() for name in before}
            total = sum(slopes.values())
            assert abs(total - difference) <= 1e-6 * max(1, abs(total)), (architecture, head)
            without = [name for name, slope in slopes.items() if slope == 0]
            assert all("experts" in name for name in without), (architecture, head, without)


def check_outputs():
    with tempfile.TemporaryDirectory() as folder:
        model = tiny("mixtral", "causal_lm", output_router_logits=True)
        weights, output = f"{folder}/weights", f"{folder}/output"
        write_safetensors(weights, {n: p.float() for n, p in model.named_parameters()})
        task = {
            **{"architecture": "mixtral", "head": "causal_lm"},
            **{"weights": weights, "output": output},
            "config": {**CONFIGS["mixtral"], "output_router_logits": True},
            "inputs": {"ids": IDS.tolist(), "labels": LABELS.tolist()},
            "want": ["logits", "hidden", "loss", "embedding"],
            **{"pooling": "last", "normalize": False, "dtype": "float64"},
        }
        line = json.loads(json.dumps(run(task)))
        got = read_safetensors(output)
        assert [*got] == ["logits", "hidden", "loss", "embedding", "aux_loss"] == line["tensors"]
        with torch.no_grad():
            expected = model(Inputs(IDS))
        assert close(got["logits"], expected["logits"], 1e-5) and got["loss"] == line["loss"]
        assert got["logits"].dtype == torch.float64
        assert close(got["embedding"], got["hidden"][:, -1])
        for wrong in ({"wants": []}, {"want": ["scores"]}, {"inputs": {"token_types": [[0]]}}):
            refused(lambda: run({**task, **wrong}), "not known")
        run({**task, "dtype": "float32"})
        single = read_safetensors(output)
        torch.set_default_dtype(torch.float64)
        assert single["logits"].dtype == torch.float32
        assert close(single["logits"].double(), got["logits"], 1e-4)


def check_adapters_gradients():
    with tempfile.TemporaryDirectory() as folder:
        model = tiny("llama", "causal_lm")
        paths = [f"{folder}/{name}" for name in ("weights", "adapter", "output")]
        write_safetensors(paths[0], dict(model.named_parameters()))
        start = "base_model.model.model.layers.1.self_attn.q_proj"
        shapes = {f"{start}.lora_A.weight": (2, 16), f"{start}.lora_B.weight": (16, 2)}
        write_safetensors(paths[1], {name: torch.randn(shape) for name, shape in shapes.items()})
        task = {
            **{"architecture": "llama", "head": "causal_lm", "config": CONFIGS["llama"]},
            **{"weights": paths[0], "output": paths[2], "gradients": True, **WITH_LOSS},
            "adapter": {"weights": paths[1], "config": {"lora_alpha": 4, "peft_type": "LORA"}},
            "inputs": {"ids": IDS.tolist(), "labels": LABELS.tolist()},
        }
        run(task)
        got = read_safetensors(paths[2])
        assert got.keys() == {"loss", *(f"grad.{name}" for name in shapes)}
        assert all(got[f"grad.{name}"].abs().max() > 0 for name in shapes)


def check_safetensors():
    tensors = {
        "a": torch.randn(2, 3),
        "scalar": torch.tensor(1.5),
        "none": torch.zeros(0, 4),
        "half": torch.randn(3).to(torch.bfloat16),
        "turned": torch.arange(6, dtype=torch.int32).view(2, 3).T,
        "flags": torch.tensor([True, False]),
    }
    with tempfile.TemporaryDirectory() as folder:
        write_safetensors(f"{folder}/file", tensors)
        got = read_safetensors(f"{folder}/file")
        size = int.from_bytes(Path(f"{folder}/file").read_bytes()[:8], "little")
    assert [*got] == [*tensors] and size % 8 == 0
    assert all(got[n].dtype == t.dtype and got[n].equal(t) for n, t in tensors.items())
