"""Where Python spends its time."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.cli.profile import profiled
from tests.support import RECIPE, arctic_train, write


@pytest.mark.parametrize("order", ["tottime", "cumtime"])
def test_work_that_fails_is_profiled(order: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What was called is printed in the order that was asked for, and the error goes on."""

    def fail() -> None:
        raise ValueError("slow")

    with pytest.raises(ValueError, match="slow"):
        profiled(fail, order=order)
    out = capsys.readouterr().out
    assert "(fail)" in out
    assert {"tottime": "internal time", "cumtime": "cumulative time"}[order] in out


def test_option_of_the_command(tmp_path: Path) -> None:
    """`--python_profile`, as the reference spells it too, takes the orders that there are."""
    write(tmp_path / "r.yaml", RECIPE)
    good = arctic_train("--dry-run", "--python_profile", "cumtime", "r.yaml", folder=tmp_path)
    assert good.code == 0
    bad = arctic_train("--dry-run", "--python-profile", "speed", "r.yaml", folder=tmp_path)
    assert (bad.code, "'tottime', 'cumtime', 'disable'" in bad.err) == (2, True)


def test_a_run_is_profiled(tmp_path: Path) -> None:
    """The profile is that of training: the step of the trainer is in it."""
    write(tmp_path / "r.yaml", RECIPE + "train_iters: 1\n")
    done = arctic_train("--python-profile", "cumtime", "r.yaml", folder=tmp_path)
    assert done.code == 0
    assert "trainer.py" in done.out
    assert "(step)" in done.out
