"""Loads every checkpoint in FOLDER with transformers, in fp32, and compares its logits with those in its logits.json.

Usage: logits_check.py FOLDER. Prints one line of JSON: what each was missing, had too much, and how far its logits are.
Exits with 3 where there is no `transformers` or `torch`.
"""

import json
import sys
from pathlib import Path

try:
    import torch
    import transformers
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
report = {}
for folder in sorted(path.parent for path in Path(sys.argv[1]).glob("*/config.json")):
    expected = json.loads((folder / "logits.json").read_text())
    model, info = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.float32, attn_implementation="eager", output_loading_info=True
    )
    with torch.no_grad():
        logits = model(torch.tensor([expected["tokens"]])).logits[0]
    report[folder.name] = {
        "model_type": model.config.model_type,
        "keys": [str(key) for kind in ("missing_keys", "unexpected_keys", "mismatched_keys") for key in info[kind]],
        "distance": (logits - torch.tensor(expected["logits"])).abs().max().item(),
    }
print(json.dumps(report))
