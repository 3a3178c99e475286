"""Rotary position embedding (Su et al. 2021) and its scalings, as transformers documents them.

Component i of a head turns together with component i + D/2. Angles are computed in float64 whatever
the dtype of the model.
"""

import math

import torch

from .config import ConfigError

FIELDS = {
    "default": set(),
    "linear": {"factor"},
    "dynamic": {"factor", "original_max_position_embeddings"},
    "llama3": {
        *("factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"),
    },
    "yarn": {
        *("factor", "attention_factor", "beta_fast", "beta_slow", "mscale", "mscale_all_dim"),
        *("original_max_position_embeddings", "truncate"),
    },
}


def rope_settings(theta, scaling=None, parameters=None, layer_type=None):
    """One dict: rope_type, rope_theta and the fields of that type.

    theta and scaling: `rope_theta` and `rope_scaling` of config.json. parameters:
    `rope_parameters`, which says both since transformers 5, for each layer type where there are
    several.
    """
    parameters = parameters or {}
    if any(isinstance(value, dict) for value in parameters.values()):
        parameters = parameters.get(layer_type) or {}
    settings = {"rope_theta": theta, **(scaling or {}), **parameters}
    kind = settings.pop("type", "default")
    settings.setdefault("rope_type", kind)
    if settings["rope_type"] not in FIELDS:
        raise ConfigError(f"rope_type is {settings['rope_type']!r}; known are {[*FIELDS]}")
    for name, value in settings.items():
        known = name in {"rope_type", "rope_theta", *FIELDS[settings["rope_type"]]}
        if not known and value is not None and (name, value) != ("partial_rotary_factor", 1.0):
            raise ConfigError(f"{name} of rope type {settings['rope_type']} is not known here")
    return settings


def rope_tables(settings, dim, positions, max_positions):
    """Cosines and sines. positions: (..., T) -> two of (..., T, dim / 2).

    max_positions: `max_position_embeddings`, which the scalings refer to.
    """
    length = int(positions.max()) + 1
    frequencies, factor = inverse_frequencies(settings, dim, length, max_positions)
    angles = positions[..., None].double() * frequencies
    dtype = torch.get_default_dtype()
    return (angles.cos() * factor).to(dtype), (angles.sin() * factor).to(dtype)


def rotate(x, cos, sin):
    """Turns the pairs (i, i + D/2) of x: (B, H, T, D). cos and sin: (T, D/2) or (B, T, D/2)."""
    if cos.dim() == 3:
        cos, sin = cos[:, None], sin[:, None]
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)


def inverse_frequencies(settings, dim, length, max_positions):
    """Angle for each step of position, (dim / 2) in float64, and a factor of cosine and sine."""
    kind, theta = settings["rope_type"], settings["rope_theta"]
    if kind == "dynamic":
        # Neural-tangent-kernel scaling, once a text is longer than those of training.
        trained = settings.get("original_max_position_embeddings") or max_positions
        stretch = settings["factor"] * max(length, trained) / trained
        theta = theta * (stretch - (settings["factor"] - 1)) ** (dim / (dim - 2))
    frequencies = theta ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    if kind == "linear":
        return frequencies / settings["factor"], 1.0
    if kind == "llama3":
        return llama3(frequencies, settings), 1.0
    if kind == "yarn":
        return yarn(frequencies, settings, dim, max_positions)
    return frequencies, 1.0


def llama3(frequencies, settings):
    """Slow turns are interpolated, fast ones stay, between them a blend (Llama 3.1)."""
    low, high = settings["low_freq_factor"], settings["high_freq_factor"]
    turns = settings["original_max_position_embeddings"] * frequencies / (2 * math.pi)
    kept = ((turns - low) / (high - low)).clamp(0, 1)
    return frequencies * (kept + (1 - kept) / settings["factor"])


def yarn(frequencies, settings, dim, max_positions):
    """YaRN (Peng et al. 2023): a ramp over components, and warmer scores through the factor."""
    trained = settings.get("original_max_position_embeddings") or max_positions
    scale = settings.get("factor") or max_positions / trained

    def component(turns):
        """Where a component turns this often within the trained length."""
        slowest = trained / (turns * 2 * math.pi)
        return dim * math.log(slowest) / (2 * math.log(settings["rope_theta"]))

    low = component(settings.get("beta_fast") or 32)
    high = component(settings.get("beta_slow") or 1)
    if settings.get("truncate", True):
        low, high = math.floor(low), math.ceil(high)
    low, high = max(low, 0), min(high, dim - 1)
    if low == high:
        high += 0.001
    steps = torch.arange(dim // 2, dtype=torch.float64)
    interpolated = ((steps - low) / (high - low)).clamp(0, 1)
    frequencies = frequencies * (1 - interpolated + interpolated / scale)
    return frequencies, attention_factor(settings, scale)


def attention_factor(settings, scale):
    """YaRN's factor of cosine and sine: the square root of that of the scores."""

    def warmth(weight):
        return 0.1 * weight * math.log(scale) + 1.0 if scale > 1 else 1.0

    if settings.get("attention_factor") is not None:
        return settings["attention_factor"]
    if settings.get("mscale") and settings.get("mscale_all_dim"):
        return warmth(settings["mscale"]) / warmth(settings["mscale_all_dim"])
    return warmth(1.0)
