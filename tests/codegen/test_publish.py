"""Publishing is all or nothing, whatever happens while it runs."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sys
import threading
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from arctic_training.codegen.changes import FileChange, Kind
from arctic_training.codegen.generator_lock import alone_in
from arctic_training.codegen.publish import publish, recover, write_once
from arctic_training.fs.atomic_file import replace_text
from tests.support import DEFINITION, arctic_gen, write

Tree = dict[str, str]

OLD = {"p/changed.py": "old", "p/kept.py": "kept", "q/gone.py": "gone", "manifest.json": "1"}
NEW = {"p/changed.py": "new", "p/kept.py": "kept", "r/made.py": "made", "manifest.json": "2"}
CHANGES = [
    FileChange("p/changed.py", Kind.UPDATE, "old", "new"),
    FileChange("p/kept.py", Kind.KEEP, "kept", "kept"),
    FileChange("q/gone.py", Kind.DELETE, "gone", None),
    FileChange("r/made.py", Kind.CREATE, None, "made"),
]


def _read(root: Path) -> Tree:
    files = [path for path in root.rglob("*") if path.is_file()]
    return {path.relative_to(root).as_posix(): path.read_text() for path in files}


def _old(root: Path) -> Path:
    for path, text in OLD.items():
        write(root / path, text)
    return root


_Hook = Callable[[str, object], None]
USES = frozenset({"open", "os.rename", "os.remove", "os.rmdir", "os.mkdir"})
"""Python's audit events of all that changes a folder."""


def _in_child(work: Callable[[], object], hook: Callable[[str, object], None]) -> int:
    """Do the work in a process whose audit events a hook sees; return how it ended."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the child does nothing but write files
        child = os.fork()
    if child == 0:
        sys.addaudithook(hook)
        try:
            work()
        except BaseException:  # noqa: BLE001 - nothing of pytest may run in the child
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _at(number: int, act: Callable[[], object], uses_of: frozenset[str] = USES) -> _Hook:
    """Return a hook that acts at the n-th use."""
    uses = 0

    def hook(event: str, _arguments: object) -> None:
        nonlocal uses
        if event in uses_of:
            uses += 1
            if uses == number:
                act()

    return hook


def _fail() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def _killed(work: Callable[[], object], at: int, uses_of: frozenset[str] = USES) -> bool:
    """Do the work in a process that is killed at its n-th use; say whether it was."""
    code = _in_child(work, _at(at, lambda: os.kill(os.getpid(), signal.SIGKILL), uses_of))
    assert code in {0, -signal.SIGKILL}
    return code != 0


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


def test_a_fault_at_any_use_of_the_disk_leaves_the_old_tree_or_a_way_to_the_new_one(
    tmp_path: Path,
) -> None:
    """Whichever use of the disk fails, the tree is whole, the old one or the new one."""
    outcomes, code, at = [], 1, 0
    while code:
        at += 1
        root = _old(tmp_path / str(at))
        code = _in_child(partial(publish, CHANGES, "2", root), _at(at, _fail))
        recover(root)
        outcomes.append(_read(root))
    turn = outcomes.index(NEW)
    assert outcomes == [OLD] * turn + [NEW] * (len(outcomes) - turn)


@pytest.mark.parametrize("points", [10, pytest.param(30, marks=pytest.mark.full)])
def test_a_kill_anywhere_in_a_run_loses_nothing(points: int, tmp_path: Path) -> None:
    """SIGKILL at thirty points of a whole run, ten by default: the tree is one of the two."""
    write(tmp_path / "old/mine.yaml", DEFINITION)
    write(tmp_path / "new/mine.yaml", DEFINITION.replace("Strength", "Power"))
    run = partial(arctic_gen, "new-trainer", "--no-verify", "mine.yaml")
    for name in ("old", "new"):
        assert run(folder=tmp_path / name).code == 0
    trees = [_read(tmp_path / name / "generated") for name in ("old", "new")]
    uses = _uses(partial(run, folder=_begun(tmp_path)), tmp_path)
    seen = []
    for point in range(1, points + 1):
        folder = _begun(tmp_path)
        assert _killed(partial(run, folder=folder), round(point * uses / (points + 1)) or 1)
        recover(folder / "generated")
        seen.append(_read(folder / "generated"))
        assert seen[-1] in trees
        assert run(folder=folder).code == 0
        assert _read(folder / "generated") == trees[1]
    assert trees[0] in seen


def _begun(folder: Path) -> Path:
    """Return a copy of the old project, whose definition is the new one."""
    copy = folder / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder / "old", copy)
    shutil.copy(folder / "new/mine.yaml", copy / "mine.yaml")
    return copy


def _uses(work: Callable[[], object], folder: Path) -> int:
    """Return how often some work uses the disk, done in a process of its own."""
    uses = 0

    def count(event: str, _arguments: object) -> None:
        nonlocal uses
        uses += event in USES

    def counted() -> None:
        work()
        write(folder / "uses", str(uses))

    assert _in_child(counted, count) == 0
    return int((folder / "uses").read_text())


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


def test_nothing_of_the_users_is_taken_for_an_unfinished_file(tmp_path: Path) -> None:
    """Files are begun and replaced under names that nothing has; a link to nothing stays one."""
    path, link = tmp_path / "new.py", tmp_path / "link.py"
    theirs = {
        name: "mine"
        for number in (0, 1)
        for name in (".new.py.incomplete", "new.py.incomplete", f".new.py.{number}.unfinished")
    }
    for name in theirs:
        write(tmp_path / name, "mine")
    link.symlink_to("nowhere.py")
    assert write_once({path: "begun", link: "begun"}) == [path]
    replace_text(path, "replaced")
    assert _read(tmp_path) == theirs | {"new.py": "replaced"}
    assert link.readlink() == Path("nowhere.py")


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
