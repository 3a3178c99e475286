"""Chatwright's own models against the architectures that their options describe, and by hand."""

import torch

from ..inputs import Inputs
from ..models import create
from .tiny import close, copy, filled, logits, own, random_ids, tiny

IDS, SOURCE = random_ids(2, 12), random_ids(2, 9)
MASK = torch.ones_like(IDS, dtype=torch.bool)
MASK[1, 9:] = False
ROTARY = {
    **{"positions": "rotary", "norm": "rms", "normEpsilon": 1e-6, "activation": "silu"},
    **{"gated": True, "feedForwardBias": False, "attentionBias": "none"},
}


def renamed(source, target, names):
    """Gives `target` the parameters of `source`, whose names have these parts in them instead."""
    state = {}
    for name, value in source.state_dict().items():
        for theirs, ours in names.items():
            name = name.replace(theirs, ours)
        state[name] = value
    target.load_state_dict(state)
    return target


def decoder(**changes):
    return create("chatwright", "causal_lm", own("decoder", **changes))


def check_own_decoder_is_llama():
    llama = tiny("llama", "causal_lm")
    assert close(logits(copy(llama, decoder(**ROTARY, tied=False)), IDS), logits(llama, IDS))
    scaling = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16}
    ours = {"kind": "yarn", "factor": 4.0, "original": 16, "betaFast": 32, "betaSlow": 1}
    llama = tiny("llama", "causal_lm", rope_scaling=scaling)
    model = decoder(**ROTARY, tied=False, ropeScaling={**ours, "truncate": True})
    assert close(logits(copy(llama, model), IDS), logits(llama, IDS))


def check_own_decoder_is_mixtral():
    mixtral = tiny("mixtral", "causal_lm")
    experts = {"count": 4, "perToken": 2, "hiddenDim": 24, "normalized": True, "balance": 0.5}
    options = {**ROTARY, "normEpsilon": 1e-5, "ropeTheta": 1e6, "experts": experts}
    names = {"block_sparse_moe": "mlp", "w1": "gate_proj", "w2": "down_proj", "w3": "up_proj"}
    model = renamed(mixtral, decoder(**options, tied=False), names)
    assert close(logits(model, IDS), logits(mixtral, IDS))
    assert model.config.router_aux_loss_coef == 0.5 and model.config.output_router_logits


def check_own_decoder_is_gemma3():
    """Whose norms are stored less 1."""
    gemma = tiny("gemma3_text", "causal_lm", final_logit_softcapping=2.0)
    options = {
        **{**ROTARY, "headDim": 8, "activation": "gelu_tanh", "normPosition": "both"},
        **{"qkNorm": True, "attentionScale": 6**-0.5, "embeddingScale": 4.0, "logitSoftcap": 2.0},
        **{"window": 3, "windowed": [True, False, True], "windowRopeTheta": 50.0},
        **{"ropeTheta": 1e6},
    }
    names = {
        "post_attention_layernorm": "self_attn_output_norm",
        "pre_feedforward_layernorm": "post_attention_layernorm",
        "post_feedforward_layernorm": "mlp_output_norm",
    }
    model = renamed(gemma, decoder(**options), names)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "norm" in name:
                parameter += 1
    assert close(logits(model, IDS), logits(gemma, IDS))


def check_own_encoder_is_bert():
    bert = tiny("bert", "masked_lm")
    head = {"task": "mlm", "dense": "gelu", "norm": True}
    options = {
        **{"kvHeads": 4, "layers": 2, "normEpsilon": 1e-12, "activation": "gelu"},
        **{"normPosition": "post", "tokenTypes": 2, "embeddingNorm": True, "head": head},
    }
    names = {
        **{"bert.embeddings.word_embeddings": "model.embed_tokens"},
        **{"bert.embeddings.position_embeddings": "model.embed_positions"},
        **{"bert.embeddings.token_type_embeddings": "model.embed_types"},
        **{"bert.embeddings.LayerNorm": "model.embed_norm", "bert.encoder.layer": "model.layers"},
        **{"attention.self.query": "self_attn.q_proj", "attention.self.key": "self_attn.k_proj"},
        **{"attention.self.value": "self_attn.v_proj"},
        **{"attention.output.dense": "self_attn.o_proj"},
        **{"attention.output.LayerNorm": "input_layernorm"},
        **{"intermediate.dense": "mlp.up_proj", "output.dense": "mlp.down_proj"},
        **{"output.LayerNorm": "post_attention_layernorm"},
        **{"cls.predictions.transform.dense": "head.dense"},
        **{"cls.predictions.transform.LayerNorm": "head.norm", "cls.predictions.bias": "head.bias"},
    }
    model = renamed(bert, create("chatwright", "masked_lm", own("encoder", **options)), names)
    more = {"mask": MASK, "token_types": (IDS > 9).long()}
    assert close(logits(model, IDS, **more), logits(bert, IDS, **more))


def check_own_pair_is_the_transformer():
    peer = tiny("transformer", "seq2seq_lm")
    options = {
        **{"kvHeads": 4, "layers": 2, "positions": "sinusoidal", "normPosition": "post"},
        **{"activation": "relu", "embeddingScale": 4.0},
    }
    names = {
        **{"shared": "model.shared", "encoder.layers": "model.encoder.layers"},
        **{"decoder.layers": "model.decoder.layers", "out_proj": "o_proj"},
        **{"self_attn_layer_norm": "input_layernorm", "fc1": "mlp.up_proj", "fc2": "mlp.down_proj"},
        **{"encoder_attn_layer_norm": "cross_attn_layernorm", "encoder_attn": "cross_attn"},
        "final_layer_norm": "post_attention_layernorm",
    }
    config = own("encoder-decoder", **options)
    whole = config["chatwright"]
    model = renamed(peer, create("chatwright", "seq2seq_lm", config), names)
    source = {"source_ids": SOURCE, "source_mask": SOURCE > 5}
    assert close(logits(model, IDS, **source), logits(peer, IDS, **source))
    halved = {"chatwright": {**whole, "outputScale": 0.5}}
    scaled = create("chatwright", "seq2seq_lm", halved)
    assert close(logits(copy(model, scaled), IDS, **source), logits(peer, IDS, **source) / 2)


def check_own_pair_is_t5():
    t5 = tiny("t5", "base")
    options = {
        **{**ROTARY, "positions": "buckets", "buckets": {"count": 8, "maxDistance": 12}},
        **{"kvHeads": 3, "heads": 3, "headDim": 5, "layers": 2, "activation": "relu"},
        **{"gated": False, "attentionScale": 1.0},
    }
    names = {"block": "layers", "SelfAttention.relative_attention_bias": "relative_bias"}
    names |= {"layers.0.layer.0.relative_bias": "relative_bias", "shared": "model.shared"}
    for side, last in (("encoder", 1), ("decoder", 2)):
        names |= {f"{side}.layers": f"model.{side}.layers"}
        names |= {f"{side}.relative_bias": f"model.{side}.relative_bias"}
        names |= {f"{side}.final_layer_norm": f"model.{side}.norm"}
    state = {}
    for name, value in t5.state_dict().items():
        for theirs, ours in names.items():
            name = name.replace(theirs, ours)
        parts = ["input_layernorm", "cross_attn_layernorm", "post_attention_layernorm"]
        if "encoder.layers" in name:
            parts = [parts[0], parts[2]]
        for n, part in enumerate(parts):
            name = name.replace(f".layer.{n}.layer_norm", f".{part}")
            for theirs, ours in (("SelfAttention", "self_attn"), ("EncDecAttention", "cross_attn")):
                for letter in "qkvo":
                    name = name.replace(f".layer.{n}.{theirs}.{letter}.", f".{ours}.{letter}_proj.")
            name = name.replace(f".layer.{n}.DenseReluDense.wi", ".mlp.up_proj")
            name = name.replace(f".layer.{n}.DenseReluDense.wo", ".mlp.down_proj")
        state[name] = value
    model = create("chatwright", "base", own("encoder-decoder", **options))
    model.load_state_dict(state)
    inputs = Inputs(IDS, source_ids=SOURCE, source_mask=SOURCE > 5)
    with torch.no_grad():
        assert close(model(inputs)["hidden"], t5(inputs)["hidden"])


def check_own_positions():
    """Only differences of positions count for ALiBi and buckets; learned ones have an offset."""
    for kind in ("alibi", "buckets", "rotary"):
        model = filled(decoder(positions=kind))
        moved = logits(model, IDS, positions=torch.arange(12) + 5)
        assert close(moved, logits(model, IDS)), kind
        apart = logits(model, IDS, positions=2 * torch.arange(12))
        assert not close(apart, logits(model, IDS), 1e-4), kind
    model, shifted = filled(decoder()), decoder(positionOffset=3)
    state = model.state_dict()
    rows = state["model.embed_positions.weight"]
    state["model.embed_positions.weight"] = torch.cat([torch.ones(3, 16), rows])
    shifted.load_state_dict(state)
    assert close(logits(shifted, IDS), logits(model, IDS))


def check_own_windows_both_ways():
    """One layer of an encoder sees fewer than `window` places to each side."""
    head = {"task": "tag", "labels": ["a", "b"]}
    config = own("encoder", layers=1, window=3, positions="none", head=head)
    model = filled(create("chatwright", "token_classification", config))
    for place in (4, 10):
        changed = IDS.clone()
        changed[:, place] = (IDS[:, place] + 1) % 29
        apart = (logits(model, IDS) - logits(model, changed)).abs().amax(dim=(0, 2)) > 1e-9
        near = (torch.arange(12) - place).abs() < 3
        assert apart.equal(near)


def check_own_heads():
    """A classifier reads the vector of a text; sinks take weight from every key."""
    for pooling, place in (("first", 0), ("last", 8)):
        head = {"task": "regress", "pooling": pooling, "dense": "tanh", "norm": True}
        config = own("encoder", head=head)
        model = filled(create("chatwright", "sequence_classification", config))
        with torch.no_grad():
            hidden = model(Inputs(IDS, mask=MASK))["hidden"][1, place]
            wide = model.head.norm(torch.tanh(model.head.dense(hidden)))
            assert close(logits(model, IDS, mask=MASK)[1], model.head.output(wide))
    plain = filled(decoder())
    sunk = decoder(sinks=True)
    state = {**sunk.state_dict(), **plain.state_dict()}
    for sink, alike in ((-1e4, True), (0.0, False)):
        sinks = {name: torch.full((4,), sink) for name in state if name.endswith("sinks")}
        sunk.load_state_dict({**state, **sinks})
        assert close(logits(sunk, IDS), logits(plain, IDS)) == alike and len(sinks) == 3
