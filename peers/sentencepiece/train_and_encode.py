"""Trains models with SentencePiece's own trainer, and encodes texts with them.

Standard input: {"corpus": [text], "texts": [text], "models": {name: options of the trainer}}.
Standard output: {name: {"model": base64, "ids": [[id]], "decoded": [text]}}.
"""

import base64
import io
import json
import sys

import sentencepiece as spm

task = json.load(sys.stdin)
results = {}
for name, options in task["models"].items():
    model = io.BytesIO()
    spm.SentencePieceTrainer.train(
        sentence_iterator=iter(task["corpus"]),
        model_writer=model,
        num_threads=1,
        minloglevel=2,
        **options,
    )
    processor = spm.SentencePieceProcessor(model_proto=model.getvalue())
    ids = [processor.encode(text) for text in task["texts"]]
    results[name] = {
        "model": base64.b64encode(model.getvalue()).decode(),
        "ids": ids,
        "decoded": [processor.decode(one) for one in ids],
    }
json.dump(results, sys.stdout)
