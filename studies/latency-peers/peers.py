"""The peers' own code, asked for the time of one row. Nothing of theirs is changed but the entries named below.

Each peer has `variants` (their names) and `predict(row, variant)`, which gives seconds and a note. Without seconds the
note is why the peer cannot express the row; with seconds it is empty or says which part of the model it leaves out.
"""

import contextlib
import io
import json
import logging
import os
import sys
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
OURS = "ours"
# The rows were measured, so the models fit; where a peer wants a capacity, this one never binds.
AMPLE_GB = 1e6


class Unable(Exception):
    """The peer has no way to say this row."""


def dense_grouped(row, moe=False, own_head_dim=False):
    """The limits that the peers share, strictest first; what is left out of the model when a row passes."""
    shape = row.shape
    if shape.latent:
        raise Unable("latent attention")
    if shape.moe and not moe:
        raise Unable("experts")
    if shape.mixed_experts:
        raise Unable("shared experts")
    left_out = []
    if shape.own_head_dim and not own_head_dim:
        left_out.append("head dim")
    if row.beyond_window:
        left_out.append("window")
    return " + ".join(left_out)


class LlmViewer:
    """hahnyuan/LLM-Viewer: a roofline of each operator of a Llama-like layer."""

    name = "LLM-Viewer"
    variants = ("default", OURS)

    def __init__(self, checkout):
        sys.path.insert(0, str(checkout))
        from hardwares.hardware_params import hardware_params
        from model_analyzer import ModelAnalyzer
        self.hardware, self.analyzer, self.checkout, self.known = hardware_params, ModelAnalyzer, checkout, {}

    def model(self, shape):
        """Its own constructor on a Llama configuration of this shape."""
        if shape not in self.known:
            with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
                (Path(folder) / "config.json").write_text(json.dumps({
                    "model_type": "llama", "hidden_size": shape.hidden_size, "num_hidden_layers": shape.n_layers,
                    "num_attention_heads": shape.n_heads, "num_key_value_heads": shape.n_kv_heads,
                    "intermediate_size": shape.intermediate_size, "vocab_size": shape.vocab_size}))
                self.known[shape] = self.analyzer(folder, "row", "configs/Llama.py")
        return self.known[shape]

    def predict(self, row, variant):
        left_out = dense_grouped(row)
        if row.phase == "prefill" and row.past:
            raise Unable("prefix")
        ours = variant == OURS
        self.hardware["row"] = {
            "bandwidth": row.bandwidth, "FP16": row.peak if ours else row.peak_fp16,
            "INT8": row.peak if ours else row.peak_int8,
            # Read only by its FlashAttention option, which is off by default.
            "onchip_buffer": 1e6}
        told = self.model(row.shape).analyze(
            seqlen=row.mean_context if row.phase == "decode" else row.tokens, batchsize=1,
            w_bit=row.stored_bits if ours else row.format.weight_bits, a_bit=row.format.activation_bits, kv_bit=16)
        return told["total_results"][row.phase]["inference_time"], left_out


class LlmAnalysis:
    """cli99/llm-analysis: attention, MLP, norms and embeddings, each the slower of its compute and its memory."""

    name = "llm-analysis"
    variants = ("default", "recommended", OURS)
    # Its README, "How to Set FLOPS and Memory Efficiency".
    RECOMMENDED = {"flops_efficiency": 0.7, "hbm_memory_efficiency": 0.9}

    def __init__(self, checkout):
        sys.path.insert(0, str(checkout))
        from llm_analysis import analysis, config
        logging.getLogger("llm_analysis").setLevel(logging.ERROR)
        analysis.logger.setLevel(logging.ERROR)
        self.analysis, self.config = analysis, config

    def predict(self, row, variant):
        left_out = dense_grouped(row, moe=True)
        if row.phase == "prefill" and row.past:
            raise Unable("prefix")
        shape, ours = row.shape, variant == OURS
        bits = min(16, row.stored_bits) if ours else row.format.weight_bits
        if not ours and bits not in (4, 8, 16):
            raise Unable(f"{bits}-bit")
        # One device: the traffic between experts, which it counts at any size, costs nothing.
        gpu = self.config.GPUConfig(
            name="row", mem_per_GPU_in_GB=AMPLE_GB, hbm_bandwidth_in_GB_per_sec=row.bandwidth / 1e9,
            intra_node_bandwidth_in_GB_per_sec=float("inf"), intra_node_min_message_latency=0,
            peak_fp16_TFLOPS=(row.peak if ours else row.peak_fp16) / 1e12,
            peak_i8_TFLOPS=(row.peak if ours else row.peak_int8) / 1e12)
        model = self.config.ModelConfig(
            name="row", num_layers=shape.n_layers, n_head=shape.n_heads, hidden_dim=shape.hidden_size,
            vocab_size=shape.vocab_size, num_key_value_heads=shape.n_kv_heads,
            ffn_embed_dim=shape.intermediate_size, moe_num_experts=shape.n_experts,
            moe_top_k=shape.experts_per_token, mlp_gated_linear_units=True)
        # It takes the peak of the wider of weights and activations, which must be 4, 8 or 16: with stored bits, 16.
        dtype = self.config.DtypeConfig(
            name="row", weight_bits=bits, activation_bits=16 if ours else row.format.activation_bits,
            embedding_bits=bits if ours else 16)
        # A decode step reads a cache of prompt and generated tokens together: the mean context.
        decode = row.phase == "decode"
        try:
            told = self.analysis.LLMAnalysis(
                model, gpu, dtype, **(self.RECOMMENDED if variant == "recommended" else {}),
            ).inference(seq_len=max(1, row.mean_context - 1) if decode else row.tokens, num_tokens_to_generate=1,
                        kv_cache_dtype_bytes=2)
        except AssertionError as error:
            raise Unable("its own assertion") from error
        return told[f"{row.phase}_latency"], left_out


class GenZ:
    """abhibambhaniya/GenZ-LLM-Analyzer: a roofline of each matrix product, one precision for everything."""

    name = "GenZ"
    variants = ("default", "recommended", OURS)
    # The preset of its web form's slider, and what its tests use; the function's own default is 1.
    RECOMMENDED = 0.8

    def __init__(self, checkout):
        sys.path.insert(0, str(checkout))
        import GenZ as package
        from GenZ.Models import ModelConfig
        from GenZ.system import System
        self.genz, self.config, self.system, self.known = package, ModelConfig, System, {}

    def model(self, shape):
        if shape not in self.known:
            self.known[shape] = self.config(
                model="rooflaw_peers", vocab_size=shape.vocab_size, hidden_size=shape.hidden_size,
                intermediate_size=shape.intermediate_size, num_ffi=2, num_decoder_layers=shape.n_layers,
                num_attention_heads=shape.n_heads, num_key_value_heads=shape.n_kv_heads, head_dim=shape.head_dim,
                num_experts=shape.n_experts, expert_top_k=shape.experts_per_token)
        return self.known[shape]

    def predict(self, row, variant):
        left_out = dense_grouped(row, moe=True, own_head_dim=True)
        if variant == OURS:
            # An entry of ours in its two tables of precisions.
            bits, flops = "ours", row.peak
            self.system.compute_multiplier[bits], self.system.mem_multiplier[bits] = 1, row.stored_bits / 8
        else:
            bits, flops = row.format.genz, row.peak_fp16
        if bits is None:
            raise Unable(f"{row.format.weight_bits}-bit")
        # Its gigabyte per second is 2^30 bytes.
        system = {"real_values": True, "Flops": flops / 1e12, "Memory_BW": row.bandwidth / 2**30,
                  "Memory_size": AMPLE_GB, "ICN": 1}
        common = dict(model=self.model(row.shape), system_name=system, bits=bits,
                      system_eff=self.RECOMMENDED if variant == "recommended" else 1)
        if row.phase == "decode":
            told = self.genz.decode_moddeling(batch_size=1, Bb=1, input_tokens=row.mean_context, output_tokens=0,
                                              **common)
        elif row.past:
            told = self.genz.chunked_moddeling(prefill_kv_sizes=[(row.past, row.tokens)], decode_kv_sizes=[],
                                               **common)
        else:
            told = self.genz.prefill_moddeling(batch_size=1, input_tokens=row.tokens, **common)
        return float(told["Latency"]) / 1e3, left_out

    def close(self):
        """Removes the operator tables that it writes for each call under a fixed folder."""
        for table in Path("/tmp/genz/data/model").glob("rooflaw_peers_*"):
            table.unlink(missing_ok=True)
