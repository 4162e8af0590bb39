"""Optima of the continuous problem by SciPy's SLSQP, from the paper's formulas written out: scipy_optima.csv.

    python scipy_optima.py > scipy_optima.csv        (SciPy 1.17)
"""

import numpy as np
from scipy.optimize import minimize

KL, AL, KR, AR, A_R, B1, KD, B2, KM, AM, L0 = 9.96, 1.63, 0.031, 1.09, 0.17, -0.33, 500, 0.97, 0.20, 0.05, 2.53
LOW = np.log([4, 768, 0.25, 1 / 16, 1])
HIGH = np.log([32, 3072, 8, 1, 16])
BYTES, PROMPT, GENERATED = 2.0, 1024, 16


def loss(x):
    l, d, r, rho, gqa = np.exp(x)
    return KL / l**AL + KR * rho**AR / (r**A_R * d**B1) + KD / (r**A_R * d**B2) + KM / (d / gqa) ** AM + L0


def prefill_flops(x):
    l, d, r, rho, gqa = np.exp(x)
    return l * (4 + 4 / gqa + 6 * r) * d * d * PROMPT


def decode_bytes(x):
    l, d, r, rho, gqa = np.exp(x)
    context = PROMPT + (GENERATED + 1) / 2
    return l * ((2 + 2 / gqa + 3 * r) * d * d * BYTES + 2 * context * BYTES * d / gqa)


def memory_bytes(x):
    l, d, r, rho, gqa = np.exp(x)
    return l * (2 + 2 / gqa + 3 * r / rho) * d * d * BYTES


def solve(budgets):
    limits = [(usage, budget) for usage, budget in zip((prefill_flops, decode_bytes, memory_bytes), budgets) if budget]
    constraints = [
        {"type": "ineq", "fun": lambda x, usage=usage, budget=budget: np.log(budget / usage(x))}
        for usage, budget in limits
    ]
    best = None
    random = np.random.default_rng(0)
    for _ in range(12):
        start = LOW + (HIGH - LOW) * random.random(5)
        found = minimize(
            loss, start, method="SLSQP", bounds=list(zip(LOW, HIGH)), constraints=constraints,
            options={"ftol": 1e-15, "maxiter": 1000},
        )
        feasible = all(usage(found.x) <= budget * (1 + 1e-8) for usage, budget in limits)
        if feasible and (best is None or found.fun < best.fun):
            best = found
    return best


print("prefill_flops,decode_bytes,memory_bytes,loss,n_layers,hidden_size,ffn_ratio,activation_rate,gqa")
random = np.random.default_rng(1)
for number in range(24):
    inside = LOW + (HIGH - LOW) * (0.2 + 0.6 * random.random(5))
    kinds = 1 + number % 7
    budgets = [
        float(f"{usage(inside) * random.uniform(0.9, 1.6):.6e}") if kinds >> bit & 1 else None
        for bit, usage in enumerate((prefill_flops, decode_bytes, memory_bytes))
    ]
    found = solve(budgets)
    cells = ["" if budget is None else f"{budget:.6e}" for budget in budgets]
    print(",".join(cells + [f"{found.fun:.10f}"] + [f"{value:.6g}" for value in np.exp(found.x)]))
