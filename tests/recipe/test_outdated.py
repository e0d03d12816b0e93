"""Who changed a definition and did not generate again is told so where its trainer is used."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import DEFINITION, RECIPE, arctic_gen, arctic_train, write

_RECIPE = RECIPE.replace("type: sft", "type: mine")
_WARNING = """\
recipe.yaml:1:7: warning[outdated-trainer]: `{changed}` has changed since `mine` was generated
"""
_HINT = "help: generate it again: arctic-gen new-trainer mine.yaml\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project with a trainer that was generated from its definition."""
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "base.yaml", DEFINITION.replace("name: mine\n", "name: base\n", 1))
    write(tmp_path / "mine.yaml", "schema_version: 1\nname: mine\nextends: base.yaml\n")
    write(tmp_path / "recipe.yaml", _RECIPE)
    made = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path)
    assert made.code == 0, made
    return tmp_path


def test_an_unchanged_definition_is_not_told(project: Path) -> None:
    """Nothing is said while the definition, and what it extends, are what was generated from."""
    write(project / "mine.yaml", (project / "mine.yaml").read_bytes().decode())
    done = arctic_train("--dry-run", "recipe.yaml", folder=project)
    assert done.code == 0
    assert "outdated" not in done.out + done.err


@pytest.mark.parametrize("changed", ["mine.yaml", "base.yaml"])
def test_a_changed_definition_is_told_with_what_follows_from_it(
    project: Path, changed: str
) -> None:
    """A key that the new definition has, and the generated trainer not yet, is explained so."""
    text = (project / changed).read_text()
    write(project / changed, text + "description: Another.\n")
    write(project / "recipe.yaml", _RECIPE + "brand_new: 1\n")
    for command in (("validate", "recipe.yaml"), ("validate", ".")):
        done = arctic_gen(*command, folder=project)
        assert done.code == 1
        assert _WARNING.format(changed=changed) in done.out
        assert _HINT.strip() in done.out
        assert "brand_new" in done.out
    write(project / "recipe.yaml", _RECIPE)
    done = arctic_train("--dry-run", "recipe.yaml", folder=project)
    assert done.code == 0
    assert _WARNING.format(changed=changed) in done.out
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=project).code == 0
    done = arctic_train("--dry-run", "recipe.yaml", folder=project)
    assert "outdated" not in done.out


def test_a_damaged_manifest_is_left_to_others(project: Path) -> None:
    """A recipe can be checked whatever stands in the manifest."""
    for text in ("", "{", "[]", '{"trainers": {"mine": 1}}', '{"trainers": []}'):
        write(project / "generated" / "manifest.json", text)
        assert arctic_train("--dry-run", "recipe.yaml", folder=project).code == 0
