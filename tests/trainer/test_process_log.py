"""The log: which files there are, and what is in them."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from transformers.utils.logging import get_logger

from arctic_training.config.logger import LoggerConfig
from arctic_training.core.mesh import Mesh
from arctic_training.errors import UnusableRecipeError
from arctic_training.trainer.process_log import start_log
from tests.tiny import HandTrainer, hand_config

_MINE = logging.getLogger("mine")


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    yield
    start_log(LoggerConfig(), Mesh())
    logging.getLogger().setLevel(logging.WARNING)


def _config(folder: Path, **changes: object) -> LoggerConfig:
    return LoggerConfig.model_validate({"output_dir": str(folder), **changes})


def test_a_run_with_a_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file of a process has the lines of the display, each with its time."""
    trainer = HandTrainer(hand_config(train_iters=2, logger={"output_dir": str(tmp_path)}))
    trainer.train()
    shown = capsys.readouterr().out
    written = (tmp_path / "logs/rank_0.log").read_text()
    form = r"^[-0-9]+ [0-9:,]+ INFO arctic_training\.said: "
    assert re.sub(form, "", written, flags=re.MULTILINE) == shown
    assert "\nstep 2/2 | loss " in shown


@pytest.mark.parametrize(
    ("level", "said"),
    [
        ("DEBUG", ["detail", "success", "danger", "theirs"]),
        ("SUCCESS", ["success", "danger", "theirs"]),
        ("WARNING", ["danger", "theirs"]),
        ("ERROR", []),
    ],
)
def test_levels(
    level: str, said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What code and libraries log from the level on is printed, and stands in the file."""
    start_log(_config(tmp_path, level=level), Mesh())
    _MINE.debug("detail")
    _MINE.log(25, "success")
    _MINE.warning("danger")
    get_logger("transformers.any").warning("theirs")
    path = tmp_path / "logs/rank_0.log"
    written = path.read_text().splitlines() if path.exists() else []
    assert [line.rpartition(": ")[2] for line in written] == said
    assert capsys.readouterr().err.splitlines() == written


@pytest.mark.parametrize(
    ("ranks", "files"),
    [("*", ["rank_0.log", "rank_1.log"]), ([1], ["rank_1.log"]), ([], [])],
)
def test_which_processes_write(ranks: object, files: list[str], tmp_path: Path) -> None:
    """A process that writes has a file of its own, from its first line on."""
    for rank in (0, 1):
        config = _config(tmp_path, file_output_ranks=ranks)
        write = start_log(config, Mesh(rank, 2))
        assert (tmp_path / "logs" / f"rank_{rank}.log").exists() is False
        if write:
            write("a line")
    assert sorted(path.name for path in (tmp_path / "logs").glob("*")) == files


def test_no_file_by_its_name_in_the_reference() -> None:
    """`/dev/null` as a folder asks for no files."""
    assert _config(Path("/dev/null")).folder is None
    assert start_log(_config(Path("/dev/null")), Mesh()) is None


def test_the_log_of_a_trainer_ends_with_the_next(tmp_path: Path) -> None:
    """Two trainers of a process do not write into each other's files."""
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        start_log(_config(folder), Mesh())
        _MINE.warning(folder.name)
    assert "second" not in (first / "logs/rank_0.log").read_text()
    assert "second" in (second / "logs/rank_0.log").read_text()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    """It is found before anything is prepared, at its key."""
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableRecipeError) as caught:
        HandTrainer(hand_config(logger={"output_dir": str(tmp_path / "file")}))
    (problem,) = caught.value.problems
    assert (problem.pointer, problem.code) == (("logger", "output_dir"), "not-writable")
