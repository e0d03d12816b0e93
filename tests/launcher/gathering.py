"""What two processes of a test run: a loss that compares each sample with those of all processes.

``python -m tests.launcher.gathering FOLDER CASE...``; the first process writes ``CASE.json``.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

import torch
import torch.distributed
import torch.nn.functional as F
from torch import Tensor
from torch.distributed.nn.functional import all_gather
from typing_extensions import override

from arctic_training.core.loss_output import LossOutput, Term
from arctic_training.core.mesh import Mesh
from arctic_training.data.batches import SFTBatch
from arctic_training.engines.deepspeed.process_group import leave_process_group
from arctic_training.launcher.process_exit import ended_whole
from tests.tiny import HandTrainer, Recorder, hand_config

__all__ = ["CASES", "losses", "train"]

_CASES: Final = {"few": (5, 8), "one": (9, 4), "even": (8, 4), "uneven": (11, 4)}
"""Samples, and samples of a step of one process."""

CASES: Final = tuple(_CASES)


class Contrastive(HandTrainer, abstract=True):
    """Finds the second half of each sample among those of all samples of the step."""

    coupling = "global_batch"

    @override
    def loss(self, batch: SFTBatch) -> LossOutput:
        first, second = self._halves(batch)
        rows = 0 if self.is_padding_batch else len(first)
        own = torch.zeros(8, second.shape[1])
        own = torch.cat([second[:rows], own[rows:]])
        sizes = [0] * torch.distributed.get_world_size()
        torch.distributed.all_gather_object(sizes, rows)
        of_all = all_gather(own)  # type: ignore[no-untyped-call]  # torch leaves it untyped
        gathered = zip(of_all, sizes, strict=True)
        among = torch.cat([each[:size] for each, size in gathered])
        begin = sum(sizes[: torch.distributed.get_rank()])
        scores = 10 * first[:rows] @ among.T
        wanted = torch.arange(begin, begin + rows)
        total = F.cross_entropy(scores, wanted, reduction="sum") + 0 * first.sum()
        terms = {"tokens_each": Term(0.0, 1), "samples": Term(rows, 1)}
        return LossOutput(sum=total, count=rows, terms=terms)

    def _halves(self, batch: SFTBatch) -> tuple[Tensor, Tensor]:
        logits: Tensor = self.model(input_ids=batch["input_ids"]).logits
        places = torch.arange(logits.shape[1])
        is_token = places < batch["lengths"][:, None]
        is_first = places < batch["lengths"][:, None] // 2
        masks = is_first, is_token & ~is_first
        pooled = ((logits * mask[..., None]).sum(1) / mask.sum(1)[:, None] for mask in masks)
        first, second = (F.normalize(each, dim=-1) for each in pooled)
        return first, second


def train(case: str, folder: Path, mesh: Mesh) -> Contrastive:
    """Train an epoch, and evaluate after each step."""
    number, size = _CASES[case]
    source = {"type": "huggingface_instruct", "name_or_path": str(folder / f"{number}.jsonl")}
    trainer = Contrastive(
        hand_config(
            data={"sources": source, "eval_sources": source},
            micro_batch_size=size if number < size else size // mesh.size("data"),
            epochs=2,
            eval_interval=1,
            optimizer={"type": "sgd", "learning_rate": 0.1},
            scheduler={"name": "constant"},
        )
    )
    trainer.progress = Recorder()
    trainer.train()
    return trainer


def losses(trainer: Contrastive) -> list[float]:
    """Return the loss of each step, and of the last evaluation."""
    assert isinstance(trainer.progress, Recorder)
    steps = [report.loss for report in trainer.progress.reports]
    return [*steps, trainer.evaluations["eval"].totals.loss]


def main(folder: Path, cases: list[str]) -> None:
    """Train all cases."""
    mesh = Mesh.of_environment()
    for case in cases:
        found = losses(train(case, folder, mesh))
        if mesh.is_first:
            (folder / f"{case}.json").write_text(json.dumps(found))
    leave_process_group()


if __name__ == "__main__":
    with ended_whole():
        main(Path(sys.argv[1]), sys.argv[2:])
