"""Keys that a schema does not know, and what each was meant to be."""

from __future__ import annotations

import re

import pytest

from arctic_training.config.foreign import FOREIGN_KEYS
from arctic_training.diagnostics import Source
from arctic_training.document import MapNode, parse
from arctic_training.recipe import recipe_schema
from arctic_training.validation import Schema, check
from arctic_training.validation.key_locations import known_keys, places
from tests.support import RECIPE, ROOT


def _schema(trainer: str) -> Schema:
    return recipe_schema(ROOT / "generated/arctic_trainers" / trainer)


def _document(text: str) -> MapNode:
    node, problems = parse(Source("r.yaml", text))
    assert isinstance(node, MapNode), problems
    return node


def _advice(text: str, trainer: str = "sft") -> str:
    """Return what is said of the one unknown key of a recipe."""
    (found,) = [p for p in check(_document(text), _schema(trainer)) if p.code == "unknown-key"]
    return f"{found.suggestion}{found.note}{found.help}"


@pytest.mark.parametrize(
    ("line", "advice"),
    [
        ("learning_rate: 1", "did you mean `optimizer.learning_rate`?"),
        ("max_length: 1", "did you mean `data.max_length`?"),
        ("sources: []", "did you mean `data.sources` or `tokenizer.sources`?"),
        ("stage: 2", "did you mean `deepspeed.zero_optimization.stage`?"),
        ("leraning_rate: 1", "did you mean `optimizer.learning_rate`?"),
        ("r: 8", "did you mean `model.peft_config.r`?"),
        ("epochs_count: 1", "epochs"),
        ("lr: 1", "did you mean `optimizer.learning_rate`?"),
        ("report_to: wandb", "did you mean `wandb.enable`?"),
        ("batch_size: 1", "did you mean `micro_batch_size`?"),
        ("gradient_checkpointing: true", "did you mean `model.disable_activation_checkpoint`?"),
        ("optimizer: {epochs: 1}", "did you mean `epochs` at the top level?"),
        ("optimizer: {momentum: 1}", "it is a key of `type: muon`"),
        ("checkpoint: [{output_dir: a, lr: 1}]", "did you mean `optimizer.learning_rate`?"),
        ("checkpoint: [{output_dir: a}]\nkeep_last: 1", "did you mean `checkpoint.0.keep_last`?"),
    ],
)
def test_a_key_in_the_wrong_place_is_shown_the_right_one(line: str, advice: str) -> None:
    """Nested, one level up, of another type, nearly right, or under the name of another tool."""
    assert _advice(f"{RECIPE}{line}\n") == advice


def test_a_name_in_place_of_a_section_is_answered_with_the_section() -> None:
    """What other tools say by a name alone is a section here."""
    (found,) = check(_document(f"{RECIPE}scheduler: cosine\n"), _schema("sft"))
    assert found.message == "expected mapping, found `cosine`"
    assert found.help.startswith("write `name: cosine`: it is a schedule of `type: huggingface`")


def test_a_key_of_the_trainers_own_wins_over_the_name_that_another_tool_has() -> None:
    """What a recipe knows is no unknown key, whatever others call so."""
    assert (
        _advice("type: dpo\noptimizer: {beta: 1}", "dpo") == "did you mean `beta` at the top level?"
    )


def test_each_name_of_another_tool_leads_to_a_key_that_is_there() -> None:
    """Every target is a key of a recipe of `sft`, and no name is one at the top level."""
    ways = {".".join(map(str, p.pointer)) for p in places(_document("type: sft"), _schema("sft"))}
    assert sorted({*FOREIGN_KEYS.values()} - ways) == []
    assert sorted(ways & FOREIGN_KEYS.keys()) == []


def test_of_many_keys_those_are_named_first_that_a_section_needs() -> None:
    """A key that resembles none: what has to be there, then the schema's order, then how many."""
    advice = _advice(f"{RECIPE}zzzzzz: 1\n")
    known = known_keys([_schema("sft").root])
    first = ["data", "model", "type", "checkpoint"]
    assert advice.startswith(f"known here: {', '.join(f'`{key}`' for key in first)}, ")
    assert advice.endswith(f" and {len(known) - 12} more; `arctic-gen schema sft` has all")


def test_of_few_keys_all_are_named() -> None:
    """In the order of the alphabet."""
    advice = _advice(f"{RECIPE}checkpoint: []\nlogger: {{zzzzzz: 1}}\n")
    assert re.fullmatch(r"known here: (`\w+`(, )?)+", advice)
    names = re.findall(r"`(\w+)`", advice)
    assert sorted(known_keys(_schema("sft").at(_document("logger: {}"), ("logger",)))) == names
