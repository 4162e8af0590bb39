"""Reads the rows of measurements, and asks rooflaw for the shape of a model and the bits of a weight format."""

import csv
import json
import subprocess
import tomllib
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
COLUMNS = ("device", "class", "model", "config", "runtime", "weights", "phase", "batch", "context_tokens", "tokens",
           "seconds", "bandwidth_bytes_per_s", "peak_matrix_flops")


@dataclass(frozen=True)
class Format:
    """A weight format as a user of a peer would name it: nominal bits of weights and activations."""

    weight_bits: int
    activation_bits: int
    genz: str | None


FORMATS = {
    "fp16": Format(16, 16, "bf16"), "bf16": Format(16, 16, "bf16"), "F16": Format(16, 16, "bf16"),
    "fp8": Format(8, 8, "fp8"), "w8a8": Format(8, 8, "int8"), "w8a16": Format(8, 16, "int8"),
    "Q8_0": Format(8, 16, "int8"), "Q6_K": Format(6, 16, "fp6"), "Q5_K_M": Format(5, 16, None),
    "Q4_K_M": Format(4, 16, "int4"), "Q4_0": Format(4, 16, "int4"), "w4a16": Format(4, 16, "int4"),
    "mxfp4": Format(4, 16, "fp4"),
}


@dataclass(frozen=True)
class Shape:
    """What a peer is told of a model."""

    n_layers: int
    hidden_size: int
    vocab_size: int
    n_heads: int
    n_kv_heads: int
    head_dim: int
    intermediate_size: int
    window: int | None
    latent: bool
    n_experts: int
    experts_per_token: int
    mixed_experts: bool

    @property
    def moe(self):
        return self.n_experts > 1

    @property
    def own_head_dim(self):
        """Whether a head's width is other than the hidden size over the heads."""
        return self.head_dim * self.n_heads != self.hidden_size


@dataclass(frozen=True)
class Row:
    """One measurement. `tokens` is the prompt or the generated tokens, `past` what the cache held before them."""

    id: int
    device: str
    device_class: str
    model: str
    weights: str
    phase: str
    past: int
    tokens: int
    seconds: float
    bandwidth: float
    peak: float
    peak_fp16: float
    peak_int8: float
    bare_s: float | None
    shape: Shape
    stored_bits: float

    @property
    def format(self):
        return FORMATS[plain(self.weights)]

    @property
    def mean_context(self):
        """Tokens that a generated token attends to, on average: half of the generated ones are there already."""
        return max(1, round(self.past + self.tokens / 2))

    @property
    def beyond_window(self):
        last = self.mean_context if self.phase == "decode" else self.past + self.tokens
        return self.shape.window is not None and last > self.shape.window


def plain(weights):
    """A format without its group size, which no peer can be told."""
    return weights.split("-g")[0]


def ask(binary, *arguments):
    done = subprocess.run([binary, *arguments, "--json"], capture_output=True, text=True)
    if done.returncode != 0:
        raise SystemExit(f"{binary} {' '.join(arguments)}: {done.stderr.strip()}")
    return json.loads(done.stdout)


def shape(architecture):
    attention, ffn = architecture["attention"], architecture["ffn"]
    grouped, moe = attention["kv"].get("grouped"), ffn["moe"] or {}
    window = attention["sliding_window"]
    return Shape(
        n_layers=architecture["n_layers"], hidden_size=architecture["hidden_size"],
        vocab_size=architecture["vocab_size"], n_heads=attention["n_heads"],
        n_kv_heads=grouped["n_kv_heads"] if grouped else attention["n_heads"],
        head_dim=grouped["head_dim"] if grouped else architecture["hidden_size"] // attention["n_heads"],
        intermediate_size=moe.get("expert_size") or ffn["intermediate_size"],
        window=window["size"] if window else None, latent=grouped is None,
        n_experts=moe.get("n_experts", 1), experts_per_token=moe.get("experts_per_token", 1),
        mixed_experts=bool(moe.get("n_shared_experts") or moe.get("n_dense_layers")),
    )


class Models:
    """Shapes and stored bits per weight, from rooflaw, asked once for each model and format."""

    def __init__(self, binary, folder):
        self.binary, self.folder, self.known = binary, folder, {}

    def path(self, model, config):
        """A `config` is a file beside the rows or in the repository; without one the model is a built-in name."""
        for folder in (self.folder, ROOT):
            if config and (folder / config).is_file():
                return str(folder / config)
        return model

    def get(self, model, config, weights):
        key = (model, config, weights)
        if key not in self.known:
            told = ask(self.binary, "predict", self.path(model, config), "--weights", weights)
            self.known[key] = shape(told["architecture"]), stored_bits(told["decode"]["rows"])
        return self.known[key]


def stored_bits(operators):
    """Mean bits of a weight that a decode step at batch 1 multiplies with, the head included."""
    linear = [row for row in operators if row["weight_bytes"] > 0 and row["unit"] != "vector"]
    return 8 * sum(row["weight_bytes"] for row in linear) / (sum(row["flops"] for row in linear) / 2)


def device_peak(device, names):
    """The catalogue's first peak among `names`, operations per second."""
    path = ROOT / "data/devices" / f"{device}.toml"
    if not path.is_file():
        return None
    peaks = tomllib.loads(path.read_text())["peak_tflops"]
    return next((peaks[name] * 1e12 for name in names if name in peaks), None)


def read(path, binary):
    """The rows at batch 1. `bare_s`, `peak_fp16_flops` and `peak_int8_flops` are columns that may be missing."""
    rows = []
    models = Models(binary, path.parent)
    with path.open(newline="") as file:
        reader = csv.DictReader(file)
        missing = set(COLUMNS) - set(reader.fieldnames or ())
        if missing:
            raise SystemExit(f"{path}: no column {', '.join(sorted(missing))}; expected {', '.join(COLUMNS)}")
        for number, line in enumerate(reader, 1):
            if float(line["batch"]) != 1:
                continue
            if plain(line["weights"]) not in FORMATS:
                raise SystemExit(f"{path}: row {number}: weights {line['weights']}; known: {', '.join(FORMATS)}")
            peak = float(line["peak_matrix_flops"])
            fp16 = float(line.get("peak_fp16_flops") or 0) or device_peak(line["device"], ("fp16", "bf16", "fp32"))
            int8 = float(line.get("peak_int8_flops") or 0) or device_peak(line["device"], ("int8",))
            known, bits = models.get(line["model"], line["config"], line["weights"])
            rows.append(Row(
                id=number, device=line["device"], device_class=line["class"], model=line["model"],
                weights=line["weights"], phase=line["phase"], past=int(float(line["context_tokens"])),
                tokens=int(float(line["tokens"])), seconds=float(line["seconds"]),
                bandwidth=float(line["bandwidth_bytes_per_s"]), peak=peak, peak_fp16=fp16 or peak,
                peak_int8=int8 or fp16 or peak, bare_s=float(line.get("bare_s") or 0) or None, shape=known,
                stored_bits=bits,
            ))
    return rows
