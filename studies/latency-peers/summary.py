"""The tables of results/summary.md."""

import statistics
from collections import Counter, defaultdict

BARE = ("rooflaw, bare roofline", "uncalibrated")
PHASES = ("decode", "prefill")


class Told:
    """What every peer and variant said of every row; the bare roofline is one more of them."""

    def __init__(self, rows, lines):
        self.rows = {row.id: row for row in rows}
        self.ratio, self.note, self.tools = defaultdict(dict), defaultdict(dict), []
        for line in lines:
            tool, row = (line["peer"], line["variant"]), self.rows.get(int(line["row"]))
            if row is None:
                raise SystemExit(f"peers.csv: row {line['row']} is not among the rows; was it another file?")
            if tool not in self.tools:
                self.tools.append(tool)
            self.note[tool][row.id] = line["note"]
            if line["seconds"]:
                self.ratio[tool][row.id] = float(line["seconds"]) / row.seconds
        self.peers = list(self.tools)
        if all(row.bare_s for row in rows):
            self.tools.append(BARE)
            self.ratio[BARE] = {row.id: row.bare_s / row.seconds for row in rows}

    def can(self, tool, part=False):
        """Rows that a tool predicts, whole or (with `part`) with some of the model left out."""
        return {row for row in self.ratio[tool] if part or not self.note[tool].get(row)}

    def common(self, part=False):
        return set.intersection(*(self.can(tool, part) for tool in self.peers))

    def of(self, tool, ids, phase, device_class=None):
        return {row: self.ratio[tool][row] for row in sorted(ids) if self.rows[row].phase == phase
                and device_class in (None, self.rows[row].device_class)}


def quantile(values, share):
    """Linear between order statistics."""
    values = sorted(values)
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


def error(ratios):
    return statistics.median(abs(ratio - 1) for ratio in ratios)


def rescaled(told, ratios):
    """The error left once each device's median ratio is taken out: what a tool says of the order of things."""
    devices = defaultdict(list)
    for row, ratio in ratios.items():
        devices[told.rows[row].device].append(ratio)
    scale = {device: statistics.median(values) for device, values in devices.items()}
    return error([ratio / scale[told.rows[row].device] for row, ratio in ratios.items()])


def main_table(told, ids_of):
    bare = BARE in told.tools
    lines = ["| phase | tool | variant | rows | median error | median ratio | 10 % | 90 % | one scale per device |"
             + " bare roofline, same rows |" * bare, "|---|---|---|---|---|---|---|---|---|" + "---|" * bare]
    for phase in PHASES:
        for tool in told.tools:
            ratios = told.of(tool, ids_of(tool), phase)
            if not ratios:
                continue
            values = list(ratios.values())
            line = (f"| {phase} | {tool[0]} | {tool[1]} | {len(values):,} | {error(values):.1%} | "
                    f"{statistics.median(values):.2f} | {quantile(values, .1):.2f} | {quantile(values, .9):.2f} | "
                    f"{rescaled(told, ratios):.1%} |")
            if bare:
                line += f" {error(told.ratio[BARE][row] for row in ratios):.1%} |"
            lines.append(line)
    return lines


def class_table(told, ids_of, phase):
    """Median error and median ratio by device class."""
    classes = sorted({row.device_class for row in told.rows.values()})
    lines = [f"| {phase} | " + " | ".join(f"{name}, {variant}" for name, variant in told.tools) + " |",
             "|---|" + "---|" * len(told.tools)]
    for device_class in classes:
        cells = []
        for tool in told.tools:
            values = list(told.of(tool, ids_of(tool), phase, device_class).values())
            cells.append(f"{error(values):.0%}, {statistics.median(values):.2f} ({len(values)})" if values else "")
        if any(cells):
            lines.append(f"| {device_class} | " + " | ".join(cells) + " |")
    return lines


def counts(told):
    lines = ["| tool | variant | whole | in part | not at all | left out of the rows in part | why not at all |",
             "|---|---|---|---|---|---|---|"]
    for tool in told.peers:
        whole, known = told.can(tool), told.can(tool, part=True)
        part = Counter(told.note[tool][row] for row in known - whole)
        reasons = Counter(told.note[tool][row] for row in told.rows if row not in known)
        lines.append(f"| {tool[0]} | {tool[1]} | {len(whole):,} | {len(known - whole):,} | "
                     f"{len(told.rows) - len(known):,} | {listed(part)} | {listed(reasons)} |")
    return lines


def listed(counter):
    return "; ".join(f"{name} {count:,}" for name, count in counter.most_common())


def text(rows, lines, digest):
    told = Told(rows, lines)
    bare = set(told.rows)

    def own(part):
        return lambda tool: bare if tool == BARE else told.can(tool, part)

    def shared(part):
        ids = told.common(part)
        return lambda _: ids

    by_phase = Counter(row.phase for row in rows)
    devices, models = {row.device for row in rows}, {row.model for row in rows}
    out = [
        "# Peers' predictions of published latencies", "",
        f"Written by `predict.py` from rows with SHA-256 {digest[:16]}: {len(rows):,} rows ({by_phase['decode']:,} "
        f"decode, {by_phase['prefill']:,} prefill) at batch 1, {len(devices)} devices, {len(models)} models. Error: "
        "|predicted / measured - 1|. Ratio: predicted / measured, with its median and 10 % and 90 % quantiles. One "
        "scale per device: the error with each device's median ratio divided out, fitted on the same rows, so it shows "
        "order and shape, not what a user would see. README.md says what the tools are given and what they claim.", "",
        "## Rows that every tool predicts, the whole model", "", *main_table(told, shared(False)), "",
        "## All rows that a tool predicts, the whole model", "", *main_table(told, own(False)), "",
        "## Rows that every tool predicts, part of the model left out or not", "", *main_table(told, shared(True)), "",
        "## What they can say", "",
        "In part: the prediction stands, but the tool leaves out what is named here. Experts: a mixture of them. "
        "Shared experts: or dense layers beside experts. Head dim: other than hidden size / heads. Window: a cache "
        "longer than the sliding window. Prefix: prefill behind cached tokens. Bits: of the weights.", "",
        *counts(told), "",
        "## By class of device", "", "Median error, median ratio (rows).", "",
    ]
    for title, ids in (("Rows that every tool predicts, the whole model", shared(False)),
                       ("All rows that a tool predicts, the whole model", own(False))):
        out += [f"### {title}", ""]
        for phase in PHASES:
            out += [*class_table(told, ids, phase), ""]
    return "\n".join(out)
