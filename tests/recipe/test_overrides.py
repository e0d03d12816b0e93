"""Values of the command line over those of a recipe."""

from __future__ import annotations

from pathlib import Path

import pytest

from arctic_training.diagnostics import Source
from arctic_training.document import JSON, MapNode, parse, plain
from arctic_training.errors import InvalidRecipeError
from arctic_training.project.locations import Project
from arctic_training.recipe import CheckedRecipe, apply_overrides, check_recipe

_RECIPE = """\
seed: 1
optimizer:
  learning_rate: 1
  eps: 2
checkpoint:
  - output_dir: a
  - output_dir: b
"""
_TWO = ": `checkpoint` has 2 items"
_FAR = "checkpoint." + "9" * 5000 + "=1"


def _recipe() -> MapNode:
    node, _ = parse(Source("recipe.yaml", _RECIPE))
    assert isinstance(node, MapNode)
    return node


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [
        (["seed=2"], {"seed": 2}),
        (["seed="], {"seed": None}),
        (["seed='2'"], {"seed": "2"}),
        (["seed=no"], {"seed": "no"}),
        (["seed=a=b"], {"seed": "a=b"}),
        (["seed=2", "seed=3"], {"seed": 3}),
        (["optimizer.learning_rate=1e-5"], {"optimizer": {"learning_rate": 1e-5, "eps": 2}}),
        (["optimizer={eps: 3}"], {"optimizer": {"eps": 3}}),
        (["optimizer={eps: 3}", "optimizer.eps=4"], {"optimizer": {"eps": 4}}),
        (["optimizer.eps=4", "optimizer={eps: 3}"], {"optimizer": {"eps": 3}}),
        (["optimizer={}", "optimizer.betas=[0, 1]"], {"optimizer": {"betas": [0, 1]}}),
        (["checkpoint.1.output_dir=c"], {"checkpoint": [{"output_dir": "a"}, {"output_dir": "c"}]}),
        (["checkpoint[1]={}"], {"checkpoint": [{"output_dir": "a"}, {}]}),
        (["checkpoint.0={}"], {"checkpoint": [{}, {"output_dir": "b"}]}),
        (["checkpoint=[]"], {"checkpoint": []}),
        (["deepspeed.x.y=3"], {"deepspeed": {"x": {"y": 3}}}),
    ],
)  # fmt: skip
def test_a_value_is_set_and_the_rest_stays(overrides: list[str], expected: dict[str, JSON]) -> None:
    """A value is YAML, the last one wins, sections are made, and nothing else changes."""
    before = _recipe()
    after, problems = apply_overrides(before, overrides)
    assert problems == []
    assert plain(after) == {**_plain(before), **expected}
    assert before == _recipe()


def _plain(node: MapNode) -> dict[str, JSON]:
    return {key: plain(entry.value) for key, entry in node.entries.items()}


def test_a_key_and_its_value_apart_are_one_mistake() -> None:
    """`key value` is told once, with the `=` between them; what is right beside it is kept."""
    _, problems = apply_overrides(_recipe(), ["optimizer.eps", "4", "seed=2"])
    assert [problem.help for problem in problems] == ["write optimizer.eps=4"]


def test_a_value_knows_that_it_comes_from_the_command_line() -> None:
    """What was set is found on the command line, and what was not, in the file."""
    after, _ = apply_overrides(_recipe(), ["optimizer.learning_rate={a: [1]}"])
    optimizer = after.entries["optimizer"]
    assert isinstance(optimizer.value, MapNode)
    assert str(optimizer.key) == "recipe.yaml:2:1"
    assert str(optimizer.value.entries["eps"].key) == "recipe.yaml:4:3"
    rate = optimizer.value.entries["learning_rate"]
    assert (str(rate.key), str(rate.value.span)) == ("command line:1:1", "command line:1:25")
    assert rate.key.source.text == "optimizer.learning_rate={a: [1]}"


@pytest.mark.parametrize(
    ("override", "code", "message"),
    [
        ("foo", "wrong-override", "expected key=value, found `foo`"),
        ("=1", "wrong-override", "expected key=value, found `=1`"),
        ("a..b=1", "wrong-override", "expected key=value, found `a..b=1`"),
        (".a=1", "wrong-override", "expected key=value, found `.a=1`"),
        ("a" + ".a" * 70 + "=1", "wrong-override", f"expected key=value, found `a{'.a' * 29}....`"),
        ("checkpoint.2.x=1", "wrong-override", f"index `2` is out of range{_TWO}"),
        ("checkpoint.-1.x=1", "wrong-override", f"index `-1` is out of range{_TWO}"),
        ("checkpoint.x=1", "wrong-override", f"expected an index, found `x`{_TWO}"),
        ("seed: 1", "wrong-override", "expected key=value, found `seed: 1`"),
        (_FAR, "wrong-override", f"index `{_FAR[11:71]}...` is out of range{_TWO}"),
        ("seed.x=1", "wrong-override", "`seed` is a value, not a section: it has no key `x`"),
        ("seed=*x", "yaml-syntax", "undefined alias `*x`"),
        ("seed=.inf", "wrong-type", "`.inf` is not a finite number"),
        ("seed={a: 1, a: 2}", "duplicate-key", "duplicate key `a`: first set on line 1"),
        ("seed=\udcff", "yaml-syntax", "the character U+DCFF is not allowed in YAML"),
    ],
)  # fmt: skip
def test_what_cannot_be_set_is_said_of_the_whole_argument(
    override: str, code: str, message: str
) -> None:
    """A wrong argument is one finding, sets nothing, and leaves the others their effect."""
    after, (problem,) = apply_overrides(_recipe(), ["seed=5", override, "epochs=6"])
    assert (problem.code, problem.message) == (code, message)
    assert problem.span == Source("command line", override).line(1)
    assert plain(after) == {**_plain(_recipe()), "seed": 5, "epochs": 6}


_SECTION = """\
type: sft
model: {type: random_llama}
data: {sources: {type: python_docs}}
tokenizer: {type: byte_level_bpe}
"""


@pytest.mark.parametrize(
    ("text", "override", "expected"),
    [
        ("checkpoint: {output_dir: /a}", "checkpoint.0.output_dir=/b", {"output_dir": "/b"}),
        ("checkpoint: {output_dir: /a}", "checkpoint.output_dir=/b", {"output_dir": "/b"}),
        ("checkpoint: [{output_dir: /a}]", "checkpoint.output_dir=/b", [{"output_dir": "/b"}]),
        ("checkpoint: [{output_dir: /a}]", "checkpoint.0.output_dir=/b", [{"output_dir": "/b"}]),
        ("", "checkpoint.0.output_dir=/b", {"output_dir": "/b"}),
        ("", "checkpoint.output_dir=/b", {"output_dir": "/b"}),
        ("checkpoint:", "checkpoint.0.output_dir=/b", {"output_dir": "/b"}),
        (
            "checkpoint: {output_dir: /a, keep_last: 3}",
            "checkpoint.0.output_dir=/b",
            {"output_dir": "/b", "keep_last": 3},
        ),
        (
            "checkpoint: {output_dir: /a, keep_last: 3}",
            "checkpoint.0={output_dir: /b}",
            {"output_dir": "/b"},
        ),
    ],
)
def test_a_section_is_a_list_of_one(text: str, override: str, expected: JSON) -> None:
    """Where a section or a list of such may stand, item 0 is the section, and the other way."""
    assert _checked(f"{_SECTION}{text}\n", override).values["checkpoint"] == expected


def test_numbers_that_are_keys_stay_keys() -> None:
    """A mapping in which no list may stand keeps keys that are numbers."""
    section = _SECTION.replace("random_llama", "huggingface, name_or_path: a/b")
    checked = _checked(section, "model.hf_config_kwargs.id2label.0=A")
    model = checked.values["model"]
    assert isinstance(model, dict)
    assert model["hf_config_kwargs"] == {"id2label": {"0": "A"}}


def test_a_section_has_no_second_item() -> None:
    """Another number than 0 is told as what it is."""
    with pytest.raises(InvalidRecipeError) as refused:
        _checked(f"{_SECTION}checkpoint: {{output_dir: /a}}\n", "checkpoint.1.output_dir=/b")
    (problem,) = refused.value.diagnostics
    assert problem.message == "index `1` is out of range: there is one section, which has index 0"


def _checked(text: str, override: str) -> CheckedRecipe:
    node, _ = parse(Source("recipe.yaml", text))
    assert isinstance(node, MapNode)
    recipe, problems = apply_overrides(node, [override])
    checked, found = check_recipe(recipe, Project.of(Path("recipe.yaml")))
    if checked is None:
        raise InvalidRecipeError([*problems, *found])
    return checked
