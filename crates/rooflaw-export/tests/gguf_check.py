"""Reads GGUF files with llama.cpp's own package: sizes of random ones, values of converted ones, bit by bit.

Usage: gguf_check.py FOLDER. FOLDER/expected.json says what FOLDER/*.gguf hold; FOLDER/*/ hold model.safetensors in fp32
and what was converted from it. Exits with 3 where there is no `gguf`.
"""

import json
import math
import sys
from pathlib import Path

try:
    import gguf
    import numpy as np
    from gguf import GGMLQuantizationType as Type
    from gguf import quants
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(3)

ARCHITECTURES = {name: number for number, name in gguf.MODEL_ARCH_NAMES.items()}


def field(reader, key):
    return reader.fields[key].contents()


def check_random(path, expected):
    reader = gguf.GGUFReader(path)
    assert field(reader, "general.architecture") == expected["target"], path
    assert field(reader, expected["target"] + ".vocab_size") == expected["vocab_size"], path
    assert sum(int(t.n_elements) for t in reader.tensors) == expected["parameters"], path
    assert sum(int(t.n_bytes) for t in reader.tensors) == expected["tensor_bytes"], path
    for tensor in reader.tensors:
        values = quants.dequantize(tensor.data, tensor.tensor_type)
        assert np.isfinite(values).all(), (path, tensor.name)
        if tensor.name.endswith("norm.weight"):
            assert (values == 1).all(), (path, tensor.name)
        elif tensor.name.endswith(".bias"):
            assert (values == 0).all(), (path, tensor.name)
        else:
            assert 0.01 < values.std() < 0.03, (path, tensor.name, values.std())
            assert abs(values.mean()) < 0.003, (path, tensor.name, values.mean())


def safetensors(path):
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__")
    tensors = {}
    for name, info in header.items():
        begin, end = (8 + length + offset for offset in info["data_offsets"])
        tensors[name] = np.frombuffer(data[begin:end], np.float32).reshape(info["shape"])
    return tensors


def permute(weights, heads):
    """`LlamaModel.permute` in convert_hf_to_gguf.py."""
    return (
        weights.reshape(heads, 2, weights.shape[0] // heads // 2, *weights.shape[1:])
        .swapaxes(1, 2)
        .reshape(weights.shape)
    )


def expected_tensors(source, config, architecture):
    """GGUF names and values: names by the package's map, experts stacked, queries and keys permuted for llama."""
    names = gguf.get_tensor_name_map(ARCHITECTURES[architecture], config["num_hidden_layers"])
    stacks, tensors = {}, {}
    for name, values in source.items():
        if architecture == "llama" and ".q_proj." in name:
            values = permute(values, config["num_attention_heads"])
        if architecture == "llama" and ".k_proj." in name:
            values = permute(values, config["num_key_value_heads"])
        if ".experts." in name:
            before, after = name.split(".experts.")
            expert, rest = after.split(".", 1)
            stacks.setdefault(f"{before}.experts.{rest}", {})[int(expert)] = values
        else:
            tensors[name] = values
    for name, experts in stacks.items():
        tensors[name] = np.stack([experts[i] for i in range(len(experts))])
    return {names.get_name(name, try_suffixes=(".weight", ".bias")): values for name, values in tensors.items()}


def check_converted(path, source, config):
    reader = gguf.GGUFReader(path)
    architecture = field(reader, "general.architecture")
    assert math.isclose(field(reader, f"{architecture}.rope.freq_base"), config["rope_theta"], rel_tol=1e-6)
    expected = expected_tensors(source, config, architecture)
    assert {t.name for t in reader.tensors} == set(expected), path
    counts = {}
    for tensor in reader.tensors:
        # Without dimensions of 1, as llama.cpp's converter writes them (the gate on shared experts is 1 × hidden).
        values, kind = expected[tensor.name].squeeze(), tensor.tensor_type
        assert list(tensor.shape) == list(values.shape)[::-1], (path, tensor.name)
        if kind == Type.Q6_K:
            # The package cannot quantise to it.
            error = np.abs(quants.dequantize(tensor.data, kind) - values).max()
            assert error < np.abs(values).max() / 25, (path, tensor.name, error)
        elif kind in (Type.F32, Type.F16):
            # The reader gives these as numbers, not bytes.
            target = np.float32 if kind == Type.F32 else np.float16
            assert tensor.data.tobytes() == values.astype(target).tobytes(), (path, tensor.name)
        else:
            assert tensor.data.tobytes() == quants.quantize(values, kind).tobytes(), (path, tensor.name)
        counts[kind.name] = counts.get(kind.name, 0) + values.size
    return counts


def main(folder):
    expected = json.loads((folder / "expected.json").read_text())
    for name, what in expected.items():
        check_random(folder / name, what)
    totals = {}
    for config in sorted(folder.glob("*/config.json")):
        source = safetensors(config.parent / "model.safetensors")
        for path in sorted(config.parent.glob("*.gguf")):
            for kind, count in check_converted(path, source, json.loads(config.read_text())).items():
                totals[kind] = totals.get(kind, 0) + count
    print(f"{len(expected)} random files; converted elements whose blocks are equal (near, for Q6_K): {totals}")


main(Path(sys.argv[1]))
