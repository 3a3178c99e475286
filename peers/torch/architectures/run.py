"""Computes one model once, or one after another.

One argument, a JSON object, or `-` to read one from each line of the standard input:

    architecture, head, config    config: config.json of the architecture
    weights                 a safetensors file
    adapter                 {weights, config} of a LoRA adapter, if any
    inputs                  lists of rows: ids, mask, token_types, positions, source_ids,
                            source_mask; labels; pair_ids, pair_mask, pair_token_types: the
                            positives of ids
    want                    of logits, hidden, source_hidden, embedding, loss, attention
    pooling, normalize      of the embedding: mean, cls or last; true where nothing is said
    temperature             of the contrastive loss, 0.05 where nothing is said
    label_smoothing         of cross-entropies, 0 where nothing is said
    gradients               true for the gradient of the loss by every parameter
    dtype                   float32 or float64
    threads                 1 where nothing is said
    output                  the safetensors file to write

The file has what is wanted under those names, of attention the weights of each layer as
`attention.0` and so on in the order of computation, aux_loss beside the loss of a mixture of
experts, and gradients as `grad.NAME`, where NAME is the parameter's in the weights (of an adapter:
its parameters alone). Prints one JSON line: version, output, its tensors but the gradients, loss; for
a line that is refused, error.
"""

import json
import sys
from pathlib import Path

import torch

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from architectures.attention import weights_seen
from architectures.config import ConfigError
from architectures.inputs import Inputs
from architectures.lora import add_adapter
from architectures.losses import auxiliary_loss, contrastive_loss, task_loss
from architectures.models import ARCHITECTURES, create, load
from architectures.pooling import embed
from safetensors_file import read_safetensors, write_safetensors

TASK = {
    *("architecture", "head", "config", "weights", "adapter", "inputs", "want", "pooling"),
    "normalize",
    *("temperature", "label_smoothing", "gradients", "dtype", "threads", "output"),
}
INPUTS = {
    *("ids", "mask", "token_types", "positions", "source_ids", "source_mask", "labels"),
    *("pair_ids", "pair_mask", "pair_token_types"),
}
# Inputs that mean something to these architectures alone.
MEANT_FOR = {
    "token_types": {"bert", "roberta", "chatwright"},
    "positions": ARCHITECTURES.keys() - {"t5", "fid"},
    "source_ids": {"t5", "fid", "transformer", "chatwright"},
}
WANTED = ("logits", "hidden", "source_hidden", "embedding", "loss", "attention")
DTYPES = {"float32": torch.float32, "float64": torch.float64}
MASKS = ("mask", "source_mask")


def check_task(task):
    """Refuses what would be passed over in silence."""
    given = {name for name, value in task["inputs"].items() if value is not None}
    strange = [*(task.keys() - TASK), *(given - INPUTS)]
    strange += [n for n in given if task["architecture"] not in MEANT_FOR.get(n, ARCHITECTURES)]
    strange += [name for name in task["want"] if name not in WANTED]
    if strange:
        names = ", ".join(sorted(strange))
        raise ConfigError(f"{names}: not known, or not of {task['architecture']}")


def read_inputs(given, start=""):
    """Inputs from lists; with `start` those whose names begin with it."""
    names = Inputs.__dataclass_fields__
    rows = {name: given[start + name] for name in names if given.get(start + name) is not None}
    dtypes = {name: torch.bool if name in MASKS else torch.int64 for name in rows}
    return Inputs(**{name: torch.tensor(rows[name], dtype=dtypes[name]) for name in rows})


def compute(model, task):
    """The outputs of a model by name, the loss among them where labels or pairs are given."""
    given = task["inputs"]
    inputs = read_inputs(given)
    outputs = model(inputs)
    aux = auxiliary_loss(model, inputs.mask)
    kind, normalize = task.get("pooling"), task.get("normalize", True)
    if kind is not None:
        outputs["embedding"] = embed(outputs["hidden"], inputs.mask, kind, normalize)
    if given.get("labels") is not None:
        labels, smoothing = torch.tensor(given["labels"]), task.get("label_smoothing", 0.0)
        outputs["loss"] = task_loss(model, outputs["logits"], labels, smoothing)
    elif given.get("pair_ids") is not None:
        pairs = read_inputs(given, "pair_")
        positives = embed(model(pairs)["hidden"], pairs.mask, kind, normalize)
        temperature = task.get("temperature", 0.05)
        outputs["loss"] = contrastive_loss(outputs["embedding"], positives, temperature)
    if aux is not None and "loss" in outputs:
        outputs["aux_loss"] = aux
        outputs["loss"] = outputs["loss"] + model.config.router_aux_loss_coef * aux
    return outputs


def run(task):
    """Does what the task says. Returns the line to print."""
    check_task(task)
    torch.set_default_dtype(DTYPES[task.get("dtype", "float32")])
    torch.set_num_threads(task.get("threads", 1))
    model = create(task["architecture"], task["head"], task["config"])
    parameters = load(model, read_safetensors(task["weights"]))
    if task.get("adapter"):
        tensors = read_safetensors(task["adapter"]["weights"])
        parameters = add_adapter(model, tensors, task["adapter"]["config"])
    weights_seen.clear()
    with torch.set_grad_enabled(bool(task.get("gradients"))):
        outputs = compute(model, task)
    attention = {f"attention.{i}": weights for i, weights in enumerate(weights_seen)}
    wanted = [name for name in task["want"] if name != "attention"]
    if "attention" in task["want"]:
        outputs.update(attention)
        wanted += attention
    missing = [name for name in wanted if name not in outputs]
    if task.get("gradients") and "loss" not in outputs:
        missing.append("loss")
    if missing:
        raise ConfigError(f"head {task['head']} and these inputs give no {', '.join(missing)}")
    names = [*wanted, *(["aux_loss"] if "aux_loss" in outputs else [])]
    tensors = {name: outputs[name] for name in names}
    if task.get("gradients"):
        outputs["loss"].backward()
        for name, parameter in parameters.items():
            unused = torch.zeros_like(parameter)
            tensors[f"grad.{name}"] = unused if parameter.grad is None else parameter.grad
    write_safetensors(task["output"], tensors)
    loss = outputs["loss"].item() if "loss" in outputs else None
    return {"version": torch.__version__, "output": task["output"], "tensors": names, "loss": loss}


def run_lines():
    """Answers each line with one."""
    for line in sys.stdin:
        try:
            answer = run(json.loads(line))
        except ConfigError as error:
            answer = {"error": str(error)}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    try:
        if sys.argv[1] == "-":
            run_lines()
        else:
            print(json.dumps(run(json.loads(sys.argv[1]))))
    except ConfigError as error:
        sys.exit(str(error))
