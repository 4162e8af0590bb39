"""Writes a tiny checkpoint of every model type that rooflaw trains, as `save_pretrained` writes it, beside this file.

Usage: make.py. Needs torch and transformers (5.23). Every weight is drawn, norms and biases too, so that none is without
effect. Beside each checkpoint `logits.json` has tokens and the logits of the model in fp32; weights are stored in another
format for some, and in several files for one.
"""

import json
import shutil
from pathlib import Path

import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM

SMALL = {
    "vocab_size": 16,
    "hidden_size": 16,
    "intermediate_size": 14,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "bos_token_id": None,
    "eos_token_id": None,
    "pad_token_id": None,
}
SPARSE = {"num_experts_per_tok": 2, "moe_intermediate_size": 8}
LATENT = {
    "num_key_value_heads": 4,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 4,
    "qk_rope_head_dim": 4,
    "v_head_dim": 6,
    "n_routed_experts": 4,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
    **SPARSE,
}
LOCAL = {
    "sliding_window": 4,
    "use_sliding_window": True,
    "layer_types": ["sliding_attention", "full_attention"],
    "max_window_layers": 1,
}
MODELS = {
    "llama": ({"tie_word_embeddings": True, "attention_bias": True, "mlp_bias": True}, torch.float32, None),
    "mistral": ({"sliding_window": 4, "head_dim": 6}, torch.float16, None),
    "mixtral": (
        {"num_local_experts": 3, "num_experts_per_tok": 2, "intermediate_size": 8, "rope_theta": 5e3},
        torch.bfloat16,
        None,
    ),
    "qwen2": (LOCAL, torch.bfloat16, None),
    "qwen2_moe": (
        {
            "num_experts": 4,
            "shared_expert_intermediate_size": 12,
            "mlp_only_layers": [0],
            "norm_topk_prob": False,
            **SPARSE,
        },
        torch.bfloat16,
        None,
    ),
    "qwen3": ({"head_dim": 8, "rms_norm_eps": 1e-5, **LOCAL, "layer_types": LOCAL["layer_types"][::-1]}, torch.bfloat16, "3KB"),
    "qwen3_moe": ({"num_experts": 4, "head_dim": 8, "norm_topk_prob": True, **SPARSE}, torch.bfloat16, None),
    "olmoe": ({"num_experts": 3, "num_experts_per_tok": 2, "intermediate_size": 8}, torch.bfloat16, None),
    "deepseek_v2": (
        {"n_shared_experts": 2, "q_lora_rank": None, "routed_scaling_factor": 1.5, "norm_topk_prob": False, **LATENT},
        torch.bfloat16,
        None,
    ),
    "deepseek_v3": (
        {
            "n_shared_experts": 1,
            "q_lora_rank": 10,
            "attention_bias": True,
            "num_nextn_predict_layers": 0,
            "rms_norm_eps": 1e-5,
            **LATENT,
        },
        torch.bfloat16,
        None,
    ),
}


def draw(model):
    """Weights of a size at which every part has an effect."""
    generator = torch.Generator().manual_seed(7)
    for name, tensor in list(model.named_parameters()) + list(model.named_buffers()):
        if name.endswith("inv_freq"):
            continue
        with torch.no_grad():
            drawn = torch.randn(tensor.shape, generator=generator)
            tensor.copy_(1 + 0.2 * drawn if "norm" in name else 0.3 * drawn)


def main():
    transformers.logging.set_verbosity_error()
    for model_type, (changes, dtype, shards) in MODELS.items():
        folder = Path(__file__).parent / model_type
        shutil.rmtree(folder, ignore_errors=True)
        config = AutoConfig.for_model(model_type, **{**SMALL, **changes})
        model = AutoModelForCausalLM.from_config(config)
        draw(model)
        model.to(dtype).save_pretrained(folder, **({"max_shard_size": shards} if shards else {}))
        (folder / "generation_config.json").unlink(missing_ok=True)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
        tokens = [3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8]
        with torch.no_grad():
            logits = model(torch.tensor([tokens])).logits[0]
        found = {"tokens": tokens, "logits": [[round(x, 7) for x in row] for row in logits.tolist()]}
        (folder / "logits.json").write_text(json.dumps(found) + "\n")
    print(f"transformers {transformers.__version__}, torch {torch.__version__}")


main()
