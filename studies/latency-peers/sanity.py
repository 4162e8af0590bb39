#!/usr/bin/env python3
"""Checks that the peers, called as predict.py calls them, give the numbers that their own repositories show.

    VENV/bin/python sanity.py --llm-viewer DIR --llm-analysis DIR --genz DIR

Prints each number beside the documented one; exit code 1 when one is off.
"""

import argparse
import sys
from pathlib import Path

import peers
from rows import Shape

LLAMA_2_13B = Shape(n_layers=40, hidden_size=5120, vocab_size=32000, n_heads=40, n_kv_heads=40, head_dim=128,
                    intermediate_size=13824, window=None, latent=False, n_experts=1, experts_per_token=1,
                    mixed_experts=False)


def llm_viewer(tool):
    """The curves of examples/plot_inference_time.ipynb, as far as they can be read: Llama 2 13B, nvidia_A6000."""
    tool.hardware["row"] = dict(tool.hardware["nvidia_A6000"])
    model = tool.model(LLAMA_2_13B)

    def seconds(phase, *arguments):
        return model.analyze(*arguments, 16, 16)["total_results"][phase]["inference_time"]
    yield "prefill of 1,023 tokens, 16 bits", seconds("prefill", 1023, 1, 16), 0.193, 0.02
    yield "prefill of 16 tokens, 16 bits", seconds("prefill", 16, 1, 16), 0.034, 0.05
    yield "decode at 1,024 tokens, 16 bits", seconds("decode", 1024, 1, 16), 0.035, 0.05
    yield "decode at 1,024 tokens, 8-bit weights", seconds("decode", 1024, 1, 8), 0.018, 0.05
    yield "decode at 1,024 tokens, 4-bit weights", seconds("decode", 1024, 1, 4), 0.010, 0.08
    yield "decode at 1,024 tokens, batch 63, 16 bits", seconds("decode", 1024, 63, 16), 0.104, 0.02


def llm_analysis(tool):
    """examples/fastertransformer/README.md: test-13b on an A100 40 GB, 512 tokens in (63.17 and 22.0 ms measured)."""
    for name, efficiency, prefill, decode in (
            ("efficiency 1", {}, 0.0437, 0.01707), ("efficiency 0.7 and 0.9", tool.RECOMMENDED, 0.06215, 0.01897)):
        told = tool.analysis.LLMAnalysis(
            tool.config.get_model_config_by_name("test-13b"), tool.config.get_gpu_config_by_name("a100-sxm-40gb"),
            tool.config.get_dtype_config_by_name("w16a16e16"), **efficiency,
        ).inference(seq_len=512, num_tokens_to_generate=10)
        yield f"prefill, {name}", told["prefill_latency"], prefill, 0.001
        yield f"decode, {name}", told["decode_latency"], decode, 0.001


def genz(tool):
    """An output of notebook/Chunked_prefill.ipynb: Llama 3.1 70B on two H100, 222 tokens behind 491, 64 decodes."""
    told = tool.genz.chunked_moddeling(
        model="meta-llama/meta-llama-3.1-70b", prefill_kv_sizes=[(491, 222)], decode_kv_sizes=[(64, 491 + 205)],
        system_name="H100_GPU", system_eff=0.75, tensor_parallel=2)
    yield "chunk of prefill and decode", told["Latency"] / 1e3, 0.032287241850542834, 1e-9


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("--llm-viewer", "--llm-analysis", "--genz"):
        parser.add_argument(name, type=Path, required=True)
    args = parser.parse_args()
    wrong = 0
    for checks, tool in ((llm_viewer, peers.LlmViewer(args.llm_viewer.resolve())),
                         (llm_analysis, peers.LlmAnalysis(args.llm_analysis.resolve())),
                         (genz, peers.GenZ(args.genz.resolve()))):
        for what, told, documented, tolerance in checks(tool):
            off = bool(abs(told / documented - 1) > tolerance)
            wrong += off
            print(f"{tool.name}: {what}: {told * 1e3:.2f} ms, documented {documented * 1e3:.2f} ms{'  WRONG' * off}")
    sys.exit(wrong > 0)


if __name__ == "__main__":
    main()
