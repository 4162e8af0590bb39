"""PyTorch's side of the comparison: answers lines of JSON on standard input, one at a time.

    {"load": {"layers", "hidden", "heads", "kv_heads", "width", "vocab", "experts", "per_token"}, "compile": bool, "sequences", "positions"}
    {"steps": n}        n training steps; answers the seconds they took, and the loss of each

The model is written for speed the way nanoGPT is: projections of queries, keys and values in one product, of gate and up in one,
scaled_dot_product_attention, fused AdamW. A mixture of experts sorts its tokens by expert and has three products for each.
"""

import json
import math
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(int(sys.argv[1]))


def hashed(index, elements):
    """Uniform with a deviation of 0.02, from an integer hash of the tensor's number and the place: as in `sides.rs`."""
    x = (torch.arange(elements, dtype=torch.int64) * 2654435761 + index * 40503) % 2**32
    for _ in range(2):
        x = (x ^ (x >> 16)) * 73244475 % 2**32
    x = x ^ (x >> 16)
    return (((x >> 8).double() / 2**24 - 0.5) * 0.02 * math.sqrt(12)).float()


class Weights:
    """Tensors in the order of our checkpoints."""

    def __init__(self):
        self.index = 0

    def matrix(self, *shape):
        tensor = hashed(self.index, math.prod(shape)).reshape(shape)
        self.index += 1
        return tensor

    def norm(self, width):
        self.index += 1
        return torch.nn.Parameter(torch.ones(width))


def rms(x, weight):
    return F.rms_norm(x, weight.shape, weight, 1e-6)


def turn(x, cos, sin):
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class Layer(torch.nn.Module):
    def __init__(self, m, w):
        super().__init__()
        d, h, kv, f, self.experts, self.per_token = m["hidden"], m["heads"], m["kv_heads"], m["width"], m["experts"], m["per_token"]
        self.h, self.kv, self.hd = h, kv, 32
        self.norm = w.norm(d)
        self.qkv = torch.nn.Parameter(torch.cat([w.matrix(h * 32, d), w.matrix(kv * 32, d), w.matrix(kv * 32, d)]))
        self.q_norm, self.k_norm = w.norm(32), w.norm(32)
        self.o = torch.nn.Parameter(w.matrix(d, h * 32))
        self.ffn_norm = w.norm(d)
        if self.experts:
            self.router = torch.nn.Parameter(w.matrix(self.experts, d))
            gate, up = w.matrix(self.experts, f, d), w.matrix(self.experts, f, d)
            self.gate_up = torch.nn.Parameter(torch.cat([gate, up], 1))
            self.down = torch.nn.Parameter(w.matrix(self.experts, d, f))
        else:
            self.gate_up = torch.nn.Parameter(torch.cat([w.matrix(f, d), w.matrix(f, d)]))
            self.down = torch.nn.Parameter(w.matrix(d, f))

    def attention(self, x, cos, sin):
        b, s, _ = x.shape
        q, k, v = (x @ self.qkv.T).split([self.h * 32, self.kv * 32, self.kv * 32], -1)
        q = turn(rms(q.view(b, s, self.h, 32), self.q_norm).transpose(1, 2), cos, sin)
        k = turn(rms(k.view(b, s, self.kv, 32), self.k_norm).transpose(1, 2), cos, sin)
        v = v.view(b, s, self.kv, 32).transpose(1, 2)
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return y.transpose(1, 2).reshape(b, s, -1) @ self.o.T

    def ffn(self, x):
        if not self.experts:
            gate, up = (x @ self.gate_up.T).chunk(2, -1)
            return (F.silu(gate) * up) @ self.down.T
        shape, x = x.shape, x.flatten(0, 1)
        weights, chosen = (x @ self.router.T).softmax(-1).topk(self.per_token, -1)
        weights = weights / weights.sum(-1, keepdim=True)
        order = chosen.flatten().argsort(stable=True)
        counts = torch.bincount(chosen.flatten(), minlength=self.experts).tolist()
        tokens = order // self.per_token
        parts = []
        for expert, rows in enumerate(x[tokens].split(counts)):
            gate, up = (rows @ self.gate_up[expert].T).chunk(2, -1)
            parts.append((F.silu(gate) * up) @ self.down[expert].T)
        y = torch.cat(parts) * weights.flatten()[order, None]
        return torch.zeros_like(x).index_add(0, tokens, y).view(shape)

    def forward(self, x, cos, sin):
        x = x + self.attention(rms(x, self.norm), cos, sin)
        return x + self.ffn(rms(x, self.ffn_norm))


class Model(torch.nn.Module):
    def __init__(self, m, positions):
        super().__init__()
        w = Weights()
        self.table = torch.nn.Parameter(w.matrix(m["vocab"], m["hidden"]))
        self.layers = torch.nn.ModuleList(Layer(m, w) for _ in range(m["layers"]))
        self.norm = w.norm(m["hidden"])
        frequencies = 1.0 / 1e6 ** (torch.arange(0, 32, 2).float() / 32)
        angles = torch.outer(torch.arange(positions).float(), frequencies)
        self.register_buffer("cos", angles.cos())
        self.register_buffer("sin", angles.sin())

    def forward(self, inputs, targets):
        x = F.embedding(inputs, self.table)
        for layer in self.layers:
            x = layer(x, self.cos, self.sin)
        logits = rms(x, self.norm) @ self.table.T
        return F.cross_entropy(logits.flatten(0, 1), targets.flatten())


class Trainer:
    def __init__(self, request):
        self.sequences, self.positions, self.vocab = request["sequences"], request["positions"], request["load"]["vocab"]
        self.model = Model(request["load"], self.positions)
        matrices = [p for p in self.model.parameters() if p.ndim > 1]
        vectors = [p for p in self.model.parameters() if p.ndim == 1]
        groups = [dict(params=matrices, weight_decay=0.01), dict(params=vectors, weight_decay=0.0)]
        self.optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), eps=1e-8, fused=True)
        self.forward = torch.compile(self.model) if request["compile"] else self.model
        self.done = 0

    def step(self):
        n = self.sequences * self.positions
        place = torch.arange(n + 1, dtype=torch.int64) + self.done * n
        tokens = (place * place * 31 + place * 17) % (self.vocab - 3)
        shape = (self.sequences, self.positions)
        loss = self.forward(tokens[:-1].view(shape), tokens[1:].view(shape))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.done += 1
        return loss.item()


trainer = None
for line in sys.stdin:
    request = json.loads(line)
    if "load" in request:
        trainer = Trainer(request)
        answer = {"torch": torch.__version__, "blas": torch.__config__.show().split("BLAS_INFO=")[-1].split(",")[0]}
    else:
        begin = time.perf_counter()
        losses = [trainer.step() for _ in range(request["steps"])]
        answer = {"seconds": time.perf_counter() - begin, "losses": losses}
    print(json.dumps(answer), flush=True)
