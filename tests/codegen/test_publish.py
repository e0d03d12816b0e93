"""Publishing is all or nothing, whatever happens while it runs."""

from __future__ import annotations

import errno
import os
import sys
import threading
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from arctic_training.codegen.changes import Change, Kind
from arctic_training.codegen.lock import alone_in
from arctic_training.codegen.publish import publish, recover, write_once
from tests.support import DEFINITION, arctic_gen, write

Tree = dict[str, str]

OLD = {"p/changed.py": "old", "p/kept.py": "kept", "q/gone.py": "gone", "manifest.json": "1"}
NEW = {"p/changed.py": "new", "p/kept.py": "kept", "r/made.py": "made", "manifest.json": "2"}
CHANGES = [
    Change("p/changed.py", Kind.UPDATE, "old", "new"),
    Change("p/kept.py", Kind.KEEP, "kept", "kept"),
    Change("q/gone.py", Kind.DELETE, "gone", None),
    Change("r/made.py", Kind.CREATE, None, "made"),
]


def _read(root: Path) -> Tree:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}


def _old(root: Path) -> Path:
    for path, text in OLD.items():
        write(root / path, text)
    return root


USES = frozenset({"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"})
"""Python's audit events of all that changes a folder."""


def _killed(work: Callable[[], object], at: int, uses_of: frozenset[str] = USES) -> bool:
    """Do the work in a process that dies before its n-th use; say whether it died."""
    uses = 0

    def count(event: str, _arguments: object) -> None:
        nonlocal uses
        if event in uses_of:
            uses += 1
            if uses == at:
                os._exit(9)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the child does nothing but write files
        child = os.fork()
    if child == 0:
        sys.addaudithook(count)
        try:
            work()
        except BaseException:  # noqa: BLE001 - nothing of pytest may run in the child
            os._exit(1)
        os._exit(0)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, 9}
    return code == 9


def test_a_kill_at_any_point_leaves_the_old_tree_or_a_way_to_the_new_one(tmp_path: Path) -> None:
    """After a kill, the next run finds the whole old tree, or completes the whole new one.

    Being killed while it does so changes nothing.
    """
    outcomes = []
    killed, at = True, 0
    while killed:
        at += 1
        root = _old(tmp_path / str(at))
        killed = _killed(partial(publish, CHANGES, "2", root), at)
        for again in (1, 3, 5):
            _killed(partial(recover, root), again)
        recover(root)
        outcomes.append(_read(root))
        publish(CHANGES, "2", root)
        assert _read(root) == NEW
    turn = outcomes.index(NEW)
    assert outcomes == [OLD] * turn + [NEW] * (len(outcomes) - turn)
    assert 5 < turn < len(outcomes) - 5


def test_a_full_disk_leaves_the_old_tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where not all can be written, nothing is, and nothing is left behind."""
    for at in range(4):
        root, left = _old(tmp_path / str(at)), iter([None] * at)

        def fsync(_file: int, left: object = left) -> None:
            if next(left, 1):  # type: ignore[call-overload]
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fsync)
            with pytest.raises(OSError, match="No space left"):
                publish(CHANGES, "2", root)
        assert _read(root) == OLD


def test_nothing_to_do_touches_nothing(tmp_path: Path) -> None:
    """Publishing what is there writes no file; the manifest's words count too."""
    root = _old(tmp_path)
    os.utime(root / "manifest.json", ns=(1, 1))
    root.chmod(0o500)
    publish([CHANGES[1]], "1", root)
    root.chmod(0o700)
    assert (root / "manifest.json").stat().st_mtime_ns == 1


def test_folders_go_with_their_last_file(tmp_path: Path) -> None:
    """A folder that only held stale files and caches goes; one with a file of another's stays."""
    root = _old(tmp_path)
    write(root / "q/__pycache__/gone.pyc", "")
    publish([CHANGES[2]], "2", root)
    assert not (root / "q").exists()
    write(root / "q/gone.py", "gone")
    write(root / "q/notes.txt", "mine")
    publish([CHANGES[2]], "3", root)
    assert [path.name for path in (root / "q").iterdir()] == ["notes.txt"]


def test_what_is_the_users_is_never_overwritten(tmp_path: Path) -> None:
    """A file is begun once, whole, and left alone when it is there."""
    there, new = write(tmp_path / "there.py", "mine"), tmp_path / "a/new.py"
    assert write_once({there: "begun", new: "begun"}) == [new]
    assert _read(tmp_path) == {"there.py": "mine", "a/new.py": "begun"}


def test_an_interrupted_run_is_completed_before_anything_is_compared(tmp_path: Path) -> None:
    """What a killed run had written is no file that was edited by hand, when all has changed."""
    write(tmp_path / "mine.yaml", DEFINITION)
    run = partial(arctic_gen, "new-trainer", "--no-verify", "mine.yaml", folder=tmp_path)
    assert run().code == 0
    before = _read(tmp_path / "generated")
    write(tmp_path / "mine.yaml", DEFINITION.replace("Strength", "Power"))
    assert _killed(run, 4, frozenset({"os.rename"}))
    after = _read(tmp_path / "generated")
    assert after[".arctic-gen-journal.json"]
    assert after[config := "arctic_trainers/mine/config.py"] != before[config]
    assert after["manifest.json"] == before["manifest.json"]
    write(tmp_path / "mine.yaml", DEFINITION.replace("Strength", "Force"))
    assert run().code == 0
    assert arctic_gen("check", "--no-verify", folder=tmp_path).code == 0
    assert "Force" in _read(tmp_path / "generated")[config]


def test_two_generators_at_once_lose_nothing(tmp_path: Path) -> None:
    """Generators of one source root work one after the other, so each sees what others made."""
    write(tmp_path / "pyproject.toml", "")
    names = [f"t{number}" for number in range(4)]
    for name in names:
        text = DEFINITION.replace("name: mine\n", f"name: {name}\n").replace(
            "mine_loss:", f"{name}:"
        )
        write(tmp_path / f"{name}.yaml", text)
    children = []
    for name in names:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            children.append(os.fork())
        if children[-1] == 0:
            done = arctic_gen("new-trainer", "--no-verify", f"{name}.yaml", folder=tmp_path)
            os._exit(done.code)
    assert [os.waitpid(child, 0)[1] for child in children] == [0] * len(names)
    done = arctic_gen("check", "--no-verify", folder=tmp_path)
    assert done == (0, "4 trainers are what their definitions make\n", "")


def test_a_lock_keeps_others_out_of_its_root_alone(tmp_path: Path) -> None:
    """Who holds some roots keeps out whoever wants one of them, and leaves no file there."""
    order: list[str] = []
    roots = [tmp_path / "a", tmp_path / "b"]

    def other() -> None:
        with alone_in(reversed(roots)):
            order.append("other")

    thread = threading.Thread(target=other)
    with alone_in(roots):
        with alone_in([tmp_path / "c"]):
            thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "other"]
    assert list(tmp_path.iterdir()) == []
