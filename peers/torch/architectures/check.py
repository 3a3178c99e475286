"""Runs all checks, or those with a part of a name: this file, or
`python3 -m architectures.check` in peers/torch. Prints one JSON line."""

import json
import sys
from pathlib import Path

import torch

if not __package__:
    sys.path[0] = str(Path(__file__).resolve().parents[1])

from architectures.checks import (
    adapters,
    decoders,
    encoders,
    experts,
    names,
    own,
    positions,
    seq2seq,
    task,
)

MODULES = [positions, decoders, experts, encoders, seq2seq, own, adapters, names, task]


def main(part=""):
    """Runs the checks whose name has `part` in it; the first that fails raises."""
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)
    count = 0
    for module in MODULES:
        for name, check in vars(module).items():
            if name.startswith("check_") and part in name:
                torch.manual_seed(1)
                check()
                count += 1
    print(json.dumps({"passed": count}))


if __name__ == "__main__":
    main(*sys.argv[1:])
