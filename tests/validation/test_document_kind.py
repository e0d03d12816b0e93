"""Definitions and recipes told from all other files of a project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arctic_training.diagnostics import Source
from arctic_training.document import MapNode, parse
from arctic_training.validation import document_kind
from arctic_training.validation.document_kind import _KEYS
from tests.support import DEFINITION, RECIPE, ROOT, arctic_gen, write

_FOREIGN = {
    "secret": "apiVersion: v1\nkind: Secret\ntype: Opaque\ndata: {password: cGFzcw==}\n",
    "model secret": "kind: Secret\ntype: Opaque\ndata: {a: b}\nmodel: x\n",
    "workflow": "name: ci\non: push\njobs: {build: {steps: [{uses: a, type: b, data: c}]}}\n",
    "event": '{"type": "push", "data": {"ref": "main"}}',
    "features": '{"type": "FeatureCollection", "data": [], "model": null}',
    "tokenizer": '{"version": "1.0", "type": "x", "model": {"type": "BPE", "vocab": {}}}',
    "lightning": "model: {class_path: my.Model}\ndata: {class_path: my.Data}\ntrainer: {}\n",
    "hydra": "model: {name: resnet}\ndata: {batch_size: 8}\noptimizer: {name: adam}\nseed: 1\n",
    "dbt": "version: 2\nmodels: [{name: a}]\nsources: [{name: b}]\n",
    "compiler settings": '{"extends": "./base.json", "compilerOptions": {}}',
    "rules": "extends: [recommended]\nrules: {}\n",
    "package": "schema_version: 1\npackage: {name: x}\n",
}


def _document(text: str) -> MapNode:
    node, problems = parse(Source("d.yaml", text))
    assert isinstance(node, MapNode), problems
    return node


def test_files_of_other_tools_are_passed_over(tmp_path: Path) -> None:
    """In a folder, none of them is a broken definition or recipe; each is named as skipped."""
    for name, text in _FOREIGN.items():
        write(tmp_path / f"{name}.yaml", text)
    done = arctic_gen("validate", ".", folder=tmp_path)
    assert (done.code, done.out) == (0, "nothing to check\n")
    assert done.err.splitlines() == [
        f"skipped: {name} is neither a definition nor a recipe"
        for name in sorted(f"{name}.yaml" for name in _FOREIGN)
    ]


_OURS = [*ROOT.glob("examples/*/*.yaml"), *ROOT.glob("schemas/trainers/*.yaml")]


@pytest.mark.parametrize("path", _OURS, ids=lambda path: path.name)
def test_each_document_of_ours_is_taken_for_what_it_is(path: Path) -> None:
    """Also with any one of its keys mistyped, at the top or in its model or data."""
    kind = "recipe" if path.name.endswith(".recipe.yaml") else "definition"
    text = path.read_text("utf-8")
    assert document_kind(_document(text), is_named=False) == kind
    for line in {line for line in text.splitlines() if line.lstrip(" -").partition(":")[1]}:
        key = line.lstrip(" -").partition(":")[0]
        for slip in (key[1:], key[1:2] + key[:1] + key[2:]):
            wrong = text.replace(line, line.replace(key, slip, 1), 1)
            node, _ = parse(Source("d.yaml", wrong))
            assert not isinstance(node, MapNode) or document_kind(node, is_named=False) == kind


@pytest.mark.parametrize("text", [RECIPE, RECIPE.replace("type: sft\n", ""), DEFINITION])
def test_the_smallest_are_taken_for_what_they_are(text: str) -> None:
    """A recipe without its trainer, and what the tests begin with."""
    kind = "definition" if text is DEFINITION else "recipe"
    assert document_kind(_document(text), is_named=False) == kind


def test_who_names_a_file_is_told_what_is_wrong_with_it(tmp_path: Path) -> None:
    """A single key is enough then: it is a recipe whose other keys are missing."""
    write(tmp_path / "r.yaml", "model: {type: random_llama}\n")
    assert "error[missing-key]" in arctic_gen("validate", "r.yaml", folder=tmp_path).out


def test_each_telling_key_is_one_of_a_recipe() -> None:
    """None of the keys by which a recipe is known has gone."""
    definitions = json.loads((ROOT / "schemas/sections.schema.json").read_text("utf-8"))
    known = {
        key for each in definitions["definitions"].values() for key in each.get("properties", ())
    }
    assert sorted({*_KEYS["section"]} - known) == []
