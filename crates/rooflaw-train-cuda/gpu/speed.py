"""Tokens per second of PyTorch's training steps in bfloat16, as examples/speed.rs prints ours:
speed.py TOKENS_PER_STEP SEQUENCE_LENGTH eager|compile CONFIG..."""

import sys
import time

import torch
from transformers import AutoConfig, AutoModelForCausalLM

WARM_UP, STEPS = 5, 25


def rate(path, tokens, length, mode):
    torch.manual_seed(1)
    config = AutoConfig.from_pretrained(path)
    model = AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=torch.float32).cuda()
    forward = torch.compile(model) if mode == "compile" else model
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, betas=(0.9, 0.95), weight_decay=0.1, fused=True)
    ids = torch.randint(config.vocab_size, (tokens // length, length + 1), device="cuda")
    times = []
    for step in range(WARM_UP + STEPS):
        torch.cuda.synchronize()
        start = time.perf_counter()
        with torch.autocast("cuda", dtype=torch.bfloat16):
            logits = forward(input_ids=ids[:, :-1], use_cache=False).logits
        loss = torch.nn.functional.cross_entropy(logits.float().flatten(0, 1), ids[:, 1:].flatten())
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        torch.cuda.synchronize()
        if step >= WARM_UP:
            times.append(time.perf_counter() - start)
    return tokens / sorted(times)[len(times) // 2]


tokens, length, mode = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
for path in sys.argv[4:]:
    print(f"{path}\t{rate(path, tokens, length, mode):.0f}", flush=True)
