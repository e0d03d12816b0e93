"""Functions of the user's as sources: what a recipe gives them is checked without running them."""

from __future__ import annotations

import py_compile
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from typing import Final

import pytest

from tests.support import RECIPE, arctic_train, write

_MODULE: Final = """
from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from arctic_training.data.chat.conversation import Conversation

print("this is never run")
made = print


def answered(
    path: Path, mode: Literal["new", "all"], count: int = 3, *, share: float | None = None,
    names: list[str] = [], more: object = None,
) -> Iterator[Conversation]:
    yield []


def anything(**more) -> Iterator[Conversation]:
    yield []


if sys.version_info >= (3, 11):
    def conditional(path: Path) -> Iterator[Conversation]:
        yield []


try:
    from missing import imported
except ImportError:
    imported = None


def with_path(function):
    return lambda **given: function(here, **given)


@with_path
def decorated(path: Path, mode: str) -> Iterator[Conversation]:
    yield []


def odd(mode: Literal[Mode.NEW], name: Literal[b"a"] = b"a", size: "a size" = 1):
    yield []
"""
_GIVEN: Final = "{path: ./here.txt, mode: new}"


def _recipe(arguments: str, function: str = "mine.tickets:answered", data: str = "") -> str:
    source = (
        f"  sources:\n    - {{type: function, function: '{function}', arguments: {arguments}}}\n"
    )
    begin, _, rest = RECIPE.partition("\ndata:\n")
    settings = "".join(line for line in rest.splitlines(keepends=True) if "_length" in line)
    return f"{begin}\ndata:\n{data}{source}{settings}micro_batch_size: 2\n"


def _dry_run(folder: Path, text: str) -> tuple[int, str]:
    write(folder / "mine/tickets.py", _MODULE)
    write(folder / "r.yaml", text)
    done = arctic_train("--dry-run", "--format", "concise", "r.yaml", folder=folder)
    assert done.err == ""
    return done.code, done.out


@pytest.mark.parametrize(
    ("arguments", "function"),
    [
        (_GIVEN, "answered"),
        ("{path: ./here.txt, mode: all, count: 2k, share: 50%, names: [a, b], more: {a: 1}}", ""),
        ("{path: ./here.txt, mode: all, share: null}", ""),
        ("{whatever: 1}", "anything"),
        ("{whatever: 1}", "made"),
        ("{whatever: 1}", "conditional"),
        ("{whatever: 1}", "imported"),
        ("{mode: new}", "decorated"),
        ("{mode: new, name: a, size: 2}", "odd"),
    ],
)
def test_what_the_parameters_take_is_taken(arguments: str, function: str, tmp_path: Path) -> None:
    """Numbers as people write them, null where it may be, and all that no annotation forbids."""
    text = _recipe(arguments, f"mine.tickets:{function or 'answered'}")
    assert _dry_run(tmp_path, text) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("{mode: new}", "error[missing-key]: `path` is missing"),
        ("{path: ./x, mode: nwe}", "error[not-allowed]: `nwe` is not one of `new`, `all`"),
        (
            "{path: ./x, mode: new, coutn: 1}",
            "error[unknown-key]: unknown key `coutn`; did you mean `count`?",
        ),
        (
            "{path: ./x, mode: new, count: 1.5}",
            "error[wrong-type]: expected integer, found `1.5`",
        ),
        ("{path: 3, mode: new}", "error[wrong-type]: expected string, found `3`"),
        ("{path: ./x, mode: new, names: [1]}", "error[wrong-type]: expected string, found `1`"),
    ],
)
def test_what_they_do_not_take_is_an_error_at_its_place(
    arguments: str, said: str, tmp_path: Path
) -> None:
    """Each mistake is found at its line, with the word that was meant, and nothing is imported."""
    code, out = _dry_run(tmp_path, _recipe(arguments))
    line = next(n for n, text in enumerate(_recipe("").splitlines(), 1) if "function" in text)
    assert (code, out.startswith(f"r.yaml:{line}:")) == (1, True)
    assert said in out


def test_a_function_that_nobody_has_written_is_printed_to_be_pasted(tmp_path: Path) -> None:
    """The stub has a parameter for each argument, and yields what this data section takes."""
    write(
        tmp_path / "r.yaml", _recipe("{path: ./x, count: 3}", "mine.others:texts", "  type: sft\n")
    )
    done = arctic_train("--dry-run", "r.yaml", folder=tmp_path)
    assert "error[not-importable]: there is no module `mine.others`" in done.out
    assert "help: write this into mine/others.py:" in done.out
    stub = done.out[done.out.index("from collections.abc") :]
    assert "def texts(path: Path, count: int) -> Iterator[Conversation]:" in stub
    write(tmp_path / "mine/others.py", stub)
    assert arctic_train("--dry-run", "r.yaml", folder=tmp_path).code == 0


@pytest.mark.parametrize(
    ("trainer", "yields"), [("sft", "Conversation"), ("causal", "str"), ("dpo", "Preference")]
)
def test_a_stub_yields_what_the_trainers_data_takes(
    trainer: str, yields: str, tmp_path: Path
) -> None:
    """So it does where the recipe leaves the type of its data to the trainer, and is Python."""
    given = "{path: ./x, class: 1, n-best: 2}"
    text = _recipe(given, "mine.others:texts").replace("type: sft", f"type: {trainer}", 1)
    text += "ref_model: {type: random_llama}\n" if trainer == "dpo" else ""
    write(tmp_path / "r.yaml", text)
    done = arctic_train("--dry-run", "r.yaml", folder=tmp_path)
    stub = done.out[done.out.index("from collections.abc") :]
    assert f"def texts(path: Path) -> Iterator[{yields}]:" in stub
    compile(stub, "stub", "exec")


def test_a_module_that_imports_all_of_another_may_have_any_function(tmp_path: Path) -> None:
    """What `import *` brings is not known before the run, which looks at it."""
    write(tmp_path / "mine/all.py", "from missing import *\n")
    assert _dry_run(tmp_path, _recipe("{whatever: 1}", "mine.all:rows")) == (0, "")


@pytest.mark.parametrize(
    ("function", "said"),
    [
        ("mine.tickets:answred", "did you mean `mine.tickets:answered`?"),
        ("mine.tickets:x", "the module `mine.tickets` has no function `x`"),
        ("tickets", "expected `package.module:name`, found `tickets`"),
    ],
)
def test_a_function_that_is_not_there_is_said_to_be_so(
    function: str, said: str, tmp_path: Path
) -> None:
    """A name that the module does not have is an error where it is named."""
    code, out = _dry_run(tmp_path, _recipe(_GIVEN, function))
    assert (code, said in out) == (1, True), out


def _elsewhere(folder: Path) -> Path:
    """Return a folder that Python does not look into, with a package `editable`."""
    write(folder / "editable/__init__.py", "")
    write(folder / "editable/said.py", "def rows(count: int):\n    yield []\n")
    return folder


def _compiled(folder: Path) -> None:
    source = write(folder / "compiled.py", "def rows(count: int):\n    yield []\n")
    py_compile.compile(str(source), str(source.with_suffix(".pyc")))
    source.unlink()


class _Finder:
    """Finds a package as an editable installation has it found."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: object = None
    ) -> ModuleSpec | None:
        """Return the spec of the one package that it knows."""
        file = self._folder / name / "__init__.py"
        is_known = name == "editable"
        return spec_from_file_location(name, file) if is_known else None


@pytest.mark.parametrize(
    ("function", "problem"),
    [
        ("compiled:rows", ""),
        ("numpy.random.mtrand:rand", ""),
        ("itertools:count", ""),
        ("deep.er.compiled:rows", ""),
        ("editable.said:rows", "error[wrong-type]: expected integer, found `many`"),
        ("editable.said:row", "did you mean `editable.said:rows`?"),
        ("editable.itertools:rows", "there is no module `editable.itertools`"),
        ("deep:rows", "there is no module `deep`"),
        ("compiled.more:rows", "there is no module `compiled.more`"),
    ],
)
def test_a_module_is_found_as_python_finds_it(
    function: str, problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A compiled one is there, and the run looks into it; one of an editable package is read."""
    finder = _Finder(_elsewhere(tmp_path / "elsewhere"))
    monkeypatch.setattr("sys.meta_path", [*sys.meta_path, finder])
    _compiled(tmp_path / "project")
    _compiled(tmp_path / "project/deep/er")
    code, out = _dry_run(tmp_path / "project", _recipe("{count: many}", function))
    assert (code, problem in out) == (int(bool(problem)), True), out
    assert bool(out) is bool(problem)
