"""What it takes to add a data source."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

from tests.support import ROOT, python, write

_SECTION: Final = '''class CountingSourceConfig(DataSourceConfig, frozen=True):
    """Conversations that count to a number."""

    type: Literal["counting"] = "counting"

    up_to: int = 2
    """Where to stop."""


'''
_UNION: Final = "DataSource: TypeAlias = Annotated[\n"
_OFFERED: Final = '    "CausalDataConfig",\n'
_SECTIONS: Final = "from arctic_training.config.data import (\n"
_CLASSES: Final = "from arctic_training.data.sources.function import FunctionSource\n"
_CASES: Final = 'as conversations."""\n    match section:\n'
_EDITS: Final = {
    "config/data.py": {
        _UNION: f"{_SECTION}{_UNION}    CountingSourceConfig |\n",
        _OFFERED: f'{_OFFERED}    "CountingSourceConfig",\n',
    },
    "data/sources/registry.py": {
        _SECTIONS: f"{_SECTIONS}    CountingSourceConfig,\n",
        _CLASSES: f"{_CLASSES}from arctic_training.data.sources.counting import CountingSource\n",
        _CASES: _CASES
        + "        case CountingSourceConfig():\n            return CountingSource(section)\n",
    },
}
"""Existing files that a new source changes: what is found in each, and what takes its place."""

_MODULE: Final = '''"""Data source that counts."""

from __future__ import annotations

from typing_extensions import override

from arctic_training.config.data import CountingSourceConfig
from arctic_training.data.chat.conversation import Conversation, Message
from arctic_training.data.sources.dataset import Dataset
from arctic_training.data.sources.source import Source
from arctic_training.errors import RecipeError

__all__ = ["CountingSource"]


class CountingSource(Source[CountingSourceConfig, Conversation]):
    """Conversations of one number each."""

    @override
    def check(self) -> None:
        if self.config.up_to < 1:
            raise RecipeError(("up_to",), "there is nothing to count", code="out-of-range")

    @override
    def fingerprint(self) -> object:
        return "counting"

    @override
    def items(self) -> Dataset[Conversation]:
        numbers = range(1, self.config.up_to + 1)
        return Dataset.from_list([[Message(role="user", content=str(n))] for n in numbers])
'''

_USE: Final = """
from types import SimpleNamespace
from arctic_training.config.data import SFTDataConfig
from arctic_training.data.sources.mixture import mix
from arctic_training.data.sources.registry import conversation_source
from arctic_training.data.sources.source import source_problems, sources_fingerprint

sections = [{"type": "counting", "sample_count": 1}, "counting", {"type": "counting", "up_to": 0}]
data = SFTDataConfig.model_validate({"sources": sections})
reader = SimpleNamespace(located=lambda error, section: error)
*good, bad = map(conversation_source, data.sources)
print([*source_problems(reader, good)], *source_problems(reader, [bad]))
print([message["content"] for (message,) in mix(good, reader)], good[0].label)
(options, content), _ = sources_fingerprint(reader, good)
print(options["up_to"], content, "counting" in str(SFTDataConfig.model_json_schema()))
"""


def test_a_source_is_a_module_a_section_and_a_registration(tmp_path: Path) -> None:
    """Two hand-written files change for a new source: `config/data.py` and `sources/registry.py`.

    With its own module, that is all: recipes name it, and it is checked, fingerprinted, sampled
    and read like any other.
    """
    package = tmp_path / "arctic_training"
    shutil.copytree(ROOT / "arctic_training", package, ignore=shutil.ignore_patterns("*.pyc"))
    before = _texts(package)
    for name, edits in _EDITS.items():
        text = before[name]
        for found, replacement in edits.items():
            assert text.count(found) == 1
            text = text.replace(found, replacement)
        write(package / name, text)
    write(package / "data/sources/counting.py", _MODULE)
    after = _texts(package)
    assert after.keys() - before.keys() == {"data/sources/counting.py"}
    assert {name for name in before if after[name] != before[name]} == {
        "config/data.py",
        "data/sources/registry.py",
    }
    result = python("-c", _USE, folder=tmp_path)
    assert result.out.splitlines() == [
        "[] up_to: there is nothing to count",
        "['1', '1', '2'] counting",
        "2 counting True",
    ], result.err


def _texts(package: Path) -> dict[str, str]:
    return {
        path.relative_to(package).as_posix(): path.read_text("utf-8")
        for path in package.rglob("*.py")
    }
