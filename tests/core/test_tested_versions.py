"""The versions of other packages that are tested, and what is said of others."""

from __future__ import annotations

import tomllib
from importlib import metadata

import click
import pytest
from packaging.requirements import Requirement
from transformers.integrations import peft as integration

from arctic_training.cli.output import ExitCode, run
from arctic_training.core import tested_versions
from arctic_training.core.tested_versions import untested_packages, untested_remedy
from arctic_training.model import peft
from tests.support import ROOT

_BOUNDED = {"datasets", "deepspeed", "huggingface_hub", "peft", "tokenizers", "torch"}
_BOUNDED |= {"transformers", "mypy", "ruff", "jsonschema-rs", "pydantic"}


def test_what_is_pinned_is_within_the_bounds() -> None:
    """CI tests versions that users are offered; what follows no fixed rules is bounded above."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]
    lines = (ROOT / "constraints.txt").read_text("utf-8").split()
    pinned = {
        name.lower().replace("_", "-"): v for name, _, v in (x.partition("==") for x in lines)
    }
    wanted = [Requirement(text) for text in [*project["dependencies"], *extras]]
    for each in wanted:
        if (found := pinned.get(each.name.lower().replace("_", "-"))) is not None:
            assert each.specifier.contains(found), each
    bounded = {each.name for each in wanted if "<" in str(each.specifier)}
    assert bounded >= _BOUNDED


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the bounds be those of a release that was tested with an older transformers."""
    bounds = ["transformers<5.1,>=5", "click>=8", "nowhere>=1", 'trl<0.1; extra == "dev"']
    bounds += ['peft<0.19; extra == "peft"', "not a requirement"]
    monkeypatch.setattr(tested_versions, "requires", lambda _name: bounds)


@pytest.mark.usefixtures("newer")
def test_packages_outside_of_the_bounds_are_found() -> None:
    """Extras count where they are installed; the tools of this project do not."""
    assert [each.name for each in untested_packages()] == ["transformers", "peft"]
    remedy = untested_remedy()
    assert f"(transformers {metadata.version('transformers')}, peft " in remedy
    assert remedy.endswith("pip install 'transformers<5.1,>=5' 'peft<0.19'")


def test_without_them_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither where all are tested, nor where this package is not installed at all."""
    monkeypatch.setattr(tested_versions, "requires", lambda _name: ["click>=8"])
    assert untested_remedy() == ""

    def missing(name: str) -> list[str]:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(tested_versions, "requires", missing)
    assert untested_remedy() == ""


@pytest.mark.usefixtures("newer")
def test_an_import_that_fails_names_the_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An untested combination is the environment's, not a bug to report."""

    @click.command("fails")
    def command() -> None:
        raise ImportError("cannot import name `x`")

    for theirs, code in (("my.py:1: ImportError", ExitCode.FINDINGS), (None, ExitCode.USAGE)):
        monkeypatch.setattr(
            "arctic_training.cli.error_origin.of_users_code", lambda _, said=theirs: said
        )
        with pytest.raises(SystemExit) as ended:
            run(command, [])
        error, _, hint = capsys.readouterr().err.partition("\nhelp: untested versions")
        assert ended.value.code == code
        assert error == f"error: {theirs or 'ImportError: cannot import name `x`'}"
        assert "pip install 'transformers<5.1,>=5'" in hint


def test_a_peft_that_transformers_refuses_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """As transformers 5.24.0 does with every peft that is released: before data is prepared."""
    assert peft.peft_version_problem() == ""
    assert integration.MIN_PEFT_VERSION == "0.20.0"
    monkeypatch.setattr(peft, "MIN_PEFT_VERSION", "99.0.0")
    reason = peft.peft_version_problem()
    assert reason.startswith(f"transformers {metadata.version('transformers')} with peft ")
    assert "99.0.0" in reason
