"""Whole projects from anybody: nothing of them runs, and nothing outside of them is written.

An attack is a project with a hostile definition, factory, template, link or size. Every command
ends as documented, leaves the folder beside the project as it is, and makes no canary.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import DEFINITION, RICH_DEFINITION, Result, arctic_gen, write

Attack = Callable[[Path, Path], object]
"""Changes a project, whose first folder it is given; the second is the one beside it."""

CODE = "__import__('pathlib').Path('CANARY').touch()"
TEXTS = [
    CODE,
    f'"""\n{CODE}\n"""',
    f"{{{{ {CODE} }}}}",
    "../../CANARY",
    "/etc/passwd",
    "__import__",
]
COMMANDS: list[tuple[str, ...]] = [
    ("validate", "."),
    ("new-trainer", "--no-verify", "mine.yaml"),
    ("check", "--no-verify"),
    ("explain", "mine.yaml"),
    ("list",),
    ("templates", "diff"),
    ("templates", "eject", "init.py.j2"),
]
FIELDS = "    alpha:\n      type: number\n      minimum: 0\n      default: 0.5\n"
FACTORY = "{class: m:F, extends: random_llama}"
NAMED = DEFINITION.replace("[random_llama, huggingface]", "[x, random_llama]")


def _text(path: str, text: str) -> Attack:
    return lambda project, _: write(project / path, text)


def _definition(old: str, new: str) -> Attack:
    assert old in DEFINITION
    return _text("mine.yaml", DEFINITION.replace(old, new))


def _field(schema: str) -> Attack:
    return _definition(FIELDS, f"    alpha: {schema}\n")


def _shared(factories: str) -> Attack:
    def attack(project: Path, _: Path) -> None:
        write(project / "factories.yaml", factories)
        write(project / "mine.yaml", NAMED)

    return attack


def _template(line: str, name: str = "trainer.py.j2") -> Attack:
    def attack(project: Path, _: Path) -> None:
        assert arctic_gen("templates", "eject", name, folder=project).code == 0
        path = project / "arctic_templates" / name
        path.write_text(f"{path.read_text('utf-8')}{line}\n", "utf-8")

    return attack


def _link(path: str, to: str = "") -> Attack:
    """Return the attack of a link in the project that leads to a place beside it."""

    def attack(project: Path, outside: Path) -> None:
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        (project / path).symlink_to(outside / to)

    return attack


def _journal(text: str) -> Attack:
    return _text("generated/.arctic-gen-journal.json", text)


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"'


def _bomb(levels: int = 9, width: int = 9) -> str:
    lines = ["a0: &a0 x"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * width)}]" for i in range(1, levels + 1)]
    return "\n".join(lines) + "\n"


def _references(levels: int = 40) -> str:
    """Return shared fields of which each is made of two of the next."""
    fields = [
        f"  a{n}: {{type: object, properties: {{x: {{$ref: '#/definitions/a{n + 1}'}},"
        f" y: {{$ref: '#/definitions/a{n + 1}'}}}}}}"
        for n in range(levels)
    ]
    return "\n".join(["definitions:", *fields, f"  a{levels}: {{type: integer, default: 1}}\n"])


SHARED_ENTRIES = [
    "{{class: {text}, extends: random_llama}}",
    "{{class: m:F, extends: {text}}}",
    "{{class: m:F, extends: random_llama, description: {text}}}",
    "{{class: m:F, extends: random_llama, config_type: {{name: {text}}}}}",
    "{{class: m:F, extends: wsd, config_type: {{properties: {{{text}: {{type: string}}}}}}}}",
    "{{class: m:F, extends: random_llama, config_type: {{properties: {{y: {{const: {text}}}}}}}}}",
]
TEMPLATES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ view.__class__.__init__.__globals__ }}",
    "{{ lipsum.__globals__['os'].system('touch CANARY') }}",
    "{{ cycler.__init__.__globals__.os.popen('touch CANARY').read() }}",
    "{{ self.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ macros.__loader__ }}",
    "{{ '{0.__class__.__mro__}'.format(view) }}",
    "{{ '%s'|format(view.__class__) }}",
    "{{ view.exports.append('CANARY') }}",
    "{{ view.imports.clear() }}",
    "{{ view|attr('__class__') }}",
    "{{ (view|map(attribute='__class__')|list) }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../../etc/passwd' %}",
    "{% import 'os' as os %}{{ os.system('touch CANARY') }}",
    "{% for x in range(10000000000) %}x{% endfor %}",
    "{{ 'x' * 10000000000 }}",
    "{{ 10 ** 10 ** 10 }}",
    "{% macro a() %}{{ a() }}{% endmacro %}{{ a() }}",
    "{% extends 'trainer.py.j2' %}",
    f"{{% raw %}}{{{{ {CODE} }}}}{{% endraw %}}",
]
ATTACKS: dict[str, Attack] = {
    **{
        f"shared factory {number}.{form}": _shared(
            f"model: {{x: {entry.format(text=_quoted(text))}}}\n"
        )
        for form, entry in enumerate(SHARED_ENTRIES)
        for number, text in enumerate(TEXTS)
    },
    **{
        f"name of a shared factory {number}": _shared(f"model: {{{_quoted(text)}: {FACTORY}}}\n")
        for number, text in enumerate(TEXTS)
    },
    **{f"template {number}": _template(line) for number, line in enumerate(TEMPLATES)},
    **{
        f"extends {path}": _text("mine.yaml", f"extends: {path}\nname: mine\n")
        for path in ("../outside/base.yaml", "/etc/passwd", "./base.yaml", "./mine.yaml", "a/../b")
    },
    **{
        f"reference to {path}": _definition(
            FIELDS, f"    alpha:\n      $ref: '{path}#/definitions/x'\n"
        )
        for path in ("../outside/base.yaml", "/etc/passwd", "file:///etc/passwd", "mine.yaml", ".")
    },
    **{
        f"link at {path}": _link(path)
        for path in (
            "generated",
            "generated/arctic_trainers",
            "generated/arctic_trainers/mine",
            "generated/.arctic-gen-staging",
            "arctic_templates",
            "my_code",
        )
    },
    **{
        f"link at {path} to a file": _link(path, "precious.txt")
        for path in (
            "generated/manifest.json",
            "generated/.arctic-gen-journal.json",
            "generated/arctic_trainers/mine/config.py",
            "arctic_templates/config.py.j2",
            "factories.yaml",
            "base.yaml",
            "mine.recipe.yaml",
        )
    },
    "link to nothing": _link("mine.recipe.yaml", "CANARY"),
    "stub through a link": lambda project, outside: (
        _link("my_code")(project, outside),
        _definition("mine_loss:mine_loss", "my_code.loss:mine_loss")(project, outside),
    ),
    "journal that removes": _journal('{"write": [], "remove": ["../../outside/precious.txt"]}'),
    "journal that writes": _journal('{"write": ["../../outside/CANARY"], "remove": []}'),
    "journal of an absolute path": _journal('{"write": ["/tmp/CANARY"], "remove": []}'),
    "journal of nothing": _journal("[]"),
    "manifest that owns others": _text(
        "generated/manifest.json",
        '{"version": 1, "trainers": {"x": {"definition": "x.yaml", '
        '"files": {"arctic_trainers/../../../outside/precious.txt": ""}}}}',
    ),
    "modules of the generator's": lambda project, _: [
        write(project / f"{name}.py", CODE)
        for name in ("mypy", "json", "typing", "ruff", "jinja2", "yaml", "sitecustomize")
    ],
    "settings of ruff and mypy": lambda project, _: [
        write(project / "ruff.toml", "line-length = 20\n[format]\npreview = true\n"),
        write(project / "mypy.ini", "[mypy]\nplugins = canary.py\n"),
        write(project / "canary.py", CODE),
    ],
    "device": lambda project, _: (project / "endless.yaml").symlink_to("/dev/zero"),
    "pipe": lambda project, _: os.mkfifo(project / "pipe.yaml"),
    "bomb of aliases": _text("mine.yaml", _bomb()),
    "bomb among factories": _text("factories.yaml", _bomb()),
    "bomb in the base": lambda project, _: [
        write(project / "base.yaml", _bomb()),
        write(project / "mine.yaml", "extends: ./base.yaml\nname: mine\n"),
    ],
    "bomb of references": _text(
        "mine.yaml",
        DEFINITION.replace(FIELDS, "    alpha:\n      $ref: '#/definitions/a0'\n") + _references(),
    ),
    "bomb of references with a default": _text(
        "mine.yaml",
        DEFINITION.replace(FIELDS, "    alpha: {$ref: '#/definitions/a0', default: {}}\n")
        + _references(),
    ),
    "bomb of references in a factory": _text(
        "mine.yaml",
        DEFINITION.replace(
            "data_factory_type: sft",
            "data_factory_type: {name: own, class: 'own:Own', extends: sft, config_type: "
            "{name: OwnConfig, properties: {alpha: {$ref: '#/definitions/a0', default: {}}}}}",
        )
        + _references(),
    ),
    "bomb of depth": _text("mine.yaml", "- " * 100_000),
    "bomb of size": _text("mine.yaml", "#" * (1 << 23)),
    "bomb of digits": _definition("default: 0.5", f"default: {'9' * 100_000}"),
    "bomb of items": _field("{type: array, items: {type: integer}, minItems: 2000000000}"),
    "bomb of characters": _field("{type: string, minLength: 2000000000}"),
    "bomb of a pattern": _field(f"{{type: string, pattern: '{'(a' * 30 + '{1000})' * 30}'}}"),
    "pattern that goes back": _field(
        f"{{type: string, pattern: '^(a+)+$', default: '{'a' * 5000}b'}}"
    ),
}  # fmt: skip
"""Projects, by what is wrong with each."""

LEAST = 80
MEMORY = 2 << 30
PEAK = 150_000
"""Most memory that a command may have had, in kB."""

_MEASURED = """
import atexit, re, sys
from arctic_training.cli.gen import main

def peak():
    with open("/proc/self/status") as status:
        print("peak", re.search(r"VmHWM:\\s+(\\d+)", status.read())[1], file=sys.stderr)

atexit.register(peak)
main()
"""
"""The command, which says at its end how much memory it had at most."""


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Path, Path]]:
    """Return a project and a folder beside it, whose contents have to stay as they are."""
    project, outside = tmp_path / "project", tmp_path / "outside"
    write(project / "pyproject.toml", "")
    write(project / "mine.yaml", DEFINITION)
    write(outside / "precious.txt", "precious\n")
    write(outside / "base.yaml", RICH_DEFINITION)
    before = _tree(outside)
    monkeypatch.chdir(project)
    yield project, outside
    assert before == _tree(outside)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["outside", "project"]
    assert not [*tmp_path.rglob("CANARY*")]
    assert not Path("/tmp/CANARY").exists()  # noqa: S108 - one of the attacks names it


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*"))}


def test_there_are_as_many_attacks_as_promised() -> None:
    """The table holds at least the number of definitions that the promise names."""
    assert len(ATTACKS) >= LEAST


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_project_runs_or_writes_outside(attack: str, places: tuple[Path, Path]) -> None:
    """Each command ends as documented, and does nothing but its work."""
    project, outside = places
    ATTACKS[attack](project, outside)
    for command in COMMANDS:
        _assert_documented(arctic_gen(*command, folder=project), attack)


def _assert_documented(done: Result, attack: str) -> None:
    assert done.code in {0, 1, 2}, (attack, done)
    assert "Traceback" not in done.out + done.err


def _limited() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_NPROC, resource.getrlimit(resource.RLIMIT_NPROC))


@pytest.mark.parametrize(
    "attack", [name for name in ATTACKS if "bomb" in name] + ["device", "pipe"]
)
def test_a_bomb_takes_no_memory(attack: str, places: tuple[Path, Path]) -> None:
    """What would grow without an end is refused, or left small, in a process of bounded memory.

    It takes less than 150 MB.
    """
    project, outside = places
    ATTACKS[attack](project, outside)
    main = [sys.executable, "-c", _MEASURED]
    for command in (["validate", "."], ["new-trainer", "--no-verify", "mine.yaml"]):
        done = subprocess.run(
            [*main, *command],
            cwd=project,
            preexec_fn=_limited,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        said, _, peak = done.stderr.rpartition("peak ")
        _assert_documented(Result(done.returncode, done.stdout, said), attack)
        assert int(peak) < PEAK


def test_the_type_check_runs_nothing_of_the_project(places: tuple[Path, Path]) -> None:
    """The project's modules are read; none of them takes the place of one of mypy's."""
    project, outside = places
    for attack in ("modules of the generator's", "settings of ruff and mypy"):
        ATTACKS[attack](project, outside)
    done = arctic_gen("new-trainer", "mine.yaml", folder=project)
    _assert_documented(done, "type check")
