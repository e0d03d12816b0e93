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

from arctic_training.codegen.definitions import read_definitions
from arctic_training.document import JSON
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
