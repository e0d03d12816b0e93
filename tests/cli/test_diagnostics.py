"""What a user reads when an input is wrong: word for word, as in ``tests/golden``.

``python -m tests.cli.test_diagnostics`` writes the file anew; read its difference.
"""

from __future__ import annotations

import os
import re
import shlex
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import pytest

from tests.support import DEFINITION, RECIPE, ROOT, Result, arctic_gen, arctic_train, write

_GOLDEN: Final = ROOT / "tests" / "golden" / "diagnostics.txt"


@dataclass(frozen=True, slots=True)
class _Case:
    """One wrong input: a text with changes, or the text itself, and the command that reads it."""

    title: str
    text: str
    command: str
    change: tuple[str, str] = ("", "")

    @property
    def document(self) -> str:
        """The text after the change."""
        old, new = self.change
        assert old in self.text, self.title
        return self.text.replace(old, new, 1)

    def run(self, folder: Path) -> Result:
        """Run the command on the document."""
        name, *arguments = shlex.split(self.command)
        if self.text:
            write(folder / ("d.yaml" if "d.yaml" in arguments else "r.yaml"), self.document)
        write(folder / "answers.jsonl", '{"question": "Why?", "answer": "So."}\n')
        runner = {"arctic-gen": arctic_gen, "arctic-train": arctic_train}[name]
        return runner(*arguments, folder=folder)


_PROGRESS: Final = re.compile(r"(?m)^[a-z][^\n]* \.\.\.\n")
"""What is said of a stage that takes long, as on a machine that is busy."""

_GEN: Final = "arctic-gen validate d.yaml"
_TRAIN: Final = "arctic-train --dry-run r.yaml"
_RUN: Final = "arctic-train r.yaml"
_SOURCES: Final = "  sources:\n    type: python_docs\n    sample_count: 60\n"
_FILE: Final = "  sources:\n    name_or_path: ./{}\n"
_OVERRIDE: Final = "data.sources.name_or_path=./answers.jsonl"
_MODEL: Final = RECIPE[RECIPE.index("model:") : RECIPE.index("tokenizer:")]
_NOWHERE: Final = _FILE.format("nowhere.jsonl")
_NO_MODEL: Final = f"{_RUN} 'model={{name_or_path: ./none}}'"
_SAVED: Final = "checkpoint:\n  output_dir: ./r.yaml/saved\n"
_MISTYPED: Final = "data_factory_typ"
_NESTING: Final = DEFINITION.replace("    alpha:", "    ref_model: {factory: model}\n    alpha:")
_FORMER: Final = DEFINITION.replace(
    "    alpha:", "    a1: {type: integer, default: 1, renamed_from: [a, b]}\n    alpha:"
)
_INSIDE: Final = "{type: array, items: {factory: model}}"
_O: Final = "{type: object, properties: {x: {type: integer}}}"
_L: Final = "{type: array, items: {type: integer}}"
_SELF: Final = "schema_version: 1\nname: mine\nextends: ./d.yaml\n"
_EXTENDING: Final = _SELF.replace("./d.yaml", "sft") + (
    "config_type: {properties: {b: {minimum: 1}}}\nloss: {}\n"
)
_UNION: Final = f"{{anyOf: [{{type: integer}}, {_L}], default: x}}"
_ADAM: Final = "fused_adam"
_OWN: Final = "name: x, extends: fused_adam"
_FREE: Final = "name: x, class: m:F, extends: adam"
_KEY: Final = "class: m:F, config_type: {properties: {eps: {type: number, default: 1}}}"
_TAGGED: Final = """
      oneOf:
        - {type: object, properties: {kind: {const: a}, size: {type: integer}}}
        - {type: object, properties: {kind: {const: b}, depth: {type: integer}}}
      default: {kind: a, depth: 1}"""


def _shared(field: str) -> str:
    """Return a definition with shared fields and one field more."""
    added = f"    beta: {field}\ndata_factory_type"
    chain = "  a: {$ref: '#/definitions/b'}\n  b: {type: array, items: {$ref: '#/definitions/a'}}\n"
    shared = f"definitions:\n  share: {{type: number}}\n  o: {_O}\n"
    shared += chain if "/a'" in field else ""
    return DEFINITION.replace("data_factory_type", added, 1) + shared


_DPO: Final = RECIPE.replace("type: sft\n", "type: dpo\nref_model: {type: random_llama}\n").replace(
    "data:\n  sources:\n    type: python_docs\n",
    "data:\n  sources:\n    type: python_docs_preference\n",
)
_OTHER_KEYS: Final = "ignore_label_index: -100\nreference_model_deepspeed: {}\n"
_CUT: Final = "  max_prompt_length: 4k\n  dpo_prompt_truncation_mode: keep_end\n  div_length"
_NUMBER: Final = "type: number\n      minimum: 0\n      default: 0.5"
_GREEK: Final = "type: string\n      default: x\n      pattern: '^\\p{Greek}+$'"
_BOUNDARY: Final = "type: string\n      default: x\n      pattern: 'x\\b'"
_CASES: Final = [
    _Case("mistyped key", RECIPE, _TRAIN, ("micro_batch_size", "micro_batch_szie")),
    _Case("mistyped key in a section", RECIPE, _TRAIN, ("hidden_size", "hiden_size")),
    _Case("key that resembles none", RECIPE, _TRAIN, ("type: sft\n", "type: sft\nzzz: 1\n")),
    _Case("key of a section at the top", RECIPE + "learning_rate: 1e-5\n", _TRAIN),
    _Case("key of another tool", RECIPE, f"{_TRAIN} num_train_epochs=3 bf16=true"),
    _Case("key of the top in a section", RECIPE, f"{_TRAIN} optimizer.micro_batch_size=3"),
    _Case("key of another type", RECIPE, _TRAIN, ("  hidden_size: 32", "  name_or_path: a/b")),
    _Case("former name of a key", RECIPE + "optimizer: {lr: 1e-5}\n", _TRAIN),
    _Case("key under two names", RECIPE + "optimizer: {lr: 0, learning_rate: 0}\n", _TRAIN),
    _Case("former name with a wrong value", RECIPE, f"{_TRAIN} optimizer.lr=-1"),
    _Case("key that is not built yet", RECIPE + "sequence_parallel_size: 2\n", _TRAIN),
    _Case("missing section", "type: sft\ndata: {sources: {type: python_docs}}\n", _TRAIN),
    _Case("missing key of a section", RECIPE, _TRAIN, (_SOURCES, "")),
    _Case("value below its minimum", RECIPE, _TRAIN, ("size: 2", "size: 0")),
    _Case("human number below its minimum", RECIPE, _TRAIN, ("size: 2", "size: -1Ki")),
    _Case("share above its maximum", RECIPE + "scheduler: {warmup_ratio: 150%}\n", _TRAIN),
    _Case("fraction for a whole number", RECIPE, _TRAIN, ("hidden_size: 32", "hidden_size: 50%")),
    _Case("text for a number", RECIPE, _TRAIN, ("hidden_size: 32", "hidden_size: big")),
    _Case("negative learning rate", RECIPE + "optimizer:\n  learning_rate: -1e-5\n", _TRAIN),
    _Case("negative length", RECIPE, _TRAIN, ("max_length: 512", "max_length: -1")),
    _Case("unknown optimizer", RECIPE + "optimizer: {type: fused_adm}\n", _TRAIN),
    _Case("number beyond all limits", RECIPE, _TRAIN, ("hidden_size: 32", "hidden_size: 1_0e999")),
    _Case("text for a truth value", RECIPE, _TRAIN, ("checkpoint: true", "checkpoint: on")),
    _Case("list for a section", RECIPE + "optimizer: [fused_adam]\n", _TRAIN),
    _Case("nothing for a section", RECIPE + "optimizer:\n", _TRAIN),
    _Case("value that is not offered", RECIPE, _TRAIN, ("dtype: fp32", "dtype: fp23")),
    _Case("empty list", RECIPE, _TRAIN, (_SOURCES, "  sources: []\n")),
    _Case("list of the wrong length", RECIPE + "optimizer: {betas: [0.9]}\n", _TRAIN),
    _Case("item of a list", RECIPE + "optimizer:\n  betas:\n    - 90%\n    - 1\n", _TRAIN),
    _Case(
        "name that a mapping does not take",
        RECIPE,
        _TRAIN,
        (_SOURCES, "  sources:\n    name_or_path: a/b\n    role_mapping: {asistant: a}\n"),
    ),
    _Case("unknown factory of a section", RECIPE, _TRAIN, ("random_llama", "random_lama")),
    _Case("missing nested section", _DPO, _TRAIN, ("ref_model: {type: random_llama}\n", "")),
    _Case("mistyped key in a nested section", _DPO, _TRAIN, ("_llama}", "_llama, dtyp: bf16}")),
    _Case("wrong values in a nested section", _DPO, _TRAIN, ("_llama}", "_llama, hidden_size: 0}")),
    _Case("numbers that no preference has", _DPO + "beta: 0\nlabel_smoothing: 50%\n", _TRAIN),
    _Case("keys of another `dpo`", _DPO + _OTHER_KEYS, _TRAIN, ("  div_length", _CUT)),
    _Case("source of another trainer", _DPO, _TRAIN, ("python_docs_preference", "python_docs")),
    _Case("unknown trainer", RECIPE, _TRAIN, ("type: sft", "type: sfd")),
    _Case("trainer that resembles none", RECIPE, _TRAIN, ("type: sft", "type: reinforce")),
    _Case("trainer of another tool, with its code", RECIPE, f"{_TRAIN} type=swiftkv code=train.py"),
    _Case(
        "names of ArcticTraining",
        RECIPE,
        f"{_TRAIN} 'model={{type: liger, name_or_path: a/b}}' "
        "'data.sources=[{type: huggingface, name_or_path: a/b}]'",
    ),
    _Case("adapter of another kind", RECIPE, f"{_TRAIN} 'model.peft_config={{peft_type: Vera}}'"),
    _Case("split stated twice", RECIPE, f"{_TRAIN} 'data.sources={{name_or_path: a:b, split: c}}'"),
    _Case("trainer that is no name", RECIPE, _TRAIN, ("type: sft", "type: [sft]")),
    _Case("definition for a recipe", DEFINITION, "arctic-train --dry-run d.yaml"),
    _Case("recipe for a definition", RECIPE, "arctic-gen new-trainer r.yaml"),
    _Case("duplicate key", RECIPE + "micro_batch_size: 4\n", _TRAIN),
    _Case("recipe that does not parse", RECIPE, _TRAIN, ("model:", "model: [")),
    _Case("tab", RECIPE, _TRAIN, ("  type: random_llama", "\ttype: random_llama")),
    _Case("merge key", RECIPE, _TRAIN, ("  hidden_size: 32", "  <<: {hidden_size: 32}")),
    _Case("tag", RECIPE, _TRAIN, ("size: 2", "size: !!python/int 2")),
    _Case("infinite number", RECIPE, _TRAIN, ("size: 2", "size: .inf")),
    _Case("empty recipe", "# nothing\n", _TRAIN),
    _Case("recipe that is a list", "- type: sft\n", _TRAIN),
    _Case(
        "several errors at once",
        RECIPE + "micro_batch_size: 4\nseed: -1\n",
        _TRAIN,
        ("hidden_size: 32", "hidden_size: 0\n  hiden_size: 1\n  num_attention_heads: .nan"),
    ),
    _Case("recipe that does not exist", "", _TRAIN),
    _Case("override without a value", RECIPE, f"{_TRAIN} foo"),
    _Case("override with an empty key", RECIPE, f"{_TRAIN} a..b=1"),
    _Case("override of no item", RECIPE + "checkpoint: []\n", f"{_TRAIN} checkpoint.7.x=1"),
    _Case("override that is not YAML", RECIPE, f"{_TRAIN} seed=[1"),
    _Case("override of a mistyped key", RECIPE, f"{_TRAIN} optimizer.learning_rat=1e-5"),
    _Case("override with a wrong value", RECIPE, f"{_TRAIN} model.dtype=fp8 epochs=-1"),
    _Case("override and recipe wrong", RECIPE, f"{_TRAIN} foo", ("micro_batch_", "micro_bach_")),
    _Case("data that is not there", RECIPE, _RUN, (_SOURCES, _NOWHERE)),
    _Case("missing column", RECIPE, _RUN, (_SOURCES, _FILE.format("answers.jsonl"))),
    _Case("missing column of an override", RECIPE, f"{_RUN} {_OVERRIDE}", (_SOURCES, _NOWHERE)),
    _Case("rows longer than the model's", RECIPE, _RUN, ("max_length: 512", "max_length: 4Ki")),
    _Case("unwritable folder", RECIPE + _SAVED, _RUN),
    _Case("model that is no folder", RECIPE, _RUN, (_MODEL, "model: {name_or_path: ./none}\n")),
    _Case("model that is nowhere", RECIPE, _RUN, (_MODEL, "model: {name_or_path: no/model}\n")),
    _Case("everything missing at once", RECIPE + _SAVED, _NO_MODEL, (_SOURCES, _NOWHERE)),
    _Case("mistyped key of a definition", DEFINITION, _GEN, ("data_factory_type", _MISTYPED)),
    _Case("mistyped key of a field", DEFINITION, _GEN, ("minimum: 0", "minimun: 0")),
    _Case("unknown factory of a definition", DEFINITION, _GEN, ("huggingface]", "hugingface]")),
    _Case("factory without a class", DEFINITION, _GEN, (_ADAM, f"{{{_OWN}}}")),
    _Case("factory with a mistyped key", DEFINITION, _GEN, (_ADAM, f"{{{_OWN}, clas: m:F}}")),
    _Case("factory that extends none", DEFINITION, _GEN, (_ADAM, f"{{{_FREE}}}")),
    _Case(
        "factory with a key of its base",
        DEFINITION,
        _GEN,
        (_ADAM, f"{{{_OWN.replace('m:F', 'm:Fast')}, {_KEY}}}"),
    ),
    _Case("missing loss", DEFINITION, _GEN, ("loss: mine_loss:mine_loss\n", "")),
    _Case("loss that is no import path", DEFINITION, _GEN, ("mine_loss:mine_loss", "mine_loss.py")),
    _Case("name that is no name", DEFINITION, _GEN, ("name: mine", "name: My Trainer")),
    _Case("field that is no name", DEFINITION, _GEN, ("    alpha:", "    Alpha-1:")),
    _Case("default below its minimum", DEFINITION, _GEN, ("default: 0.5", "default: -0.5")),
    _Case("nested section of another kind", _NESTING, _GEN, ("y: model", "y: data")),
    _Case("nested section with more", _NESTING, _GEN, ("model}", "model, type: a, items: b}")),
    _Case("nested section with a default", _NESTING, _GEN, ("model}", "model, default: null}")),
    _Case("nested section inside a field", _NESTING, _GEN, ("{factory: model}", _INSIDE)),
    _Case("definition of another version", DEFINITION, _GEN, ("version: 1", "version: 2")),
    _Case("definition that says no version", DEFINITION, _GEN, ("schema_version: 1\n", "")),
    _Case("definition whose version is no number", DEFINITION, _GEN, ("version: 1", "version: x")),
    _Case("name of a built-in trainer", DEFINITION, _GEN, ("name: mine", "name: sft")),
    _Case("former name of two fields", _FORMER, _GEN, ("[a, b]", "[a, a1, alpha]")),
    _Case("former name that a section has", _FORMER, _GEN, ("[a, b]", "[model]")),
    _Case("former name of a constant", _FORMER, _GEN, ("type: integer", "const: 1")),
    _Case("former name of what has none", _shared(_L.replace("}}", ", renamed_from: [a]}}")), _GEN),
    _Case("definition with what is not built yet", "batch: x\n" + DEFINITION, _GEN),
    _Case("definition that extends nothing", _SELF, _GEN, ("./d.yaml", "sfd")),
    _Case("definition that extends itself", _SELF, _GEN),
    _Case("definition that extends a field wrongly", _EXTENDING, _GEN),
    _Case("reference to nothing", _shared("{$ref: '#/definitions/shaer'}"), _GEN),
    _Case("reference to no file", _shared("{$ref: 'no.yaml#/definitions/share'}"), _GEN),
    _Case("reference to the network", _shared("{$ref: 'http://a/b#/definitions/x'}"), _GEN),
    _Case("reference that leads back", _shared("{$ref: '#/definitions/a'}"), _GEN),
    _Case("step of a fraction", _shared("{type: number, multipleOf: 0.5}"), _GEN),
    _Case("tuple that may go on", _shared("{type: array, items: [{type: integer}]}"), _GEN),
    _Case("objects that look alike", _shared(f"{{oneOf: [{_O}, {_O}]}}"), _GEN),
    _Case("two lists in a union", _shared(f"{{anyOf: [{_L}, {_L}]}}"), _GEN),
    _Case("default of no alternative", _shared(_UNION), _GEN),
    _Case("default of the wrong object", _shared(_TAGGED), _GEN),
    _Case("default without a name", _shared(_L.replace("}}", ", default: 1}}")), _GEN),
    _Case("definition that does not parse", DEFINITION, _GEN, ("properties:", "properties: {")),
    _Case("neither definition nor recipe", "on: push\njobs: {}\n", _GEN),
    _Case("definition that does not exist", "", _GEN),
    _Case("file for a module", DEFINITION, _GEN, ("mine_loss:mine", "mine_loss.py:mine")),
    _Case("field that hides a member", DEFINITION, _GEN, ("    alpha:", "    metrics_path:")),
    _Case("pattern that editors cannot run", DEFINITION, _GEN, (_NUMBER, _GREEK)),
    _Case("word boundary in a pattern", DEFINITION, _GEN, (_NUMBER, _BOUNDARY)),
]  # fmt: skip


_BEFORE_DATA: Final = [
    "mistyped key",
    "mistyped key in a nested section",
    "text for a number",
    "negative learning rate",
    "unknown trainer",
    "missing key of a section",
    "data that is not there",
    "missing column",
    "duplicate key",
    "recipe that does not parse",
    "unknown optimizer",
    "rows longer than the model's",
    "negative length",
    "unwritable folder",
    "model that is no folder",
    "model that is nowhere",
]


def _transcript(case: _Case, folder: Path) -> str:
    """Return what a user sees: the command, what it prints, and its exit code."""
    result = case.run(folder)
    assert not (_PROGRESS.sub("", result.out) and result.err)
    said = _PROGRESS.sub("", result.out + result.err).replace(str(folder), "/folder")
    return f"## {case.title}\n$ {case.command}\n{said}exit {result.code}\n\n"


def _golden() -> Iterator[tuple[str, str]]:
    for part in _GOLDEN.read_text(encoding="utf-8").split("## ")[1:]:
        yield part.partition("\n")[0], "## " + part


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case.title)
def test_a_wrong_input_is_answered_word_for_word(tmp_path: Path, case: _Case) -> None:
    """The whole answer to a wrong input is the golden one, and never a traceback."""
    answer = _transcript(case, tmp_path)
    assert answer == dict(_golden())[case.title]
    assert "Traceback" not in answer


@pytest.mark.parametrize("title", _BEFORE_DATA)
def test_a_run_by_a_bad_recipe_ends_before_any_data_is_prepared(
    title: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run, and not a check alone, ends with findings; neither data nor tokens are kept of it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    (case,) = (each for each in _CASES if each.title == title)
    result = replace(case, command=case.command.replace("--dry-run ", "")).run(tmp_path / "here")
    assert (result.code, result.err) == (1, "")
    assert "error[" in result.out
    assert "Traceback" not in result.out
    assert [path for path in (tmp_path / "cache").rglob("*") if path.is_file()] == []


def test_every_golden_answer_is_one_to_a_case() -> None:
    """The file holds the answers to the cases above, in their order, and no others."""
    assert [title for title, _ in _golden()] == [case.title for case in _CASES]


if __name__ == "__main__":
    os.environ["ARCTIC_TRAINING_STATUS_DELAY"] = "3600"  # as in the tests: see conftest.py
    with tempfile.TemporaryDirectory() as _folder:
        _answers = []
        for _number, _one in enumerate(_CASES):
            _place = Path(_folder, str(_number))
            _place.mkdir()
            _answers.append(_transcript(_one, _place))
    write(_GOLDEN, "".join(_answers))
