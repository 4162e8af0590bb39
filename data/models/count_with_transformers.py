#!/usr/bin/env python3
"""Count each model's parameters by building it with Hugging Face transformers.

Every `<id>.json` listed in `index.toml` beside this script is turned into a
transformers configuration, and the causal language model is built from it on
PyTorch's meta device: shapes only, no weights are read, made or downloaded.
The result goes to `transformers_counts.csv`:

    id                          the model's id in index.toml
    total_parameters            elements of the distinct parameters; a tied
                                embedding counts once
    transformers_version        the version that built the model
    persistent_buffer_elements  elements saved with the weights that are
                                buffers, not parameters, in transformers
                                (DeepSeek-V3's e_score_correction_bias)

Differences from what a repository's files hold, by design of transformers:
  * multi-token-prediction layers (num_nextn_predict_layers) are not built;
  * quantization_config is dropped, so MXFP4 and FP8 models count as unpacked;
  * auto_map is dropped: the classes are transformers' own, never remote code;
  * of a multimodal Gemma-3 configuration only text_config is built.

Usage: python count_with_transformers.py [ID ...]
With ids, it prints their counts and leaves the CSV alone. Needs Python 3.11,
torch and transformers; no network.
"""

import csv
import json
import os
import sys
import tomllib
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

HERE = Path(__file__).resolve().parent
DROPPED = ("auto_map", "quantization_config", "transformers.js_config")


def load(model_id):
    """The flat text configuration of one model, as a dict."""
    raw = json.loads((HERE / f"{model_id}.json").read_text())
    raw = raw.get("text_config", raw)
    return {key: value for key, value in raw.items() if key not in DROPPED}


def count(model_id):
    """(distinct parameter elements, persistent buffer elements) of one model."""
    raw = load(model_id)
    config = AutoConfig.for_model(raw.pop("model_type"), **raw)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    model.tie_weights()
    # parameters() already yields a shared (tied) tensor once.
    parameters = sum(p.numel() for p in model.parameters())
    saved = model.state_dict().keys()
    buffers = sum(b.numel() for name, b in model.named_buffers() if name in saved)
    return parameters, buffers


def main(only):
    index = tomllib.loads((HERE / "index.toml").read_text())
    rows = []
    for entry in index["model"]:
        model_id = entry["id"]
        if only and model_id not in only:
            continue
        parameters, buffers = count(model_id)
        print(f"{model_id}: {parameters} + {buffers}", flush=True)
        rows.append((model_id, parameters, transformers.__version__, buffers))
    if not only:
        with open(HERE / "transformers_counts.csv", "w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(
                ("id", "total_parameters", "transformers_version", "persistent_buffer_elements")
            )
            out.writerows(rows)


if __name__ == "__main__":
    main(sys.argv[1:])
