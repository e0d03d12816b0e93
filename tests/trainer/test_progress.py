"""What a person sees of a run."""

from __future__ import annotations

import errno
import io
import os
import re
from dataclasses import replace
from threading import Event

import pytest
import rich.console

from arctic_training.core.mesh import Mesh
from arctic_training.core.reports import Measures
from arctic_training.terminal.activity import DELAY
from arctic_training.trainer.best_effort_display import BestEffortDisplay
from arctic_training.trainer.live_progress import LiveProgress
from arctic_training.trainer.progress import PlainProgress, Progress, new_progress, running
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


def _terminal(monkeypatch: pytest.MonkeyPatch, width: int) -> io.StringIO:
    """Let rich take a string for a terminal of that width."""
    real, written = rich.console.Console, io.StringIO()
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(
        rich.console,
        "Console",
        lambda: real(file=written, force_terminal=True, width=width, color_system=None),
    )
    return written


def _lines(written: io.StringIO) -> list[str]:
    """Return what a terminal shows in the end of lines that are not wrapped."""
    text = re.sub(r"\x1b\[(?:1A|2K|\?25[hl])", "", written.getvalue())
    return [line.rpartition("\r")[2].rstrip() for line in text.split("\n")]


def test_losses_stay_in_scrollback(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a line stays for every N-th step and the last, above a bar of the newest."""
    written = _terminal(monkeypatch, 100)
    _run(LiveProgress(interval=2), range(1, 6), 5)
    lines = _lines(written)
    assert lines[0] == "data: [red]3[/red] samples"
    steps = [line for line in lines if " | loss 2.5000 | margin 0.2500 | learning" in line]
    assert [step.partition(" |")[0] for step in steps] == ["step 2/5", "step 4/5", "step 5/5"]
    bars = [line for line in lines if "\u2501" in line]
    assert bars[-1].startswith("step 5/5")
    assert "loss 2.5000" in bars[-1]


@pytest.mark.parametrize(
    ("width", "bar"),
    [
        (20, r"385/4000"),
        (30, r"385/4000  loss 15\.9634"),
        (40, r"step 385/4000  loss 15\.9634  30:08 left"),
        (50, r"step 385/4000 [\u2501\u2578 ]+ loss 15\.9634 +30:08 left"),
        (80, r"step 385/4000 [\u2501\u2578 ]+ loss 15\.9634  entropy 5\.7012 +30:08 left"),
        (
            120,
            (
                r"step 385/4000 [\u2501\u2578 ]+ loss 15\.9634  entropy 5\.7012  "
                r"learning rate 1\.00e-03  1,800 tokens/s  0\.50 s +30:08 left"
            ),
        ),
    ],
)
def test_narrow_terminals(width: int, bar: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any width the bar is one line; the loss survives 30 columns, the time left 40."""
    written = _terminal(monkeypatch, width)
    progress = LiveProgress(interval=1000)
    progress.show(
        replace(
            _REPORT,
            step=385,
            horizon=4000,
            loss=15.9634,
            terms={"entropy": 5.7012},
            measures=Measures(0.5, 1.5, 12.345),
        )
    )
    progress.end()
    shown = [line for line in _lines(written) if line]
    assert re.fullmatch(bar, shown[-1])
    assert all(len(line) <= width for line in shown)


@pytest.mark.parametrize("width", [40, 80])
def test_lines_in_scrollback_fit(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A line above the bar has the loss and the metrics, and of other figures what fits."""
    written = _terminal(monkeypatch, width)
    _run(LiveProgress(), range(1, 2), 1)
    (line,) = (line for line in _lines(written) if line.startswith("step 1/1 |"))
    assert line.startswith("step 1/1 | loss 2.5000 | margin 0.2500")
    assert len(line) <= width


def _refresh(progress: LiveProgress) -> None:
    assert progress._live is not None
    progress._live.refresh()


def test_stages_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Evaluation and saving are shown above the bar while they run, and leave nothing behind."""
    written = _terminal(monkeypatch, 60)
    progress = LiveProgress()
    with running(progress, "loading the model"):
        _refresh(progress)
    assert progress._live is None
    progress.show(replace(_REPORT, horizon=1))
    with running(progress, "evaluating `short`", 8) as stage:
        stage.advance()
        _refresh(progress)
    progress.end()
    assert " loading the model ..." in written.getvalue()
    assert " evaluating `short`: 1 of 8 batches" in written.getvalue()


def test_a_slow_stage_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    """In a file a stage is one line once it takes long, and none before."""
    written: list[str] = []
    is_written = Event()

    def write(text: str) -> None:
        written.append(text)
        is_written.set()

    progress = PlainProgress(write=write)
    with running(progress, "loading the model"):
        pass  # quick: within the delay
    monkeypatch.setenv(DELAY, "0")
    with running(progress, "evaluating `short`", 8):
        assert is_written.wait(60)  # slow: until it is shown
    assert written == ["evaluating `short`: 0 of 8 batches"]


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
        progress = new_progress(sft_config(train_log_iter_interval=interval), Mesh())
        assert isinstance(progress, BestEffortDisplay)
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
        new_progress(config, Mesh(rank, 2)).show(replace(_REPORT, horizon=2))
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
    progress = new_progress(sft_config(), Mesh())

    def gone(_text: str) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr("sys.stdout.write", gone)
    with running(progress, "loading the model"):
        pass
    _run(progress, range(1, 4), 3)
    assert isinstance(progress, BestEffortDisplay)
    assert progress.shown is None
