"""Names of factories and sources of ArcticTraining, and trainers that do not exist."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import pytest

from arctic_training.api import load_recipe
from arctic_training.config.foreign_names import FOREIGN_ALIASES, FOREIGN_TRAINERS
from arctic_training.config.sections import sections_schema
from tests.support import DEFINITION, RECIPE, ROOT, arctic_gen, arctic_train, write

_MODEL = "model: {type: liger, name_or_path: a/b}\n"
_SFT = f"type: sft\n{_MODEL}data: {{sources: [{{type: huggingface, name_or_path: a/b}}]}}\n"
_DPO = _SFT.replace("sft", "dpo") + "ref_model: {type: liger, name_or_path: a/b}\n"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (_SFT, ["huggingface", "huggingface_instruct"]),
        (_SFT.replace("sft", "causal"), ["huggingface", "huggingface_causal"]),
        (_DPO, ["huggingface", "huggingface_preference", "huggingface"]),
        (f"{RECIPE}scheduler: {{type: wds, num_warmup_steps: 1, num_decay_steps: 1}}\n", ["wsd"]),
        (
            _DPO.replace("type: huggingface,", "type: HuggingFaceH4/ultrafeedback_binarized,"),
            ["huggingface", "huggingface_preference", "huggingface"],
        ),
    ],
)
def test_a_foreign_name_is_read_as_ours(text: str, names: list[str], tmp_path: Path) -> None:
    """What means the same is taken under our name, with one warning at its place."""
    path = write(tmp_path / "r.yaml", text)
    result = arctic_train("--dry-run", "--format", "json", "r.yaml", folder=tmp_path)
    found = json.loads(result.out)["diagnostics"]
    assert [each["message"].rpartition(" ")[2] for each in found] == [f"`{n}`" for n in names]
    assert {(each["code"], each["severity"]) for each in found} == {("foreign-type", "warning")}
    assert result.code == 0
    with pytest.warns(FutureWarning, match="foreign-type"):
        config = load_recipe(path)
    assert load_recipe(json.loads(config.model_dump_json())) == config  # saved under our names


def test_liger_is_a_note_with_what_is_different(tmp_path: Path) -> None:
    """Who writes `liger` is told what the run lacks, and how to write it."""
    write(tmp_path / "r.yaml", _SFT)
    result = arctic_train("--dry-run", "r.yaml", folder=tmp_path)
    assert "r.yaml:2:15: warning[foreign-type]: `liger` is read as `huggingface`\n" in result.out
    assert "Liger's kernels are not built in: it trains the same" in result.out


def test_an_override_may_be_foreign(tmp_path: Path) -> None:
    """The command line is read as the file is."""
    write(tmp_path / "r.yaml", RECIPE)
    override = "model={type: liger, name_or_path: a/b}"
    result = arctic_train("--dry-run", "r.yaml", override, folder=tmp_path)
    assert result.code == 0
    assert "command line:1:14: warning[foreign-type]" in result.out


def test_foreign_names_mean_what_there_is() -> None:
    """Each name is read as a factory or a source that exists, and is none of ours everywhere."""
    texts = json.dumps(sections_schema())
    for name, foreign in FOREIGN_ALIASES.items():
        assert foreign.note
        for ours in foreign.ours:
            assert f'"const": "{ours}"' in texts, (name, ours)
    for ours in itertools.chain(*(foreign.ours for foreign in FOREIGN_ALIASES.values())):
        assert ours not in FOREIGN_ALIASES or ours == "huggingface"


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("sfd", "sft"),
        ("SFT", "sft"),
        ("swiftkv", ""),
        ("ppo", ""),
        ("casual", "causal"),
        ("lstm", ""),
    ],
)
def test_a_trainer_that_does_not_exist(name: str, meant: str, tmp_path: Path) -> None:
    """What is near one that exists is a typing error; in any case, all that exist are listed."""
    write(tmp_path / "r.yaml", RECIPE.replace("type: sft", f"type: {name}", 1))
    result = arctic_train("--dry-run", "--format", "json", "r.yaml", folder=tmp_path)
    (found,) = json.loads(result.out)["diagnostics"]
    assert (found["code"], found["suggestion"] or "") == ("unknown-trainer", meant)
    assert "known here: `causal`, `dpo`," in found["hint"]


def test_examples_that_are_named_exist() -> None:
    """A hint that names a folder of examples names one that there is."""
    for name, hint in FOREIGN_TRAINERS.items():
        if "examples/" in hint:
            assert (ROOT / "examples" / name).is_dir()


def test_what_no_trainer_supports_is_told_beside_an_unknown_trainer(tmp_path: Path) -> None:
    """A recipe of ArcticTraining with code of its own gets both answers at once."""
    text = RECIPE.replace("type: sft", "type: swiftkv\ncode: train.py\nlocal_rank: 0", 1)
    write(tmp_path / "r.yaml", text)
    result = arctic_train("--dry-run", "--format", "json", "r.yaml", folder=tmp_path)
    found = json.loads(result.out)["diagnostics"]
    assert [(each["code"], each["line"]) for each in found] == [
        ("unknown-trainer", 1),
        ("not-supported", 2),
        ("not-supported", 3),
    ]
    assert found[1]["message"] == "`code` is not supported"
    assert found[1]["note"] == "a recipe runs no code"
    assert found[1]["help"].startswith("define the trainer")


def test_an_underscore_for_a_hyphen_is_a_typing_error(tmp_path: Path) -> None:
    """Both are one Python package, and two names: the recipe is told the one that there is."""
    text = DEFINITION.replace("name: mine", "name: my-custom-trainer")
    write(tmp_path / "pyproject.toml", "")
    write(tmp_path / "d.yaml", text)
    assert arctic_gen("new-trainer", "d.yaml", folder=tmp_path).code == 0
    write(tmp_path / "r.yaml", RECIPE.replace("type: sft", "type: my_custom_trainer", 1))
    result = arctic_train("--dry-run", "r.yaml", folder=tmp_path)
    message = "there is no trainer `my_custom_trainer`; did you mean `my-custom-trainer`?"
    assert f"r.yaml:1:7: error[unknown-trainer]: {message}" in result.out
