"""Reads and writes safetensors files: a length, a JSON header, then the bytes of every tensor
(https://github.com/huggingface/safetensors#format)."""

import json
import struct

import torch

DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}
NAMES = {dtype: name for name, dtype in DTYPES.items()}


class SafetensorsFile:
    """A file that is open for reading. `entries`: name -> dtype, shape and data_offsets."""

    def __init__(self, path):
        self.path = path
        self.file = open(path, "rb")
        (size,) = struct.unpack("<Q", self.file.read(8))
        header = json.loads(self.file.read(size))
        self.start = 8 + size
        self.entries = {name: entry for name, entry in header.items() if name != "__metadata__"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def read_into(self, name, tensor):
        """Fills a contiguous tensor of the file's dtype; nothing is held twice."""
        start, end = self.entries[name]["data_offsets"]
        if tensor.numel() * tensor.element_size() != end - start:
            raise ValueError(f"{self.path}: {name} has {end - start} bytes, not {tensor.shape}")
        if tensor.numel() == 0:
            return
        self.file.seek(self.start + start)
        memory = tensor.view(-1).view(torch.uint8).numpy().data
        if self.file.readinto(memory) != end - start:
            raise ValueError(f"{self.path}: {name} is cut short")

    def read(self, name):
        entry = self.entries[name]
        if entry["dtype"] not in DTYPES:
            raise ValueError(f"{self.path}: {name} has dtype {entry['dtype']}; known: {[*DTYPES]}")
        tensor = torch.empty(entry["shape"], dtype=DTYPES[entry["dtype"]])
        self.read_into(name, tensor)
        return tensor


def read_safetensors(path):
    """All tensors of a file by name."""
    with SafetensorsFile(path) as file:
        return {name: file.read(name) for name in file.entries}


def write_safetensors(path, tensors):
    """Writes tensors by name, in the order given; shared memory is written once for each name."""
    header, offset = {}, 0
    for name, tensor in tensors.items():
        end = offset + tensor.numel() * tensor.element_size()
        shape = list(tensor.shape)
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)  # the data then lies at a multiple of eight bytes
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for tensor in tensors.values():
            if tensor.numel() > 0:
                file.write(tensor.detach().contiguous().view(-1).view(torch.uint8).numpy().data)
