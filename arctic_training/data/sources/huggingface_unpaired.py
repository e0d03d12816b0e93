"""Single completions with a label, of the Hugging Face hub and of local files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from typing_extensions import override

from arctic_training.config.preference import HFUnpairedSourceConfig
from arctic_training.data.chat.conversation import Conversation, Preference
from arctic_training.data.chat.tools import TOOLS, offered
from arctic_training.data.sources.dataset import Dataset, Indices, SizedDataset
from arctic_training.data.sources.huggingface import HFSource
from arctic_training.data.sources.huggingface_preference import messages_in
from arctic_training.data.sources.recognition import RowLayout
from arctic_training.data.sources.row_files import Row
from arctic_training.data.sources.source_errors import Needed
from arctic_training.data.store.digests import digest
from arctic_training.errors import RecipeError

__all__ = ["HFPairedSource", "HFUnpairedSource"]

_Pair: TypeAlias = tuple[int | None, int | None]
"""Rows of a good completion and of a bad one; None where a prompt has no more."""

_PROMPT: Final = ("prompt_column",)
_COMPLETION: Final = ("completion_column",)
_LABEL: Final = ("label_column",)
_AT_ONCE: Final = 500
_LABELS: Final = {
    **dict.fromkeys(("true", "1", "1.0"), True),
    **dict.fromkeys(("false", "0", "0.0"), False),
}
"""Labels as they are written; in CSV and TSV files, they are text."""


class _Completion(NamedTuple):
    prompt: Conversation
    messages: Conversation
    is_good: bool


class HFUnpairedSource(HFSource[HFUnpairedSourceConfig, Preference]):
    """Rows with one completion each, as preferences of which the other completion is empty."""

    layout = RowLayout(
        "huggingface_unpaired",
        "single answers with a label",
        frozenset({"prompt", "completion", "label"}),
        "dpo",
    )

    @property
    @override
    def column_choices(self) -> Sequence[Needed]:
        config = self.config
        return [
            {
                _PROMPT: config.prompt_column,
                _COMPLETION: config.completion_column,
                _LABEL: config.label_column,
            }
        ]

    @property
    @override
    def optional_columns(self) -> Iterable[str]:
        return [TOOLS]

    @override
    def item(self, row: Row, index: int) -> Preference:
        prompt, messages, is_good = self.completion(row, index)
        return Preference(prompt, *((messages, []) if is_good else ([], messages)))

    def completion(self, row: Row, index: int) -> _Completion:
        """Return the completion of a row, with its prompt and its label.

        Raises:
            RecipeError: one of them is missing.

        """
        config = self.config
        label = _LABELS.get(str(row[config.label_column]).strip().lower())
        if label is None:
            message = f"row {index} has no label there: it is neither true nor false"
            raise RecipeError(_LABEL, message, code="wrong-data")
        prompt = messages_in(row[config.prompt_column], index, _PROMPT, role="user")
        if not prompt:
            raise RecipeError(_PROMPT, f"row {index} has no prompt", code="wrong-data")
        value = row[config.completion_column]
        messages = messages_in(value, index, _COMPLETION, role="assistant")
        return _Completion(offered(prompt, row, index), messages, label)

    @override
    def stream_problems(self) -> Iterator[RecipeError]:
        yield from super().stream_problems()
        yield RecipeError(("type",), "answers are paired over the whole set", code="conflict")


class HFPairedSource(HFUnpairedSource):
    """The same rows in pairs: of each prompt the first good completion with the first bad one.

    Where a prompt has no more completions of one kind, that of a preference is empty.
    """

    @override
    def items(self) -> Dataset[Preference]:
        def paired() -> SizedDataset[Preference]:
            completions = self.rows_as(self.completion).sized()
            pairs = _pairs(completions)

            def load(indices: Indices) -> Iterator[Preference]:
                for first in range(0, len(indices), _AT_ONCE):
                    chosen = indices[first : first + _AT_ONCE].tolist()
                    yield from _paired(completions, [pairs[index] for index in chosen])

            return SizedDataset(len(pairs), load)

        return Dataset.from_sized(paired)


def _pairs(completions: SizedDataset[_Completion]) -> list[_Pair]:
    """Read all completions once, and keep of each no more than its index."""
    of_prompts: dict[str, tuple[list[int], list[int]]] = {}
    for index, completion in enumerate(completions.load(np.arange(completions.count))):
        good, bad = of_prompts.setdefault(digest(completion.prompt), ([], []))
        (good if completion.is_good else bad).append(index)
    return [pair for good, bad in of_prompts.values() for pair in zip_longest(good, bad)]


def _paired(completions: SizedDataset[_Completion], pairs: list[_Pair]) -> Iterator[Preference]:
    wanted = np.array(sorted({i for pair in pairs for i in pair if i is not None}), dtype=np.int64)
    found = dict(zip(wanted.tolist(), completions.load(wanted), strict=True))
    for pair in pairs:
        both = [None if index is None else found[index] for index in pair]
        prompt = next(completion.prompt for completion in both if completion is not None)
        chosen, rejected = (
            [] if completion is None else completion.messages for completion in both
        )
        yield Preference(prompt, chosen, rejected)
