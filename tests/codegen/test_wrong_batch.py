"""A function that takes another batch than it is given is one finding, where it says so."""

from __future__ import annotations

from pathlib import Path

from arctic_training.codegen.mypy_runner import TypeProblem
from arctic_training.codegen.wrong_batch import wrong_batches
from arctic_training.definition.stages import read_definitions
from tests.support import DEFINITION, write

_LOSS = '''\
def mine_loss(trainer: Trainer[C, PreferenceBatch], batch: PreferenceBatch) -> LossOutput:
    """Return the loss."""
    logits = next_token_logits(trainer, batch)
    return logits + 1
'''


def _problem(file: Path, line: int, message: str) -> TypeProblem:
    return TypeProblem(file=file, line=line, column=1, message=message, hint="")


def test_the_problems_of_a_wrong_batch_are_one_at_the_annotation(tmp_path: Path) -> None:
    """Both arguments of the call and what the function does with them are one finding."""
    loaded, problems = read_definitions([write(tmp_path / "mine.yaml", DEFINITION)])
    assert problems == []
    made = write(tmp_path / "generated/trainer.py", "")
    loss = write(tmp_path / "mine_loss.py", _LOSS)
    given = 'Argument {} to "{}" has incompatible type "{}"; expected "{}"  [arg-type]'
    found = [
        _problem(made, 9, given.format(1, "mine_loss", "MineTrainer", "Trainer[C, P]")),
        _problem(made, 9, given.format(2, "mine_loss", "SFTBatch", "PreferenceBatch")),
        _problem(loss, 3, given.format(2, "logits", "PreferenceBatch", "SFTBatch")),
        _problem(loss, 4, "Unsupported operand types"),
    ]
    (wrong,) = wrong_batches(loaded[0].spec, found, (tmp_path,), {made})
    assert [*wrong.problems] == found[:3]
    diagnostic = wrong.diagnostic
    assert diagnostic.span.text == "PreferenceBatch"
    assert str(diagnostic.span).endswith("mine_loss.py:1:60")
    assert (
        diagnostic.message
        == "`mine_loss` takes `PreferenceBatch`, and the trainer gives it `SFTBatch`"
    )
    assert [str(each.span).rpartition("mine.yaml")[2] for each in diagnostic.related] == [":17:7"]


def test_other_problems_stay_as_they_are(tmp_path: Path) -> None:
    """What no argument of the user's function is about is left to be told itself."""
    loaded, _ = read_definitions([write(tmp_path / "mine.yaml", DEFINITION)])
    made = write(tmp_path / "generated/trainer.py", "")
    write(tmp_path / "mine_loss.py", _LOSS)
    found = [_problem(made, 9, 'Argument 1 to "other" has incompatible type "A"; expected "B"')]
    assert [*wrong_batches(loaded[0].spec, found, (tmp_path,), {made})] == []
