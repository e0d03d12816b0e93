"""Tokens a CPU second, all threads, that are rendered, tokenised, masked, packed and accounted for.

2,000 real conversations of one or two turns, of about 400,000 tokens, with a template that marks
answers and with one that does not; beside TRL, which takes the first kind alone, with the same
tokenizer. Best of some runs: the machine may be busy.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from datasets import Dataset, disable_progress_bars
from transformers import PreTrainedTokenizerBase
from trl.trainer.sft_config import SFTConfig as TRLConfig
from trl.trainer.sft_trainer import SFTTrainer as TRLTrainer

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.sources.python_docs import python_docs
from arctic_training.data.store.prepared_data import Prepared
from arctic_training.trainer.data_stage import DataStage
from tests.benchmarks.measurement import Measurement
from tests.tiny import prepared

_RUNS = 5
_NUMBER = 2000
_LENGTHS = (512, 2048)
_RATE = 450_000
"""Tokens a CPU second."""
_FULL = 99.5

T = TypeVar("T")


def measure() -> Iterator[Measurement]:
    """Measure, at two lengths of rows, for both kinds of template, and TRL in between."""
    tokenizer = DataStage(SFTTrainer, _config(2048)).tokenizer
    assert isinstance(tokenizer.chat_template, str)
    marked = tokenizer.chat_template
    plain = re.sub(r"\{%- (end)?generation -%\}", "", marked)
    said = conversations()
    for length in _LENGTHS:
        ours = partial(_prepared, tokenizer, said, length)
        theirs = partial(_prepared_by_trl, tokenizer, said, length)
        tokenizer.chat_template = marked
        yield from _measurements(f"generation marks, rows of {length}", _rate(ours, _read))
        by_trl, full = _rate(theirs, _packed)
        yield Measurement(name=f"TRL, rows of {length}", value=by_trl, unit="tokens/s")
        yield Measurement(name=f"TRL, rows of {length}, full", value=full, unit="%")
        tokenizer.chat_template = plain
        found = _rate(ours, _read)
        yield from _measurements(f"no marks, rows of {length}", found)
        name = f"no marks / TRL, rows of {length}"
        ratio = found[0] / by_trl
        yield Measurement(name=name, value=ratio, unit="x", budget=1.7, more_is_better=True)


def _measurements(name: str, found: tuple[float, float]) -> Iterator[Measurement]:
    rate, full = found
    yield Measurement(name=name, value=rate, unit="tokens/s", budget=_RATE, more_is_better=True)
    name = f"{name}, full"
    yield Measurement(name=name, value=full, unit="%", budget=_FULL, more_is_better=True)


def _rate(prepare: Callable[[], T], count: Callable[[T], tuple[int, float]]) -> tuple[float, float]:
    """Return tokens a CPU second, the best of some runs, and the percentage of rows filled."""
    took = []
    for _ in range(_RUNS):
        began = time.process_time()
        made = prepare()
        took.append(time.process_time() - began)
    tokens, fill = count(made)
    return tokens / min(took), 100 * fill


def _prepared(
    tokenizer: PreTrainedTokenizerBase, said: list[Conversation], length: int
) -> Prepared:
    trainer = SFTTrainer.__new__(SFTTrainer)
    trainer.config, trainer.tokenizer = _config(length), tokenizer
    return prepared(trainer.make_data_factory(), said)


def _read(made: Prepared) -> tuple[int, float]:
    report = made.report
    assert report.tokens_read == report.tokens + sum(lost.tokens for lost in report.dropped)
    return report.tokens_read, report.fill or 0


def _prepared_by_trl(
    tokenizer: PreTrainedTokenizerBase, said: list[Conversation], length: int
) -> tuple[Dataset, int]:
    """Tokenise, mask, split and pack as TRL's trainer does when it is made, without its model."""
    disable_progress_bars()
    arguments = TRLConfig(
        max_length=length,
        packing=True,
        packing_strategy="bfd_split",
        assistant_only_loss=True,
        report_to=[],
        use_cpu=True,
        bf16=False,
    )
    trainer = TRLTrainer.__new__(TRLTrainer)
    trainer.chat_template, trainer._tokenizer = None, tokenizer
    trainer.completion_only_loss = False
    read = Dataset.from_list([{"messages": conversation} for conversation in said])
    return trainer._prepare_dataset(read, tokenizer, arguments, True, None, "train"), length  # noqa: FBT003 - its own signature


def _packed(made: tuple[Dataset, int]) -> tuple[int, float]:
    rows, length = made
    tokens = sum(map(len, rows["input_ids"]))
    return tokens, tokens / (len(rows) * length)


def conversations() -> list[Conversation]:
    """Return conversations of a question and its answer, every second one with another of both."""
    docs = python_docs()
    other = [[], *docs]
    return [
        [*docs[i % len(docs)], *other[(i % 2) * (1 + i * 7 % len(docs))]] for i in range(_NUMBER)
    ]


def _config(length: int) -> SFTTrainerConfig:
    return SFTTrainerConfig.model_validate(
        {
            "model": {"type": "random_llama"},
            "tokenizer": {"type": "byte_level_bpe", "vocab_size": 4096},
            "data": {
                "sources": {"type": "python_docs"},
                "max_length": length,
                "over_length": "split",
                "pack_samples": True,
            },
        }
    )
