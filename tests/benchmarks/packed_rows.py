"""Real tokens a CPU second, forward and backward, in packed rows beside padded ones.

Samples of 20 to 800 tokens, lengths drawn evenly; a model of 5 million parameters, fp32, one
thread, the same samples for both. A budget of ours: TRL and ArcticTraining get slower there.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.data.batches import SFTBatch
from arctic_training.data.loading.collate import RowCollator
from arctic_training.data.store.packing import best_fit_decreasing
from arctic_training.data.store.samples import Rows, Sample, Samples
from arctic_training.losses.language_modeling import next_token_loss
from tests.benchmarks.measurement import Measurement

_NUMBER = 16
_SHORTEST, _LONGEST = 20, 800
_ROW = 2048
_BATCH = 4
_MULTIPLE = 256
_RUNS = 2


def measure() -> Iterator[Measurement]:
    """Measure, in turns."""
    torch.set_num_threads(1)
    samples = _samples()
    alone = _batches(Rows(samples, samples.one_per_row()), _BATCH)
    together = _batches(Rows(samples, best_fit_decreasing(samples.lengths, _ROW)), 1)
    with tempfile.TemporaryDirectory() as folder:
        trainer = SFTTrainer(SFTTrainerConfig.model_validate(_recipe(Path(folder))))
        trainer.model = trainer.engine.unwrapped
        took = [[_seconds(trainer, each) for each in (alone, together)] for _ in range(_RUNS)]
    padded, rows = (samples.num_tokens / min(column) for column in zip(*took, strict=True))
    for shown, each, rate in zip(
        ("padded", "packed"), (alone, together), (padded, rows), strict=True
    ):
        room = sum(batch["input_ids"].numel() for batch in each)
        yield Measurement(name=shown, value=rate, unit="tokens/s")
        yield Measurement(name=f"{shown}, full", value=100 * samples.num_tokens / room, unit="%")
    ratio = rows / padded
    name = "packed / padded"
    yield Measurement(name=name, value=ratio, unit="x", budget=1.5, more_is_better=True)


def _samples() -> Samples:
    generator = np.random.default_rng(0)
    lengths = generator.integers(_SHORTEST, _LONGEST, _NUMBER, endpoint=True)
    return Samples.of(
        Sample(
            generator.integers(3, 4096, length, dtype=np.int32),
            np.ones(length, dtype=np.bool_),
        )
        for length in lengths
    )


def _batches(rows: Rows, size: int) -> list[SFTBatch]:
    collate = RowCollator(pad_token_id=0, multiple=_MULTIPLE, packs=True)
    return [collate(rows[start : start + size]) for start in range(0, len(rows), size)]


def _seconds(trainer: SFTTrainer, batches: list[SFTBatch]) -> float:
    began = time.process_time()
    for batch in batches:
        torch.autograd.backward(next_token_loss(trainer, batch).sum)
        trainer.model.zero_grad()
    return time.process_time() - began


def _recipe(folder: Path) -> dict[str, object]:
    return {
        "model": {
            "type": "random_llama",
            "hidden_size": 256,
            "intermediate_size": 688,
            "num_hidden_layers": 4,
            "num_attention_heads": 4,
            "dtype": "fp32",
            "disable_activation_checkpoint": True,
        },
        "tokenizer": {"type": "byte_level_bpe", "vocab_size": 4096},
        "data": {"sources": {"type": "python_docs"}, "max_length": _ROW},
        "train_log_metrics_path": folder / "metrics.jsonl",
    }
