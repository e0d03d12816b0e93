"""Pairs of answers, tokenised with the chat template, of which the answers are trained."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from jinja2 import TemplateError
from numpy.typing import NDArray
from typing_extensions import override

from arctic_training.config.preference import PreferenceDataConfig
from arctic_training.data.answers import UndecidableError
from arctic_training.data.batches import PreferenceBatch
from arctic_training.data.chat import ChatEncoder, Marked, Trained
from arctic_training.data.collate import RowCollator
from arctic_training.data.conversation import Conversation
from arctic_training.data.factory import DataFactory
from arctic_training.data.loader import EpochLoader
from arctic_training.data.preferences import Preference
from arctic_training.data.report import Loss, preparation_report
from arctic_training.data.samples import Row, Rows, Samples
from arctic_training.data.source import load_preferences, source_problems
from arctic_training.errors import RecipeError

__all__ = ["PreferenceDataFactory"]


class PreferenceDataFactory(DataFactory[PreferenceDataConfig, PreferenceBatch]):
    """Pairs of answers, of which one is preferred; tokenised once."""

    name = "dpo"
    config_type = PreferenceDataConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        return source_problems(self, self.config.sources)

    @override
    def create(self) -> EpochLoader[PreferenceBatch]:
        return EpochLoader(
            self.process(load_preferences(self, self.config.sources)),
            _Collator(RowCollator(self.trainer.tokenizer.pad_token_id, self.config.div_length)),
            micro_batch_size=self.trainer.config.micro_batch_size,
            seed=self.config.seed,
            num_workers=self.config.dl_num_workers,
        )

    @override
    def count_tokens(self, batch: PreferenceBatch) -> int:
        return int(batch["lengths"].sum())

    def process(self, preferences: list[Preference]) -> Rows:
        """Tokenise, leave out the pairs that cannot be trained on, and report.

        Returns:
            Rows of two samples each, the chosen side and the rejected one, both with the prompt.

        Raises:
            RecipeError: nothing is left, or the chat template hides the answers.

        """
        read = self._encoded(preferences)
        losses, kept = self._flaws(read)
        sides = read.where(np.repeat(kept, 2))
        rows = Rows(sides, [[2 * pair, 2 * pair + 1] for pair in range(len(sides) // 2)])
        report = preparation_report(
            read=read, losses=losses, samples=sides, rows=len(rows), row_length=None
        )
        counted = f"pairs: {len(rows):,} of {len(preferences):,}, each of two samples"
        self.trainer.note("\n".join([counted, *report.lines()]))
        if not len(rows):
            hint = f"`max_length` is {self.config.max_length}"
            raise self.problem("sources", "no pair is left to train on", code="no-data", hint=hint)
        return rows

    def _flaws(self, read: Samples) -> tuple[tuple[Loss, ...], NDArray[np.bool_]]:
        """Return what is left out and why, and which pairs are kept."""
        lengths = read.lengths.reshape(-1, 2)
        kept = np.ones(len(lengths), dtype=np.bool_)
        losses = []
        for reason, flawed in (
            ("both sides are the same", _same(read)),
            (
                f"a side is longer than {self.config.max_length:,} tokens",
                (lengths > self.config.max_length).any(1),
            ),
            ("nothing in a side is trained", (read.num_trained.reshape(-1, 2) == 0).any(1)),
        ):
            lost = lengths[kept & flawed]
            losses.append(Loss(reason=reason, samples=lost.size, tokens=int(lost.sum())))
            kept &= ~flawed
        return tuple(losses), kept

    def _encoded(self, preferences: list[Preference]) -> Samples:
        """Return the chosen side of each pair, and behind it the rejected one."""
        encoder = self._encoder()
        return Samples.of(
            encoder.encode(
                self._marked(encoder, prompt, answer)
                for prompt, *answers in preferences
                for answer in answers
            )
        )

    def _encoder(self) -> ChatEncoder:
        tokenizer, pointer = self.trainer.tokenizer, ("tokenizer", "name_or_path")
        if not tokenizer.is_fast:
            message = "the tokenizer does not say which characters a token stands for"
            hint = "take a fast tokenizer of the model"
            raise RecipeError(pointer, message, code="not-supported", hint=hint)
        try:
            return ChatEncoder(tokenizer, Trained())
        except ValueError as error:
            message = "the tokenizer has no chat template"
            raise RecipeError(pointer, message, code="not-supported") from error

    def _marked(self, encoder: ChatEncoder, prompt: Conversation, answer: Conversation) -> Marked:
        """Render a side; of all that the assistant says, only what is not in the prompt counts."""
        said, asked = (sum(m["role"] == "assistant" for m in part) for part in (answer, prompt))
        try:
            text, spans = encoder.spans([*prompt, *answer])
        except TemplateError as error:
            message = f"the tokenizer's chat template refuses a conversation: {error}"
            raise self.problem("sources", message, code="wrong-data") from error
        except UndecidableError as error:
            raise self._hidden("changes") from error
        if len(spans) != asked + said:
            raise self._hidden("leaves out")
        return text, spans[asked:]

    def _hidden(self, what: str) -> RecipeError:
        message = f"the tokenizer's chat template {what} what the assistant says"
        hint = "put `{% generation %}` into the template, around all that it says"
        return self.problem("sources", message, code="not-supported", hint=hint)


def _same(read: Samples) -> NDArray[np.bool_]:
    """Return, for each pair, whether its sides are the same tokens."""
    pairs = range(0, len(read), 2)
    same = [np.array_equal(read[i].input_ids, read[i + 1].input_ids) for i in pairs]
    return np.array(same, dtype=np.bool_)


@dataclass(frozen=True)
class _Collator:
    """Puts the chosen sides of some pairs before their rejected ones."""

    stack: RowCollator

    def __call__(self, pairs: list[Row]) -> PreferenceBatch:
        batch = self.stack([[pair[side]] for side in (0, 1) for pair in pairs])
        return PreferenceBatch(
            num_pairs=len(pairs),
            input_ids=batch["input_ids"],
            labels=batch["labels"],
            lengths=batch["lengths"],
        )
