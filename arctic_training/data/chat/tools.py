"""Functions that a conversation may call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Final, cast

from arctic_training.data.chat.conversation import Conversation, without_nulls
from arctic_training.errors import RecipeError

__all__ = ["TOOLS", "offered"]

TOOLS: Final = "tools"
"""Column of the functions that the conversation of a row may call."""


def offered(conversation: Conversation, row: Mapping[str, object], number: int) -> Conversation:
    """Return a conversation that offers the functions of its row, if that has any.

    They are a list, or the JSON text of one; members that are null are left out.

    Raises:
        RecipeError: they are neither; its pointer begins at the source.

    """
    tools = row.get(TOOLS)
    if isinstance(tools, str):
        with suppress(ValueError):
            tools = json.loads(tools)
    if not tools:
        return conversation
    if not isinstance(tools, list) or not all(isinstance(tool, dict) for tool in tools):
        message = f"row {number} has no list of functions in the column `{TOOLS}`"
        raise RecipeError(("name_or_path",), message, code="wrong-data")
    offered = cast("list[Mapping[str, object]]", without_nulls(tools))
    return [{**conversation[0], "tools": offered}, *conversation[1:]]
