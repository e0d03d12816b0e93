"""Rows to conversations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from arctic_training.config.data import HFInstructSourceConfig
from arctic_training.data.conversation import Conversation, Message, as_message
from arctic_training.data.huggingface import Needed, Row, check_rows, load_rows
from arctic_training.data.items import Items
from arctic_training.data.tools import TOOLS, offered
from arctic_training.diagnostics import known_words
from arctic_training.document import shown
from arctic_training.errors import Pointer, RecipeError

__all__ = ["check_instruct", "instruct_conversations", "listed_messages"]

_CONTENT_KEYS: Final = ("content", "text", "message", "value")
_PARTS: Final = 3


def check_instruct(config: HFInstructSourceConfig) -> None:
    """Make sure that a local source has the columns that it needs, without loading it.

    Raises:
        RecipeError: its pointer begins at the source.

    """
    check_rows(config, _needed(config))


def instruct_conversations(config: HFInstructSourceConfig) -> Items[Conversation]:
    """Return the conversations of a source, every message in the order of its row.

    Raises:
        RecipeError: the data set cannot be loaded, or a row is no conversation; its pointer
            begins at the source.

    """

    def with_tools(row: Row, number: int) -> Conversation:
        is_listed = config.role_mapping is None
        said = listed_messages(row, number) if is_listed else _mapped(row, number, config)
        return offered(said, row, number)

    return load_rows(config, _needed(config), with_tools, taken=[TOOLS])


def _needed(config: HFInstructSourceConfig) -> Needed:
    """Return the columns that must be there."""
    if config.role_mapping is None:
        return {("name_or_path",): "messages"}
    mapping = config.role_mapping.items()
    return {("role_mapping", role): _place(path)[0] for role, path in mapping}


def _place(path: str) -> list[str]:
    """Return a column, or the column of a list with the field that tells who speaks and a value."""
    parts = path.split(".")
    return parts if len(parts) == _PARTS else [path]


def listed_messages(row: Row, number: int) -> Conversation:
    """Return the conversation in the column `messages` of a row.

    Raises:
        RecipeError: there is none; its pointer begins at the source.

    """
    items = row["messages"]
    messages = [as_message(item) for item in items] if isinstance(items, list) else []
    conversation = [message for message in messages if message is not None]
    if not messages or len(conversation) < len(messages):
        raise RecipeError(
            ("name_or_path",),
            f"row {number} has no list of texts with their roles in the column `messages`",
            code="wrong-data",
            hint="say in `role_mapping` which column holds the words of which role",
        )
    return conversation


def _mapped(row: Row, number: int, config: HFInstructSourceConfig) -> Conversation:
    conversation: Conversation = []
    lists: dict[tuple[str, str], dict[str, str]] = {}
    for role, path in (config.role_mapping or {}).items():
        column, *inside = _place(path)
        if inside:
            field, speaker = inside
            lists.setdefault((column, field), {})[speaker] = role
        elif (text := row[column]) is not None:
            conversation.append(_said(role, text, number, ("role_mapping", role)))
    for (column, field), roles in lists.items():
        conversation += _listed(row[column], field, roles, number, config)
    if not conversation:
        message = f"row {number} has nothing in the columns of `role_mapping`"
        raise RecipeError(("role_mapping",), message, code="wrong-data")
    return conversation


def _listed(
    items: object, field: str, roles: dict[str, str], number: int, config: HFInstructSourceConfig
) -> Iterator[Message]:
    """Iterate over the messages of a list, of which ``field`` says who speaks."""
    pointer: Pointer = ("role_mapping", next(iter(roles.values())))
    for item in items if isinstance(items, list) else [items]:
        speaker = item.get(field) if isinstance(item, dict) else None
        if not isinstance(item, dict) or not isinstance(speaker, str) or speaker not in roles:
            said = "missing" if speaker is None else shown(speaker)
            message = f"row {number} has a message whose `{field}` is {said}"
            hint = (
                f"add a role for it to `role_mapping`; known here: {known_words(map(str, roles))}"
            )
            raise RecipeError(pointer, message, code="wrong-data", hint=hint)
        keys = [config.content_key] if config.content_key else _CONTENT_KEYS
        text = next((item[key] for key in keys if item.get(key) is not None), None)
        yield _said(
            roles[speaker], text, number, ("content_key",) if config.content_key else pointer
        )


def _said(role: str, text: object, number: int, pointer: Pointer) -> Message:
    if not isinstance(text, str):
        message = f"row {number} has no text there for the role `{role}`"
        raise RecipeError(pointer, message, code="wrong-data")
    return Message(role=role, content=text)
