"""Digests of what decides the content of prepared data."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from types import SimpleNamespace

import datasets
import pytest
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast

from arctic_training.config.data import HFInstructSourceConfig
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.data.sources.huggingface_instruct import HFInstructSource
from arctic_training.data.store.digests import digest_of_code, digest_of_tokenizer, digests_of_files
from tests.support import write


def test_files_are_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The digest of a file that has settled is remembered; a change of any kind is seen."""
    path = write(tmp_path / "a.txt", "one")
    first = digests_of_files([path])
    monkeypatch.setattr("arctic_training.data.store.digests._SETTLED", -1.0)
    assert digests_of_files([path]) == first
    with monkeypatch.context() as patch:
        patch.setattr(
            "arctic_training.data.store.digests._read", lambda _: pytest.fail("read again")
        )
        assert digests_of_files([path]) == first
    other = write(tmp_path / "b.txt", "two")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    other.replace(path)
    assert digests_of_files([path]) != first


def test_code_of_a_users_factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A factory's module and what it takes from others beside it decide; no other module does."""
    write(tmp_path / "mine/__init__.py", "")
    cleaning = write(tmp_path / "mine/cleaning.py", "def clean(text): return text\n")
    loss = write(tmp_path / "mine/loss.py", "x = 1\n")
    text = "import numpy as np\nfrom mine.cleaning import clean\nclass Factory: pass\n"
    module = write(tmp_path / "mine/factories.py", text)
    monkeypatch.syspath_prepend(str(tmp_path))
    importlib.import_module("mine.loss")
    factory = importlib.import_module("mine.factories").Factory
    seen = [digest_of_code(factory)]
    write(loss, "x = 2\n")
    assert digest_of_code(factory) == seen[0] != digest_of_code(SFTDataFactory)
    for path in (cleaning, module):
        write(path, path.read_text() + "# changed\n")
        seen.append(digest_of_code(factory))
    assert len({*seen}) == 3


def test_tokenizers() -> None:
    """The same vocabulary is the same, whatever was done with it; another one or token is not."""

    def made(words: str, padding: str) -> PreTrainedTokenizerFast:
        vocabulary = {word: number for number, word in enumerate(words)}
        tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=words[0]))
        return PreTrainedTokenizerFast(tokenizer_object=tokenizer, pad_token=padding)

    one = made("ab", "b")
    first = digest_of_tokenizer(one)
    one(["a", "b b"], padding=True, truncation=True, max_length=1)
    assert digest_of_tokenizer(one) == first == digest_of_tokenizer(made("ab", "b"))
    others = (made("ba", "b"), made("ab", "a"))
    assert len({first, *map(digest_of_tokenizer, others)}) == 3


def test_a_set_of_the_hub_is_told_by_its_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set of the hub is another one when its revision is; its rows are not loaded for that."""
    contents = []
    for revision in ("1a", "1a", "2b"):
        found = SimpleNamespace(config_id="default", hash=revision)
        monkeypatch.setattr(datasets, "load_dataset_builder", lambda _, found=found: found)
        contents.append(
            HFInstructSource(HFInstructSourceConfig(name_or_path="owner/name")).fingerprint()
        )
    assert contents[0] == contents[1] != contents[2]
