"""``arctic-gen new-trainer --watch``."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from arctic_training.cli.commands import watch as watching
from arctic_training.cli.commands.watch import watch
from tests.support import DEFINITION, arctic_gen, write

Step = Callable[[Path], object]


def _touch(folder: Path) -> None:
    path = folder / "mine.yaml"
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))


def _nothing(_folder: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("during", "steps", "runs"),
    [
        ([_nothing], [_nothing, _nothing], 1),
        ([_nothing], [_touch, _nothing, _nothing], 2),
        ([_touch], [_nothing, _nothing, _nothing], 2),
        ([_nothing], [_touch, _touch, _touch, _nothing, _nothing], 2),
        ([_nothing], [lambda folder: write(folder / "src/a.py", ""), _nothing, _nothing], 2),
        ([_nothing], [lambda folder: (folder / "mine.yaml").unlink(), _nothing, _nothing], 2),
        ([_nothing], [lambda folder: write(folder / "generated/x.py", ""), _nothing, _nothing], 1),
        ([_nothing], [lambda folder: write(folder / "x.txt", ""), _nothing, _nothing], 1),
    ],
    ids=["none", "one", "in a run", "several", "module", "gone", "generated", "other file"],
)
def test_a_change_is_one_more_run(
    during: list[Step], steps: list[Step], runs: int, tmp_path: Path
) -> None:
    """A change, also one during a run, makes one run after it; several at once make one."""
    write(tmp_path / "mine.yaml", DEFINITION)
    done = []

    def work() -> None:
        done.append(1)
        (during.pop() if during else _nothing)(tmp_path)

    def pause() -> None:
        if not steps:
            raise KeyboardInterrupt
        steps.pop(0)(tmp_path)

    with pytest.raises(KeyboardInterrupt):
        watch([tmp_path], work, pause)
    assert len(done) == runs


def test_what_was_right_stays_while_something_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake is shown and leaves the last trainer as it is; Ctrl-C ends the command with 130."""
    path = write(tmp_path / "mine.yaml", DEFINITION)
    config = tmp_path / "generated/arctic_trainers/mine/config.py"
    texts = [DEFINITION.replace("default: 0.5", f"default: {new}") for new in ("-1", "0.7")]
    seen: list[str] = []

    def pause(_seconds: float) -> None:
        seen.append(config.read_text("utf-8"))
        if len(seen) % 4 == 0:
            if not texts:
                raise KeyboardInterrupt
            write(path, texts.pop(0))

    monkeypatch.setattr(time, "sleep", pause)
    done = arctic_gen("new-trainer", "--no-verify", "--watch", "mine.yaml", folder=tmp_path)
    assert (done.code, watching.INTERVAL > 0) == (130, True)
    assert "error[out-of-range]" in done.out
    defaults = [text.partition("alpha: ")[2].partition("\n")[0][-3:] for text in seen]
    assert list(dict.fromkeys(defaults)) == ["0.5", "0.7"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("mine.yaml", "error: mine.yaml: No such file or directory"),
        ("base.yaml", "base.yaml: No such file or directory"),
        ("shared.yaml", "shared.yaml: No such file or directory"),
        ("factories.yaml", ""),
        ("arctic_templates", ""),
        ("mine_loss.py", ""),
        ("mine.recipe.yaml", ""),
        ("pyproject.toml", ""),
        ("generated/manifest.json", ""),
        ("generated", ""),
    ],
)
def test_a_file_may_be_gone_for_a_moment(
    name: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any file that a run reads may go and come back: the command waits, and goes on with it."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "base.yaml", DEFINITION.replace("name: mine\n", "name: base\n"))
    write(tmp_path / "shared.yaml", "definitions:\n  size: {type: integer, default: 1}\n")
    child = "schema_version: 1\nname: mine\nextends: ./base.yaml\n"
    fields = "config_type: {properties: {size: {$ref: 'shared.yaml#/definitions/size'}}}\n"
    write(tmp_path / "mine.yaml", child + fields)
    write(tmp_path / "factories.yaml", "{}\n")
    command = ("new-trainer", "--no-verify", "mine.yaml")
    assert arctic_gen(*command, folder=tmp_path).code == 0
    assert arctic_gen("templates", "eject", "config.py.j2", folder=tmp_path).code == 0
    kept = tmp_path / "kept"

    def go() -> None:
        (tmp_path / name).rename(kept)
        write(tmp_path / "other.json", "1")

    def come_back() -> None:
        if (tmp_path / name).is_dir():
            shutil.rmtree(tmp_path / name)
        kept.rename(tmp_path / name)
        write(tmp_path / "other.json", "2 ")

    def end() -> None:
        raise KeyboardInterrupt

    steps = iter([go, lambda: None, come_back, lambda: None, end])
    monkeypatch.setattr(time, "sleep", lambda _seconds: next(steps)())
    done = arctic_gen(*command, "--watch", folder=tmp_path)
    assert (done.code, said in done.out + done.err) == (130, True), done
    assert arctic_gen("check", "--no-verify", folder=tmp_path).code == 0


def test_a_definition_that_never_was_is_an_error(tmp_path: Path) -> None:
    """A name that is mistyped is not waited for."""
    write(tmp_path / "mine.yaml", DEFINITION)
    done = arctic_gen("new-trainer", "--watch", "mime.yaml", folder=tmp_path)
    assert (done.code, "did you mean `mine.yaml`?" in done.err) == (2, True)
