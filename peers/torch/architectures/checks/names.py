"""Names and shapes of parameters, as the published files of each architecture have them."""

from ..config import ConfigError
from ..models import create, load
from .tiny import CONFIGS, tiny

NORMS = ["input_layernorm", "post_attention_layernorm"]
PROJECTIONS = ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj"]
GATED = ["mlp.gate_proj", "mlp.up_proj", "mlp.down_proj"]
SANDWICH = ["pre_feedforward_layernorm", "post_feedforward_layernorm"]
QK_NORMS = ["self_attn.q_norm", "self_attn.k_norm"]


def both(*names):
    return [f"{name}.{part}" for name in names for part in ("weight", "bias")]


def weights(*names):
    return [f"{name}.weight" for name in names]


def decoder(layer, head=("lm_head.weight",), biases=()):
    """Llama's names around those of a layer; {i} stands for each layer."""
    layer = [*weights(*NORMS, *PROJECTIONS, *layer), *biases]
    start = weights("model.embed_tokens", "model.norm")
    return [*start, *(f"model.layers.{{i}}.{name}" for name in layer), *head]


def sublayers(side, *parts):
    """Names of one block of T5: each part has a layer_norm."""
    return [
        f"{side}.block.{{i}}.layer.{n}.{name}.weight"
        for n, names in enumerate(parts)
        for name in (*names, "layer_norm")
    ]


ATTENTION = [f"SelfAttention.{n}" for n in "qkvo"]
BIAS = "SelfAttention.relative_attention_bias.weight"
CROSS = [f"EncDecAttention.{n}" for n in "qkvo"]
BERT_LAYER = [
    *("attention.self.query", "attention.self.key", "attention.self.value"),
    *("attention.output.dense", "attention.output.LayerNorm", "intermediate.dense"),
    *("output.dense", "output.LayerNorm"),
]
BERT_EMBEDDINGS = ["word_embeddings", "position_embeddings", "token_type_embeddings"]


def bert(start):
    return [
        *(f"{start}.embeddings.{n}.weight" for n in BERT_EMBEDDINGS),
        *both(f"{start}.embeddings.LayerNorm"),
        *both(*(f"{start}.encoder.layer.{{i}}.{n}" for n in BERT_LAYER)),
    ]


EXPECTED = {
    ("gpt2", "causal_lm"): [
        *weights("transformer.wte", "transformer.wpe"),
        *both("transformer.h.{i}.ln_1", "transformer.h.{i}.attn.c_attn"),
        *both("transformer.h.{i}.attn.c_proj", "transformer.h.{i}.ln_2"),
        *both("transformer.h.{i}.mlp.c_fc", "transformer.h.{i}.mlp.c_proj", "transformer.ln_f"),
    ],
    ("llama", "causal_lm"): decoder(GATED),
    ("llama", "sequence_classification"): decoder(GATED, ["score.weight"]),
    ("mistral", "causal_lm"): decoder(GATED),
    ("qwen2", "causal_lm"): decoder(
        GATED, biases=[f"self_attn.{n}_proj.bias" for n in ("q", "k", "v")]
    ),
    ("qwen3", "causal_lm"): decoder([*QK_NORMS, *GATED]),
    ("gemma2", "causal_lm"): decoder([*SANDWICH, *GATED], head=[]),
    ("gemma3_text", "causal_lm"): decoder([*SANDWICH, *QK_NORMS, *GATED], head=[]),
    ("mixtral", "causal_lm"): decoder(
        [
            "block_sparse_moe.gate",
            *(f"block_sparse_moe.experts.{{e}}.{n}" for n in ("w1", "w2", "w3")),
        ]
    ),
    ("bert", "masked_lm"): [
        *bert("bert"),
        *both("cls.predictions.transform.dense", "cls.predictions.transform.LayerNorm"),
        "cls.predictions.bias",
    ],
    ("bert", "sequence_classification"): [*bert("bert"), *both("bert.pooler.dense", "classifier")],
    ("bert", "token_classification"): [*bert("bert"), *both("classifier")],
    ("roberta", "masked_lm"): [
        *bert("roberta"),
        *both("lm_head.dense", "lm_head.layer_norm"),
        "lm_head.bias",
    ],
    ("roberta", "sequence_classification"): [
        *bert("roberta"),
        *both("classifier.dense", "classifier.out_proj"),
    ],
    ("distilbert", "masked_lm"): [
        *(f"distilbert.embeddings.{n}.weight" for n in BERT_EMBEDDINGS[:2]),
        *both("distilbert.embeddings.LayerNorm"),
        *both(
            *(
                f"distilbert.transformer.layer.{{i}}.{n}"
                for n in (
                    *("attention.q_lin", "attention.k_lin", "attention.v_lin"),
                    *("attention.out_lin", "sa_layer_norm", "ffn.lin1", "ffn.lin2"),
                    "output_layer_norm",
                )
            )
        ),
        *both("vocab_transform", "vocab_layer_norm"),
        "vocab_projector.bias",
    ],
    ("modernbert", "masked_lm"): [
        *weights("model.embeddings.tok_embeddings", "model.embeddings.norm", "model.final_norm"),
        *(
            f"model.layers.{{i}}.{n}.weight"
            for n in ("attn_norm", "attn.Wqkv", "attn.Wo", "mlp_norm", "mlp.Wi", "mlp.Wo")
        ),
        *weights("head.dense", "head.norm"),
        "decoder.bias",
    ],
    ("t5", "seq2seq_lm"): [
        *weights("shared", "encoder.final_layer_norm", "decoder.final_layer_norm"),
        *(f"{side}.block.0.layer.0.{BIAS}" for side in ("encoder", "decoder")),
        *sublayers("encoder", ATTENTION, ["DenseReluDense.wi", "DenseReluDense.wo"]),
        *sublayers("decoder", ATTENTION, CROSS, ["DenseReluDense.wi", "DenseReluDense.wo"]),
    ],
}
EXPECTED["fid", "seq2seq_lm"] = [
    *(n for n in EXPECTED["t5", "seq2seq_lm"] if not n.endswith("wi.weight")),
    *(
        f"{side}.block.{{i}}.layer.{n}.DenseReluDense.{part}.weight"
        for side, n in (("encoder", 1), ("decoder", 2))
        for part in ("wi_0", "wi_1")
    ),
    "lm_head.weight",
]


def expand(names, layers):
    by_layer = {n.replace("{i}", str(i)) for n in names for i in range(layers)}
    return {n.replace("{e}", str(e)) for n in by_layer for e in range(4)}


def check_names():
    for (architecture, head), names in EXPECTED.items():
        got = {name for name, _ in tiny(architecture, head).named_parameters()}
        numbers = {int(part) for name in got for part in name.split(".")[:4] if part.isdigit()}
        expected = expand(names, max(numbers) + 1)
        if architecture == "modernbert":
            expected.remove("model.layers.0.attn_norm.weight")
        assert got == expected, (architecture, head, got ^ expected)


def check_names_of_qwen3_with_experts():
    """Layer 1 has none (`mlp_only_layers`)."""
    got = {name for name, _ in tiny("qwen3_moe", "causal_lm").named_parameters()}
    dense = {n for n in expand(decoder([*QK_NORMS, *GATED]), 3) if "mlp" not in n or ".1." in n}
    parts = ["gate", *(f"experts.{{e}}.{n}_proj" for n in ("gate", "up", "down"))]
    sparse = expand([f"model.layers.{{i}}.mlp.{n}.weight" for n in parts], 3)
    assert got == dense | {n for n in sparse if "layers.1." not in n}


def check_shapes():
    def shape(model, name):
        return list(model.get_parameter(name).shape)

    gpt2 = tiny("gpt2", "causal_lm")
    assert shape(gpt2, "transformer.h.0.attn.c_attn.weight") == [16, 48]
    assert shape(gpt2, "transformer.h.0.mlp.c_proj.weight") == [64, 16]
    qwen3 = tiny("qwen3", "causal_lm")
    assert shape(qwen3, "model.layers.0.self_attn.q_proj.weight") == [24, 16]
    assert shape(qwen3, "model.layers.0.self_attn.k_proj.weight") == [12, 16]
    assert shape(qwen3, "model.layers.0.self_attn.q_norm.weight") == [6]
    bert = tiny("modernbert", "masked_lm")
    assert shape(bert, "model.layers.1.mlp.Wi.weight") == [48, 16]
    t5 = tiny("t5", "seq2seq_lm")
    bias = "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"
    assert shape(t5, bias) == [8, 3]
    assert shape(t5, "encoder.block.0.layer.0.SelfAttention.q.weight") == [15, 16]


def refused(call, *words):
    try:
        call()
    except ConfigError as error:
        assert all(word in str(error) for word in words), error
    else:
        raise AssertionError(f"nothing was refused: {words}")


def check_loading():
    model = tiny("bert", "base")
    tensors = {n.removeprefix("bert."): p.detach() for n, p in model.named_parameters()}
    tensors["embeddings.LayerNorm.gamma"] = tensors.pop("embeddings.LayerNorm.weight")
    tensors["pooler.dense.weight"] = tensors["encoder.layer.0.output.dense.weight"]
    named = load(create("bert", "base", CONFIGS["bert"]), tensors)
    assert named.keys() == tensors.keys() - {"pooler.dense.weight"}
    name = "encoder.layer.0.output.dense.weight"
    refused(lambda: load(model, {**tensors, "extra": tensors[name]}), "extra")
    refused(lambda: load(model, {**tensors, name: tensors[name].T}), name, "shape")
    del tensors[name]
    refused(lambda: load(model, tensors), name)


def check_refusals():
    for architecture, field, value in (
        *(("bert", "position_embedding_type", "relative_key"), ("bert", "is_decoder", True)),
        *(("gemma3_text", "attn_logit_softcapping", 50.0), ("llama", "no_such_field", 1)),
        *(("gpt2", "add_cross_attention", True), ("t5", "feed_forward_proj", "gated-no")),
        *(("mixtral", "router_jitter_noise", 0.1), ("gemma2", "use_bidirectional_attention", True)),
    ):
        config = {**CONFIGS[architecture], field: value}
        refused(lambda: create(architecture, "base", config), field)
    for scaling, word in (
        ({"type": "longrope", "factor": 2.0}, "longrope"),
        ({"type": "linear", "factor": 2.0, "beta_fast": 32}, "beta_fast"),
    ):
        config = {**CONFIGS["llama"], "rope_scaling": scaling}
        refused(lambda: create("llama", "base", config), word)
    refused(lambda: create("llama", "masked_lm", CONFIGS["llama"]), "masked_lm")
    refused(lambda: create("lama", "base", {}), "lama")
