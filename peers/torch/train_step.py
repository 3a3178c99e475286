"""The peer of `bench train`: GPT-2 trained by PyTorch, from given weights and on given batches.

One argument, a JSON object: vocabulary, context, layers, heads, width, batch, weights (a
safetensors file with Chatwright's names), batches (int32, each batch x (context + 1)), warmup,
steps, threads, foreach, rate. Prints one JSON line: version, losses of all steps, milliseconds of
those after the warm-up, and the most memory held, in bytes.
"""

import json
import math
import sys
import time

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from safetensors_file import SafetensorsFile


class Attention(nn.Module):
    """Causal self-attention; one product for queries, keys and values together, as in nanoGPT."""

    def __init__(self, width, heads, context):
        super().__init__()
        self.heads = heads
        self.qkv_proj = nn.Linear(width, 3 * width)
        self.o_proj = nn.Linear(width, width)
        hidden = torch.ones(context, context).triu(1).bool()
        self.register_buffer("hidden", hidden, persistent=False)

    def forward(self, x):
        batch, length, width = x.shape
        parts = self.qkv_proj(x).split(width, dim=2)
        q, k, v = [
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in parts
        ]
        if hasattr(F, "scaled_dot_product_attention"):  # PyTorch 2
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        else:
            scores = (q @ k.transpose(-2, -1)) * (1.0 / math.sqrt(k.shape[-1]))
            weights = F.softmax(scores.masked_fill(self.hidden, float("-inf")), dim=-1)
            mixed = weights @ v
        return self.o_proj(mixed.transpose(1, 2).reshape(batch, length, width))


class FeedForward(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.up_proj = nn.Linear(width, 4 * width)
        self.down_proj = nn.Linear(4 * width, width)

    def forward(self, x):
        return self.down_proj(F.gelu(self.up_proj(x), approximate="tanh"))


class Block(nn.Module):
    def __init__(self, width, heads, context):
        super().__init__()
        self.input_layernorm = nn.LayerNorm(width)
        self.self_attn = Attention(width, heads, context)
        self.post_attention_layernorm = nn.LayerNorm(width)
        self.mlp = FeedForward(width)

    def forward(self, x):
        x = x + self.self_attn(self.input_layernorm(x))
        return x + self.mlp(self.post_attention_layernorm(x))


class GPT(nn.Module):
    """GPT-2: learned positions, and one matrix for the embedding and the output."""

    def __init__(self, vocabulary, context, layers, heads, width):
        super().__init__()
        self.embed_tokens = nn.Embedding(vocabulary, width)
        self.embed_positions = nn.Embedding(context, width)
        self.layers = nn.ModuleList(Block(width, heads, context) for _ in range(layers))
        self.norm = nn.LayerNorm(width)

    def forward(self, ids, targets):
        x = self.embed_tokens(ids) + self.embed_positions.weight[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x)
        logits = F.linear(self.norm(x), self.embed_tokens.weight)
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


def load_weights(model, path):
    """Reads each tensor straight into its parameter, so that nothing is held twice."""
    with SafetensorsFile(path) as file:
        for name, parameter in model.named_parameters():
            if "qkv_proj" in name:
                for i, part in enumerate(parameter.detach().chunk(3)):
                    file.read_into("model." + name.replace("qkv", "qkv"[i]), part)
            else:
                file.read_into("model." + name, parameter.detach())


def peak_memory():
    try:
        with open("/proc/self/status") as status:
            lines = dict(line.split(":", 1) for line in status)
        return 1024 * int(lines["VmHWM"].split()[0])
    except FileNotFoundError:
        import resource  # Windows has neither

        unit = 1 if sys.platform == "darwin" else 1024
        return unit * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main(task):
    torch.set_num_threads(task["threads"])
    torch.set_flush_denormal(True)
    sizes = [task[name] for name in ("vocabulary", "context", "layers", "heads", "width")]
    model = GPT(*sizes)
    load_weights(model, task["weights"])
    matrices = [p for p in model.parameters() if p.dim() >= 2]
    vectors = [p for p in model.parameters() if p.dim() < 2]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=task["rate"],
        betas=(0.9, 0.99),
        eps=1e-8,
        foreach=task["foreach"],
    )
    tokens = torch.from_numpy(np.fromfile(task["batches"], dtype=np.int32).astype(np.int64))
    batches = tokens.view(-1, task["batch"], task["context"] + 1)

    losses, times = [], []
    for step in range(task["warmup"] + task["steps"]):
        rows = batches[step % len(batches)]
        start = time.perf_counter()
        loss = model(rows[:, :-1], rows[:, 1:])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if step >= task["warmup"]:
            times.append(1e3 * (time.perf_counter() - start))
    result = {"version": torch.__version__, "losses": losses, "times": times}
    print(json.dumps({**result, "peakMemory": peak_memory()}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
