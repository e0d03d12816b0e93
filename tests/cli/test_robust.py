"""Any input ends as documented, and what is mistyped is understood, at the full sizes.

A tenth of each table runs by default, and the whole by ``make test-full``.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from arctic_training.definition.stages import read_definitions
from arctic_training.document import JSON
from tests.support import DEFINITION, RECIPE, RICH_DEFINITION, arctic_gen, arctic_train, write

FULL = pytest.mark.full
NOISE = "{}[]:,-#&*!|>'\"%@` \n\t\0\x7f\u00e9\u2028\U0001f600aAzZ019_"


def _broken(text: str, chance: random.Random) -> bytes:
    """Return a text with some edits, or bytes that were never one."""
    if chance.random() < 0.1:
        return chance.randbytes(chance.randrange(200))
    for _ in range(chance.randint(1, 4)):
        at, until = sorted(chance.choices(range(len(text) + 1), k=2))
        until = min(until, at + chance.choice([0, 1, 3, 60]))
        text = text[:at] + "".join(chance.choices(NOISE, k=chance.randrange(4))) + text[until:]
    return text.encode("utf-8", "surrogatepass")


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=FULL) for seed in range(1, 10))])
def test_any_input_ends_as_documented(seed: int, tmp_path: Path) -> None:
    """Of 2,000 broken definitions and recipes, each ends with 0, 1 or 2 and without a traceback."""
    chance = random.Random(seed)  # noqa: S311 - it picks edits
    for number in range(200):
        text = chance.choice([DEFINITION, RICH_DEFINITION, RECIPE])
        path = tmp_path / f"{number}.yaml"
        path.write_bytes(_broken(text, chance))
        if text == RECIPE:
            done = arctic_train("--dry-run", path.name, folder=tmp_path)
        else:
            done = arctic_gen(*chance.choice(COMMANDS), path.name, folder=tmp_path)
        assert done.code in {0, 1, 2}, (seed, number, done)
        assert "Traceback" not in done.out + done.err


COMMANDS = [
    ("validate",),
    ("validate", "--format", "json"),
    ("explain",),
    ("new-trainer", "--dry-run", "--no-verify"),
]

TWELVE = """\
schema_version: 1
name: My Trainer
descripton: Twelve errors.
config_type:
  name: mine
  properties:
    Alpha: {type: number}
    beta: {type: nubmer}
    gamma: {minimum: 0}
    delta: {type: string, exclusiveMaximun: 1}
data_factory_type: sft
model_factory_type: [random_llama, random_llama]
checkpoint_engine_type: []
optimizer_factory_type: 1
scheduler_factory_type: {name: x, class: y, extends: wsd}
tokenizer_factory_type: byte_level_bpe
loss: mine_loss.py
"""


def test_twelve_errors_are_twelve_findings(tmp_path: Path) -> None:
    """All errors of a file come in one run, each at its line."""
    path = write(tmp_path / "mine.yaml", TWELVE)
    lines = [2, 3, 5, 7, 8, 9, 10, 12, 13, 14, 15, 17]
    found = read_definitions([path])[1]
    assert sorted(problem.span.line for problem in found) == lines


def _edits(word: str) -> Iterator[str]:
    """Iterate over the words that one slip of the fingers makes: a letter less, twice, swapped."""
    for at in range(len(word)):
        yield word[:at] + word[at + 1 :]
        yield word[:at] + word[at] + word[at:]
        yield word[:at] + chr((ord(word[at]) - 96) % 26 + 97) + word[at + 1 :]
        if at:
            yield word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


DEFINITION_WORDS = [
    *("config_type", "properties", "data_factory_type", "model_factory_type", "minimum", "default"),
    *("checkpoint_engine_type", "optimizer_factory_type", "scheduler_factory_type", "description"),
    *("tokenizer_factory_type", "random_llama", "deepspeed", "fused_adam", "byte_level_bpe", "sft"),
]
RECIPE_WORDS = [
    *("model", "tokenizer", "data", "sources", "hidden_size", "num_hidden_layers", "max_length"),
    *("disable_activation_checkpoint", "micro_batch_size", "sample_count", "div_length", "fp32"),
    *("random_llama", "byte_level_bpe", "python_docs", "vocab_size"),
]


@pytest.mark.parametrize("step", [10, pytest.param(1, marks=FULL)])
def test_a_word_with_one_slip_is_recognised(step: int, tmp_path: Path) -> None:
    """Of all words with one slip, at least 95 % are answered with the word that was meant."""
    slips = [
        (text, word, slip)
        for text, words in ((DEFINITION, DEFINITION_WORDS), (RECIPE, RECIPE_WORDS))
        for word in words
        for slip in sorted({*_edits(word)} - {word})
        if len(word) > 3
    ][::step]
    right = sum(_is_recognised(tmp_path, *slip) for slip in slips)
    assert len(slips) > 1200 / step
    assert right >= 0.95 * len(slips), (right, len(slips))


def _is_recognised(folder: Path, text: str, word: str, slip: str) -> bool:
    name = "d.yaml" if text == DEFINITION else "r.yaml"
    write(folder / name, text.replace(word, slip, 1))
    return f"did you mean `{word}`?" in arctic_gen("validate", name, folder=folder).out


def _definitions() -> list[dict[str, JSON]]:
    """Return 60 definitions, each with fields and factories of its own."""
    chance = random.Random(0)  # noqa: S311 - it picks fields
    rich = yaml.safe_load(RICH_DEFINITION)
    fields = list(rich["config_type"]["properties"].items())
    made = []
    for number in range(60):
        some = dict(chance.sample(fields, 4))
        config = {"name": "MineTrainerConfig", "properties": some}
        own: JSON = {"name": "x", "class": "m:Wide", "extends": "random_llama", "config_type": {}}
        made.append(rich | {"config_type": config, "metrics": {"accuracy": "mean"}})
        if number % 2:
            made[-1] |= {"model_factory_type": ["random_llama", own]}
    return made


NAMED = {"properties", "metrics", "definitions"}


def _renamed(value: JSON, *, is_own: bool = False) -> Iterator[JSON]:
    """Iterate over a definition with each key renamed in turn, names of one's own aside."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from ([*value[:index], o, *value[index + 1 :]] for o in _renamed(item))
    if not isinstance(value, dict):
        return
    for key, inner in value.items():
        if not is_own:
            yield {(f"{k}x" if k == key else k): v for k, v in value.items()}
        if is_own or key not in {"default", "const", "enum"}:
            names = key in NAMED and not is_own
            yield from (value | {key: other} for other in _renamed(inner, is_own=names))


@pytest.mark.parametrize("step", [9, pytest.param(1, marks=FULL)])  # odd ones have a factory too
def test_no_key_of_sixty_definitions_can_be_mistyped(step: int, tmp_path: Path) -> None:
    """With any one key renamed, a definition is refused."""
    count = 0
    for definition in _definitions()[::step]:
        assert read_definitions([_written(tmp_path, definition)])[1] == []
        for wrong in _renamed(definition):
            assert read_definitions([_written(tmp_path, wrong)])[1], wrong
            count += 1
    assert count > 2000 / step


def _written(folder: Path, definition: JSON) -> Path:
    return write(folder / "mine.yaml", yaml.safe_dump(definition, sort_keys=False))
