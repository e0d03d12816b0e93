"""The invariance table: one run of a built-in trainer, cut and shared out in every way.

``python -m tests.conformance.table FOLDER ROW...``; the first process writes ``FOLDER/ROW.pt``,
the weights after three steps, of each row. All rows of a trainer that clip alike have the same
steps: each is an epoch, all samples at once.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from arctic_trainers.causal import CausalTrainer, CausalTrainerConfig
from arctic_trainers.dpo import DPOTrainer
from arctic_trainers.sft import SFTTrainer
from arctic_training.conformance.descent import Descending
from arctic_training.core.mesh import Mesh
from arctic_training.engines.deepspeed.process_group import leave_process_group
from arctic_training.launcher.process_exit import ended_whole
from arctic_training.trainer.trainer import Trainer
from tests.preferences import dpo_config, pairs, preference_data
from tests.support import write
from tests.tiny import Recorder, jsonl, ragged, recipe, sft_config

__all__ = ["STEPS", "Row", "prepare", "table", "weights"]

NUM_SAMPLES = 23
STEPS = 3
_CLIPPING = 0.02
_LEARNING_RATES = {"sft": 0.1, "causal": 0.1, "dpo": 0.01}  # a pair's loss sums over its tokens


class _SFT(Descending, SFTTrainer, abstract=True): ...


class _Causal(Descending, CausalTrainer, abstract=True): ...


class _DPO(Descending, DPOTrainer, abstract=True): ...


@dataclass(frozen=True, slots=True)
class Row:
    """How a run is cut: ``trainer-stage-accumulation-clipped-packed``."""

    trainer: str
    stage: int
    accumulates: bool
    clips: bool
    packs: bool

    def __str__(self) -> str:
        flags = f"{self.accumulates:d}-{self.clips:d}-{self.packs:d}"
        return f"{self.trainer}-{self.stage}-{flags}"

    @classmethod
    def of(cls, text: str) -> Self:
        """Return the row of a text."""
        trainer, stage, *flags = text.split("-")
        return cls(trainer, int(stage), *(flag == "1" for flag in flags))

    @property
    def reference(self) -> Row:
        """The row whose weights it has to have."""
        return Row(self.trainer, 0, accumulates=False, clips=self.clips, packs=False)


def table() -> Iterator[Row]:
    """Iterate over all rows; pairs of `dpo` are not packed."""
    flags = (False, True)
    for trainer, stage, *cut in product(("sft", "causal", "dpo"), range(4), flags, flags, flags):
        row = Row(trainer, stage, *cut)
        if not (row.packs and trainer == "dpo"):
            yield row


def prepare(folder: Path) -> None:
    """Write the data of all rows."""
    jsonl(folder / "said.jsonl", ragged(NUM_SAMPLES))
    preference_data(folder / "pairs.jsonl", pairs(NUM_SAMPLES))
    for number, conversation in enumerate(ragged(NUM_SAMPLES)):
        write(folder / "documents" / f"{number:02}.txt", conversation[1]["content"])


def weights(row: Row, folder: Path, mesh: Mesh) -> dict[str, Tensor]:
    """Train by a row; return the weights, in the first process."""
    trainer = _trainer(row, folder, mesh)
    trainer.progress = recorder = Recorder()
    trainer.train()
    assert len(recorder.reports) == STEPS
    return trainer.engine.full_state_dict()


def _trainer(row: Row, folder: Path, mesh: Mesh) -> Trainer[Any, Any]:
    """Return the trainer of a row: as many micro-batches as there are make a step."""
    size = 3 if row.accumulates else NUM_SAMPLES
    values: dict[str, object] = {
        "micro_batch_size": max(1, size // mesh.size("data")),
        "gradient_accumulation_steps": NUM_SAMPLES,
        "epochs": STEPS,
        "deepspeed": {
            "gradient_clipping": _CLIPPING if row.clips else 0,
            "zero_optimization": {"stage": row.stage},
        },
        "optimizer": {"learning_rate": _LEARNING_RATES[row.trainer]},
        "scheduler": {"name": "constant"},
    }
    match row.trainer:
        case "sft":
            exported = {"type": "huggingface", "output_dir": str(folder / f"{row}")}
            values["checkpoint"] = exported | {"save_end_of_training": mesh.num_processes > 1}
            values["overwrite_output_dir"] = True  # a row may be trained by several tests
            said = {"type": "huggingface_instruct", "name_or_path": str(folder / "said.jsonl")}
            data = {"sources": said, "pack_samples": row.packs, "max_length": 128}
            return _SFT(sft_config(data=data, **values))
        case "causal":
            source = {"type": "huggingface_causal", "name_or_path": str(folder / "documents")}
            data = {"sources": source, "max_length": 512 if row.packs else 96}
            config = recipe(type="causal", data=data, **values)
            return _Causal(CausalTrainerConfig.model_validate(config))
        case _:
            source = {"type": "huggingface_preference", "name_or_path": str(folder / "pairs.jsonl")}
            data = {"type": "dpo", "sources": source, "div_length": 8, "max_length": 256}
            return _DPO(dpo_config(data=data, beta=1.0, **values))


def main(folder: Path, rows: list[str]) -> None:
    """Train all rows."""
    mesh = Mesh.of_environment()
    for text in rows:
        trained = weights(Row.of(text), folder, mesh)
        if mesh.is_first:
            torch.save(trained, folder / f"{text}.pt")
    leave_process_group()


if __name__ == "__main__":
    with ended_whole():
        main(Path(sys.argv[1]), sys.argv[2:])
