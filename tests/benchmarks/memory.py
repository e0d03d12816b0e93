"""Highest memory of training steps, beside plain loops of the same arithmetic.

Each loop trains in a process of its own. What counts is the resident memory that the steps add to
what the loop holds when it is built: gradients, the optimizer, activations.
``python -m tests.benchmarks.memory LOOP STAGE`` prints it in bytes.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.core.mesh import Mesh
from arctic_training.data.batches import SFTBatch
from arctic_training.trainer.process import prepare_process
from tests.benchmarks.measurement import Measurement
from tests.benchmarks.training_step import (
    BareDeepSpeedLoop,
    Loop,
    PlainLoop,
    sft_loss,
    sft_recipe,
)

_STEPS = 4
_MIB = 2**20
_SIZES = {"hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads"}


def measure() -> Iterator[Measurement]:
    """Measure each loop in a process of its own."""
    for other, stages in (("plain", [0]), ("bare", [0, 1, 2, 3])):
        for stage in stages:
            theirs, ours = _peak(other, stage), _peak("trainer", stage)
            loop = f"{other} loop, sft, ZeRO {stage}"
            yield Measurement(name=loop, value=theirs / _MIB, unit="MiB")
            name = f"trainer / {loop}"
            yield Measurement(name=name, value=ours / theirs, unit="x", budget=1.05)


def _peak(loop: str, stage: int) -> int:
    command = [sys.executable, "-m", "tests.benchmarks.memory", loop, str(stage)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return int(done.stdout.split()[-1])


def _resident(field: str) -> int:
    """Return a field of this process's memory in bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{field}:"):
            return 1024 * int(line.split()[1])
    raise KeyError(field)


def _forget_peak() -> int:
    """Give back what is free, and let the peak begin anew; return the memory of now, in bytes."""
    ctypes.CDLL("libc.so.6").malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")
    return _resident("VmRSS")


def main(name: str, stage: int) -> None:
    """Train with one loop; print how much memory it came to."""
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        config = SFTTrainerConfig.model_validate(
            sft_recipe(Path(folder), stage) | {"exit_iteration": _STEPS}
        )
        if name == "trainer":
            trainer = SFTTrainer(config)
            built = _forget_peak()
            trainer.train()
        else:
            built = _train_by_hand(PlainLoop if name == "plain" else BareDeepSpeedLoop, config)
    print(_resident("VmHWM") - built)


def _train_by_hand(
    kind: type[PlainLoop[SFTBatch] | BareDeepSpeedLoop[SFTBatch]], config: SFTTrainerConfig
) -> int:
    prepare_process(Mesh(), config)
    sizes = config.model.model_dump(include=_SIZES)
    model = LlamaForCausalLM(LlamaConfig(vocab_size=4096, tie_word_embeddings=True, **sizes))
    loop: Loop[SFTBatch] = kind(model, config, sft_loss)
    built = _forget_peak()
    rows, length = config.micro_batch_size, config.data.max_length
    assert length is not None
    for _ in range(_STEPS):
        ids = torch.randint(4096, (rows, length))
        loop.step(
            SFTBatch(
                input_ids=ids,
                shift_labels=ids.roll(-1, 1),
                lengths=torch.full((rows,), length),
            )
        )
    return built


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
