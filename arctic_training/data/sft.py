"""Conversations, tokenised with the tokenizer's chat template, of which the answers are trained."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from jinja2 import TemplateError
from typing_extensions import override

from arctic_training.config.data import SFTDataConfig
from arctic_training.data.answers import UndecidableError
from arctic_training.data.chat import ChatEncoder, Marked, Trained
from arctic_training.data.conversation import Conversation
from arctic_training.data.packing import packed
from arctic_training.data.report import Loss, preparation_report
from arctic_training.data.samples import Samples
from arctic_training.data.source import load_conversations, source_problems
from arctic_training.data.tokens import Prepared, TokenDataFactory
from arctic_training.errors import RecipeError

__all__ = ["SFTDataFactory"]

_SHOWN: Final = 300


class SFTDataFactory(TokenDataFactory[SFTDataConfig]):
    """Supervised fine-tuning: the assistant's words are trained, and what ends its turn."""

    name = "sft"
    config_type = SFTDataConfig

    @override
    def problems(self) -> Iterator[RecipeError]:
        yield from source_problems(self, self.config.sources)
        if not self.config.mask_inputs:
            for field in ("train_last_turn_only", "ignore_empty_think"):
                if getattr(self.config, field):
                    yield self.problem(field, "it has no effect with `mask_inputs: false`")
        if self.config.pack_samples:
            yield from self.packing_problems("pack_samples")

    def load(self) -> list[Conversation]:
        """Return the conversations of all sources."""
        return load_conversations(self, self.config.sources)

    @override
    def prepare(self) -> Prepared:
        return self.process(self.load())

    def process(self, conversations: list[Conversation]) -> Prepared:
        """Tokenise, fit to `max_length`, leave out what has nothing to train, and pack.

        Raises:
            RecipeError: the chat template refuses a conversation, or hides the answers.

        """
        config = self.config
        read = self._encoded(conversations)
        fitted = read.fitted(config.max_length, config.over_length)
        samples = fitted.where(fitted.num_trained > 0)
        packs = samples.singly() if not config.pack_samples else packed(samples, config.max_length)
        losses = (
            Loss(
                reason=f"longer than {config.max_length:,} tokens",
                samples=max(0, len(read) - len(fitted)),
                tokens=read.num_tokens - fitted.num_tokens,
            ),
            Loss(
                reason="nothing in them is trained",
                samples=len(fitted) - len(samples),
                tokens=fitted.num_tokens - samples.num_tokens,
            ),
        )
        room = config.max_length if config.pack_samples else None
        report = preparation_report(
            read=read, losses=losses, samples=samples, rows=len(packs), row_length=room
        )
        return Prepared(samples, packs, report)

    def _encoded(self, conversations: list[Conversation]) -> Samples:
        encoder = self._encoder()
        marked = (self._marked(encoder, conversation) for conversation in conversations)
        return Samples.of(encoder.encode(marked))

    def _encoder(self) -> ChatEncoder:
        tokenizer, pointer = self.trainer.tokenizer, ("tokenizer", "name_or_path")
        if not tokenizer.is_fast:
            message = "the tokenizer does not say which characters a token stands for"
            raise RecipeError(
                pointer, message, code="not-supported", hint="take a fast tokenizer of the model"
            )
        trained = Trained(
            inputs=not self.config.mask_inputs,
            last_turn_only=self.config.train_last_turn_only,
            empty_think=not self.config.ignore_empty_think,
        )
        try:
            return ChatEncoder(tokenizer, trained)
        except ValueError as error:
            message = "the tokenizer has no chat template"
            raise RecipeError(pointer, message, code="not-supported") from error

    def _marked(self, encoder: ChatEncoder, conversation: Conversation) -> Marked:
        try:
            return encoder.spans(conversation)
        except TemplateError as error:
            message = f"the tokenizer's chat template refuses a conversation: {error}"
            hint = _shown(conversation)
            raise self.problem("sources", message, code="wrong-data", hint=hint) from error
        except UndecidableError as error:
            raise self.problem(
                "mask_inputs",
                "the tokenizer's chat template changes what the assistant says in a way that "
                f"hides where it stands, in {_shown(conversation)}",
                code="not-supported",
                hint="set `mask_inputs: false`, or put `{% generation %}` into the template",
            ) from error


def _shown(conversation: Conversation) -> str:
    """Return a conversation, shortened, on one line."""
    said = "; ".join(f"{m['role']}: {m['content']!r}" for m in conversation)
    return said if len(said) <= _SHOWN else said[: _SHOWN - 3] + "..."
