"""Loads every directory in FOLDER with transformers; prints what it found as one line of JSON.

Usage: load_check.py FOLDER. Exits with 3 where there is no `transformers` or `torch`.
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
for config in sorted(Path(sys.argv[1]).glob("*/config.json")):
    model, info = transformers.AutoModelForCausalLM.from_pretrained(config.parent, output_loading_info=True)
    with torch.no_grad():
        logits = model(torch.tensor([[1, 2, 3]])).logits
    report[config.parent.name] = {
        # DeepSeek-V3's load-balancing biases are trained, stored, and called a buffer.
        "parameters": sum(parameter.numel() for parameter in model.parameters())
        + sum(b.numel() for name, b in model.named_buffers() if name.endswith("e_score_correction_bias")),
        "missing": [str(key) for key in info["missing_keys"]],
        "unexpected": [str(key) for key in info["unexpected_keys"]],
        "mismatched": [str(key) for key in info["mismatched_keys"]],
        "dtype": str(next(model.parameters()).dtype),
        "finite": bool(torch.isfinite(logits).all()),
    }
print(f"transformers {transformers.__version__}, torch {torch.__version__}")
print(json.dumps(report))
