"""The types of generated trainers and of the user's functions, checked before anything is kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import DEFINITION, RICH_DEFINITION, Result, arctic_gen, write

LOSS = """\
from typing import TypedDict

from torch import Tensor

from arctic_trainers.{name} import {camel}TrainerConfig
from arctic_training.data.batches import SFTBatch
from arctic_training.losses.language_modeling import next_token_loss
from arctic_training.core.loss_output import LossOutput
from arctic_training.trainer.trainer import Trainer


class OtherBatch(TypedDict):
    pixels: Tensor


def {name}_loss(trainer: Trainer[{camel}TrainerConfig, SFTBatch], batch: {batch}) -> LossOutput:
    weight: float = trainer.config.{field}
    output = {output}
    return LossOutput(sum=output.sum * weight, count=output.count)
"""


def _definition(name: str, *, text: str = DEFINITION) -> str:
    named = text.replace("name: mine\n", f"name: {name}\n", 1)
    named = named.replace("MineTrainerConfig", f"{name.capitalize()}TrainerConfig")
    return named.replace("mine_loss:mine_loss", f"{name}_code:{name}_loss")


def _project(folder: Path, name: str, **changes: str) -> None:
    values = {
        "batch": "SFTBatch",
        "field": "alpha",
        "output": "next_token_loss(trainer, batch)",
    }
    code = LOSS.format(name=name, camel=name.capitalize(), **values | changes)
    write(folder / f"{name}.yaml", _definition(name))
    write(folder / f"{name}_code.py", code)


_CLASS = "class Made:\n    def __init__(self, *given: object) -> None: ...\n\n\nclass OtherBatch"
_LOOK = "def look(trainer: int) -> None: ...\n\n\nclass OtherBatch"
_LOOKS = "_code:looks_loss\ncallbacks: {pre-step: looks_code:look}\n"
_OWN = "{name: own, class: made_code:Made, extends: fused_adam}"
_FAULTS: dict[str, list[tuple[str, str]]] = {
    "returns": [(") -> LossOutput:", ") -> float:"), ("return LossOutput(", "return weight  # (")],
    "more": [("batch: SFTBatch)", "batch: SFTBatch, more: int)")],
    "other": [("trainers.other ", "trainers.right "), ("OtherTrainer", "RightTrainer")],
    "looks": [("class OtherBatch", _LOOK), ("_code:looks_loss\n", _LOOKS)],
    "made": [("class OtherBatch", _CLASS), ("type: fused_adam", f"type: {_OWN}")],
    "foreign": [
        ("class OtherBatch", _CLASS),
        ("loss: foreign_code:foreign_loss", "implementation: foreign_code:Made"),
    ],
}
"""What is wrong with a trainer, as changes of its code and of its definition."""


def _faulty(folder: Path, name: str) -> None:
    _project(folder, name)
    for path in (folder / f"{name}_code.py", folder / f"{name}.yaml"):
        text = path.read_text("utf-8")
        for old, new in _FAULTS[name]:
            text = text.replace(old, new)
        write(path, text)


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """Return a project with right and wrong losses, and what came of generating all of it."""
    folder = tmp_path_factory.mktemp("refused")
    _project(folder, "right")
    _project(
        folder, "batch", batch="OtherBatch", output="LossOutput(sum=batch['pixels'].sum(), count=1)"
    )
    _project(folder, "field", field="alhpa")
    _project(folder, "sets", field="alpha\n    trainer.config.alpha = 2.0")
    over = _definition("over").replace("loss: over_code:over_loss", "implementation: over:Over")
    write(folder / "over.yaml", over)
    write(
        folder / "over.py",
        """\
from typing_extensions import override

from arctic_trainers.over.trainer import OverTrainerBase
from arctic_training.data.batches import SFTBatch
from arctic_training.losses.language_modeling import next_token_loss
from arctic_training.core.loss_output import LossOutput


class Over(OverTrainerBase):
    @override
    def loss(self, batch: SFTBatch) -> LossOutput:
        return next_token_loss(self, batch)

    @override
    def step(self, batch: SFTBatch, number: int) -> None:
        super().step(batch)
""",
    )
    for name in _FAULTS:
        _faulty(folder, name)
    names = sorted(path.name for path in folder.glob("*.yaml"))
    return folder, arctic_gen("new-trainer", *names, folder=folder)


@pytest.mark.parametrize(
    ("place", "code", "words"),
    [
        ("field_code.py:17:21", "attr-defined", 'no attribute "alhpa"; maybe "alpha"?'),
        ("sets_code.py:18:5", "misc", "is read-only"),
        ("over.py:15:5", "override", 'Signature of "step" incompatible'),
        ("returns.yaml:17:7", "return-value", 'got "float", expected "LossOutput | Tensor"'),
        ("more.yaml:17:7", "call-arg", 'Missing positional argument "more"'),
        ("looks.yaml:18:23", "list-item", 'expected "Callable[[LooksTrainer], None]"'),
        ("made.yaml:14:44", "override", 'Return type "Made"'),
        ("foreign.yaml:17:17", "return-value", 'expected "ForeignTrainerBase"'),
    ],
)
def test_an_error_of_types_is_shown_where_it_was_written(
    place: str, code: str, words: str, refused: tuple[Path, Result]
) -> None:
    """An error in a generated line is shown in the definition, one in the user's file there."""
    said = [line for line in refused[1].out.splitlines() if line.startswith(f"{place}: ")]
    assert len(said) == 1
    assert said[0].startswith(f"{place}: error[type-error]: ")
    assert said[0].endswith(f"[{code}]")
    assert words in said[0]


@pytest.mark.parametrize(
    ("place", "named_at", "words"),
    [
        (
            "batch_code.py:16:71",
            "batch.yaml:17:7",
            "`batch_loss` takes `OtherBatch`, and the trainer gives it `SFTBatch`",
        ),
        (
            "other_code.py:16:25",
            "other.yaml:17:7",
            "`other_loss` takes `Trainer[RightTrainerConfig, SFTBatch]`, and the trainer gives it",
        ),
    ],
)
def test_a_wrong_argument_of_a_loss_is_shown_once_at_its_annotation(
    place: str, named_at: str, words: str, refused: tuple[Path, Result]
) -> None:
    """The user's annotation is the cause; the definition that names the loss is related to it."""
    lines = refused[1].out.splitlines()
    (said,) = [line for line in lines if words in line]
    assert said.startswith(f"{place}: error[type-error]: ")
    assert [line.strip() for line in lines if named_at in line] == [f"{named_at}: named here"]


def test_an_error_is_at_its_place_again(refused: tuple[Path, Result]) -> None:
    """A second check, which finds the errors in mypy's cache, says the same of the same files."""
    folder, first = refused
    names = sorted(path.name for path in folder.glob("*.yaml"))
    assert arctic_gen("new-trainer", *names, folder=folder) == first


def test_with_an_error_of_types_nothing_is_published(refused: tuple[Path, Result]) -> None:
    """All wrong trainers are reported at once, the right ones are not, and nothing is written."""
    folder, done = refused
    assert done.code == 1
    assert "right" not in done.out
    assert not (folder / "generated").exists()
    assert sorted(path.suffix for path in folder.iterdir()) == [".py"] * 11 + [".yaml"] * 11


def test_what_is_begun_for_the_user_type_checks(tmp_path: Path) -> None:
    """Stubs of losses and implementations, with metrics and every kind of field, are right."""
    metrics = "metrics: {one: mean, two: sum}\n"
    begun = {
        "rich": RICH_DEFINITION + metrics,
        "plain": DEFINITION,
        "both": DEFINITION + "implementation: both_impl:BothTrainer\n",
        "impl": DEFINITION.replace("loss: mine_loss:mine_loss", "implementation: impl:ImplTrainer"),
        "loss": DEFINITION.replace(":mine_loss", ":loss"),
    }
    for name, text in begun.items():
        write(tmp_path / f"{name}.yaml", _definition(name, text=text))
    done = arctic_gen("new-trainer", *(f"{name}.yaml" for name in begun), folder=tmp_path)
    assert (done.code, "error" in done.out, done.err) == (0, False, "")


_UNTYPED = """\
from arctic_training.losses.language_modeling import next_token_loss


def mine_loss(t, b):
    return next_token_loss(t, b)


def look(trainer) -> None: ...
"""


def test_a_function_without_types_is_one_finding_with_its_signature(tmp_path: Path) -> None:
    """What follows from missing types is not told; with what is printed, all of it is right."""
    callbacks = "callbacks: {pre-step: mine_loss:look}\n"
    write(tmp_path / "mine.yaml", DEFINITION + callbacks)
    write(tmp_path / "mine_loss.py", _UNTYPED)
    command = ("new-trainer", "mine.yaml", "--format", "json")
    done = arctic_gen(*command, folder=tmp_path)
    found = json.loads(done.out)["diagnostics"]
    assert [(each["path"], each["line"]) for each in found] == [
        ("mine_loss.py", 4),
        ("mine_loss.py", 8),
    ]
    text = _UNTYPED
    for each, old in zip(
        found, ("def mine_loss(t, b):", "def look(trainer) -> None:"), strict=True
    ):
        imports, first_lines = each["paste"].split("# In place of its first lines:\n")
        text = imports + text.replace(old, first_lines.rstrip())
    write(tmp_path / "mine_loss.py", text)
    assert (arctic_gen("new-trainer", "mine.yaml", folder=tmp_path).code, done.code) == (0, 1)


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("def mien_loss(): ...\n", "did you mean `mine_loss:mien_loss`?"),
        ("x = 1\n", "write the function into "),
    ],
)
def test_a_loss_that_its_module_lacks_is_found_without_mypy(
    code: str, hint: str, tmp_path: Path
) -> None:
    """A module that is there and lacks the function is an error at the definition's `loss`."""
    write(tmp_path / "mine.yaml", DEFINITION)
    write(tmp_path / "mine_loss.py", code)
    done = arctic_gen("new-trainer", "mine.yaml", folder=tmp_path)
    assert done.code == 1
    where = "mine.yaml:17:7: error[not-importable]: the module `mine_loss` has no `mine_loss`"
    assert where in done.out
    assert hint in done.out
    assert not (tmp_path / "generated").exists()


@pytest.mark.parametrize(
    "code",
    [
        "from other import *\n",
        "try:\n    from fast import mine_loss\nexcept ImportError:\n    mine_loss = None\n",
        "import sys\nif sys.platform == 'x':\n    pass\nelse:\n    def mine_loss(): ...\n",
        "mine_loss, other_loss = object(), object()\n",
    ],
)
def test_a_loss_may_be_there_in_any_way(code: str, tmp_path: Path) -> None:
    """A name that a module has under a condition, by unpacking or from all of another is there."""
    write(tmp_path / "mine.yaml", DEFINITION)
    write(tmp_path / "mine_loss.py", code)
    assert arctic_gen("validate", "mine.yaml", folder=tmp_path).code == 0


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        ("torch.nothing:loss", "`torch` is installed, and there is no `torch.nothing`"),
        ("sys.nothing:loss", "`sys` is installed, and there is no `sys.nothing`"),
        ("arctic_training.losses.no:loss", "is no `arctic_training.losses.no`"),
        ("arctic_trainers.sft.trainer:SFTTrainer", "is the generator's"),
        ("generated.mine:loss", "is the generator's"),
    ],
)
def test_no_stub_is_begun_in_what_is_not_the_users(loss: str, message: str, tmp_path: Path) -> None:
    """A function cannot be put into an installed package, nor into generated code."""
    write(tmp_path / "mine.yaml", DEFINITION.replace("mine_loss:mine_loss", loss))
    done = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path)
    assert done.code == 1
    assert "mine.yaml:17:7: error[not-importable]: " in done.out
    assert message in done.out
    assert [path.name for path in tmp_path.iterdir()] == ["mine.yaml"]


def test_an_installed_loss_is_used_as_it_is(tmp_path: Path) -> None:
    """A loss of an installed module needs no stub."""
    installed = "arctic_training.losses.language_modeling:next_token_loss"
    write(tmp_path / "mine.yaml", DEFINITION.replace("mine_loss:mine_loss", installed))
    done = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path)
    assert (done.code, [*tmp_path.rglob("*_modeling.py")]) == (0, [])
