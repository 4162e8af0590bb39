"""Loads every model below a folder with `transformers` and compares its logits with those in `reference.safetensors` beside it."""

import pathlib
import sys

import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

for folder in sorted(pathlib.Path(sys.argv[1]).iterdir()):
    model, told = AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    left = {key: sorted(names) for key, names in told.items() if names}
    assert not left, (folder.name, left)
    reference = load_file(folder / "reference.safetensors")
    with torch.no_grad():
        logits = model(reference["inputs"]).logits
    error = (logits - reference["logits"]).abs().max().item() / max(1.0, reference["logits"].abs().max().item())
    print(f"{type(model).__name__}: logits {error:.1e}")
    assert error < 1e-4, folder.name
