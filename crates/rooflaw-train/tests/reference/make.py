"""Regenerates the references beside this script: tiny random models of `transformers`, what they compute, and how they learn.

    pip install torch==2.9.0 transformers==5.23.0 safetensors
    python make.py

Everything is f32 on one thread of a CPU, attention by its definition ("eager"). For each model type there is a directory as
`save_pretrained` writes it, with `reference.safetensors` beside: inputs, targets (-100: does not count), logits, losses. In
`gradient/` every weight of the model is its gradient; in `adamw-*/` of the first model they are the weights after three steps.
`curve-*/losses.json` are the losses of 200 steps of training on `text.txt`: the beginning of tinyshakespeare (public domain;
karpathy/char-rnn, data/tinyshakespeare/input.txt at 6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e).
"""

import json
import math
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import load_file, save_file

HERE = pathlib.Path(__file__).parent
BATCH, POSITIONS, VOCAB = 3, 24, 96
AUX = 0.01

COMMON = dict(
    vocab_size=VOCAB,
    hidden_size=32,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    head_dim=8,
    intermediate_size=48,
    max_position_embeddings=64,
    rope_theta=10000.0,
    rms_norm_eps=1e-6,
    attn_implementation="eager",
    bos_token_id=None,
    eos_token_id=None,
    pad_token_id=None,
)
LATENT = dict(kv_lora_rank=12, qk_nope_head_dim=8, qk_rope_head_dim=4, v_head_dim=8, num_key_value_heads=4)
MIXTURE = dict(moe_intermediate_size=16, num_experts_per_tok=2)


def without(keys, **more):
    return {**{key: value for key, value in COMMON.items() if key not in keys}, **more}


# Name: configuration class, its fields, whether the auxiliary loss is added.
MODELS = {
    "qwen3": ("Qwen3", dict(COMMON, tie_word_embeddings=True), False),
    "qwen3_moe": (
        "Qwen3Moe",
        dict(COMMON, **MIXTURE, num_experts=8, norm_topk_prob=True, router_aux_loss_coef=AUX, tie_word_embeddings=False),
        True,
    ),
    "llama": ("Llama", dict(COMMON, attention_bias=True, mlp_bias=True, tie_word_embeddings=False), False),
    "mistral": ("Mistral", dict(COMMON, sliding_window=7, tie_word_embeddings=False), False),
    "qwen2_moe": (
        "Qwen2Moe",
        without(
            ["head_dim"],
            **MIXTURE,
            num_experts=6,
            shared_expert_intermediate_size=20,
            norm_topk_prob=False,
            router_aux_loss_coef=AUX,
            tie_word_embeddings=False,
        ),
        True,
    ),
    "deepseek_v2": (
        "DeepseekV2",
        without(
            ["head_dim", "num_key_value_heads"],
            **LATENT,
            **MIXTURE,
            q_lora_rank=None,
            n_routed_experts=6,
            n_shared_experts=2,
            first_k_dense_replace=1,
            routed_scaling_factor=1.5,
            topk_method="greedy",
            norm_topk_prob=False,
            tie_word_embeddings=False,
        ),
        False,
    ),
    "deepseek_v2_q_lora": (
        "DeepseekV2",
        without(
            ["head_dim", "num_key_value_heads"],
            **LATENT,
            **MIXTURE,
            q_lora_rank=10,
            n_routed_experts=6,
            n_shared_experts=1,
            first_k_dense_replace=1,
            topk_method="greedy",
            norm_topk_prob=False,
            tie_word_embeddings=False,
        ),
        False,
    ),
    "deepseek_v3": (
        "DeepseekV3",
        without(
            ["head_dim", "num_key_value_heads"],
            **LATENT,
            **MIXTURE,
            q_lora_rank=10,
            n_routed_experts=6,
            n_shared_experts=1,
            first_k_dense_replace=1,
            n_group=1,
            topk_group=1,
            norm_topk_prob=True,
            routed_scaling_factor=2.5,
            rope_interleave=True,
            tie_word_embeddings=False,
        ),
        False,
    ),
}


def build(name):
    kind, fields, _ = MODELS[name]
    config = getattr(transformers, kind + "Config")(**fields)
    return getattr(transformers, kind + "ForCausalLM")(config).float()


def fill(model, seed):
    """Every tensor with values of its own: norms about 1, biases about 0, matrices wide enough that softmaxes are not flat."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for key, tensor in sorted(model.state_dict().items()):
            noise = torch.randn(tensor.shape, generator=generator)
            if "norm" in key and key.endswith("weight"):
                tensor.copy_(1 + 0.2 * noise)
            elif key.endswith("bias"):
                tensor.copy_(0.1 * noise)
            elif "embed_tokens" in key:
                tensor.copy_(noise)
            else:
                tensor.copy_(noise * 1.2 / math.sqrt(tensor.shape[-1]))


def batch():
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randint(VOCAB, (BATCH, POSITIONS + 1), generator=generator)
    inputs, targets = tokens[:, :-1].contiguous(), tokens[:, 1:].clone()
    targets[:, ::7] = -100
    return inputs, targets


def gaps(model, inputs):
    """The least gap between the scores of the last expert chosen and the first one not, over tokens and layers."""
    least = [math.inf]

    def look(module, args, output):
        logits = (output[0] if isinstance(output, tuple) else output).float()
        if logits.shape[-1] not in (6, 8):
            return
        scores = logits.softmax(-1) if not hasattr(module, "e_score_correction_bias") else logits.sigmoid()
        scores = scores + getattr(module, "e_score_correction_bias", 0)
        top = scores.topk(3, dim=-1).values
        least[0] = min(least[0], (top[..., 1] - top[..., 2]).min().item())

    hooks = [m.register_forward_hook(look) for k, m in model.named_modules() if k.endswith("mlp.gate")]
    with torch.no_grad():
        model(inputs)
    for hook in hooks:
        hook.remove()
    return least[0] if hooks else None


def loss_of(model, inputs, targets, with_aux):
    out = model(inputs, output_router_logits=True) if with_aux else model(inputs)
    nats = torch.nn.functional.cross_entropy(out.logits.flatten(0, 1), targets.flatten(), ignore_index=-100)
    aux = torch.zeros(())
    if with_aux:
        # A tuple of router logits per layer, as `transformers` adds it up.
        module = __import__(type(model).__module__, fromlist=["load_balancing_loss_func"])
        config = model.config
        aux = module.load_balancing_loss_func(out.router_logits, config.num_experts, config.num_experts_per_tok)
    return out.logits, nats, aux


def save(model, folder):
    model.save_pretrained(folder)
    (folder / "generation_config.json").unlink(missing_ok=True)


def save_gradients(model, folder):
    """As a checkpoint: names and shapes are then those of weights."""
    gradients = {key: p.grad if p.grad is not None else torch.zeros_like(p) for key, p in model.named_parameters()}
    twin = type(model)(model.config).float()
    with torch.no_grad():
        for key, tensor in twin.state_dict().items():
            tensor.copy_(gradients.get(key, gradients.get("model.embed_tokens.weight") if key == "lm_head.weight" else torch.zeros_like(tensor)))
    save(twin, folder)


def reference(name):
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    model = build(name)
    inputs, targets = batch()
    for seed in range(1, 1000):
        fill(model, seed)
        gap = gaps(model, inputs)
        if gap is None or gap > 1e-3:
            break
    assert gap is None or (math.isfinite(gap) and gap > 1e-3), f"{name}: no seed keeps its tokens away from ties"
    save(model, folder)
    logits, nats, aux = loss_of(model, inputs, targets, MODELS[name][2])
    (nats + AUX * aux).backward()
    save_gradients(model, folder / "gradient")
    tensors = dict(inputs=inputs, targets=targets, logits=logits.detach(), loss=nats.detach()[None], auxiliary=aux.detach()[None])
    save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "reference.safetensors")
    print(name, "seed", seed, "gap", gap, "loss", nats.item(), "auxiliary", aux.item(), "files", sorted(p.name for p in folder.iterdir()))
    return model


def groups(model, weight_decay, all_decay):
    decays = lambda p: all_decay or p.ndim > 1
    parameters = list(model.parameters())
    return [
        dict(params=[p for p in parameters if decays(p)], weight_decay=weight_decay),
        dict(params=[p for p in parameters if not decays(p)], weight_decay=0.0),
    ]


def adamw(name):
    """Three steps on the reference batch: learning rates 1e-2, 2e-2, 3e-2, decay 0.1, gradients clipped to 0.5."""
    for variant, all_decay in [("matrices", False), ("all", True)]:
        model = build(name)
        model.load_state_dict(load_file(HERE / name / "model.safetensors"), strict=False)
        model.tie_weights()
        optimizer = torch.optim.AdamW(groups(model, 0.1, all_decay), lr=1.0, betas=(0.9, 0.95), eps=1e-8)
        inputs, targets = batch()
        norms = []
        for step in range(3):
            for group in optimizer.param_groups:
                group["lr"] = 1e-2 * (step + 1)
            optimizer.zero_grad()
            loss_of(model, inputs, targets, False)[1].backward()
            norms.append(torch.nn.utils.clip_grad_norm_(model.parameters(), 0.5))
            optimizer.step()
        save(model, HERE / name / f"adamw-{variant}")
        save_file({"gradient_norms": torch.stack(norms)}, HERE / name / f"adamw-{variant}" / "norms.safetensors")


def hashed(name, shape):
    """Uniform about 0 with the deviation of `initializer_range`, from an integer hash of name and place: the same on both sides."""
    seed = 2166136261
    for byte in name.encode():
        seed = (seed ^ byte) * 16777619 % 2**32
    place = torch.arange(math.prod(shape), dtype=torch.int64)
    x = (place * 2654435761 + seed) % 2**32
    x = (x ^ (x >> 16)) * 73244475 % 2**32
    x = (x ^ (x >> 16)) * 73244475 % 2**32
    x = x ^ (x >> 16)
    uniform = (x >> 8).double() / 2**24 - 0.5
    return (uniform * 0.02 * math.sqrt(12)).float().reshape(shape)


CURVES = {
    "dense": ("Qwen3", dict(COMMON, vocab_size=128, hidden_size=64, intermediate_size=96, tie_word_embeddings=True)),
    "mixture": (
        "Qwen3Moe",
        dict(COMMON, vocab_size=128, hidden_size=48, **MIXTURE, num_experts=8, norm_topk_prob=True, tie_word_embeddings=True),
    ),
}
STEPS, CURVE_BATCH, CURVE_POSITIONS = 200, 8, 64


def curve(name):
    """200 steps on the bytes of `text.txt`, sequence after sequence: warm-up over 10 to 1e-3, and a cosine to 1e-5. A mixture of
    experts that learns faster is chaotic: weights that differ by 1e-6 of themselves then lead to losses that differ by more than 1 %."""
    kind, fields = CURVES[name]
    model = getattr(transformers, kind + "ForCausalLM")(getattr(transformers, kind + "Config")(**fields)).float()
    folder = HERE / ("curve-" + name)
    shutil.rmtree(folder, ignore_errors=True)
    model.config.save_pretrained(folder)
    with torch.no_grad():
        # By the names and shapes of the checkpoint, in which experts stand one by one.
        model.save_pretrained(HERE / "start")
        weights = load_file(HERE / "start" / "model.safetensors")
        for key, tensor in weights.items():
            tensor.copy_(torch.ones_like(tensor) if tensor.ndim == 1 else hashed(key, tensor.shape))
        save_file(weights, HERE / "start" / "model.safetensors", metadata={"format": "pt"})
    model = type(model).from_pretrained(HERE / "start", attn_implementation="eager").float()
    shutil.rmtree(HERE / "start")
    text = torch.tensor(list((HERE / "text.txt").read_bytes()))
    optimizer = torch.optim.AdamW(groups(model, 0.1, False), lr=1e-3, betas=(0.9, 0.95), eps=1e-8)
    schedule = transformers.get_cosine_with_min_lr_schedule_with_warmup(optimizer, 10, STEPS, min_lr=1e-5)
    losses = []
    for step in range(STEPS):
        rows = []
        for sequence in range(CURVE_BATCH):
            start = ((step * CURVE_BATCH + sequence) * CURVE_POSITIONS) % (len(text) - CURVE_POSITIONS - 1)
            rows.append(text[start : start + CURVE_POSITIONS + 1])
        tokens = torch.stack(rows)
        optimizer.zero_grad()
        _, nats, aux = loss_of(model, tokens[:, :-1], tokens[:, 1:].contiguous(), name == "mixture")
        (nats + AUX * aux).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        losses.append(nats.item())
    (folder / "losses.json").write_text(json.dumps(losses, indent=0) + "\n")
    print("curve", name, losses[0], losses[-1], sum(p.numel() for p in model.parameters()))


if __name__ == "__main__":
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    for model_name in MODELS:
        reference(model_name)
    adamw("qwen3")
    for curve_name in CURVES:
        curve(curve_name)
