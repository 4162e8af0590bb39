#!/usr/bin/env python3
"""NSGA-II (pymoo) on the study's objectives; writes results/nsga2-SPACE.csv.

    python3 -m venv VENV && VENV/bin/pip install -r studies/search-baselines/requirements.txt
    cargo build --release -p rooflaw-study-search-baselines
    VENV/bin/python studies/search-baselines/nsga2.py [SPACE ...]

A row is an architecture that nothing before it dominated or equalled: the population, the seed, after how many evaluations it was found, its
index in the space. Only those are written that are on the frontier found at one of the study's numbers of evaluations.
"""

import bisect
import csv
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from pymoo.algorithms.moo.nsga2 import NSGA2
from pymoo.core.problem import Problem
from pymoo.operators.crossover.sbx import SBX
from pymoo.operators.mutation.pm import PM
from pymoo.operators.repair.rounding import RoundingRepair
from pymoo.operators.sampling.rnd import IntegerRandomSampling

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BINARY = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release" / "rooflaw-study-search-baselines"
POPULATIONS = [100, 400]
SEEDS = 10
# What is no architecture, or does not fit, is infeasible: worse than all that is feasible, whatever its objectives.
WORST = (1e3, 1e3)


class Objectives:
    """The study's objectives, asked of the study's own program and remembered."""

    def __init__(self, space):
        self.program = subprocess.Popen([BINARY, "objectives", space], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True)
        self.extents = [int(word) for word in self.program.stdout.readline().split()]
        self.checkpoints = [int(word) for word in self.program.stdout.readline().split()]
        self.known = {}

    def of(self, indices):
        new = list(dict.fromkeys(index for index in indices if index not in self.known))
        if new:
            self.program.stdin.write(" ".join(map(str, new)) + "\n")
            self.program.stdin.flush()
            self.known.update(zip(new, self.program.stdout.readline().split(), strict=True))
        return [self.known[index] for index in indices]


class Ledger:
    """Evaluations as the study counts them: architectures, each once."""

    def __init__(self, checkpoints):
        self.checkpoints = checkpoints
        self.seen = set()
        self.evaluations = 0
        self.frontier = []  # (latency, loss, evaluation, index), fastest first
        self.kept = set()

    def is_full(self):
        return self.evaluations >= self.checkpoints[-1]

    def add(self, index, answer):
        if self.is_full() or answer == "none" or index in self.seen:
            return
        self.seen.add(index)
        self.evaluations += 1
        if answer != "large":
            self.insert(*map(float, answer.split(",")), index)
        if self.evaluations in self.checkpoints:
            self.kept.update((evaluation, index) for _, _, evaluation, index in self.frontier)

    def insert(self, latency, loss, index):
        frontier = self.frontier
        at = bisect.bisect_left(frontier, (latency,))
        if at and frontier[at - 1][1] <= loss or at < len(frontier) and frontier[at][0] == latency and frontier[at][1] <= loss:
            return
        end = at
        while end < len(frontier) and frontier[end][1] >= loss:
            end += 1
        frontier[at:end] = [(latency, loss, self.evaluations, index)]


class Search(Problem):
    def __init__(self, objectives, ledger):
        extents = objectives.extents
        super().__init__(n_var=len(extents), n_obj=2, n_ieq_constr=1, xl=0, xu=np.array(extents) - 1, vtype=int)
        self.objectives, self.ledger = objectives, ledger
        self.strides = [math.prod(extents[axis + 1:]) for axis in range(len(extents))]

    def _evaluate(self, x, out, *args, **kwargs):
        indices = [sum(int(place) * stride for place, stride in zip(row, self.strides, strict=True)) for row in x]
        rows, violations = [], []
        for index, answer in zip(indices, self.objectives.of(indices), strict=True):
            self.ledger.add(index, answer)
            is_feasible = "," in answer
            latency, loss = map(float, answer.split(",")) if is_feasible else WORST
            # The frontier is the same in ratios of latency; crowding distances are as hypervolumes measure.
            rows.append((math.log(latency), loss))
            violations.append(-1.0 if is_feasible else 1.0)
        out["F"], out["G"] = np.array(rows), np.array(violations)[:, None]


def run(objectives, population, seed):
    """One run, with real operators whose children are rounded: axes have few positions, so mutations go far."""
    ledger = Ledger(objectives.checkpoints)
    algorithm = NSGA2(
        pop_size=population,
        sampling=IntegerRandomSampling(),
        crossover=SBX(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        mutation=PM(prob=1.0, eta=3.0, vtype=float, repair=RoundingRepair()),
        eliminate_duplicates=True,
    )
    algorithm.setup(Search(objectives, ledger), termination=("n_gen", 10**6), seed=seed, verbose=False)
    while not ledger.is_full():
        algorithm.next()
    print(f"population {population}, seed {seed}: {algorithm.n_gen - 1} generations, {len(ledger.frontier)} points",
          flush=True)
    return sorted(ledger.kept)


def main():
    for space in sys.argv[1:] or ["default", "wide"]:
        objectives = Objectives(space)
        with open(HERE / "results" / f"nsga2-{space}.csv", "w", newline="") as file:
            out = csv.writer(file, lineterminator="\n")
            out.writerow(["population", "seed", "evaluation", "index"])
            for population in POPULATIONS:
                for seed in range(SEEDS):
                    for evaluation, index in run(objectives, population, seed):
                        out.writerow([population, seed, evaluation, index])


if __name__ == "__main__":
    main()
