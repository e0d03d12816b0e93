"""Conversations of the Hugging Face hub, and of local files and folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, cast

from arctic_training.config.data import HFInstructSourceConfig
from arctic_training.data.source import Conversation, Message, Role
from arctic_training.errors import ArcticTrainingError

__all__ = ["instruct_conversations"]

_BUILDERS: Final = {
    ".json": "json",
    ".jsonl": "json",
    ".parquet": "parquet",
    ".csv": "csv",
}


def instruct_conversations(config: HFInstructSourceConfig) -> list[Conversation]:
    """Load the conversations of a source.

    Raises:
        ArcticTrainingError: the data set cannot be loaded, or lacks a column.

    """
    rows = _rows(config)
    if config.role_mapping is None:
        return [_messages(row, number) for number, row in enumerate(rows)]
    return [_mapped(row, config.role_mapping, number) for number, row in enumerate(rows)]


def _rows(config: HFInstructSourceConfig) -> Iterable[Mapping[str, object]]:
    import datasets

    datasets.disable_progress_bars()
    path = Path(config.name_or_path)
    try:
        if path.is_dir() and (path / "state.json").exists():
            loaded = datasets.load_from_disk(str(path))
        elif path.is_dir() and (path / "dataset_dict.json").exists():
            loaded = datasets.load_from_disk(str(path))[config.split]
        elif path.suffix in _BUILDERS:
            builder = _BUILDERS[path.suffix]
            loaded = datasets.load_dataset(builder, data_files=str(path), split=config.split)
        else:
            loaded = datasets.load_dataset(config.name_or_path, split=config.split)
    except Exception as error:  # datasets raises whatever its readers and clients raise
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        message = f"the data set `{config.name_or_path}` cannot be loaded: {reason}"
        hint = "a local file or folder is written as `./file`, `/file` or `~/file`"
        raise ArcticTrainingError(message, hint=hint) from error
    return cast("Iterable[Mapping[str, object]]", loaded)


def _messages(row: Mapping[str, object], number: int) -> Conversation:
    messages = row.get("messages")
    if not isinstance(messages, list):
        raise ArcticTrainingError(
            f"row {number} has no list in the column `messages`, only {', '.join(row)}",
            hint="say in `role_mapping` which column holds the words of which role",
        )
    return [Message(role=str(m["role"]), content=str(m["content"])) for m in messages]


def _mapped(row: Mapping[str, object], columns: Mapping[Role, str], number: int) -> Conversation:
    conversation = []
    for role, column in columns.items():
        if not isinstance(row.get(column), str):
            known = ", ".join(row)
            raise ArcticTrainingError(f"row {number} has no text in `{column}`, only {known}")
        conversation.append(Message(role=role, content=str(row[column])))
    return conversation
