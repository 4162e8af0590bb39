"""Makes the files beside it: `python make.py`, with torch, transformers, accelerate, tensorboard and tensorboardX."""

import json
import math
import shutil
import tempfile
from pathlib import Path

import tensorboardX
import torch
from torch.utils.data import Dataset
from torch.utils.tensorboard import SummaryWriter
from transformers import LlamaConfig, LlamaForCausalLM, Trainer, TrainerCallback, TrainingArguments

HERE = Path(__file__).resolve().parent
CONFIG = LlamaConfig(
    vocab_size=64,
    hidden_size=32,
    intermediate_size=96,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=2,
    max_position_embeddings=64,
)


class Counting(Dataset):
    """Sequences that count upwards modulo the vocabulary."""

    def __init__(self, length):
        self.length = length

    def __len__(self):
        return self.length

    def __getitem__(self, index):
        tokens = (torch.arange(16) + index) % 64
        return {"input_ids": tokens, "labels": tokens}


class Scalars(TrainerCallback):
    """What the Trainer's own TensorBoard callback writes, without the texts that hold paths."""

    def __init__(self, writer):
        self.writer = writer

    def on_log(self, args, state, control, logs=None, **kwargs):
        for name, value in logs.items():
            if isinstance(value, (int, float)):
                tag = name.replace("eval_", "eval/", 1) if name.startswith("eval_") else f"train/{name}"
                self.writer.add_scalar(tag, value, state.global_step)


def train(folder):
    torch.manual_seed(0)
    written = HERE / "torch"
    writer = SummaryWriter(folder / "events")
    trainer = Trainer(
        model=LlamaForCausalLM(CONFIG),
        args=TrainingArguments(
            output_dir=str(folder / "out"),
            max_steps=20,
            per_device_train_batch_size=4,
            logging_steps=5,
            eval_strategy="steps",
            eval_steps=5,
            save_strategy="steps",
            save_steps=20,
            learning_rate=1e-2,
            include_num_input_tokens_seen="all",
            report_to=[],
            use_cpu=True,
            seed=0,
        ),
        train_dataset=Counting(256),
        eval_dataset=Counting(16),
        callbacks=[Scalars(writer)],
    )
    trainer.train()
    writer.add_text("note", "a text between the scalars", 20)
    writer.add_histogram("weights", torch.linspace(-1, 1, 50), 20, bins="auto")
    writer.close()
    (HERE / "trainer").mkdir(exist_ok=True)
    written.mkdir(exist_ok=True)
    for name in ("trainer_state.json", "config.json"):
        shutil.copy(folder / "out" / "checkpoint-20" / name, HERE / "trainer" / name)
    (event,) = (folder / "events").iterdir()
    shutil.copy(event, written / "events.out.tfevents.1")


def tensorboard_x(folder):
    """Tensors in place of simple values too, NaN, and a file that was cut while being written."""
    for module, name in ((tensorboardX.SummaryWriter, "tensorboardx"), (SummaryWriter, "new_style")):
        writer = module(str(folder / name))
        for step in range(1, 5):
            more = {"new_style": True} if name == "new_style" else {}
            writer.add_scalar("val/loss", 2.0 + 1.0 / step, 100 * step, **more)
            writer.add_scalar("tokens", 1e6 * step, 100 * step, **more)
        writer.add_scalar("val/loss", math.nan, 500)
        writer.close()
        (HERE / name).mkdir(exist_ok=True)
        (event,) = (folder / name).iterdir()
        shutil.copy(event, HERE / name / "events.out.tfevents.1")
    whole = (HERE / "tensorboardx" / "events.out.tfevents.1").read_bytes()
    (HERE / "cut").mkdir(exist_ok=True)
    (HERE / "cut" / "events.out.tfevents.1").write_bytes(whole[:-7])


with tempfile.TemporaryDirectory() as place:
    train(Path(place))
    tensorboard_x(Path(place))
print(json.dumps({str(p.relative_to(HERE)): p.stat().st_size for p in sorted(HERE.rglob("*")) if p.is_file()}, indent=1))
