#!/usr/bin/env python3
"""Predicts measured latencies with three peers' tools, and writes results/.

    VENV/bin/python predict.py ROWS.csv --rooflaw BINARY --llm-viewer DIR --llm-analysis DIR --genz DIR
    VENV/bin/python predict.py ROWS.csv --rooflaw BINARY --only-summary

The three folders are checkouts of the peers at the commits that README.md names. Writes `peers.csv` (one line for each
row, peer and variant: seconds, or why not) and `summary.md`. One process, no network.
"""

import argparse
import csv
import hashlib
import os
from pathlib import Path

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"

import peers
import rows as measurements
import summary

HERE = Path(__file__).resolve().parent


def predictions(rows, tools):
    """Lines of peers.csv."""
    for tool in tools:
        for row in rows:
            for variant in tool.variants:
                try:
                    seconds, note = tool.predict(row, variant)
                except peers.Unable as reason:
                    seconds, note = None, str(reason)
                yield {"row": row.id, "peer": tool.name, "variant": variant,
                       "seconds": "" if seconds is None else f"{seconds:.4g}", "note": note}


def replace(path, write):
    """Writes beside the file and renames, so that an interrupt leaves the old one."""
    temporary = path.with_suffix(path.suffix + ".part")
    with temporary.open("w", newline="") as file:
        write(file)
    temporary.replace(path)


def write_table(file, lines):
    writer = csv.DictWriter(file, ["row", "peer", "variant", "seconds", "note"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", type=Path)
    parser.add_argument("--rooflaw", default="rooflaw", help="the command-line tool")
    parser.add_argument("--llm-viewer", type=Path)
    parser.add_argument("--llm-analysis", type=Path)
    parser.add_argument("--genz", type=Path)
    parser.add_argument("--only-summary", action="store_true", help="from the peers.csv that is there")
    parser.add_argument("--out", type=Path, default=HERE / "results")
    args = parser.parse_args()
    if not args.only_summary and not (args.llm_viewer and args.llm_analysis and args.genz):
        parser.error("--llm-viewer, --llm-analysis and --genz are needed, or --only-summary")
    rows = measurements.read(args.rows.resolve(), args.rooflaw)
    args.out.mkdir(parents=True, exist_ok=True)
    table = args.out / "peers.csv"
    if not args.only_summary:
        genz = peers.GenZ(args.genz.resolve())
        tools = [peers.LlmViewer(args.llm_viewer.resolve()), peers.LlmAnalysis(args.llm_analysis.resolve()), genz]
        try:
            replace(table, lambda file: write_table(file, predictions(rows, tools)))
        finally:
            genz.close()
    with table.open(newline="") as file:
        told = list(csv.DictReader(file))
    digest = hashlib.sha256(args.rows.read_bytes()).hexdigest()
    replace(args.out / "summary.md", lambda file: file.write(summary.text(rows, told, digest)))


if __name__ == "__main__":
    main()
