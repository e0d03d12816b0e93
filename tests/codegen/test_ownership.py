"""Nobody's work is lost, and what is not understood does not get through, at the full sizes.

Three of 500 sequences and 50 of 500 mutations run by default; ``make test-full`` runs the whole.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from arctic_training.definition.stages import read_definitions
from arctic_training.document import JSON
from arctic_training.project.manifest import digest
from tests.support import DEFINITION, RICH_DEFINITION, arctic_gen, write

FULL = pytest.mark.full
NAMES = ["alpha", "beta", "gamma"]
FIELDS: list[JSON] = [
    {"type": "number", "default": 0.5},
    {"type": "array", "items": {"type": "integer"}, "default": [1]},
    {"type": "object", "properties": {"x": {"type": "string", "default": ""}}},
    {"enum": ["a", "b"], "default": "a"},
]


def _edited(chance: random.Random) -> str:
    values = yaml.safe_load(DEFINITION)
    values["description"] = f"Edit {chance.random()}."
    some = chance.sample(NAMES, chance.randint(0, 3))
    values["config_type"]["properties"] = {name: chance.choice(FIELDS) for name in some}
    values["name"] = chance.choice(["mine", "mine", "other"])
    values["metrics"] = dict.fromkeys(chance.sample(NAMES, 1), "mean")
    return yaml.safe_dump(values, sort_keys=False)


def _hashes(folder: Path) -> dict[str, str]:
    files = [p for p in folder.rglob("*") if p.is_file() and "generated" not in p.parts]
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
        if p.name != "mine.yaml"
    }


def _tree(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("seed", [*range(3), *(pytest.param(n, marks=FULL) for n in range(3, 500))])
def test_no_sequence_of_edits_touches_what_is_the_users(seed: int, tmp_path: Path) -> None:
    """After twenty edits and generations, every file of the user's holds the same bytes."""
    chance = random.Random(seed)  # noqa: S311 - it picks edits
    write(tmp_path / "mine.yaml", DEFINITION)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    write(tmp_path / "mine_loss.py", "def mine_loss(trainer, batch): ...  # mine\n")
    write(tmp_path / "notes/own.py", "own = 1\n")
    before = _hashes(tmp_path)
    for _ in range(20):
        write(tmp_path / "mine.yaml", _edited(chance))
        assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
        assert _hashes(tmp_path) == before


@pytest.mark.parametrize("count", [50, pytest.param(500, marks=FULL)])
def test_every_mutation_of_a_generated_file_is_seen(count: int, tmp_path: Path) -> None:
    """One byte that is changed anywhere in the tree stops generation, and is not overwritten."""
    write(tmp_path / "mine.yaml", RICH_DEFINITION)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    files = sorted((tmp_path / "generated/arctic_trainers").rglob("*.*"))
    chance = random.Random(0)  # noqa: S311 - it picks places
    for _ in range(count):
        path = chance.choice([file for file in files if file.stat().st_size])
        whole = path.read_bytes()
        place = chance.randrange(len(whole))
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        edited = path.read_bytes()
        done = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path)
        assert (done.code, "error[edited]" in done.out) == (1, True), path
        assert path.read_bytes() == edited
        path.write_bytes(whole)


def _renamed(value: JSON, own: bool = True) -> Iterator[JSON]:  # noqa: FBT001, FBT002
    """Iterate over a document with each of its keys renamed in turn, names of one's own aside."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], other, *value[index + 1 :]] for other in _renamed(item))
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if own:
            yield {(f"{k}x" if k == key else k): v for k, v in value.items()}
        names = key in {"properties", "metrics", "definitions"} and own
        if key not in {"default", "const", "enum"} or not own:
            yield from (value | {key: other} for other in _renamed(inner, not names))


def test_no_key_can_be_mistyped(tmp_path: Path) -> None:
    """With any one key of a definition renamed, it is refused."""
    values = yaml.safe_load(RICH_DEFINITION) | {"metrics": {"accuracy": "mean"}}
    optional = 0
    for number, wrong in enumerate(_renamed(values)):
        path = write(tmp_path / f"{number}.yaml", yaml.safe_dump(wrong, sort_keys=False))
        assert read_definitions([path])[1], wrong
        optional = number
    assert optional > 60


@pytest.mark.parametrize("count", [40, pytest.param(2000, marks=FULL)])
def test_no_mutation_of_the_manifest_is_put_right_in_silence(count: int, tmp_path: Path) -> None:
    """One changed byte: it is refused, or one line says that the manifest is made anew.

    The files stay as they are either way, and a manifest that is made anew is the one from before.
    """
    write(tmp_path / "mine.yaml", RICH_DEFINITION)
    command = ["new-trainer", "--no-verify", "mine.yaml"]
    assert arctic_gen(*command, folder=tmp_path).code == 0
    manifest = tmp_path / "generated/manifest.json"
    whole, before = manifest.read_bytes(), _tree(tmp_path)
    line = "generated/manifest.json was edited: it is rebuilt from the files\n"
    chance = random.Random(0)  # noqa: S311 - it picks places
    for _ in range(count):
        place, bit = chance.randrange(len(whole)), chance.choice([1, 2, 128])
        changed = whole[:place] + bytes([whole[place] ^ bit]) + whole[place + 1 :]
        manifest.write_bytes(changed)
        done = arctic_gen(*command, folder=tmp_path)
        assert (done.code, done.err) == (0, line) or (
            done.code == 2 and "manifest.json" in done.err and manifest.read_bytes() == changed
        ), (place, bit, done)
        assert done.code or manifest.read_bytes() == whole
        manifest.write_bytes(whole)
        assert _tree(tmp_path) == before


def test_a_hand_edit_stays_whatever_the_manifest_says(tmp_path: Path) -> None:
    """A record that was changed to allow the edit is not relied on: `--force` alone overwrites."""
    write(tmp_path / "mine.yaml", DEFINITION)
    command = ["new-trainer", "--no-verify", "mine.yaml"]
    assert arctic_gen(*command, folder=tmp_path).code == 0
    edited = tmp_path / "generated/arctic_trainers/mine/config.py"
    before = edited.read_text("utf-8")
    edited.write_text(before + "mine = 1\n", "utf-8")
    manifest = tmp_path / "generated/manifest.json"
    record = manifest.read_text("utf-8").replace(digest(before), digest(before + "mine = 1\n"))
    write(manifest, record)
    write(tmp_path / "mine.yaml", DEFINITION.replace("Strength", "Power"))
    done = arctic_gen(*command, folder=tmp_path)
    assert (done.code, "config.py was edited by hand" in done.out) == (1, True)
    assert edited.read_text("utf-8") == before + "mine = 1\n"
    assert arctic_gen(*command, "--force", folder=tmp_path).code == 0
    assert arctic_gen("check", "--no-verify", folder=tmp_path) == (
        0,
        "1 trainer is what its definition makes\n",
        "",
    )


def test_a_changed_record_of_another_trainer_stays_one(tmp_path: Path) -> None:
    """What is not generated now is not made right: its hand edits are still looked out for."""
    write(tmp_path / "pyproject.toml", "")
    other = DEFINITION.replace("mine", "other")
    write(tmp_path / "mine.yaml", DEFINITION)
    write(tmp_path / "other.yaml", other)
    command = ["new-trainer", "--no-verify"]
    assert arctic_gen(*command, "mine.yaml", "other.yaml", folder=tmp_path).code == 0
    manifest = tmp_path / "generated/manifest.json"
    write(manifest, manifest.read_text("utf-8").replace('"other.yaml": "sha', '"other.yaml": "shb'))
    assert arctic_gen(*command, "mine.yaml", folder=tmp_path).err.startswith("generated/manifest")
    done = arctic_gen("check", "--no-verify", "other.yaml", folder=tmp_path)
    assert "error[drift]: generated/manifest.json is not as it was written" in done.out
    write(tmp_path / "other.yaml", other.replace("Strength", "Power"))
    assert "error[edited]" in arctic_gen(*command, "other.yaml", folder=tmp_path).out
