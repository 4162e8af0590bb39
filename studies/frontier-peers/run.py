#!/usr/bin/env python3
"""Times rooflaw's frontiers and their peers on the same points, checks that all agree, and writes README.md.

    python3 -m venv VENV && VENV/bin/pip install moocore paretoset pymoo numpy numba
    VENV/bin/python studies/frontier-peers/run.py [--repeats 5] [--timeout 30]

Run on an idle machine. Each peer runs in a process of its own with one thread, a time limit and a memory limit.
"""

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PEERS = ["moocore", "paretoset", "pymoo"]
SETS = [f"{d}-{s}" for d, shapes in [
    ("2d", "uniform all shell clustered grid equal ascending descending"),
    ("3d", "uniform shell all clustered grid equal ascending descending"),
] for s in shapes.split()]
SMALL = ["2d-uniform", "2d-all", "3d-uniform", "3d-shell", "3d-all"]
MEMORY = 8 << 30


def solver(peer):
    """The peer's function from an array (n, m) to the indices of its frontier, first of duplicates kept."""
    import numpy as np
    if peer == "moocore":
        import moocore
        return lambda p: np.flatnonzero(moocore.is_nondominated(p, keep_weakly=False))
    if peer == "paretoset":
        import paretoset
        return lambda p: np.flatnonzero(paretoset.paretoset(p, distinct=True, use_numba=True))
    from pymoo.util.nds.non_dominated_sorting import NonDominatedSorting
    return lambda p: np.sort(NonDominatedSorting().do(p, only_non_dominated_front=True))


def child(peer, directory, name, objectives, repeats):
    """Times one peer on one set; prints JSON."""
    import numpy as np
    points = np.fromfile(Path(directory) / f"{name}.points").reshape(-1, objectives)
    expected = np.sort(np.fromfile(Path(directory) / f"{name}.indices", dtype=np.uint64).astype(np.int64))
    solve = solver(peer)
    solve(points[:64].copy())  # imports and just-in-time compilation
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        found = solve(points)
        times.append((time.perf_counter() - start) * 1e3)
        if sum(times) > 3e3:
            break  # so that running out of time means one call, with start-up, and not the repeats
    if np.array_equal(found, expected):
        agreement = "indices"
    elif np.array_equal(np.unique(points[found], axis=0), np.unique(points[expected], axis=0)):
        agreement = "vectors"  # the same frontier, with another choice or count of identical points
    else:
        agreement = "DIFFERS"
    print(json.dumps({"ms": statistics.median(times), "agreement": agreement, "size": len(found)}))


def run_peer(peer, directory, entry, repeats, timeout):
    """One peer on one set, or the reason why there is no time."""
    command = [sys.executable, __file__, "--child", peer, directory, entry["name"], str(entry["objectives"]),
               str(repeats)]
    threads = {name: "1" for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENBLAS_NUM_THREADS")}
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, preexec_fn=limit,
                              env=os.environ | threads)
    except subprocess.TimeoutExpired:
        return {"reason": f"> {timeout:g} s"}
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return {"reason": "out of memory" if "emory" in last or "allocat" in last else last[:60]}
    return json.loads(done.stdout)


def measure(binary, count, names, peers, arguments):
    """Rows of results; each set's peers run right after rooflaw on that set."""
    rows = []
    with tempfile.TemporaryDirectory() as directory:
        for name in names:
            command = [binary, directory, str(count), str(arguments.repeats), name]
            entry = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["sets"][0]
            entry["peers"] = {p: run_peer(p, directory, entry, arguments.repeats, arguments.timeout) for p in peers}
            print(json.dumps(entry), flush=True)
            rows.append(entry)
    return rows


def cell(result, ours):
    if "ms" not in result:
        return result["reason"]
    mark = "" if result["agreement"] == "indices" else f" ({result['agreement']})"
    return f"{result['ms']:,.1f} ({result['ms'] / ours:,.1f}x){mark}"


def table(rows, peers):
    head = ["set", "frontier", "rooflaw, slice", "rooflaw, stream", "settled, ns/point", "crate pareto_front", *peers]
    lines = ["| " + " | ".join(head) + " |", "|---|" + "---:|" * (len(head) - 1)]
    for row in rows:
        ours = row["whole_ms"]
        crate = {"ms": row["crate_ms"], "agreement": "indices"} if row["crate_ms"] else {"reason": "not run"}
        lines.append("| " + " | ".join([
            row["name"], f"{row['frontier']:,}", f"{ours:,.2f}", f"{row['stream_ms']:,.2f}",
            f"{row['settled_ms'] * 1e6 / row['count']:,.1f}", cell(crate, ours),
            *(cell(row["peers"][p], ours) for p in peers)]) + " |")
    return "\n".join(lines)


def main():
    if sys.argv[1:2] == ["--child"]:
        peer, directory, name, objectives, repeats = sys.argv[2:]
        return child(peer, directory, name, int(objectives), int(repeats))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--timeout", type=float, default=30, help="seconds per peer and set")
    arguments = parser.parse_args()
    build = ["cargo", "build", "--release", "-p", "rooflaw", "--example", "frontier_timing"]
    subprocess.run(build, cwd=ROOT, check=True)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = str(target / "release" / "examples" / "frontier_timing")
    load = os.getloadavg()[0]
    large = measure(binary, 1_000_000, SETS, PEERS, arguments)
    small = measure(binary, 10_000, SMALL, PEERS, arguments)
    versions = ", ".join(f"{p} {importlib.metadata.version(p)}" for p in [*PEERS, "numpy", "numba"])
    rustc = subprocess.run(["rustc", "--version"], capture_output=True, text=True).stdout.strip()
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    agreed = all(p.get("agreement") != "DIFFERS" for row in large + small for p in row["peers"].values())
    (HERE / "README.md").write_text(f"""# Frontiers beside their peers

Written by `run.py` on {datetime.date.today()}; do not edit. Median times in milliseconds on one core, with the ratio
to rooflaw's slice function in brackets. Points: `crates/rooflaw/examples/frontier_timing/points.rs` (SplitMix64, seed
20261123), the same bytes for all. {cpu}, {os.cpu_count()} cores, load {load:.1f} at the start; {rustc};
Python {platform.python_version()}, {versions}; {arguments.repeats} repeats (3 of the
crate; fewer where one takes seconds).

The index set of every peer that finished was compared with rooflaw's: {"all agree" if agreed else "SOME DIFFER, see the tables"}.
"(vectors)" marks a peer that returned the same objective vectors but another choice or count among identical points.
"settled" is the time per point of feeding a `Frontier` all of the points again, when each is dominated or known.
"not run" marks sets on which the crate's O(n f) comparisons take more than ten seconds, or would;
"> {arguments.timeout:g} s" those on which one call of a peer, with its start-up, took longer than that.

## 1,000,000 points

{table(large, PEERS)}

## 10,000 points

{table(small, PEERS)}
""")


if __name__ == "__main__":
    main()
