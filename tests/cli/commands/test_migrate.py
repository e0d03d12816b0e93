"""``arctic-gen migrate``: what is rewritten, what stays, and what is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support import DEFINITION, RECIPE, arctic_gen, arctic_train, python, write

_OLD = DEFINITION.replace("schema_version: 1\n", "")
_BODY = _OLD.removeprefix("name: mine\n")
_R = RECIPE + "optimizer:\n"
_JSON = json.dumps({"name": "mine", "extends": "sft"}, indent=2)

_DEFINITIONS = [
    (_OLD, DEFINITION),
    ("# A trainer.\n" + _OLD, "# A trainer.\n" + DEFINITION),
    (f"# A.\n\n# B.\n{_OLD}# C.\n", f"# A.\n\n# B.\n{DEFINITION}# C.\n"),
    (f"---\n{_OLD}", f"---\n{DEFINITION}"),
    (f"%YAML 1.2\n---\n{_OLD}...\n", f"%YAML 1.2\n---\n{DEFINITION}...\n"),
    (f"name: mine  # mine\n{_BODY}", f"schema_version: 1\nname: mine  # mine\n{_BODY}"),
    (f'"name": "mine"\n{_BODY}', f'"schema_version": 1\n"name": "mine"\n{_BODY}'),
    (f"'name': 'mine'\n{_BODY}", f"'schema_version': 1\n'name': 'mine'\n{_BODY}"),
    (f"{_OLD}schema_version: 0  # first\n", f"{_OLD}schema_version: 1  # first\n"),
    (_OLD.replace("\n", "\r\n"), DEFINITION.replace("\n", "\r\n")),
    ("\ufeff" + _OLD, "\ufeff" + DEFINITION),
    (_JSON, _JSON.replace('  "name"', '  "schema_version": 1,\n  "name"')),
    ("{name: mine, extends: sft}  # x\n", "{schema_version: 1, name: mine, extends: sft}  # x\n"),
]
_RECIPES = [
    (f"{_R}  lr: 1e-5\n", f"{_R}  learning_rate: 1e-5\n"),
    (f"{_R}  lr:   1e-5   # fast\n", f"{_R}  learning_rate:   1e-5   # fast\n"),
    (f"{_R}  # lr: 1\n  'lr': 1e-5\n", f"{_R}  # lr: 1\n  'learning_rate': 1e-5\n"),
    (f'{_R}  "lr" : 1e-5\n', f'{_R}  "learning_rate" : 1e-5\n'),
    (f"{_R}  &x lr: &y 1e-5\n", f"{_R}  &x learning_rate: &y 1e-5\n"),
    (f"{_R}  ? lr\n  : 1e-5\n", f"{_R}  ? learning_rate\n  : 1e-5\n"),
    (f"{RECIPE}optimizer: {{eps: 1, lr: 1}}", f"{RECIPE}optimizer: {{eps: 1, learning_rate: 1}}"),
    (f"{_R}  lr: 1\n".replace("\n", "\r\n"), f"{_R}  learning_rate: 1\n".replace("\n", "\r\n")),
]


@pytest.mark.parametrize(("before", "after"), [*_DEFINITIONS, *_RECIPES])
def test_all_but_what_is_old_keeps_its_bytes(before: str, after: str, tmp_path: Path) -> None:
    """Comments, order, quotes, anchors and line ends stay; what is written is of today."""
    path = tmp_path / "x.yaml"
    path.write_bytes(before.encode())
    path.chmod(0o640)
    done = arctic_gen("migrate", "x.yaml", folder=tmp_path)
    assert done == (0, "", "migrated x.yaml\n")
    assert path.read_bytes() == after.encode()
    assert path.stat().st_mode & 0o777 == 0o640
    assert [entry.name for entry in tmp_path.iterdir()] == ["x.yaml"]
    again = arctic_gen("migrate", "x.yaml", folder=tmp_path)
    assert again == (0, "1 file looked at: nothing to migrate\n", "")


@pytest.mark.parametrize("old", [_DEFINITIONS[0][0], _RECIPES[0][0]])
def test_an_old_file_still_loads_with_one_warning(old: str, tmp_path: Path) -> None:
    """Validating says what is old, and the command that rewrites it; it is no error."""
    write(tmp_path / "x.yaml", old)
    done = arctic_gen("validate", "x.yaml", folder=tmp_path)
    assert (done.code, done.out.count("warning["), done.out.count("error[")) == (0, 1, 0)
    assert "`arctic-gen migrate" in done.out
    arctic_gen("migrate", "x.yaml", folder=tmp_path)
    assert "no findings" in arctic_gen("validate", "x.yaml", folder=tmp_path).out


@pytest.mark.parametrize("flags", [["--check"], ["--diff"], ["--check", "--diff"]])
def test_it_can_be_asked_without_writing(flags: list[str], tmp_path: Path) -> None:
    """`--check` ends with 1 where something is due; `--diff` shows it; nothing is written."""
    path = write(tmp_path / "r.yaml", _RECIPES[0][0])
    done = arctic_gen("migrate", "r.yaml", *flags, folder=tmp_path)
    assert path.read_text() == _RECIPES[0][0]
    assert done.code == ("--check" in flags)
    assert ("-  lr: 1e-5\n+  learning_rate: 1e-5\n" in done.out) == ("--diff" in flags)
    assert ("r.yaml:24:3: error[deprecated-key]" in done.out) == ("--check" in flags)


def test_a_check_of_what_is_of_today_is_fine(tmp_path: Path) -> None:
    """`--check` ends with 0 where there is nothing to do."""
    write(tmp_path / "d.yaml", DEFINITION)
    done = arctic_gen("migrate", "--check", ".", folder=tmp_path)
    assert done == (0, "1 file looked at: nothing to migrate\n", "")


def test_programs_get_what_is_due_as_findings(tmp_path: Path) -> None:
    """The other forms of findings say the place and the reason."""
    write(tmp_path / "r.yaml", _RECIPES[0][0])
    done = arctic_gen("migrate", "--check", "--format", "json", "r.yaml", folder=tmp_path)
    (found,) = json.loads(done.out)["diagnostics"]
    assert (found["line"], found["code"], found["severity"]) == (24, "deprecated-key", "error")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("name: [\n", "yaml-syntax"),
        (_OLD + "name: twice\n", "duplicate-key"),
        (f"{_R}  lr: 1\n  learning_rate: 1\n", "duplicate-key"),
        (f"{_R}  lr: 1\n".replace("type: sft", "type: unheard"), "unknown-trainer"),
        ("? name\n: mine\nextends: sft\n", "old-version"),
        (DEFINITION.replace("version: 1", "version: 7"), "newer-version"),
        ("jobs: {}\n", "unknown-document"),
    ],
)
def test_what_cannot_be_rewritten_is_left_alone(text: str, code: str, tmp_path: Path) -> None:
    """It is one error with its place; the other files are migrated all the same."""
    path = write(tmp_path / "wrong.yaml", text)
    write(tmp_path / "d.yaml", _OLD)
    done = arctic_gen("migrate", "wrong.yaml", "d.yaml", folder=tmp_path)
    assert (done.code, done.err) == (1, "migrated d.yaml\n")
    assert done.out.startswith("wrong.yaml:")
    assert done.out.count(f"error[{code}]") == 1
    assert path.read_text() == text


def test_a_folder_is_read_and_what_is_neither_stays(tmp_path: Path) -> None:
    """Definitions and recipes of a folder are migrated, anything else is not looked at."""
    write(tmp_path / "a/d.yaml", _OLD)
    write(tmp_path / "a/b/r.yml", _RECIPES[0][0])
    write(tmp_path / "compose.yaml", "lr: 1\n")
    write(tmp_path / "generated/x.yaml", _OLD)
    done = arctic_gen("migrate", ".", folder=tmp_path)
    assert (done.code, done.err) == (0, "migrated a/d.yaml\nmigrated a/b/r.yml\n")
    assert (tmp_path / "compose.yaml").read_text() == "lr: 1\n"


def test_shared_factories_are_no_recipe(tmp_path: Path) -> None:
    """A factory may be called what a key was: a project's `factories.yaml` is left alone."""
    text = "data: {}\nmodel: {}\noptimizer: {lr: {class: 'a:B', extends: fused_adam}}\n"
    path = write(tmp_path / "factories.yaml", text)
    done = arctic_gen("migrate", ".", folder=tmp_path)
    assert done == (0, "1 file looked at: nothing to migrate\n", "")
    assert path.read_text() == text


def test_a_link_stays_one(tmp_path: Path) -> None:
    """The file that a link leads to is rewritten."""
    write(tmp_path / "real.yaml", _OLD)
    (tmp_path / "d.yaml").symlink_to("real.yaml")
    assert arctic_gen("migrate", "d.yaml", folder=tmp_path).code == 0
    assert (tmp_path / "d.yaml").is_symlink()
    assert (tmp_path / "real.yaml").read_text() == DEFINITION


def test_names_of_the_users_own_fields_are_migrated(tmp_path: Path) -> None:
    """A field that was renamed is renamed in old recipes, however deep, and they run as before."""
    fields = "    beta: {type: number, renamed_from: [alpha]}\n    t: {type: array, items: {type: "
    fields += "object, properties: {n: {type: integer, renamed_from: [m]}}}}\n"
    start, _, rest = DEFINITION.partition("    alpha:")
    write(tmp_path / "mine.yaml", start + fields + rest[rest.index("data_factory_type") :])
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    old = RECIPE.replace("type: sft", "type: mine", 1) + "alpha: 1\nt: [{m: 1}, {n: 2}, {m: 3}]\n"
    write(tmp_path / "r.yaml", old)
    assert arctic_gen("migrate", "r.yaml", folder=tmp_path).code == 0
    text = (tmp_path / "r.yaml").read_text()
    assert text.endswith("beta: 1\nt: [{n: 1}, {n: 2}, {n: 3}]\n")
    assert "warning" not in arctic_train("--dry-run", "r.yaml", folder=tmp_path).out


def test_nothing_heavy_is_imported(tmp_path: Path) -> None:
    """Migrating imports no torch, pydantic or template engine."""
    write(tmp_path / "d.yaml", _OLD)
    code = "from arctic_training.cli.gen import main\nimport atexit, sys\n"
    heavy = {"torch", "transformers", "datasets", "pydantic", "jinja2", "deepspeed", "mypy"}
    code += f"atexit.register(lambda: print({heavy} & sys.modules.keys()))\n"
    code += "main(['migrate', 'd.yaml'])"
    assert python("-c", code, folder=tmp_path) == (0, "set()\n", "migrated d.yaml\n")
