"""Tokens a CPU second, all threads, that are rendered, tokenised, masked, packed and accounted for.

2,000 real conversations of one or two turns, of about 400,000 tokens, with a template that marks
answers and with one that does not. Best of some runs: the machine may be busy.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

from arctic_trainers.sft import SFTTrainer, SFTTrainerConfig
from arctic_training.data.conversation import Conversation
from arctic_training.data.prepared import Prepared
from arctic_training.data.python_docs import python_docs
from arctic_training.data.sft import SFTDataFactory
from arctic_training.trainer.data_stage import DataStage
from tests.tiny import prepared

_RUNS = 5
_NUMBER = 2000


def measure() -> Iterator[str]:
    """Measure, at two lengths of rows, for both kinds of template."""
    tokenizer = DataStage(SFTTrainer, _config(2048)).tokenizer
    assert isinstance(tokenizer.chat_template, str)
    plain = re.sub(r"\{%- (end)?generation -%\}", "", tokenizer.chat_template)
    said = _conversations()
    for kind, template in (("marks", tokenizer.chat_template), ("no marks", plain)):
        tokenizer.chat_template = template
        for length in (512, 2048):
            trainer = SFTTrainer.__new__(SFTTrainer)
            trainer.config, trainer.tokenizer = _config(length), tokenizer
            seconds, made = _best(trainer.make_data_factory(), said)
            report = made.report
            assert report.tokens_read == report.tokens + sum(lost.tokens for lost in report.losses)
            rate = report.tokens_read / seconds
            yield (
                f"{kind:8} rows of {length:5,}: {report.tokens_read:,} tokens, {rate:9,.0f}/s"
                f"  (budget 400,000), {report.fill or 0:.2%} full  (budget 99%)"
            )


def _best(factory: SFTDataFactory, said: list[Conversation]) -> tuple[float, Prepared]:
    took = []
    for _ in range(_RUNS):
        began = time.process_time()
        made = prepared(factory, said)
        took.append(time.process_time() - began)
    return min(took), made


def _conversations() -> list[Conversation]:
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
