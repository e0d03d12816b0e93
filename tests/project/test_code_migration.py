"""Imports of a user's modules: rewritten to where the names are now, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.diagnostics import Severity, Source
from arctic_training.project.code_migration import broken_imports, migrated_code
from arctic_training.project.code_problems import code_problems
from tests.support import ROOT, arctic_gen, write

OUTPUT = "arctic_training.losses.output"
BATCHES = "arctic_training.data.batches"
NAMES = (ROOT / "tests/fixtures/previous_names.txt").read_text("utf-8").split()
REWRITES = {
    "a moved module": (
        f"from {OUTPUT} import LossOutput\n",
        "from arctic_training import LossOutput\n",
    ),
    "consecutive imports become one": (
        f"from {BATCHES} import SFTBatch\nfrom {OUTPUT} import Term as T, LossOutput\nx = 1\n",
        "from arctic_training import LossOutput, SFTBatch, Term as T\nx = 1\n",
    ),
    "an import of the public API takes the others in": (
        f"from arctic_training import Trainer\nfrom {OUTPUT} import Term\n",
        "from arctic_training import Term, Trainer\n",
    ),
    "names that are not public keep a statement": (
        (
            f"from {BATCHES} import squared_lengths, SFTBatch\nfrom arctic_training.factory import "
            "Factory\n"
        ),
        (
            f"from arctic_training import SFTBatch\nfrom {BATCHES} import squared_lengths\n"
            "from arctic_training.core.factory import Factory\n"
        ),
    ),
    "the public API is imported before its modules": (
        f"import os\nfrom {BATCHES} import squared_lengths\nfrom {OUTPUT} import Term\n",
        f"import os\nfrom arctic_training import Term\nfrom {BATCHES} import squared_lengths\n",
    ),
    "a long import has a name a line": (
        (
            f"from {BATCHES} import PreferenceBatch, RowBatch, SFTBatch, UnpairedBatch\n"
            f"from {OUTPUT} import LossOutput, Term\n"
        ),
        (
            "from arctic_training import (\n    LossOutput,\n    PreferenceBatch,\n    RowBatch,\n"
            "    SFTBatch,\n    Term,\n    UnpairedBatch,\n)\n"
        ),
    ),
    "a renamed name and its uses": (
        f"from {BATCHES} import IGNORED\nx = [IGNORED, 'IGNORED']  # IGNORED\n",
        "from arctic_training import IGNORE_INDEX\nx = [IGNORE_INDEX, 'IGNORED']  # IGNORED\n",
    ),
    "a renamed name that is bound again keeps its name": (
        f"from {BATCHES} import IGNORED\ndef f(IGNORED): return IGNORED\n",
        "from arctic_training import IGNORE_INDEX as IGNORED\ndef f(IGNORED): return IGNORED\n",
    ),
    "comments stay": (
        (
            f"from {BATCHES} import (  # head\n    # alone\n    SFTBatch,  # one\n"
            "    squared_lengths,\n)  # tail\n"
        ),
        (
            "# head\n# alone\nfrom arctic_training import SFTBatch  # one\n"
            f"from {BATCHES} import squared_lengths  # tail\n"
        ),
    ),
    "layout stays around a comment": (
        f"from {OUTPUT} import (\n    Term,  # a term\n      LossOutput,\n)\n",
        "from arctic_training import (\n    Term,  # a term\n      LossOutput,\n)\n",
    ),
    "statements on one line": (
        f"import os; from {OUTPUT} import Term; x = 'é'\n",
        "import os; from arctic_training import Term; x = 'é'\n",
    ),
    "an indented import": (
        f"def f():\n    from {OUTPUT} import Term\n    from {BATCHES} import RowBatch\n",
        "def f():\n    from arctic_training import RowBatch, Term\n",
    ),
    "a module and its dotted name": (
        f"import {OUTPUT}\nx = 'é', {OUTPUT}.Term\n",
        "import arctic_training.core.loss_output\nx = 'é', arctic_training.core.loss_output.Term\n",
    ),
    "a module under another name": (
        f"import {BATCHES} as b, {OUTPUT} as o  # keep\nx = b.IGNORED, o.Term\n",
        (
            f"import {BATCHES} as b, arctic_training.core.loss_output as o  # keep\n"
            "x = b.IGNORE_INDEX, o.Term\n"
        ),
    ),
    "a submodule": (
        "from arctic_training.losses import output\nx = output.Term\n",
        "from arctic_training.core import loss_output\nx = loss_output.Term\n",
    ),
    "line ends": (
        f"from {OUTPUT} import Term\r\nfrom {BATCHES} import squared_lengths, RowBatch\r\n",
        f"from arctic_training import RowBatch, Term\r\nfrom {BATCHES} import squared_lengths\r\n",
    ),
    "a package with the name of a former module": (
        "from arctic_training.data.chat import conversation\n",
        "from arctic_training.data.chat import conversation\n",
    ),
    "what is elsewhere stays": (
        "from .losses import output\nfrom losses.output import Term\nimport arctic_training\n",
        "from .losses import output\nfrom losses.output import Term\nimport arctic_training\n",
    ),
}


@pytest.mark.parametrize("case", REWRITES)
def test_imports_are_rewritten_and_nothing_else(case: str) -> None:
    """The text after is exactly the one expected, is told if it differs, and is final."""
    before, after = REWRITES[case]
    text, reasons = migrated_code(Source("loss.py", before))
    assert text == after
    assert bool(reasons) == (before != after)
    assert all(reason.severity is Severity.WARNING for reason in reasons)
    assert migrated_code(Source("loss.py", after)) == (after, [])
    assert broken_imports(Source("loss.py", after)) == []


@pytest.mark.parametrize("path", NAMES)
def test_each_name_of_the_previous_version_is_found(path: str) -> None:
    """What users could import from interface 1 is somewhere now, where the rewrite says."""
    module, _, name = path.partition(":")
    text, _ = migrated_code(Source("loss.py", f"from {module} import {name}\n"))
    assert code_problems(Source("loss.py", text)) == []


def test_what_no_rewrite_can_provide_is_an_error_with_its_place() -> None:
    """A name that is gone, and a loss that shifts labels itself, are reported and left alone."""
    before = (
        f"from {OUTPUT} import Nothing\nfrom {BATCHES} import SFTBatch\n"
        'def loss(trainer, batch: SFTBatch):\n    return batch["labels"][:, 1:]\n'
    )
    problems = code_problems(Source("l.py", before))
    found = [(each.code, each.span.line, each.span.text) for each in problems]
    assert found == [("not-importable", 1, "Nothing"), ("old-batch-key", 4, 'batch["labels"]')]
    assert 'batch["labels"][:, 1:]' in migrated_code(Source("l.py", before))[0]


def test_migrate_rewrites_python_files(tmp_path: Path) -> None:
    """Files with imports of ours are rewritten; environments and generated code are not."""
    before, after = REWRITES["a moved module"]
    mine = write(tmp_path / "mine/loss.py", before)
    write(tmp_path / "other.py", "print(")
    left = [write(tmp_path / name, before) for name in ("generated/a.py", "venv/lib/b.py")]
    write(tmp_path / "venv/pyvenv.cfg", "")
    checked = arctic_gen("migrate", "--check", ".", folder=tmp_path)
    assert checked.code == 1
    assert "mine/loss.py:1:1: error[moved-import]: outdated import" in checked.out
    assert mine.read_text() == before
    assert f"-{before}+{after}" in arctic_gen("migrate", "--diff", ".", folder=tmp_path).out
    done = arctic_gen("migrate", ".", folder=tmp_path)
    assert done == (0, "", "migrated mine/loss.py\n")
    assert mine.read_text() == after
    assert [path.read_text() for path in left] == [before] * 2


def test_unparsable_python_is_reported(tmp_path: Path) -> None:
    """A file that speaks of arctic_training and cannot be parsed is a warning, and stays."""
    write(tmp_path / "loss.py", f"from {OUTPUT} import (\n")
    done = arctic_gen("migrate", ".", folder=tmp_path)
    assert (done.code, "loss.py:1:1: warning[python-syntax]" in done.out) == (0, True)
