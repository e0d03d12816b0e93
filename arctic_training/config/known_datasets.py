"""Data sets of the Hugging Face hub whose splits and columns have names of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from arctic_training.config.named_split import name_and_split, with_split_names

__all__ = [
    "KNOWN_SETS",
    "TWO_SPLITS",
    "KnownSet",
    "Role",
    "RolePath",
    "is_verified",
    "with_eval_splits",
    "with_roles",
    "with_split",
]

TWO_SPLITS: Final = "`name_or_path` names the split already"

_Section: TypeAlias = dict[str, object]

Role: TypeAlias = Literal["system", "user", "assistant", "tool"]
RolePath: TypeAlias = str | tuple[str, ...]
"""A column, or `list.field.value`; or several of these, one behind the other."""


@dataclass(frozen=True, slots=True)
class KnownSet:
    """What a data set calls its splits and its columns."""

    splits: Mapping[str, str] = field(default_factory=dict)
    """Its names of the splits `train` and `eval`, where they differ."""

    roles: Mapping[Role, RolePath] | None = None
    """Its `role_mapping`; none where the conversations are in the column `messages`."""

    is_verified: bool = True
    """Whether its files agree with the sizes that its card gives."""


_UNKNOWN: Final = KnownSet()

KNOWN_SETS: Final[Mapping[str, KnownSet]] = {
    "HuggingFaceH4/ultrachat_200k": KnownSet({"train": "train_sft", "eval": "test_sft"}),
    "HuggingFaceH4/ultrafeedback_binarized": KnownSet(
        {"train": "train_prefs", "eval": "test_prefs"}
    ),
    "Open-Orca/OpenOrca": KnownSet(
        roles={"system": "system_prompt", "user": "question", "assistant": "response"}
    ),
    "Open-Orca/SlimOrca": KnownSet(
        roles={
            "system": "conversations.from.system",
            "user": "conversations.from.human",
            "assistant": "conversations.from.gpt",
        }
    ),
    "THUDM/LongAlign-10k": KnownSet(),
    "Yukang/LongAlpaca-12k": KnownSet(roles={"user": "instruction", "assistant": "output"}),
    "ise-uiuc/Magicoder-OSS-Instruct-75K": KnownSet(
        roles={"user": "problem", "assistant": "solution"}
    ),
    "lmsys/lmsys-chat-1m": KnownSet(
        roles={
            "system": "conversation.role.system",
            "user": "conversation.role.user",
            "assistant": "conversation.role.assistant",
        }
    ),
    "meta-math/MetaMathQA": KnownSet(roles={"user": "query", "assistant": "response"}),
    "nvidia/AceMath-Instruct-Training-Data": KnownSet(
        {"train": "general_sft_stage2"},
        roles={
            "system": "messages.role.system",
            "user": "messages.role.user",
            "assistant": ("messages.role.assistant", "answer"),
        },
        is_verified=False,
    ),
}
"""By name on the hub. Values stated in a recipe override these."""


def is_verified(name: str) -> bool:
    """Return whether the files of a set agree with its card; of unknown sets, they have to."""
    return _known(name).is_verified


def with_split(section: _Section) -> _Section:
    """Return the section of a source with the split of its `NAME:SPLIT`, as the set calls it.

    Raises:
        ValueError: the split is there twice.

    """
    named = section.get("name_or_path")
    if not isinstance(named, str):
        return section
    name, split = name_and_split(named)
    if split and "split" in section:
        raise ValueError(TWO_SPLITS)
    asked = split or section.get("split", "train")
    if isinstance(asked, str):
        asked = with_split_names(asked, _known(name).splits)
    return section | {"name_or_path": name, "split": asked}


def with_roles(section: _Section) -> _Section:
    """Return the section of a source with the role mapping of a known set, if it has none."""
    roles = _known(section.get("name_or_path")).roles
    return {"role_mapping": dict(roles)} | section if roles else section


def with_eval_splits(sources: object) -> object:
    """Return sources with the split `eval` for each known set that has one and names no split."""
    if isinstance(sources, list | tuple):
        return [with_eval_splits(source) for source in sources]
    section = {"name_or_path": sources} if isinstance(sources, str) else sources
    if not isinstance(section, dict) or "split" in section:
        return sources
    known = KNOWN_SETS.get(str(section.get("name_or_path")), _UNKNOWN)
    return {**section, "split": "eval"} if "eval" in known.splits else sources


def _known(named: object) -> KnownSet:
    return (
        KNOWN_SETS.get(name_and_split(named)[0], _UNKNOWN) if isinstance(named, str) else _UNKNOWN
    )
