"""What the environment lacks is found before anything is prepared, and shown at its line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch

from arctic_trainers.sft import SFTTrainer
from arctic_training.data.batches import SFTBatch
from tests.support import DEFINITION, RECIPE, Result, arctic_gen, arctic_train, write
from tests.tiny import jsonl, ragged

_HERE = "  # here"


def _recipe(*changes: tuple[str, str]) -> str:
    text = RECIPE
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    return text


_DOCS = "sources:\n    type: python_docs\n    sample_count: 60"
_SAID = "sources:\n    - type: huggingface_instruct\n      name_or_path: ./said.jsonl"
_OUTPUT = "micro_batch_size: 2\ncheckpoint:\n  output_dir: "
_RANDOM = RECIPE[RECIPE.index("  type: random_llama") : RECIPE.index("  dtype")]
_BPE = RECIPE[RECIPE.index("  type: byte_level_bpe") : RECIPE.index("data:")]
_HUGGING_FACE = "  type: huggingface\n  name_or_path: "


@pytest.mark.parametrize(
    ("recipe", "code", "message"),
    [
        (
            _recipe(("micro_batch_size: 2\n", f"{_OUTPUT}./said.jsonl/runs{_HERE}\n")),
            "not-writable",
            "said.jsonl` is a file",
        ),
        (
            _recipe(("micro_batch_size: 2\n", f"{_OUTPUT}./said.jsonl{_HERE}\n")),
            "not-writable",
            "said.jsonl` is a file",
        ),
        (
            _recipe(("micro_batch_size: 2\n", f"train_log_metrics_path: ./said.jsonl/m{_HERE}\n")),
            "not-writable",
            "said.jsonl` is a file",
        ),
        (
            _recipe((_RANDOM, f"{_HUGGING_FACE}./none{_HERE}\n")),
            "not-found",
            "none` cannot be loaded: there is no such folder",
        ),
        (
            _recipe(
                ("type: sft\n", f"type: dpo\nref_model:\n{_HUGGING_FACE}./none{_HERE}\n"),
                (_DOCS, _DOCS.replace("python_docs", "python_docs_preference")),
            ),
            "not-found",
            "none` cannot be loaded: there is no such folder",
        ),
        (
            _recipe((_BPE, f"{_HUGGING_FACE}~/none/at-all{_HERE}\n")),
            "not-found",
            "none/at-all` cannot be loaded: there is no such folder",
        ),
        (
            _recipe((_DOCS, f"{_SAID}\n    - name_or_path: ./none.jsonl{_HERE}")),
            "not-found",
            "none.jsonl` cannot be loaded: there is no such file or folder",
        ),
        (
            _recipe(
                ("    type: python_docs\n    sample_count: 50", f"    name_or_path: ./no{_HERE}")
            ),
            "not-found",
            "no` cannot be loaded: there is no such file or folder",
        ),
    ],
)
def test_found_before_anything_is_prepared(
    recipe: str, code: str, message: str, tmp_path: Path
) -> None:
    """A path that cannot be read or written is an error at its line, before data is prepared."""
    result = _train(recipe, tmp_path)
    line = recipe[: recipe.index(_HERE)].count("\n") + 1
    assert result.out.startswith(f"recipe.yaml:{line}:")
    assert f"error[{code}]: " in result.out
    assert message in result.out
    assert "data: " not in result.out
    assert (result.code, result.err) == (1, "")


@pytest.mark.parametrize(
    ("source", "code", "message"),
    [
        (f"{_SAID}\n      split: test{_HERE}", "not-found", "no split `test`"),
        (
            f"{_SAID}\n      role_mapping:\n        user: text{_HERE}",
            "not-found",
            "there is no column `text`",
        ),
        (
            f"sources:\n    name_or_path: ./recipe.json{_HERE}",
            "not-found",
            "these are documents: `data` of `type: causal` takes them, as `huggingface_causal`",
        ),
    ],
)
def test_found_in_the_data(source: str, code: str, message: str, tmp_path: Path) -> None:
    """A split or a column that the data lacks is an error at the line that asks for it."""
    recipe = _recipe((_DOCS, source))
    write(tmp_path / "recipe.json", '{"text": "b"}\n')
    result = _train(recipe, tmp_path)
    line = recipe[: recipe.index(_HERE)].count("\n") + 1
    assert f"recipe.yaml:{line}:" in result.out
    assert f"error[{code}]: " in result.out
    assert message in result.out
    assert (result.code, result.err) == (1, "")


def _train(recipe: str, folder: Path) -> Result:
    jsonl(folder / "said.jsonl", ragged(4))
    write(folder / "recipe.yaml", recipe)
    return arctic_train("recipe.yaml", folder=folder)


def test_everything_is_found_at_once(tmp_path: Path) -> None:
    """All that is wrong with all sections is reported in one run, in the order of the recipe."""
    model = (_RANDOM, f"{_HUGGING_FACE}./none\n")
    output = ("micro_batch_size: 2\n", f"{_OUTPUT}./said.jsonl\n")
    result = _train(_recipe(model, output), tmp_path)
    assert [
        line.split("error[")[1].split("]")[0]
        for line in result.out.splitlines()
        if "error[" in line
    ] == ["not-found", "not-writable"]
    assert result.code == 1


def test_a_lonely_process_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of several processes ends with a sentence and what to do, and no traceback."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("MASTER_ADDR", raising=False)
    result = _train(RECIPE, tmp_path)
    assert result.code == 1
    assert result.err == (
        "error: WORLD_SIZE is 2, but MASTER_ADDR is not set (where processes meet)\n"
        "help: start with `arctic-train --num-processes N`\n"
    )


def test_interrupted_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends training with 130 and says what stands; the metrics of the steps are kept."""
    step = SFTTrainer.step
    horizons: list[int] = []  # the texts are those of the running Python

    def interrupted(self: SFTTrainer, batch: SFTBatch) -> None:
        if self.state.global_step == 2:
            horizons.append(self.training_horizon)
            raise KeyboardInterrupt
        step(self, batch)

    monkeypatch.setattr(SFTTrainer, "step", interrupted)
    result = _train(f"{RECIPE}train_log_metrics_path: ./metrics.jsonl\n", tmp_path)
    assert (result.code, result.err.strip()) == (130, "")
    assert result.out.partition("interrupted ")[2].splitlines() == [
        f"after step 2 of {horizons[0]}",
        "no checkpoint was written: none was due",
        "metrics: metrics.jsonl",
        "to start over: the same command with `overwrite_output_dir=true`",
    ]
    lines = (tmp_path / "metrics.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2]


@pytest.mark.parametrize("debug", [False, True])
def test_an_error_in_a_loss_is_the_users(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, debug: bool
) -> None:
    """What a user's own code raises is shown at its line and ends with 1; it is no bug of ours."""

    def loss(_self: SFTTrainer, _batch: SFTBatch) -> torch.Tensor:
        return torch.zeros(3).view(2, 2)

    monkeypatch.setattr(SFTTrainer, "loss", loss)
    write(tmp_path / "recipe.yaml", RECIPE)
    options = ["--debug"] if debug else []
    result = arctic_train("recipe.yaml", *options, folder=tmp_path)
    line = loss.__code__.co_firstlineno + 1
    assert result.code == 1
    assert f"error: {__file__}:{line}: RuntimeError: shape '[2, 2]' is invalid" in result.err
    assert "(in `loss`)" in result.err
    assert ("Traceback" in result.err) is debug
    assert "a bug in" not in result.err


@pytest.mark.parametrize(
    ("name", "module", "message"),
    [
        ("moduleless", None, "No module named 'moduleless_loss'"),
        ("nameless", "HERE = 1\n", "cannot import name 'nameless_loss' from 'nameless_loss'"),
        ("unable", "import nowhere\n", "unable_loss.py:1: ModuleNotFoundError: No module named"),
    ],
)
def test_a_module_that_cannot_be_imported_is_the_users(
    name: str, module: str | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a trainer is made of and is not there is named, with what to do; it is no bug of ours.

    What fails in the user's module itself is shown at its line.
    """
    monkeypatch.setattr(sys, "path", [*sys.path])
    write(tmp_path / "d.yaml", DEFINITION.replace("mine", name))
    assert arctic_gen("new-trainer", "--no-verify", "d.yaml", folder=tmp_path).code == 0
    (tmp_path / f"{name}_loss.py").unlink()
    if module is not None:
        write(tmp_path / f"{name}_loss.py", module)
    write(tmp_path / "recipe.yaml", RECIPE.replace("type: sft", f"type: {name}"))
    for options in ([], ["--debug"]):
        result = arctic_train("recipe.yaml", *options, folder=tmp_path)
        assert result.code == 1
        assert message in result.out + result.err
        assert "a bug in" not in result.err
        is_located = f"recipe.yaml:1:7: error[not-importable]: the trainer `{name}`" in result.out
        assert is_located is ("`arctic-gen check` shows where" in result.out) is (name != "unable")
