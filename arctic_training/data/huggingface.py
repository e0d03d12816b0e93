"""Conversations of the Hugging Face hub, and of local files and folders."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, TypeGuard, cast

from arctic_training.config.data import HFInstructSourceConfig
from arctic_training.data.source import Conversation, Message, Role
from arctic_training.errors import RecipeError
from arctic_training.model.loading import first_line, is_missing_path

__all__ = ["instruct_conversations", "missing_path"]

_BUILDERS: Final = {
    ".json": "json",
    ".jsonl": "json",
    ".parquet": "parquet",
    ".csv": "csv",
}


_HINT: Final = "a local file or folder is written as `./file`, `/file` or `~/file`"
_NO_SPLIT: Final = "Unknown split"


def missing_path(config: HFInstructSourceConfig) -> RecipeError | None:
    """Return what is wrong if the source is a file or folder that is not there."""
    if is_missing_path(config.name_or_path):
        return _not_loaded(config, "there is no such file or folder")
    return None


def instruct_conversations(config: HFInstructSourceConfig) -> list[Conversation]:
    """Load the conversations of a source.

    Raises:
        RecipeError: the data set cannot be loaded, or lacks a column; its pointer begins at the
            source.

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
            loaded = _split(datasets.load_from_disk(str(path)), config.split)
        elif path.suffix in _BUILDERS:
            builder = _BUILDERS[path.suffix]
            loaded = datasets.load_dataset(builder, data_files=str(path), split=config.split)
        else:
            loaded = datasets.load_dataset(config.name_or_path, split=config.split)
    except Exception as error:  # datasets raises whatever its readers and clients raise
        raise _not_loaded(config, first_line(error)) from error
    return cast("Iterable[Mapping[str, object]]", loaded)


def _split(splits: Mapping[str, object], name: str) -> object:
    """Return a split, or say what `load_dataset` says where there is none of the name."""
    if name not in splits:
        raise ValueError(f'{_NO_SPLIT} "{name}". Should be one of {[*splits]}.')
    return splits[name]


def _not_loaded(config: HFInstructSourceConfig, reason: str) -> RecipeError:
    field, hint = ("split", "") if reason.startswith(_NO_SPLIT) else ("name_or_path", _HINT)
    message = f"the data set `{config.name_or_path}` cannot be loaded: {reason}"
    return RecipeError((field,), message, code="not-found", hint=hint)


def _messages(row: Mapping[str, object], number: int) -> Conversation:
    messages = row.get("messages")
    if not (isinstance(messages, list) and all(map(_is_message, messages))):
        raise RecipeError(
            ("name_or_path",),
            f"row {number} has no list of texts with their roles in the column `messages`; "
            f"its columns are {', '.join(row)}",
            code="wrong-data",
            hint="say in `role_mapping` which column holds the words of which role",
        )
    return [Message(role=m["role"], content=m["content"]) for m in messages]


def _is_message(value: object) -> TypeGuard[Message]:
    return isinstance(value, dict) and all(
        isinstance(value.get(key), str) for key in ("role", "content")
    )


def _mapped(row: Mapping[str, object], columns: Mapping[Role, str], number: int) -> Conversation:
    conversation = []
    for role, column in columns.items():
        text = row.get(column)
        if not isinstance(text, str):
            message = f"row {number} has no text in `{column}`; its columns are {', '.join(row)}"
            raise RecipeError(("role_mapping", role), message, code="wrong-data")
        conversation.append(Message(role=role, content=text))
    return conversation
