"""`arctic-train process-data`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import RECIPE, arctic_train, write


def _recipe(folder: Path) -> Path:
    cached = "  cache_dir: ./prepared\n  fail_on_missing_cache: true\n"
    held_out = "  eval_sources: {type: python_docs, sample_count: 5, eval_name: held-out}\n"
    text = RECIPE.replace("data:\n", f"data:\n{cached}{held_out}") + "eval_interval: 2\n"
    return write(folder / "recipe.yaml", text)


def test_data_is_prepared_for_runs_that_demand_it(tmp_path: Path) -> None:
    """What a run demands from the cache is refused with the way to it, and there after the command.

    Also where the recipe itself demands it, and for evaluation sets; a second time is a hit.
    """
    _recipe(tmp_path)
    result = arctic_train("show-data", "recipe.yaml", folder=tmp_path)
    assert result.code == 1
    assert "arctic-train process-data" in result.out
    result = arctic_train("process-data", "recipe.yaml", folder=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert result.out.count("with loss\n") == 2
    assert f"the data is ready, in {tmp_path / 'prepared'}\n" in result.out
    assert len([*tmp_path.glob("prepared/tokens/*/report.txt")]) == 0
    assert len([*tmp_path.glob("prepared/rows/*/report.txt")]) == 2
    assert arctic_train("process-data", "recipe.yaml", folder=tmp_path).out == result.out
    result = arctic_train("show-data", "recipe.yaml", folder=tmp_path)
    assert (result.code, result.err) == (0, "")


def test_no_model_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command makes neither model nor engine, and joins no process group."""
    _recipe(tmp_path)
    for thing in (
        "arctic_training.model.random_llama.RandomLlamaFactory.create",
        "arctic_training.engines.deepspeed.engine.DeepSpeedEngine.__init__",
        "arctic_training.trainer.process.start_process_group",
    ):
        monkeypatch.setattr(thing, None)
    assert arctic_train("process-data", "recipe.yaml", folder=tmp_path).code == 0
    assert arctic_train("train", "recipe.yaml", folder=tmp_path).code == 70


def test_rows_as_long_as_a_model_that_is_not_there(tmp_path: Path) -> None:
    """Where the longest row is left to the model, one that is not there is found at its name."""
    model = RECIPE[RECIPE.index("  type: random_llama") : RECIPE.index("tokenizer:")]
    text = RECIPE.replace(model, "  name_or_path: ./none\n")
    write(tmp_path / "r.yaml", text.replace("  max_length: 512\n", ""))
    result = arctic_train("process-data", "r.yaml", folder=tmp_path)
    assert (result.code, result.err) == (1, "")
    assert result.out.count("error[") == 1
    assert "none` cannot be loaded: there is no such folder" in result.out
    assert arctic_train("process-data", write(tmp_path / "s.yaml", text), folder=tmp_path).code == 0
