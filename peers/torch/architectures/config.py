"""Reads config.json: a field is used, is known to change nothing, or is refused by name."""

from types import SimpleNamespace

LABELS = {"num_labels": None, "id2label": None, "label2id": None, "problem_type": None}
NO_EFFECT = {
    *("_name_or_path", "architectures", "model_type", "transformers_version"),
    *("task_specific_params", "torch_dtype", "dtype", "use_cache", "cache_implementation"),
    *("initializer_range", "initializer_factor", "initializer_cutoff_factor"),
    *("output_past", "gradient_checkpointing"),
    *("bos_token_id", "eos_token_id", "sep_token_id", "cls_token_id", "mask_token_id"),
    *("unk_token_id", "decoder_start_token_id", "is_encoder_decoder", "_attn_implementation"),
}


class ConfigError(ValueError):
    """A config.json that this reference does not compute."""


def read_config(given, defaults, only=None, ignored=()):
    """The fields of `defaults` with what `given` says instead, as attributes.

    `only` maps a field to the values that change nothing: any other is refused. `ignored` names
    fields without effect. Dropout has none: nothing here is random.
    """
    only = only or {}
    known = {"pad_token_id": None, **LABELS, **defaults}
    for name, value in given.items():
        if name in only and value is not None and value not in only[name]:
            raise ConfigError(f"{name} is {value!r}; only {only[name]} is computed here")
        if name in known or name in only or name in NO_EFFECT or name in ignored:
            continue
        if "dropout" in name.lower() or name.endswith("_pdrop"):
            continue
        raise ConfigError(f"{name} is {value!r}; this field is not known here")
    return SimpleNamespace(**{name: given.get(name, value) for name, value in known.items()})


def label_count(config):
    """Outputs of a classifier; two where nothing is said, as transformers has it."""
    if config.id2label is not None:
        return len(config.id2label)
    return 2 if config.num_labels is None else config.num_labels


def is_regression(config):
    """Whether labels are numbers (mean squared error) and not classes."""
    if config.problem_type not in (None, "regression", "single_label_classification"):
        raise ConfigError(f"problem_type is {config.problem_type!r}; it is not computed here")
    return config.problem_type == "regression" or (
        config.problem_type is None and label_count(config) == 1
    )


def layer_types(config):
    """`layer_types`, of which there is one for each layer: with a window, or with none."""
    kinds = config.layer_types
    known = {"sliding_attention", "full_attention"}
    if len(kinds) != config.num_hidden_layers or not known.issuperset(kinds):
        raise ConfigError(f"layer_types is {kinds}; {config.num_hidden_layers} of {known} are due")
    return kinds
