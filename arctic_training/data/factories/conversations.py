"""Base of data factories that render conversations with a chat template."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar, Final, Generic, TypeVar

from jinja2 import TemplateError
from typing_extensions import override

from arctic_training.config.data import DataConfig
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.chat.encoding import ChatEncoder, LeftOutError, MaskedText, MaskOptions
from arctic_training.data.chat.spans import UndecidableError
from arctic_training.data.chat.stop_tokens import generation_ends
from arctic_training.data.factories.preparation import PreparingDataFactory
from arctic_training.data.store.samples import Sample
from arctic_training.errors import RecipeError

__all__ = ["ChatDataFactory"]

Chat_co = TypeVar("Chat_co", bound=DataConfig, covariant=True)
BatchT = TypeVar("BatchT", bound=Mapping[str, object])

_SHOWN: Final = 300
_NO_TURN_END: Final = (
    "the chat template writes no end of turn behind some answers: there, the model does not learn "
    "to stop; add `{{ eos_token }}` to the template"
)
_PLAIN_TURN_END: Final = (
    "the chat template ends turns with plain text, `{}`, at which generation does not stop: "
    "end them with `{{{{ eos_token }}}}`, or take a tokenizer that has a token for it"
)


class ChatDataFactory(
    PreparingDataFactory[Chat_co, BatchT], Generic[Chat_co, BatchT], abstract=True
):
    """Tokenises conversations with the tokenizer's chat template."""

    _renamed_members: ClassVar = {"marked": "masked_text", "trained": "mask_options"}

    if_hidden: ClassVar[tuple[str, str]] = (
        "sources",
        "put `{% generation %}` into the template, around all that it says",
    )
    """Where to change what, if a template hides what the assistant says."""

    @override
    def token_inputs(self) -> list[object]:
        return [*super().token_inputs(), self.encoder().template, self._stops()]

    def mask_options(self) -> MaskOptions:
        """Return which tokens of a conversation have loss."""
        return MaskOptions()

    def encoder(self) -> ChatEncoder:
        """Return what renders conversations.

        Raises:
            RecipeError: the tokenizer cannot.

        """
        tokenizer = self.trainer.tokenizer
        pointer = (self.trainer.config.tokenizer.named_by, "name_or_path")
        if not tokenizer.is_fast:
            message = "the tokenizer does not say which characters a token stands for"
            hint = "take a fast tokenizer of the model"
            raise RecipeError(pointer, message, code="not-supported", hint=hint)
        try:
            return ChatEncoder(tokenizer, self.mask_options(), self._stops())
        except ValueError as error:
            message = "the tokenizer has no chat template"
            hint = "give the file of one as `chat_template` of the section `tokenizer`"
            raise RecipeError(pointer, message, code="not-supported", hint=hint) from error

    def _stops(self) -> list[str]:
        return generation_ends(self.trainer.config.model, self.trainer.tokenizer)

    def samples(self, encoder: ChatEncoder, texts: Iterable[MaskedText]) -> Iterator[Sample]:
        """Tokenise rendered conversations; note ends of turns at which generation does not stop."""
        yield from encoder.encode(texts)
        if encoder.lacks_turn_ends:
            self.trainer.note(_NO_TURN_END)
        if plain := encoder.plain_turn_end:
            self.trainer.note(_PLAIN_TURN_END.format(plain))

    def masked_text(self, encoder: ChatEncoder, conversation: Conversation) -> MaskedText:
        """Render a conversation, with the spans that have loss.

        Raises:
            RecipeError: the chat template refuses the conversation, hides the answers, or leaves
                out functions.

        """
        try:
            return encoder.masked_text(conversation)
        except TemplateError as error:
            message = f"the tokenizer's chat template refuses a conversation: {error}"
            hint = _shown(conversation)
            raise self.problem("sources", message, code="wrong-data", hint=hint) from error
        except LeftOutError as error:
            message = f"the tokenizer's chat template leaves out the function `{error}`"
            hint = "take a tokenizer whose template writes functions and their calls"
            raise self.problem("sources", message, code="not-supported", hint=hint) from error
        except UndecidableError as error:
            what = "changes what the assistant says in a way that hides where it is"
            raise self.hidden(conversation, what) from error

    def hidden(self, conversation: Conversation, what: str) -> RecipeError:
        """Return the error of a template that hides what the assistant says."""
        message = f"the tokenizer's chat template {what}, in {_shown(conversation)}"
        field, hint = self.if_hidden
        return self.problem(field, message, code="not-supported", hint=hint)


def _shown(conversation: Conversation) -> str:
    """Return a conversation, shortened, on one line."""
    shown = "; ".join(f"{m['role']}: {' '.join(m['content'].split())}" for m in conversation)
    return shown if len(shown) <= _SHOWN else shown[: _SHOWN - 3] + "..."
