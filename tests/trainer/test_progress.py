"""What a person sees of a run."""

from __future__ import annotations

import errno
import io
import os
import re
from dataclasses import replace

import pytest
import rich.console

from arctic_training.launcher.world import World
from arctic_training.trainer.meter import Measures
from arctic_training.trainer.progress import LiveProgress, PlainProgress, Progress, new_progress
from arctic_training.trainer.until_gone import UntilGone
from tests.tiny import REPORT, sft_config

_REPORT = replace(REPORT, horizon=3, tokens=900)


def _run(progress: Progress, steps: range, horizon: int) -> None:
    progress.note("data: [red]3[/red] samples")
    for step in steps:
        progress.show(replace(_REPORT, step=step, horizon=horizon))
    progress.end()


def test_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    """Every N-th line and the last has loss, terms, learning rate, pace, memory and time left."""
    _run(PlainProgress(interval=3), range(2, 8), 7)
    figures = (
        "loss 2.5000 | margin 0.2500 | learning rate 1.00e-03 | 1,800 tokens/s | 0.50 s | 1.5 GiB"
    )
    assert capsys.readouterr().out.splitlines() == [
        "data: [red]3[/red] samples",
        f"step 3/7 | {figures} | 0:02 left",
        f"step 6/7 | {figures} | 0:00 left",
        f"step 7/7 | {figures} | 0:00 left",
    ]


@pytest.mark.parametrize(
    ("measures", "shown"),
    [
        (Measures(0.5, 1.5), "0.50 s | 1.5 GiB | 0:00 left"),
        (Measures(0.5, 1.5, 12.345), "0.50 s | 1.5 GiB | 12.3 TFLOPS | 0:00 left"),
        (Measures(0.5, 1.5, 450.0, 0.455), "0.50 s | 1.5 GiB | 46% of peak | 0:00 left"),
    ],
)
def test_what_a_step_takes(
    measures: Measures, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Time and memory are shown, and how much of the device's peak as far as that is known."""
    PlainProgress().show(replace(_REPORT, measures=measures, horizon=1))
    assert capsys.readouterr().out.endswith(f"{shown}\n")


@pytest.mark.parametrize(("steps", "left"), [(61, "1:01 left"), (3700, "1:01:40 left")])
def test_time_left(steps: int, left: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Time left is given in minutes and seconds, and in hours where there are some."""
    progress = PlainProgress()
    progress.show(replace(_REPORT, measures=Measures(1.0), horizon=steps + 1))
    assert capsys.readouterr().out.endswith(f" {left}\n")


def test_live_display(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar shows the newest figures, and lines stay above it as they are."""
    real, written = rich.console.Console, io.StringIO()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(
        rich.console,
        "Console",
        lambda: real(file=written, force_terminal=True, width=140, color_system=None),
    )
    progress = LiveProgress()
    _run(progress, range(1, 4), 3)
    out = written.getvalue()
    assert "data: [red]3[/red] samples\n" in out
    assert all(
        text in out for text in ("3/3", "loss 2.5000", "margin 0.2500", "1,800 tokens/s", "1.5 GiB")
    )


@pytest.mark.parametrize(
    ("width", "figures"),
    [
        (30, ""),
        (50, "loss 15.9634"),
        (80, "loss 15.9634  entropy 5.7012"),
        (100, "loss 15.9634  entropy 5.7012  learning rate 1.00e-03  0.50 s"),
        (120, "loss 15.9634  entropy 5.7012  learning rate 1.00e-03  0.50 s  1,800 tokens/s"),
        (
            140,
            (
                "loss 15.9634  entropy 5.7012  learning rate 1.00e-03  0.50 s  1,800 tokens/s  "
                "12.3 TFLOPS  1.5 GiB"
            ),
        ),
    ],
)
def test_narrow_terminals(width: int, figures: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Step, horizon and time left always stay; the least important figures go first."""
    real, written = rich.console.Console, io.StringIO()
    monkeypatch.setattr(
        rich.console,
        "Console",
        lambda: real(file=written, force_terminal=True, width=width, color_system=None),
    )
    measures = Measures(0.5, 1.5, 12.345)
    terms = {"entropy": 5.7012}
    progress = LiveProgress()
    progress.show(
        replace(_REPORT, step=385, horizon=4000, loss=15.9634, terms=terms, measures=measures)
    )
    progress.end()
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", written.getvalue())
    last = text.rstrip("\n").rpartition("\r")[2]
    shown = re.fullmatch(r"step +385/4000 [━╸ ]+(.*?) +30:08 left", last)
    assert shown
    assert shown[1] == figures


@pytest.mark.parametrize(
    ("is_terminal", "term", "kind"),
    [
        (True, "xterm", LiveProgress),
        (True, "dumb", PlainProgress),
        (False, "xterm", PlainProgress),
    ],
)
def test_display_fits_the_output(
    is_terminal: bool,  # noqa: FBT001 - a row of the table
    term: str,
    kind: type,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The display is live on a terminal that can move its cursor, and plain lines elsewhere."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    monkeypatch.setenv("TERM", term)
    for interval, expected in ((1, kind), (0, PlainProgress)):
        progress = new_progress(sft_config(train_log_iter_interval=interval), World())
        assert isinstance(progress, UntilGone)
        assert isinstance(progress.shown, expected)


@pytest.mark.parametrize(
    ("ranks", "printed"),
    [
        ([0], ["step 1/2"]),
        ([1], ["[process 1] step 1/2"]),
        ("*", ["step 1/2", "[process 1] step 1/2"]),
        ([], []),
    ],
)
def test_which_processes_print(
    ranks: object, printed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """Those print that the recipe names; all but the first say which they are."""
    config = sft_config(logger={"print_output_ranks": ranks})
    for rank in (0, 1):
        new_progress(config, World(rank, 2)).show(replace(_REPORT, horizon=2))
    assert [line.partition(" |")[0] for line in capsys.readouterr().out.splitlines()] == printed


def test_no_steps_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """With an interval of 0 what is noted is shown, and no step, the last neither."""
    _run(PlainProgress(0), range(1, 4), 3)
    assert capsys.readouterr().out == "data: [red]3[/red] samples\n"


@pytest.mark.parametrize("is_terminal", [False, True])
def test_a_display_that_is_gone_ends_no_run(
    is_terminal: bool,  # noqa: FBT001 - a row of the table
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """When a terminal is closed, or a pipe ends, a run goes on unseen."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: is_terminal)
    monkeypatch.setenv("TERM", "xterm")
    progress = new_progress(sft_config(), World())

    def gone(_text: str) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("sys.stdout.write", gone)
    _run(progress, range(1, 4), 3)
    assert isinstance(progress, UntilGone)
    assert progress.shown is None
