"""Loads every DIR/*/config.json with transformers, and says what it made of each.

Prints one JSON object on its last line: per folder the parameters of the instantiated model (null without torch),
the warnings, and an error if there was one. Each configuration is saved again, into DIR/*/saved.
"""

import json
import logging
import pathlib
import sys
import warnings

try:
    import transformers
    from transformers import AutoConfig, AutoModelForCausalLM
except ImportError as error:
    print(f"transformers cannot be imported: {error}", file=sys.stderr)
    sys.exit(3)
try:
    import torch
except ImportError:
    torch = None


class Collector(logging.Handler):
    """Keeps what is logged."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []

    def emit(self, record):
        self.messages.append(record.getMessage())


def count(config):
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    # A shared tensor is one parameter. DeepSeek-V3's load-balancing biases are trained, stored, and called a buffer.
    parameters = sum(parameter.numel() for parameter in model.parameters())
    biases = sum(b.numel() for name, b in model.named_buffers() if name.endswith("e_score_correction_bias"))
    return parameters + biases


def main():
    results = {}
    collector = Collector()
    logging.getLogger("transformers").addHandler(collector)
    for path in sorted(pathlib.Path(sys.argv[1]).glob("*/config.json")):
        collector.messages = []
        result = {"parameters": None, "error": None}
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                config = AutoConfig.from_pretrained(path.parent)
                if torch is not None:
                    result["parameters"] = count(config)
                config.save_pretrained(path.parent / "saved")
            except Exception as error:  # noqa: BLE001: reported, and fails the test
                result["error"] = repr(error)
        result["warnings"] = collector.messages + [str(warning.message) for warning in caught]
        results[path.parent.name] = result
    versions = {"transformers": transformers.__version__, "torch": torch and torch.__version__}
    print(json.dumps({"versions": versions, "results": results}))


main()
