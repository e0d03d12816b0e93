"""Data sets of the hub that are known by name: their splits and columns, and `NAME:SPLIT`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from pydantic import ValidationError

from arctic_training.config.data import CausalDataConfig, HFInstructSourceConfig, SFTDataConfig
from arctic_training.config.known_datasets import KNOWN_SETS
from arctic_training.config.named_split import name_and_split, with_split_names
from arctic_training.config.preference import HFPreferenceSourceConfig, PreferenceDataConfig
from arctic_training.config.source import HFSourceConfig
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.sources.huggingface_instruct import HFInstructSource
from arctic_training.data.sources.huggingface_preference import HFPreferenceSource
from arctic_training.data.sources.registry import conversation_source
from arctic_training.hub.connection import configure_hub_offline
from tests.support import RECIPE, arctic_train, write

_ULTRACHAT: Final = "HuggingFaceH4/ultrachat_200k"
_ASKED: Final = {"role": "user", "content": "q"}
_SAID: Final = {"role": "assistant", "content": "a"}
_BOTH: Final = [_ASKED, _SAID]


def _hub_set(folder: Path, name: str, **splits: list[Mapping[str, object]]) -> None:
    """Write what a download of a set would be, where `datasets` finds it by that name."""
    for split, rows in splits.items():
        text = "".join(f"{json.dumps(row)}\n" for row in rows)
        write(folder / name / "data" / f"{split}-00000-of-00001.jsonl", text)


@pytest.fixture(autouse=True)
def _without_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Let names be folders of the current one, which `datasets` looks at first."""
    monkeypatch.setenv("HF_DATASETS_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.chdir(tmp_path)
    configure_hub_offline.cache_clear()
    yield
    configure_hub_offline.cache_clear()


def _first(source: HFInstructSourceConfig) -> Conversation:
    return next(iter(HFInstructSource(source).items().stream()))


_ROWS: Final[dict[str, Mapping[str, object]]] = {
    _ULTRACHAT: {"prompt": "q", "prompt_id": "1", "messages": _BOTH},
    "THUDM/LongAlign-10k": {"id": "1", "messages": _BOTH, "length": 2},
    "Open-Orca/OpenOrca": {"id": "1", "system_prompt": "", "question": "q", "response": "a"},
    "Open-Orca/SlimOrca": {
        "conversations": [
            {"from": "human", "value": "q", "weight": 0.0},
            {"from": "gpt", "value": "a", "weight": 1.0},
        ]
    },
    "Yukang/LongAlpaca-12k": {"instruction": "q", "output": "a", "file": "f"},
    "ise-uiuc/Magicoder-OSS-Instruct-75K": {"lang": "l", "problem": "q", "solution": "a"},
    "lmsys/lmsys-chat-1m": {"model": "m", "turn": 1, "conversation": _BOTH},
    "meta-math/MetaMathQA": {"type": "t", "query": "q", "response": "a"},
    "nvidia/AceMath-Instruct-Training-Data": {"messages": [_ASKED], "answer": "a"},
}


@pytest.mark.parametrize("name", _ROWS)
def test_a_known_set_is_read_by_its_name(name: str, tmp_path: Path) -> None:
    """Its name alone finds its split for training, and in its columns who says what."""
    split = KNOWN_SETS[name].splits.get("train", "train")
    _hub_set(tmp_path, name, **{split: [_ROWS[name]]})
    data = SFTDataConfig.model_validate({"sources": [name]})
    (source,) = data.sources
    assert isinstance(source, HFInstructSourceConfig)
    assert source.split == split
    assert _first(source) == _BOTH


def test_every_known_set_of_conversations_is_tried() -> None:
    """The table has no set that no test reads."""
    assert KNOWN_SETS.keys() - _ROWS.keys() == {"HuggingFaceH4/ultrafeedback_binarized"}


def test_a_known_set_of_pairs_is_read_by_its_name(tmp_path: Path) -> None:
    """`dpo` reads it: the answers are whole conversations, the prompt is what both begin with."""
    name = "HuggingFaceH4/ultrafeedback_binarized"
    other = {"role": "assistant", "content": "b"}
    row = {"prompt": "q", "chosen": _BOTH, "rejected": [_ASKED, other]}
    _hub_set(tmp_path, name, train_prefs=[row], test_prefs=[row])
    data = PreferenceDataConfig.model_validate({"sources": [name], "eval_sources": [name]})
    for source, split in ((data.sources[0], "train_prefs"), (data.eval_sources[0], "test_prefs")):
        assert isinstance(source, HFPreferenceSourceConfig)
        assert source.split == split
        (pair,) = HFPreferenceSource(source).items().stream()
        assert pair == ([_ASKED], [_SAID], [other])


def test_evaluation_takes_the_split_for_it() -> None:
    """A known set in `eval_sources` is its split `eval`; others stay `train`, as do stated ones."""
    for name, split in (
        (_ULTRACHAT, "test_sft"),
        ({"name_or_path": _ULTRACHAT}, "test_sft"),
        ({"name_or_path": _ULTRACHAT, "split": "train"}, "train_sft"),
        (f"{_ULTRACHAT}:train[:5]", "train_sft[:5]"),
        ("meta-math/MetaMathQA", "train"),
        ("a/b", "train"),
    ):
        data = SFTDataConfig.model_validate({"sources": ["a/b"], "eval_sources": [name]})
        (source,) = data.eval_sources
        assert isinstance(source, HFSourceConfig)
        assert source.split == split
        assert source.name_or_path.partition(":")[1] == ""


def test_what_a_recipe_states_wins() -> None:
    """A split by the set's own name, a role mapping, and no role mapping stay as they are."""
    stated = {"split": "test_gen[:1%]", "role_mapping": {"user": "a", "assistant": "b"}}
    source = HFInstructSourceConfig.model_validate({"name_or_path": _ULTRACHAT, **stated})
    assert (source.split, source.role_mapping) == tuple(stated.values())
    none = {"name_or_path": "Open-Orca/SlimOrca", "role_mapping": None}
    assert HFInstructSourceConfig.model_validate(none).role_mapping is None


def test_a_resolved_source_resolves_to_itself() -> None:
    """A run that is resumed reads what it was, whatever form its recipe had."""
    for text in (f"{_ULTRACHAT}:eval", "Open-Orca/SlimOrca:train[:5]", "./rows:test"):
        data = CausalDataConfig.model_validate({"sources": [text]})
        again = CausalDataConfig.model_validate(json.loads(data.model_dump_json()))
        assert again == data


@pytest.mark.parametrize(
    ("text", "name", "split"),
    [
        ("a/b", "a/b", ""),
        ("a/b:train", "a/b", "train"),
        ("a/b:train[:10%]", "a/b", "train[:10%]"),
        ("a/b:train[:10%]+test[10:20](closest)", "a/b", "train[:10%]+test[10:20](closest)"),
        ("a/b:my.split", "a/b", "my.split"),
        ("/x/y:train_sft[:5]", "/x/y", "train_sft[:5]"),
        ("/x/y:v2.jsonl", "/x/y:v2.jsonl", ""),
        ("/x:y/z", "/x:y/z", ""),
        ("s3://bucket/a", "s3://bucket/a", ""),
        ("a/b:", "a/b:", ""),
    ],
)
def test_name_and_split_in_one_text(text: str, name: str, split: str) -> None:
    """Behind a colon stands a split; a colon inside a path, a file name or a URL is part of it."""
    assert name_and_split(text) == (name, split)
    data = SFTDataConfig.model_validate({"sources": [text, {"name_or_path": text}]})
    for source in data.sources:
        assert isinstance(source, HFSourceConfig)
        assert (source.name_or_path, source.split) == (name, split or "train")


def test_only_names_of_splits_are_translated() -> None:
    """The limits of a part, and words that are no name of the table, stay."""
    names = {"train": "a", "eval": "b"}
    assert with_split_names("train[:10%]+eval + test[train:]", names) == "a[:10%]+b + test[train:]"


def test_a_split_that_is_stated_twice_is_refused(tmp_path: Path) -> None:
    """`NAME:SPLIT` beside `split` is one error, at `split`, before anything is loaded."""
    source = "data.sources=[{name_or_path: 'a/b:train', split: test}]"
    write(tmp_path / "r.yaml", RECIPE)
    result = arctic_train("--dry-run", "r.yaml", source, folder=tmp_path)
    assert result.code == 1
    assert "error[conflict]: `name_or_path` names the split already" in result.out
    assert result.out.count("error[") == 1
    with pytest.raises(ValidationError, match="names the split already"):
        HFInstructSourceConfig(name_or_path="a/b:train", split="test")


@pytest.mark.parametrize("system", [None, "", "s"])
def test_columns_by_role_need_no_mapping(system: str | None, tmp_path: Path) -> None:
    """A table with the columns `user` and `assistant` is read as it is, with `system` if there."""
    row = {"assistant": "a", "user": "q"} | ({} if system is None else {"system": system})
    path = write(tmp_path / "rows.jsonl", json.dumps(row) + "\n")
    source = HFInstructSourceConfig(name_or_path=str(path))
    HFInstructSource(source).check()
    first = [{"role": "system", "content": system}] if system else []
    assert _first(source) == [*first, *_BOTH]
    assert [*conversation_source(source).items().sized().load(np.arange(1))] == [[*first, *_BOTH]]


def test_messages_come_before_columns_by_role(tmp_path: Path) -> None:
    """Where a table has both, the column `messages` is the conversation."""
    row = {"messages": _BOTH, "user": "x", "assistant": "y"}
    path = write(tmp_path / "rows.jsonl", json.dumps(row) + "\n")
    assert _first(HFInstructSourceConfig(name_or_path=str(path))) == _BOTH


def test_a_role_may_have_several_places(tmp_path: Path) -> None:
    """Places of a role follow each other as the mapping lists them; a system column is first."""
    row = {"turns": [{"role": "user", "content": "q"}], "answer": "a", "rules": "s"}
    path = write(tmp_path / "rows.jsonl", json.dumps(row) + "\n")
    mapping = {
        "user": "turns.role.user",
        "assistant": ["turns.role.assistant", "answer"],
        "system": "rules",
    }
    section = {"name_or_path": str(path), "role_mapping": mapping}
    source = HFInstructSourceConfig.model_validate(section)
    assert _first(source) == [{"role": "system", "content": "s"}, *_BOTH]
