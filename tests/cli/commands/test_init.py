"""``arctic-gen init``, completion in a shell, the hooks of pre-commit and the GitHub Action."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
import yaml

from arctic_training.cli.commands.init import QUESTIONS, init
from arctic_training.cli.gen import command
from arctic_training.definition.factories.builtin import built_in_factories
from arctic_training.definition.stages import read_definitions
from tests.support import DEFINITION, ROOT, arctic_gen, write

SLOTS = ["data", "model", "checkpoint", "optimizer", "scheduler", "tokenizer"]


def test_what_is_begun_can_be_generated_at_once(tmp_path: Path) -> None:
    """A name is enough: the definition is right, the loss is there, neither is written twice."""
    assert arctic_gen("init", "my-own", folder=tmp_path).code == 0
    text = (tmp_path / "my_own.yaml").read_text("utf-8")
    place = "generated/trainer.schema.json"
    assert text.startswith(f"# yaml-language-server: $schema={place}\n")
    assert (tmp_path / place).read_bytes() == (ROOT / "schemas/trainer.schema.json").read_bytes()
    loss = (tmp_path / "my_own_loss.py").read_text("utf-8")
    assert "def loss(trainer: Trainer[MyOwnTrainerConfig, SFTBatch]" in " ".join(loss.split())
    made = arctic_gen("new-trainer", "--no-verify", "my_own.yaml", folder=tmp_path)
    assert made.code == 0
    assert arctic_gen("validate", ".", folder=tmp_path).out.startswith("1 definition and 1 recipe")
    again = arctic_gen("init", "my-own", folder=tmp_path)
    assert (again.code, again.err) == (
        2,
        "error: my_own.yaml is there already, and is not written to\n",
    )


def test_what_is_begun_is_right_in_every_way(tmp_path: Path) -> None:
    """Of every data factory and from every built-in trainer: types, rules and drift find nothing.

    So every field is read that a new trainer declares or takes over.
    """
    write(tmp_path / "pyproject.toml", "")
    begun = {f"own-{name}": ("--data", name) for name in ("sft", "causal", "dpo", "unpaired")}
    begun |= {f"from-{name}": ("--from", name) for name in ("sft", "causal", "dpo")}
    for name, flags in begun.items():
        assert arctic_gen("init", name, *flags, folder=tmp_path).code == 0
    paths = [f"{name.replace('-', '_')}.yaml" for name in begun]
    made = arctic_gen("new-trainer", *paths, folder=tmp_path)
    assert (made.code, "error" in made.out, made.err) == (0, False, "")
    assert arctic_gen("check", "--no-verify", folder=tmp_path).code == 0
    linted = arctic_gen("lint", "--strict", folder=tmp_path)
    assert linted.out == "7 definitions looked at: no findings\n"
    assert arctic_gen("validate", ".", folder=tmp_path).code == 0
    assert "label_smoothing" in (tmp_path / "own_sft.recipe.yaml").read_text("utf-8")


def test_checkers_of_types_find_what_is_generated(tmp_path: Path) -> None:
    """With the documented settings in `pyproject.toml`, and not without them.

    This holds for editors and mypy; for pyright, `init` has written it.
    """
    page = (ROOT / "docs/how-to/editors-and-ci.md").read_text("utf-8")
    (settings,) = re.findall(r"^```toml\n(\[tool\.mypy\].*?)^```", page, re.MULTILINE | re.DOTALL)
    write(tmp_path / "pyproject.toml", "")
    assert arctic_gen("init", "own", "--data", "dpo", folder=tmp_path).code == 0
    assert arctic_gen("new-trainer", "--no-verify", "own.yaml", folder=tmp_path).code == 0
    mypy = ["mypy", "--follow-imports", "skip", "--cache-dir", "mypy"]
    pyright = ["basedpyright", "--level", "error"]
    cases = [(pyright, "", 0), (mypy, "", 1), (mypy, settings, 0)]
    cases += [(pyright, "", 1), (pyright, settings, 0)]
    for number, (checker, text, code) in enumerate(cases):
        write(tmp_path / "pyproject.toml", text)
        if number == 1:
            (tmp_path / "pyrightconfig.json").unlink()
        command = [sys.executable, "-m", *checker, "own_loss.py"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == code, done.stdout
        assert ("arctic_trainers.own.config" in done.stdout) is bool(code)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("pyrightconfig.json", '{"extraPaths": ["./generated", "x"]}', ""),
        ("pyrightconfig.json", '{"strict": ["x"]}', "pyrightconfig.json"),
        ("pyrightconfig.json", "// a comment\n{}", "pyrightconfig.json"),
        ("pyproject.toml", "[tool.pyright]\nstrict = ['x']\n", "pyproject.toml"),
        ("pyproject.toml", "[tool.basedpyright]\nextraPaths = ['generated']\n", ""),
    ],
)
def test_settings_of_the_users_for_pyright_stay(
    file: str, text: str, said: str, tmp_path: Path
) -> None:
    """Where there are some, nothing is written; what they lack is said."""
    write(tmp_path / file, text)
    done = arctic_gen("init", "own", folder=tmp_path)
    assert done.code == 0
    assert (tmp_path / file).read_text("utf-8") == text
    assert (tmp_path / "pyrightconfig.json").exists() is (file == "pyrightconfig.json")
    advice = f"for editors, add `generated` to `extraPaths` of pyright in {said}\n"
    assert (advice in done.out) is bool(said)


def test_settings_for_pyright_are_written_once(tmp_path: Path) -> None:
    """In the root of the project, where it looks for them; a broken link there is left alone."""
    write(tmp_path / "pyproject.toml", "[project]\nname = 'mine'\n")
    (tmp_path / "below").mkdir()
    assert "pyrightconfig.json" in arctic_gen("init", "own", folder=tmp_path / "below").out
    written = (tmp_path / "pyrightconfig.json").read_text("utf-8")
    assert json.loads(written) == {"extraPaths": ["generated"]}
    (tmp_path / "pyrightconfig.json").unlink()
    (tmp_path / "pyrightconfig.json").symlink_to("nowhere")
    assert "pyrightconfig.json" not in arctic_gen("init", "other", folder=tmp_path).out
    assert not (tmp_path / "nowhere").exists()


def test_the_schema_that_a_definition_names_is_kept(tmp_path: Path) -> None:
    """The copy for editors, in the generated source root, follows the schema of this package."""
    assert arctic_gen("init", "mine", folder=tmp_path).code == 0
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    copy = tmp_path / "generated/trainer.schema.json"
    text = copy.read_text("utf-8")
    older = text.replace('"type": "object"', '"type": ["object"]', 1)
    assert older != text
    for spoil in (copy.unlink, lambda: copy.write_text(older, "utf-8")):
        spoil()
        drift = arctic_gen("check", "--no-verify", folder=tmp_path)
        assert (drift.code, "generated/trainer.schema.json is " in drift.out) == (1, True)
        assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
        assert copy.read_text("utf-8") == text
    assert arctic_gen("check", "--no-verify", folder=tmp_path).code == 0


def test_a_file_in_place_of_the_schema_is_kept(tmp_path: Path) -> None:
    """A file that is no version of the schema is overwritten with ``--force`` alone."""
    assert arctic_gen("init", "mine", folder=tmp_path).code == 0
    copy = write(tmp_path / "generated/trainer.schema.json", "{}")
    refused = arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path)
    assert (refused.code, copy.read_text("utf-8")) == (1, "{}")
    assert "--force" in refused.out
    forced = arctic_gen("new-trainer", "--no-verify", "--force", "mine.yaml", folder=tmp_path)
    assert (forced.code, copy.read_text("utf-8") != "{}") == (0, True)


def test_a_wrong_answer_is_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a terminal, each wrong answer is met with its reason and the question; others stay."""
    answers = iter(["Ours.", "no", "json:path", "a:b", "", "pairs", "dpo", "random_lama", "wide"])
    asked: list[str] = []

    def prompt(text: str, default: str) -> str:
        asked.append(text)
        return next(answers, default)

    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="0"):
        init("mine", {question.key: None for question in QUESTIONS}, is_asked=True)
    words = {question.key: question.words for question in QUESTIONS}
    order = ["description", *["loss"] * 3, "base", *["data"] * 2, *["model"] * 3, *SLOTS[2:]]
    assert asked == [words[key] for key in order]
    said = capsys.readouterr().err
    assert "the module `json` has no `path`" in said
    assert "did you mean `random_llama`?" in said
    assert said.count("error: ") == 5
    (loaded,), _ = read_definitions([tmp_path / "mine.yaml"])
    assert [f.name for f in loaded.spec.slots[0].factories] == ["dpo"]
    assert str(loaded.spec.loss) == "a:b"


@pytest.mark.parametrize("text", ['"', "a: b # c", "{{ x }}", "no", "'", "back\\slash", "\u2028"])
def test_what_a_flag_says_stands_in_the_definition(text: str, tmp_path: Path) -> None:
    """Whatever is said of a trainer arrives as it was said, beside what it extends."""
    done = arctic_gen("init", "x", "--from", "sft", "--description", text, folder=tmp_path)
    assert done.code == 0
    (loaded,), _ = read_definitions([tmp_path / "x.yaml"])
    assert loaded.spec.description == text.strip()
    assert [f.name for f in loaded.spec.slots[1].factories] == ["huggingface", "random_llama"]
    assert str(loaded.spec.loss) == "x_loss:loss"


@pytest.mark.parametrize(
    "arguments",
    [["Bad"], ["sft"], ["x", "--model", "nothing"], ["x", "--loss", "no"], ["x", "--from", "y"]],
)
def test_with_a_wrong_answer_nothing_is_written(arguments: list[str], tmp_path: Path) -> None:
    """A name or an answer that no definition can have is an error, and leaves no file."""
    done = arctic_gen("init", *arguments, folder=tmp_path)
    assert (done.code, done.out.count("error[")) == (1, 1)
    assert [*tmp_path.iterdir()] == []


def test_what_is_extended_may_be_warned_of(tmp_path: Path) -> None:
    """A definition that extends one of an older version is begun all the same."""
    write(tmp_path / "old.yaml", DEFINITION.replace("schema_version: 1\n", ""))
    done = arctic_gen("init", "x", "--from", "./old.yaml", folder=tmp_path)
    assert done.code == 0
    assert (tmp_path / "x.yaml").exists()


def test_every_question_has_a_flag() -> None:
    """What a terminal is asked for can be said on the command line, and nothing else."""
    assert isinstance(command, click.Group)
    flags = {p.name for p in command.commands["init"].params if isinstance(p, click.Option)}
    assert flags - {"no_questions", "debug"} == {question.key for question in QUESTIONS}


def test_the_data_that_a_trainer_may_begin_with_is_named() -> None:
    """There is no default with all of it, so flag and question name every data factory."""
    named = set(built_in_factories()["data"])
    assert isinstance(command, click.Group)
    (flag,) = [p for p in command.commands["init"].params if p.name == "data"]
    assert isinstance(flag, click.Option)
    (question,) = [question for question in QUESTIONS if question.key == "data"]
    for text in (flag.help or "", question.words):
        assert named <= {*re.findall(r"\w+", text)}


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ({}, ["description", "loss", "base", *SLOTS]),
        ({"base": "sft"}, ["description", "loss"]),
        ({"model": "random_llama", "loss": "a:b"}, ["description", "base", "data", *SLOTS[2:]]),
    ],
)
def test_a_terminal_is_asked_for_what_no_flag_says(
    given: dict[str, str], asked: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each question is put once, in order; none is about what is given or taken over."""
    words: list[str] = []

    def prompt(text: str, default: str) -> str:
        words.append(text)
        return default

    monkeypatch.setattr(click, "prompt", prompt)
    monkeypatch.chdir(tmp_path)
    answers = {question.key: given.get(question.key) for question in QUESTIONS}
    with pytest.raises(SystemExit, match="0"):
        init("mine", answers, is_asked=True)
    assert words == [question.words for question in QUESTIONS if question.key in asked]


@pytest.mark.parametrize(
    ("line", "offered"), [("arctic-gen va", "validate"), ("arctic-gen list fac", "factories")]
)
def test_a_shell_completes_commands_and_choices(line: str, offered: str) -> None:
    """The script that a shell is given asks the command itself what may follow."""
    words = line.split()
    asking = {"COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    environment = os.environ | asking | {"_ARCTIC_GEN_COMPLETE": "bash_complete"}
    program = (
        "import sys; sys.argv = ['arctic-gen']; from arctic_training.cli.gen import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"plain,{offered}\n"


def test_the_hooks_run_what_they_say(tmp_path: Path) -> None:
    """Each hook of pre-commit is a command that passes on a right project, and not on another."""
    write(tmp_path / "mine.yaml", DEFINITION)
    assert arctic_gen("new-trainer", "--no-verify", "mine.yaml", folder=tmp_path).code == 0
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [hook["id"] for hook in hooks] == ["arctic-gen-validate", "arctic-gen-check"]
    entries = [hook["entry"].split()[1:] for hook in hooks]
    fast = [[*entry, *(["--no-verify"] if entry[0] == "check" else [])] for entry in entries]
    assert [arctic_gen(*entry, folder=tmp_path).code for entry in fast] == [0, 0]
    write(tmp_path / "mine.yaml", DEFINITION.replace("default: 0.5", "default: -1"))
    assert [arctic_gen(*entry, folder=tmp_path).code for entry in fast] == [1, 1]


def test_the_action_runs_what_it_says(tmp_path: Path) -> None:
    """The steps of the GitHub Action check the paths that it is given, as annotations."""
    steps = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))["runs"]["steps"]
    write(tmp_path / "a b/mine.yaml", DEFINITION.replace("default: 0.5", "default: -1"))
    write(tmp_path / "c/mine.yaml", DEFINITION)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for paths, code in ((".", 1), ("c", 0), ("c $(touch CANARY)", 2)):
        done = subprocess.run(
            ["/bin/bash", "-e", "-c", steps[0]["run"]],
            cwd=tmp_path,
            env=os.environ | {"PATH": path, "PATHS": paths},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done
    assert not (tmp_path / "CANARY").exists()
    assert steps[1]["run"] == "arctic-gen check --format github"


def test_a_link_to_nothing_is_not_written_through(tmp_path: Path) -> None:
    """`init` begins no file elsewhere by way of a link that has the definition's name."""
    (tmp_path / "mine.yaml").symlink_to(tmp_path / "elsewhere.yaml")
    done = arctic_gen("init", "mine", "--no-questions", folder=tmp_path)
    assert (done.code, "mine.yaml is there already" in done.err) == (2, True)
    assert not (tmp_path / "elsewhere.yaml").exists()


def test_a_malformed_name_is_one_finding(tmp_path: Path) -> None:
    """A name that no trainer can have is refused once, with one that it can have."""
    done = arctic_gen("init", "My Trainer", "--no-questions", folder=tmp_path)
    assert (done.code, done.out.count("error["), done.err) == (1, 1, "")
    assert "did you mean `my_trainer`?" in done.out
    assert [*tmp_path.iterdir()] == []
