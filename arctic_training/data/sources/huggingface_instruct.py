"""Conversations of the Hugging Face hub and of local files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from typing_extensions import override

from arctic_training.config.data import HFInstructSourceConfig
from arctic_training.config.known_datasets import Role
from arctic_training.data.chat.conversation import (
    Conversation,
    Message,
    as_message,
    decoded_list,
    decoded_messages,
)
from arctic_training.data.chat.tools import TOOLS, offered
from arctic_training.data.sources.huggingface import HFSource
from arctic_training.data.sources.recognition import RowLayout
from arctic_training.data.sources.row_files import Row
from arctic_training.data.sources.source_errors import Needed
from arctic_training.diagnostics import known_words
from arctic_training.document import shown
from arctic_training.errors import Pointer, RecipeError

__all__ = ["HFInstructSource", "messages_from_row"]

_CONTENT_KEYS: Final = ("content", "text", "message", "value")
_PARTS: Final = 3
_LISTED: Final = "messages"
_USUAL: Final[Mapping[Role, str]] = {"system": "system", "user": "user", "assistant": "assistant"}
"""Columns of a table of conversations without a role mapping."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column with the content of one role."""

    role: str
    name: str


@dataclass(slots=True)
class _List:
    """A column of messages, in which a field has the role."""

    name: str
    field: str
    roles: dict[str, str]
    """Roles by the values of the field."""


class HFInstructSource(HFSource[HFInstructSourceConfig, Conversation]):
    """Rows with a conversation each: a list of messages, or a column for each role."""

    layout = RowLayout("huggingface_instruct", "conversations", frozenset({"messages"}), "sft")

    @property
    @override
    def column_choices(self) -> Sequence[Needed]:
        return _column_choices(self.config)

    @property
    @override
    def optional_columns(self) -> Iterable[str]:
        return [TOOLS] if self.config.role_mapping else [TOOLS, *_USUAL]

    @cached_property
    def _places(self) -> list[_Column | _List]:
        mapping = self.config.role_mapping
        return _places(_USUAL if mapping is None else mapping)

    @override
    def item(self, row: Row, index: int) -> Conversation:
        """Return the conversation of a row, every message in the order of the row."""
        is_listed = self.config.role_mapping is None and _LISTED in row
        messages = (
            messages_from_row(row, index)
            if is_listed
            else _mapped(row, index, self.config, self._places)
        )
        return offered(messages, row, index)


def _column_choices(config: HFInstructSourceConfig) -> list[Needed]:
    """Return the columns that must be there, or others that do as well."""
    if config.role_mapping is None:
        usual: Needed = {("name_or_path", role): role for role in ("user", "assistant")}
        return [{("name_or_path",): _LISTED}, usual]
    return [
        {
            ("role_mapping", role, *([number] if isinstance(paths, tuple) else [])): _split(path)[0]
            for role, paths in config.role_mapping.items()
            for number, path in enumerate(_listed_paths(paths))
        }
    ]


def _listed_paths(paths: str | tuple[str, ...]) -> tuple[str, ...]:
    return (paths,) if isinstance(paths, str) else paths


def _split(path: str) -> list[str]:
    """Return a column, or the column of a list with the field that tells who speaks and a value."""
    parts = path.split(".")
    return parts if len(parts) == _PARTS else [path]


def _places(mapping: Mapping[Role, str | tuple[str, ...]]) -> list[_Column | _List]:
    """Return where a row has its messages, in order; a column of the system comes first."""
    lists: dict[tuple[str, str], _List] = {}
    places: list[_Column | _List] = []
    for role, paths in mapping.items():
        for column, *inside in map(_split, _listed_paths(paths)):
            if not inside:
                places.append(_Column(role, column))
                continue
            field, speaker = inside
            if (column, field) not in lists:
                places.append(lists.setdefault((column, field), _List(column, field, {})))
            lists[column, field].roles[speaker] = role
    return sorted(places, key=lambda place: not _is_system(place))


def _is_system(place: _Column | _List) -> bool:
    return isinstance(place, _Column) and place.role == "system"


def messages_from_row(row: Row, number: int) -> Conversation:
    """Return the conversation in the column `messages` of a row.

    Raises:
        RecipeError: there is none; its pointer begins at the source.

    """
    items = decoded_messages(row["messages"])
    messages = [as_message(item) for item in items] if isinstance(items, list) else []
    conversation = [message for message in messages if message is not None]
    if not messages or len(conversation) < len(messages):
        raise RecipeError(
            ("name_or_path",),
            f"row {number} has no list of `{{role, content}}` in the column `messages`",
            code="wrong-data",
            hint="say in `role_mapping` which column holds the words of which role",
        )
    return conversation


def _mapped(
    row: Row, number: int, config: HFInstructSourceConfig, places: Sequence[_Column | _List]
) -> Conversation:
    found = (_messages(row, number, config, place) for place in places)
    # An empty system message is how a table says that there is none.
    conversation = [
        message
        for messages in found
        for message in messages
        if message["content"] or message["role"] != "system"
    ]
    if not conversation:
        message = f"row {number} has nothing in the columns of `role_mapping`"
        raise RecipeError(("role_mapping",), message, code="wrong-data")
    return conversation


def _messages(
    row: Row, number: int, config: HFInstructSourceConfig, place: _Column | _List
) -> Iterator[Message]:
    match place:
        case _List():
            yield from _listed(decoded_list(row[place.name]), place, number, config)
        case _Column(role, name) if row.get(name) is not None:
            yield _message(role, row[name], number, ("role_mapping", role))
        case _:
            pass


def _listed(
    items: object, place: _List, number: int, config: HFInstructSourceConfig
) -> Iterator[Message]:
    """Iterate over the messages of a list."""
    pointer: Pointer = ("role_mapping", next(iter(place.roles.values())))
    for item in items if isinstance(items, list) else [items]:
        speaker = item.get(place.field) if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(speaker, str) or speaker not in place.roles:
            value = "missing" if speaker is None else shown(speaker)
            message = f"row {number} has a message whose `{place.field}` is {value}"
            known = known_words(map(str, place.roles))
            hint = f"add a role for it to `role_mapping`; known here: {known}"
            raise RecipeError(pointer, message, code="wrong-data", hint=hint)
        keys = [config.content_key] if config.content_key else _CONTENT_KEYS
        text = next((item[key] for key in keys if item.get(key) is not None), None)
        place_of_key = ("content_key",) if config.content_key else pointer
        yield _message(place.roles[speaker], text, number, place_of_key)


def _message(role: str, text: object, number: int, pointer: Pointer) -> Message:
    if not isinstance(text, str):
        message = f"row {number} has no string there for the role `{role}`"
        raise RecipeError(pointer, message, code="wrong-data")
    return Message(role=role, content=text)
