"""Whatever a user does to the files of a project, nothing of theirs is lost.

Three of 100 sequences of changes run by default; ``make test-full`` runs the whole.
"""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from arctic_training.project.manifest import Manifest, digest
from tests.support import DEFINITION, arctic_gen, write


def _begun(chance: random.Random, folder: Path) -> Path:
    """Return a file that was begun for the user, or has the place of one."""
    return folder / chance.choice(["mine_loss.py", "mine.recipe.yaml"])


def _made(chance: random.Random, folder: Path) -> Path:
    """Return a generated file."""
    return chance.choice(sorted((folder / "generated/arctic_trainers").glob("*/*.*")))


def _out_of_the_way(path: Path) -> None:
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        shutil.rmtree(path)


def _defined(chance: random.Random, folder: Path) -> None:
    name, text = chance.choice(["mine", "other"]), f"Strength {chance.random()}."
    changed = DEFINITION.replace("name: mine", f"name: {name}").replace("Strength.", text)
    write(folder / "mine.yaml", changed)


def _of_windows(chance: random.Random, folder: Path) -> None:
    path = chance.choice([_made, _begun])(chance, folder)
    if path.is_file():
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def _linked(chance: random.Random, folder: Path) -> None:
    """Put a link in the place of a file of the user's: to another one, or to nothing."""
    path = _begun(chance, folder)
    _out_of_the_way(path)
    own = write(folder / "elsewhere/own.txt", "own")
    path.symlink_to(chance.choice([own, folder / "nowhere"]))


def _a_folder(chance: random.Random, folder: Path) -> None:
    path = chance.choice([_made, _begun])(chance, folder)
    _out_of_the_way(path)
    write(path / "own.txt", "own")


def _of_other_case(chance: random.Random, folder: Path) -> None:
    path = _begun(chance, folder)
    if os.path.lexists(path):
        other = path.with_name(path.name.upper())
        _out_of_the_way(other)
        path.rename(other)


def _read_only(chance: random.Random, folder: Path) -> None:
    if (path := _begun(chance, folder)).is_file():
        path.chmod(0o400)


def _named_alike(chance: random.Random, folder: Path) -> None:
    path = _begun(chance, folder)
    for name in (f"{path.name}.incomplete", f".{path.name}.0.unfinished", f"{path.name}.orig"):
        write(folder / name, "own")


def _removed(chance: random.Random, folder: Path) -> None:
    _out_of_the_way(chance.choice([_made, _begun])(chance, folder))


def _among_ours(chance: random.Random, folder: Path) -> None:
    inside = chance.choice(["own.py", "arctic_trainers/own.py", "arctic_trainers/mine/a/own.py"])
    write(folder / "generated" / inside, "own")


def _written_to(chance: random.Random, folder: Path) -> None:
    if (path := _made(chance, folder)).is_file():
        path.write_bytes(path.read_bytes() + b"# own\n")


def _of_before(_chance: random.Random, folder: Path) -> None:
    """Check out the generated files of an earlier state, with their manifest."""
    shutil.rmtree(folder / "generated")
    shutil.copytree(folder.parent / "before", folder / "generated")


ACTS = [
    *(_defined, _of_windows, _linked, _a_folder, _of_other_case, _read_only, _named_alike),
    *(_removed, _among_ours, _written_to, _of_before),
]


def _files(folder: Path) -> dict[str, str | bytes]:
    """Return all files and links of a folder, with their bytes and where they lead."""
    return {
        path.relative_to(folder).as_posix(): (
            str(path.readlink()) if path.is_symlink() else path.read_bytes()
        )
        for path in folder.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def _theirs(folder: Path) -> dict[str, str | bytes]:
    """Return those that are not as the manifest says that they were generated."""
    ours = Manifest.read(folder / "generated/manifest.json").files()
    made = {f"generated/{path}": expected for path, expected in ours.items()}
    return {
        path: content
        for path, content in _files(folder).items()
        if path != "generated/manifest.json"
        and (isinstance(content, str) or made.get(path) != digest(_text(content)))
    }


def _text(content: bytes) -> str:
    return content.decode().replace("\r\n", "\n")


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(n, marks=pytest.mark.full) for n in range(3, 100))]
)
def test_whatever_becomes_of_files_nothing_of_the_users_is_lost(seed: int, tmp_path: Path) -> None:
    """Line ends, links, folders in the place of files, older output: what is theirs stays."""
    chance = random.Random(seed)  # noqa: S311 - it picks changes
    folder = write(tmp_path / "project/mine.yaml", DEFINITION).parent
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=folder).code == 0
    shutil.copytree(folder / "generated", tmp_path / "before")
    for _ in range(20):
        chance.choice(ACTS)(chance, folder)
        theirs = _theirs(folder)
        done = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=folder)
        assert done.code in {0, 1, 2}
        assert "Traceback" not in done.out + done.err
        assert "Errno" not in done.err
        assert theirs.items() <= _files(folder).items()
