"""Rows with one answer each, and whether it is a good one, to preferences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from arctic_training.config.preference import HFUnpairedSourceConfig
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.chat.tools import TOOLS, offered
from arctic_training.data.sources.dataset import Counted, Items, Numbers
from arctic_training.data.sources.huggingface import check_rows, load_rows
from arctic_training.data.sources.huggingface_preference import Preference, said_in
from arctic_training.data.sources.row_files import Row
from arctic_training.data.sources.source_errors import Needed
from arctic_training.data.store.digests import digest
from arctic_training.errors import RecipeError

__all__ = ["check_unpaired", "single_answers", "unpaired_preferences"]

_Pair: TypeAlias = tuple[int | None, int | None]
"""Numbers of the rows of a good answer and of a bad one; None where a prompt has no more."""

_PROMPT: Final = ("prompt_column",)
_COMPLETION: Final = ("completion_column",)
_LABEL: Final = ("label_column",)
_AT_ONCE: Final = 500
_LABELS: Final = {
    **dict.fromkeys(("true", "1", "1.0"), True),
    **dict.fromkeys(("false", "0", "0.0"), False),
}
"""Labels as they are written; in CSV and TSV files, they are text."""


class _Answer(NamedTuple):
    prompt: Conversation
    answer: Conversation
    is_good: bool


def check_unpaired(config: HFUnpairedSourceConfig) -> None:
    """Make sure that a local source has the columns that it needs, without loading it.

    Raises:
        RecipeError: its pointer begins at the source.

    """
    check_rows(config, _needed(config))


def unpaired_preferences(config: HFUnpairedSourceConfig) -> Items[Preference]:
    """Pair the answers of a source: of each prompt the first good one with the first bad one.

    Where a prompt has no more answers of one kind, that side of a preference is empty.

    Raises:
        RecipeError: the data set cannot be loaded, or a row is no answer; its pointer begins at
            the source.

    """
    rows = load_rows(
        config, _needed(config), lambda row, number: _answer(row, number, config), taken=[TOOLS]
    )

    def counted() -> Counted[Preference]:
        answers = rows.counted()
        pairs = _pairs(answers)

        def load(numbers: Numbers) -> Iterator[Preference]:
            for start in range(0, len(numbers), _AT_ONCE):
                yield from _paired(answers, [pairs[i] for i in numbers[start : start + _AT_ONCE]])

        return Counted(len(pairs), load)

    return Items.of_counted(counted)


def single_answers(config: HFUnpairedSourceConfig) -> Items[Preference]:
    """Return each answer of a source as a preference of its own, whose other side is empty.

    Raises:
        RecipeError: the data set cannot be loaded, or a row is no answer; its pointer begins at
            the source.

    """

    def alone(row: Row, number: int) -> Preference:
        prompt, answer, is_good = _answer(row, number, config)
        return Preference(prompt, *((answer, []) if is_good else ([], answer)))

    return load_rows(config, _needed(config), alone, taken=[TOOLS])


def _needed(config: HFUnpairedSourceConfig) -> Needed:
    return {
        _PROMPT: config.prompt_column,
        _COMPLETION: config.completion_column,
        _LABEL: config.label_column,
    }


def _answer(row: Row, number: int, config: HFUnpairedSourceConfig) -> _Answer:
    label = _LABELS.get(str(row[config.label_column]).strip().lower())
    if label is None:
        message = f"row {number} has no label there: it is neither true nor false"
        raise RecipeError(_LABEL, message, code="wrong-data")
    prompt = said_in(row[config.prompt_column], number, _PROMPT, role="user")
    if not prompt:
        raise RecipeError(_PROMPT, f"row {number} has no prompt", code="wrong-data")
    answer = said_in(row[config.completion_column], number, _COMPLETION, role="assistant")
    return _Answer(offered(prompt, row, number), answer, label)


def _pairs(answers: Counted[_Answer]) -> list[_Pair]:
    """Go through all answers once, and keep of each no more than its number."""
    of_prompts: dict[str, tuple[list[int], list[int]]] = {}
    for number, answer in enumerate(answers.load(np.arange(answers.count))):
        good, bad = of_prompts.setdefault(digest(answer.prompt), ([], []))
        (good if answer.is_good else bad).append(number)
    return [pair for good, bad in of_prompts.values() for pair in zip_longest(good, bad)]


def _paired(answers: Counted[_Answer], pairs: list[_Pair]) -> Iterator[Preference]:
    wanted = np.array(sorted({n for pair in pairs for n in pair if n is not None}), dtype=np.int64)
    found = dict(zip(wanted.tolist(), answers.load(wanted), strict=True))
    for pair in pairs:
        sides = [None if number is None else found[number] for number in pair]
        prompt = next(side.prompt for side in sides if side is not None)
        chosen, rejected = ([] if side is None else side.answer for side in sides)
        yield Preference(prompt, chosen, rejected)
