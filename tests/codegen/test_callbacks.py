"""Functions that a definition names by moment: typed, checked, called, and begun where missing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from arctic_training.callback.callbacks import Moment
from arctic_training.definition.stages import read_definitions
from arctic_training.lint.rule import LintSubject
from arctic_training.validation.shipped_schemas import schema
from tests.support import DEFINITION, Result, arctic_gen, write

NAMED = """\
callbacks:
  post-step: [looks:count, looks:tell]
  pre-train: looks:tell
"""
LOOKS = """\
from arctic_trainers.mine import MineTrainerConfig
from arctic_trainers.sft import SFTTrainer
from arctic_training.data.batches import SFTBatch
from arctic_training.trainer.trainer import Trainer


def count(trainer: Trainer[MineTrainerConfig, SFTBatch]) -> None:
    trainer.note(f"{trainer.config.alpha} {trainer.state.global_step}")


def tell(trainer: Trainer[MineTrainerConfig, SFTBatch]) -> None:
    trainer.note("told")
"""


def _generate(folder: Path, named: str = NAMED, *, verified: bool = False) -> Result:
    write(folder / "mine.yaml", DEFINITION + named)
    options = [] if verified else ["--no-verify"]
    return arctic_gen("new-trainer", *options, "mine.yaml", folder=folder)


def _found(result: Result) -> list[str]:
    return re.findall(r"^mine\.yaml:(\d+:\d+: error\[[a-z-]+\])", result.out, re.MULTILINE)


def _line(text: str) -> int:
    return (DEFINITION + NAMED).splitlines().index(text) + 1


def test_every_moment_can_be_named() -> None:
    """The schema of definitions knows the moments of the runtime, and no others."""
    properties = schema("trainer.schema.json").root["properties"]
    assert isinstance(properties, dict)
    callbacks = properties["callbacks"]
    assert isinstance(callbacks, dict)
    assert isinstance(callbacks["properties"], dict)
    assert set(get_args(Moment)) == set(callbacks["properties"])


def test_they_are_called_by_the_class(tmp_path: Path) -> None:
    """The generated class has them by moment, in the order of the definition, with their type."""
    write(tmp_path / "looks.py", LOOKS)
    assert _generate(tmp_path).code == 0
    text = (tmp_path / "generated/arctic_trainers/mine/trainer.py").read_text()
    _, _, callbacks = text.partition("    callbacks: ClassVar[CallbacksOf[MineTrainer]] = ")
    listed = re.sub(r"\s", "", callbacks.partition("\n    }\n")[0])
    assert listed == '{"post-step":[count,tell,],"pre-train":[tell,],'


def test_one_that_takes_another_trainer_is_an_error_at_its_name(tmp_path: Path) -> None:
    """A callback with the wrong signature is shown where the definition names it."""
    write(
        tmp_path / "looks.py",
        LOOKS.replace(
            "tell(trainer: Trainer[MineTrainerConfig, SFTBatch])", "tell(trainer: SFTTrainer)"
        ),
    )
    named = NAMED.replace("  pre-train: looks:tell\n", "")
    result = _generate(tmp_path, named, verified=True)
    line = _line("  post-step: [looks:count, looks:tell]")
    assert (result.code, _found(result)) == (1, [f"{line}:28: error[type-error]"])


@pytest.mark.parametrize(
    ("named", "code"),
    [
        (NAMED.replace("post-step", "post-stpe"), "unknown-key"),
        (NAMED.replace("looks:count", "looks:cuont"), "not-importable"),
        (NAMED.replace("looks:count", "looks"), "malformed"),
        (NAMED.replace("[looks:count, looks:tell]", "[]"), "out-of-range"),
    ],
)
def test_what_cannot_be_called_is_refused_at_its_place(
    tmp_path: Path, named: str, code: str
) -> None:
    """A moment, a function and a path that are none are one error each."""
    write(tmp_path / "looks.py", LOOKS)
    result = _generate(tmp_path, named)
    assert (result.code, [found.split()[1] for found in _found(result)]) == (1, [f"error[{code}]"])


def test_a_module_that_is_missing_is_begun(tmp_path: Path) -> None:
    """A stub is written once, and type-checks with the trainer."""
    named = "callbacks: {post-optimizer-step: my.looks:count}\n"
    assert _generate(tmp_path, named, verified=True).code == 0
    begun = tmp_path / "my/looks.py"
    text = begun.read_text()
    assert "def count(trainer: Trainer[MineTrainerConfig, SFTBatch]) -> None:" in text
    begun.write_text(text + "\n# mine\n")
    assert _generate(tmp_path, named).code == 0
    assert begun.read_text() == text + "\n# mine\n"


def test_they_are_taken_over_moment_by_moment(tmp_path: Path) -> None:
    """A definition that extends another has its callbacks but for the moments that it names."""
    write(tmp_path / "looks.py", LOOKS)
    write(tmp_path / "mine.yaml", DEFINITION + NAMED)
    child = "schema_version: 1\nname: child\nextends: ./mine.yaml\ncallbacks: {post-step: null}\n"
    loaded, problems = read_definitions([write(tmp_path / "child.yaml", child)])
    assert problems == []
    assert [str(c.function) for c in loaded[0].spec.callbacks] == ["looks:tell"]


def test_what_a_callback_reads_is_read(tmp_path: Path) -> None:
    """A field of which a callback alone makes use is not reported as one that nobody reads."""
    write(tmp_path / "looks.py", LOOKS)
    write(tmp_path / "mine_loss.py", "def mine_loss(trainer, batch):\n    return batch\n")
    unread = {}
    for named in ("", NAMED):
        loaded, problems = read_definitions([write(tmp_path / "mine.yaml", DEFINITION + named)])
        assert problems == []
        reader = LintSubject(loaded[0]).reader
        assert reader is not None
        unread[named] = {declared.name for declared in reader.shape.unread()}
    assert unread[""] - unread[NAMED] == {"alpha"}
