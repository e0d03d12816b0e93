"""Functions of the user's as sources."""

from __future__ import annotations

import json
import py_compile
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from arctic_training.config.source import FunctionSourceConfig
from arctic_training.data.batches import SFTBatch
from arctic_training.data.loading.loader import EpochLoader
from arctic_training.data.sources.function import FunctionSource
from arctic_training.data.sources.item_kinds import CONVERSATIONS, DOCUMENTS, PREFERENCES
from arctic_training.errors import RecipeError, UnusableRecipeError
from arctic_training.trainer.data_stage import DataStage
from tests.support import RECIPE, python, write
from tests.tiny import HandTrainer, hand_config, jsonl, ragged

_MODULE: Final = """
import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.chat.conversation import Preference

calls = 0


def said(path: Path, least: int = 0) -> Iterator[Conversation]:
    for line in path.read_text().splitlines():
        messages = json.loads(line)["messages"]
        if len(messages) >= least:
            yield messages


def some() -> Iterator[str]:
    yield "a"


few = partial(some)
copied = ["a"].copy


def texts(paths: list[Path], names: list[str]) -> Iterator[str]:
    yield from (path.read_text() for path in paths)


def documents(count: int) -> Iterator[str]:
    yield from map(str, range(count))


def preferences() -> Iterator[Preference]:
    side = [{"role": "user", "content": "Why?"}]
    yield Preference(side, side, side)


def growing() -> Iterator[str]:
    global calls
    calls += 1
    yield from ["a"] * calls


def number() -> int:
    return 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a module with functions to be sources, in a folder that Python knows."""
    name = f"functions_of_{tmp_path.name.replace('-', '_')}"
    write(tmp_path / f"{name}.py", _MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    return name


def _source(module: str, function: str, **arguments: object) -> FunctionSourceConfig:
    return FunctionSourceConfig(function=f"{module}:{function}", arguments=arguments)


def _loader(folder: Path, sources: dict[str, object], **data: object) -> EpochLoader[SFTBatch]:
    cache = {"cache_dir": str(folder / "cache"), "max_length": 256}
    config = hand_config(data={"sources": sources, **cache, **data}, train_iters=12)
    return DataStage(HandTrainer, config).training_data()


def _rows(loader: EpochLoader[SFTBatch], start: int = 0) -> list[list[list[int]]]:
    return [batch["input_ids"].tolist() for batch in loader.batches(0, start=start)]


@pytest.mark.parametrize("streaming", [False, True])
def test_it_is_a_source_like_any_other(
    streaming: bool,  # noqa: FBT001 - a row of the table
    module: str,
    tmp_path: Path,
) -> None:
    """What it yields becomes the batches that the same rows of a file do, from any batch on."""
    file = jsonl(tmp_path / "said.jsonl", ragged(40))
    given = {"path": file["name_or_path"]}
    mine: dict[str, object] = {"type": "function", "function": f"{module}:said", "arguments": given}
    how: dict[str, object] = {"streaming": streaming, "shuffle_buffer": 20}
    batches = _rows(_loader(tmp_path, mine, **how))
    assert batches == _rows(_loader(tmp_path, file, **how))
    assert batches[5:] == _rows(_loader(tmp_path, mine, **how), 5)


def test_a_sample_of_it_can_be_chosen(module: str) -> None:
    """Samples are counted, and those that are asked for loaded, in a pass of their own each."""
    items = FunctionSource(_source(module, "documents", count=5), DOCUMENTS).items()
    counted = items.sized()
    assert (counted.count, [*counted.load(_numbers(1, 4))]) == (5, ["1", "4"])
    assert [*items.stream()] == ["0", "1", "2", "3", "4"]
    ((prompt, _, _),) = FunctionSource(_source(module, "preferences"), PREFERENCES).items().stream()
    assert prompt == [{"role": "user", "content": "Why?"}]


def _numbers(*numbers: int) -> NDArray[np.int64]:
    return np.array(numbers, dtype=np.int64)


def test_the_cache_knows_its_code_its_arguments_and_its_files(module: str, tmp_path: Path) -> None:
    """What was prepared holds as long as all three are what they were, wherever a file stands."""
    file = tmp_path / "said.jsonl"
    jsonl(file, ragged(3))
    source = _source(module, "said", path=str(file))
    first = FunctionSource(source, DOCUMENTS).fingerprint()
    assert FunctionSource(source, DOCUMENTS).fingerprint() == first
    moved = tmp_path / "elsewhere" / "said.jsonl"
    jsonl(moved, ragged(3))
    assert (
        FunctionSource(_source(module, "said", path=str(moved)), DOCUMENTS).fingerprint() == first
    )
    assert (
        FunctionSource(_source(module, "said", path=str(file), least=1), DOCUMENTS).fingerprint()
        != first
    )
    jsonl(file, ragged(4))
    second = FunctionSource(source, DOCUMENTS).fingerprint()
    assert second != first
    write(tmp_path / f"{module}.py", _MODULE + "\n# another text\n")
    assert FunctionSource(source, DOCUMENTS).fingerprint() not in (first, second)


@pytest.mark.parametrize("made", ["few", "copied"])
def test_the_cache_knows_the_module_of_a_function_that_is_made(
    made: str, module: str, tmp_path: Path
) -> None:
    """Whatever a function is made of, what decides is the module that the recipe names."""
    source = _source(module, made)
    assert [*FunctionSource(source, DOCUMENTS).items().stream()] == ["a"]
    first = FunctionSource(source, DOCUMENTS).fingerprint()
    write(tmp_path / f"{module}.py", _MODULE + "\n# another text\n")
    assert FunctionSource(source, DOCUMENTS).fingerprint() != first


def test_of_a_list_of_paths_each_is_one(module: str, tmp_path: Path) -> None:
    """The function gets a `Path` for each text, and the cache knows what their files hold."""
    paths = [write(tmp_path / name, name) for name in ("one", "two")]
    source = _source(module, "texts", paths=[*map(str, paths)], names=["one"])
    assert [*FunctionSource(source, DOCUMENTS).items().stream()] == ["one", "two"]
    first = FunctionSource(source, DOCUMENTS).fingerprint()
    json.dumps(first)
    write(paths[1], "three")
    assert FunctionSource(source, DOCUMENTS).fingerprint() != first


@pytest.mark.parametrize(
    ("function", "message"),
    [
        ("documents", "sample 0 is not a list of messages"),
        ("number", "it returns a value of the type `int`, which yields no samples"),
        ("nothing", "has no function `nothing`"),
    ],
)
def test_what_is_no_sample_is_refused(function: str, message: str, module: str) -> None:
    """A sample of another kind, and what yields none, is an error of the recipe's."""
    arguments = {"count": 1} if function == "documents" else {}
    items = FunctionSource(_source(module, function, **arguments), CONVERSATIONS).items()
    with pytest.raises(RecipeError, match=message) as caught:
        [*items.stream()]
    assert caught.value.pointer == ("function",)


def test_each_call_has_to_yield_the_same(module: str) -> None:
    """What yields more at another call is refused: nobody could say which samples were trained."""
    counted = FunctionSource(_source(module, "growing"), DOCUMENTS).items().sized()
    with pytest.raises(RecipeError, match="when counted, it yielded 1 sample, and 2 after that"):
        [*counted.load(_numbers(0))]


def test_arguments_that_it_does_not_take_are_found_before_it_is_called(
    module: str, tmp_path: Path
) -> None:
    """Also where no text of a recipe was checked: all that is wrong is said before any data."""
    wrong: dict[str, object] = {
        "type": "function",
        "function": f"{module}:documents",
        "arguments": {"cuont": 1},
    }
    with pytest.raises(UnusableRecipeError, match="cannot be called with them: missing a required"):
        _loader(tmp_path, wrong)


def test_a_recipe_trains_on_what_a_function_yields(tmp_path: Path) -> None:
    """A relative path starts at the recipe, and the function is that of the recipe's project."""
    write(tmp_path / "tickets.py", _MODULE)
    rows = [json.dumps({"messages": said}) for said in ragged(12)]
    write(tmp_path / "said.jsonl", "\n".join(rows))
    source = "    type: function\n    function: tickets:said\n    arguments: {path: said.jsonl}\n"
    begin, _, rest = RECIPE.partition("\ndata:\n  sources:\n")
    text = f"{begin}\ndata:\n  sources:\n{source}" + rest.partition("\n")[2].partition("\n")[2]
    write(tmp_path / "r.yaml", f"{text}train_iters: 1\n")
    done = python("-m", "arctic_training.cli.train", tmp_path / "r.yaml", folder=Path("/"))
    assert (done.code, done.err) == (0, ""), done.out
    assert "step 1/1" in done.out


def test_a_compiled_module_is_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of one without its text, samples are the same, and the cache knows what it is compiled from.

    What a compiled function does not tell of its parameters is not checked before it is called.
    """
    monkeypatch.syspath_prepend(str(tmp_path))
    digests = []
    for name, said in (("compiled_one", "a"), ("compiled_two", "b")):
        text = write(
            tmp_path / f"{name}.py", f"def rows(count):\n    yield from ['{said}'] * count"
        )
        py_compile.compile(str(text), str(text.with_suffix(".pyc")))
        text.unlink()
        source = _source(name, "rows", count=2)
        FunctionSource(source, DOCUMENTS).check()
        assert [*FunctionSource(source, DOCUMENTS).items().stream()] == [said] * 2
        digests.append(FunctionSource(source, DOCUMENTS).fingerprint())
        with pytest.raises(RecipeError, match="unexpected keyword argument `number`"):
            FunctionSource(_source(name, "rows", count=2, number=3), DOCUMENTS).check()
    assert digests[0] != digests[1]
    untold = _source("builtins", "dict", a="b")
    FunctionSource(untold, DOCUMENTS).check()
    assert [*FunctionSource(untold, DOCUMENTS).items().stream()] == ["a"]
