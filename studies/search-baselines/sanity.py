#!/usr/bin/env python3
"""Checks runs.csv of the default space with pymoo's hypervolume, against a frontier by enumeration in numpy.

    VENV/bin/python studies/search-baselines/sanity.py      # requirements.txt; after nsga2.py and the study itself
"""

import csv
import math
from itertools import groupby

import numpy as np
from pymoo.indicators.hv import HV

from nsga2 import HERE, Objectives


def frontier(points):
    """Rows that nothing dominates or equals, fastest first."""
    points = points[np.lexsort((points[:, 1], points[:, 0]))]
    least = np.minimum.accumulate(points[:, 1])
    return points[np.concatenate([[True], points[1:, 1] < least[:-1]])]


def main():
    objectives = Objectives("default")
    points = {}
    size, step = math.prod(objectives.extents), 10_000
    for indices in (range(first, min(first + step, size)) for first in range(0, size, step)):
        for index, answer in zip(indices, objectives.of(indices), strict=True):
            if "," in answer:
                points[index] = tuple(map(float, answer.split(",")))
    exact = frontier(np.array(list(points.values())))
    scale = lambda rows: np.column_stack([np.log(rows[:, 0]), rows[:, 1]])
    volume = HV(ref_point=scale(exact).max(axis=0))
    whole = volume(scale(exact))
    print(f"{len(points):,} architectures fit; {len(exact)} on the frontier")
    with open(HERE / "results" / "runs.csv") as file:
        stated = {(row["method"], row["seed"], row["evaluations"]): row for row in csv.DictReader(file)
                  if row["space"] == "default"}
    with open(HERE / "results" / "nsga2-default.csv") as file:
        rows = list(csv.DictReader(file))
    worst, compared = 0.0, 0
    for (population, seed), run in groupby(rows, key=lambda row: (row["population"], row["seed"])):
        run = list(run)
        for evaluations in objectives.checkpoints:
            found = np.array([points[int(row["index"])] for row in run if int(row["evaluation"]) <= evaluations])
            said = float(stated[f"NSGA-II (population {population})", seed, str(evaluations)]["relative_hypervolume"])
            worst, compared = max(worst, abs(volume(scale(frontier(found))) / whole - said)), compared + 1
    print(f"{compared} hypervolumes compared, {worst:.1e} apart at most")
    assert worst < 1e-6


if __name__ == "__main__":
    main()
