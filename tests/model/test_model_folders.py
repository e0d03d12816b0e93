"""Folders that are given as a model and are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.model.model_folders import diagnose_model_dir
from tests.support import write


@pytest.mark.parametrize(
    ("files", "reason", "hint"),
    [
        (["adapter_config.json"], "it is an adapter, without", "set `merge_adapter: true` in"),
        (["mp_rank_00_model_states.pt"], "it is a checkpoint of DeepSpeed", "`output_dir: {up}`"),
        (["a/mp_rank_00_model_states.pt"], "it is a folder of checkpoints of", "`auto_resume: t"),
        (["a/config.json", "b/config.json"], "it is a folder of models", "such as `{here}/b`"),
        (["notes.txt"], "it has no `config.json`", "name the folder that `save_pretrained` wrote"),
    ],
)
def test_a_folder_that_is_no_model_is_called_what_it_is(
    tmp_path: Path, files: list[str], reason: str, hint: str
) -> None:
    """An adapter, a checkpoint of the engine, or a folder of several: what it is, what to do."""
    folder = tmp_path / "given"
    for file in files:
        write(folder / file, "{}")
    found = diagnose_model_dir(str(folder))
    assert found is not None
    assert found.reason.startswith(reason)
    assert hint.format(up=tmp_path, here=folder) in found.hint


def test_a_model_and_a_name_of_the_hub_are_left_to_transformers(tmp_path: Path) -> None:
    """A folder with a configuration, also beside an adapter, and what is no folder."""
    write(tmp_path / "config.json", "{}")
    write(tmp_path / "adapter_config.json", "{}")
    names = [str(tmp_path), "org/model", str(tmp_path / "none"), str(tmp_path / "config.json")]
    assert [diagnose_model_dir(name) for name in names] == [None] * 4
