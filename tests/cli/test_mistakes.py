"""Mistakes that people make in recipes: one cause is one message, at its place, with its remedy."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from arctic_training.api import checked_recipe
from arctic_training.cli.readiness import readiness_problems
from arctic_training.diagnostics import Diagnostic, Severity
from arctic_training.errors import InvalidRecipeError
from tests.support import RECIPE, write


class Mistake(NamedTuple):
    """A change of a right recipe, where it is told, and words of what is said and advised."""

    title: str
    old: str
    new: str
    place: str
    words: tuple[str, ...]
    overrides: tuple[str, ...] = ()


_END: Final = "micro_batch_size: 2\n"
_HEAD: Final = "type: sft\n"
_SIZE: Final = "hidden_size: 32"
_KIND: Final = "  type: random_llama"
_SOURCE: Final = "    type: python_docs\n    sample_count: 60\n"
_MODEL: Final = RECIPE[RECIPE.index("model:") : RECIPE.index("tokenizer:")]
_DATA: Final = RECIPE[RECIPE.index("data:") : RECIPE.index("micro_batch")]


def _more(title: str, line: str, place: str, *words: str) -> Mistake:
    """Return the mistake of lines at the end of the recipe; its line 23 is their first."""
    return Mistake(title, _END, _END + line + "\n", place, words)


def _size(title: str, value: str, *words: str, column: int = 16) -> Mistake:
    return Mistake(title, _SIZE, f"hidden_size: {value}", f"4:{column}", words)


def _line(title: str, line: str, place: str, *words: str) -> Mistake:
    """Return the mistake of another line in place of `hidden_size: 32`, which is line 4."""
    return Mistake(title, "  hidden_size: 32\n", line + "\n", place, words)


def _set(title: str, override: str, place: str, *words: str) -> Mistake:
    return Mistake(title, "", "", f"command line:{place}", words, (override,))


_SYNTAX: Final = [
    _more("no colon at the end", "epochs 3", "23:1", "missing `:` after `epochs`", "`epochs: 3`"),
    _more("full-width colon", "epochs\uff1a3", "23:7", "full-width colon", "`epochs: 3`"),
    _more("full-width colon and space", "epochs\uff1a 3", "23:7", "full-width", "`epochs: 3`"),
    _more("no-break space after a colon", "epochs:\u00a03", "23:7", "no-break", "`epochs: 3`"),
    _more("ideographic space", "epochs:\u30003", "23:7", "special space", "`epochs: 3`"),
    _more("no space after a colon", "epochs:3", "23:7", "missing space after `epochs:`"),
    _more("equals sign", "epochs=3", "23:7", "`=` after `epochs`", "`epochs: 3`"),
    _more("equals sign with spaces", "epochs = 3", "23:7", "`=` after `epochs`", "`epochs: 3`"),
    _more("colon and equals sign", "epochs := 3", "23:7", "after `epochs`", "`epochs: 3`"),
    _more("conflict", "<<<<<<< HEAD\nepochs: 3", "23:1", "merge conflict", "keep one side"),
    _more("comment of C", "// three epochs\nepochs: 3", "23:1", "`//`", "begin with `#`"),
    _more("at sign", "seed: @x", "23:7", "begin with `@`", "`'@x'`"),
    _more("backtick", "seed: `x`", "23:7", "a backtick", "`'`x`'`"),
    _more("percent sign first", "seed: %x", "23:7", "begin with `%`", "`'%x'`"),
    _more("colon in a text", "kill_switch_path: a: b", "23:20", "`: ` in an unquoted", "`'a: b'`"),
    _more("text after a quote", 'kill_switch_path: "a" b', "23:22", "after the closing quote"),
    _more("quote in quotes", "kill_switch_path: 'it's'", "23:23", "quote inside", "`'it''s'`"),
    _more("backslash in quotes", 'kill_switch_path: "C:\\data"', "23:22", "escape `\\d`", "single"),
    _more("asterisk", "kill_switch_path: *x", "23:19", "undefined alias `*x`", "`'*x'`"),
    _more("exclamation mark", "kill_switch_path: !x y", "23:19", "unknown tag `!x`", "quote"),
    _more("second document", "---\nepochs: 3", "24:1", "second document", "`---`"),
    _more("dash before a key", "- epochs: 3", "23:1", "`-` begins an item", "leave out"),
    _more("unclosed list", "optimizer: {betas: [0.9, 0.99}", "23:20", "`[` is not closed", "close"),
    _more("no comma", "optimizer: {eps: 1 betas: 2}", "23:25", "expected `,` or `}`"),
    _more("twice the same key", "micro_batch_size: 2", "23:1", "duplicate key", "remove one"),
    _more("merge key", "<<: {epochs: 3}", "23:1", "merge keys", "write the keys out"),
    Mistake("no colon at the start", "type: sft", "type sft", "1:1", ("missing `:` after `type`",)),
    Mistake("no colon in a section", _SIZE, "hidden_size 32", "4:3", ("`hidden_size: 32`",)),
    Mistake("no colon of a section", "model:\n", "model\n", "2:1", ("missing `:`", "`model:`")),
    Mistake("no colon of a list", "sources:", "sources", "13:3", ("missing `:`", "`sources:`")),
    Mistake("open quote", "random_llama", "'random_llama", "3:9", ("missing closing quote", "`'`")),
    Mistake("open quotes", "random_llama", '"random_llama', "3:9",
        ("missing closing quote", '`"`')),
    Mistake("open brace", "model:", "model: {", "2:8", ("`{` is not closed", "close it")),
    Mistake("tab", _KIND, "\ttype: random_llama", "3:1", ("tabs are not allowed", "spaces")),
    Mistake("tab after spaces", _KIND, "  \ttype: random_llama", "3:3", ("tabs", "spaces")),
    _line("tab further down", "\thidden_size: 32", "4:1", "tabs are not allowed", "spaces"),
    _line("a space too many", "   hidden_size: 32", "4:1", "3 spaces", "by 2 in `model`"),
    _line("a space too few", " hidden_size: 32", "4:1", "1 space", "by 2 in `model`"),
    _line("much too deep", "        hidden_size: 32", "4:1", "8 spaces", "by 2 in `model`"),
    _line("semicolon", "  hidden_size: 32;", "4:16", "expected integer", "did you mean `32`?"),
    Mistake(
        "key of an item at its dash",
        "  sources:\n" + _SOURCE,
        "  sources:\n    - type: python_docs\n    sample_count: 60\n",
        "19:1",
        ("`sample_count` is indented by 4 spaces", "by 6 in the item of `sources`"),
    ),
]  # fmt: skip

_PLACES: Final = [
    Mistake(
        "section a step too deep",
        _DATA,
        "".join(f"  {line}\n" for line in _DATA.splitlines()).replace("data", "data", 1),
        "16:3",
        ("unknown key `data`", "at the top level"),
    ),
    Mistake(
        "empty section a step too deep",
        f"{_MODEL}",
        f"{_MODEL}  data:\n  sources: {{type: python_docs}}\n  max_length: 10\n",
        "10:3",
        ("`data` is indented too far", "at the top level", "`sources`, `max_length`"),
    ),
    _more("section not indented", "optimizer:\nlearning_rate: 1", "24:1", "not indented",
        "`optimizer`"),
    _more("two keys not indented", "optimizer:\nbetas: [0, 0]\neps: 1", "24:1", "`betas`, `eps`"),
    _more("key of a section above", "learning_rate: 1e-5", "23:1", "`optimizer.learning_rate`"),
    _more("folder of the run at the top", "output_dir: ./x", "23:1", "`checkpoint.output_dir`"),
    _more("folder in place of a section", "checkpoint: ./x", "23:13", "`{output_dir: ./x}`"),
    _more("truth in place of a section", "wandb: true", "23:8", "`{enable: true}`"),
    _more("decimal comma", "train_log_iter_interval: 0,5", "23:26", "expected integer"),
    _more("rate with a comma", "optimizer: {learning_rate: '0,002'}", "23:28", "mean `0.002`?"),
    Mistake(
        "shares of more than all",
        "data:\n",
        "eval_interval: 1\ndata:\n  train_eval_split: [0.9, 0.2]\n",
        "18:21",
        ("add up to 1.1, not to 1", "`[0.9, 0.1]`"),
    ),
    _more("variable in a path", "kill_switch_path: ${A}/x", "23:19", "`${A}` is not expanded"),
    _more("key of other tools", "lr: 1e-4", "23:1", "`optimizer.learning_rate`"),
    _more("accumulation", "accumulation_steps: 2", "23:1", "`gradient_accumulation_steps`"),
    _more("scheduler by name", "scheduler: cosine", "23:12", "write `name: cosine`"),
    _more("optimizer by name", "optimizer: adamw", "23:12", "`type: fused_adam`", "AdamW"),
    _more("optimizer by case", "optimizer: AdamW", "23:12", "`type: fused_adam`", "AdamW"),
    _more("optimizer of another tool", "optimizer: {type: adamw_torch}", "23:19", "fused_adam"),
    _more("optimizer AdamW", "optimizer: {type: adamw}", "23:19", "`type: fused_adam`", "AdamW"),
    _more("optimizer Adam", "optimizer: {type: adam}", "23:19", "`type: fused_adam`"),
    _more("8-bit optimizer", "optimizer: {type: adamw_8bit}", "23:19", "never quantised"),
    _more("optimizer, a slip", "optimizer: {type: fused_adm}", "23:19", "mean `fused_adam`?"),
    _more("scheduler as a type", "scheduler: {type: cosine}", "23:19", "write `name: cosine`"),
    _more("section that is null", "optimizer:", "23:11", "expected mapping", "indent its keys"),
    _more("section that is a list", "optimizer: [adamw]", "23:12",
        "expected mapping, found a list"),
    _more("dash without space", "checkpoint: {-type: deepspeed, output_dir: a}", "23:14",
        "`-type`"),
    _more("key of the top", "optimizer: {epochs: 1}", "23:13", "`epochs` at the top level"),
    _more("key of another type", "optimizer: {momentum: 1}", "23:13", "key of `type: muon`"),
    _more("another separator", "micro-batch-size: 3", "23:1", "mean `micro_batch_size`?"),
    _more("another case", "Epochs: 3", "23:1", "did you mean `epochs`?"),
    _more("plural", "epoch: 3", "23:1", "did you mean `epochs`?"),
    _more("letters swapped", "epcohs: 3", "23:1", "did you mean `epochs`?"),
    _more("not built yet", "sequence_parallel_size: 2", "23:25", "expected `1`, found `2`"),
    Mistake("model by name", _MODEL, "model: gpt2\n", "2:8", ("`{name_or_path: gpt2}`",)),
    Mistake("model by path", _MODEL, "model: ./gpt2\n", "2:8", ("`{name_or_path: ./gpt2}`",)),
    Mistake("type as a section", _MODEL, "model: random_llama\n", "2:8",
        ("`{type: random_llama}`",)),
    Mistake(
        "source by path",
        "  sources:\n" + _SOURCE + "  max_length",
        "  sources: ./x.jsonl\n  max_length",
        "17:12",
        ("`{name_or_path: ./x.jsonl}`",),
    ),
    Mistake("source of another name", _DATA, _DATA.replace("sources", "train_sources"), "17:3",
        ("`sources`?",)),
    Mistake("source of a slip", _DATA, _DATA.replace("sources", "source"), "17:3", ("`sources`?",)),
    Mistake("no data", _DATA, "", "1:1", ("`data` is missing", "training data")),
    Mistake("no model", _MODEL, "", "1:1", ("`model` is missing",)),
    Mistake("data of other tools", _DATA, "dataset: ./x.jsonl\n", "16:1", ("`data.sources",)),
    Mistake("sources at the top", _DATA, "sources: {type: python_docs}\n", "16:1",
        ("`data.sources`",)),
    Mistake(
        "swapped sections",
        RECIPE,
        RECIPE.replace("model:", "x:").replace("data:", "model:").replace("x:", "data:"),
        "2:1",
        ("`data` holds what looks like a `model` section", "swap"),
    ),
    Mistake("section by another name", "model:", "modul:", "2:1", ("did you mean `model`?",)),
    Mistake("kind, a slip", "random_llama", "random_lama", "3:9",
        ("did you mean `random_llama`?",)),
    Mistake("kind of files", "type: python_docs\n    sample_count: 60", "type: jsonl", "18:11",
        ("`name_or_path`",)),
    Mistake("kind of transformers", _KIND, "  type: hf", "3:9", ("`type: huggingface`",)),
]  # fmt: skip

_VALUES: Final = [
    _size("percent", "50%", "expected integer, found `50%`"),
    _size("zero", "0", "`0` is below the minimum of 1"),
    _size("octal look", "-007", "`-007` is below the minimum of 1"),
    _size("human number", "-1Ki", "`-1Ki` is below the minimum of 1"),
    _size("word", "big", "expected integer, found `big`"),
    _size("thousands", "2,048", "did you mean `2048`?"),
    _size("space in a number", "2 k", "did you mean `2k`?"),
    _size("trailing comma", "32,", "did you mean `32`?"),
    _size("fraction", "1.5", "expected integer, found `1.5`"),
    _size("null", "null", "expected integer, found null"),
    _size("list", "[32]", "expected integer, found a list"),
    _size("mapping", "{a: 1}", "expected integer, found a mapping"),
    _size("infinite", ".inf", "`.inf` is not a finite number"),
    _size("true", "true", "expected integer, found `true`"),
    Mistake("yes", "checkpoint: true", "checkpoint: yes", "9:34", ("expected boolean", "`true`")),
    Mistake("off", "checkpoint: true", "checkpoint: off", "9:34", ("expected boolean", "`false`")),
    Mistake("one", "checkpoint: true", "checkpoint: 1", "9:34", ("expected boolean", "`true`")),
    Mistake("quoted", "checkpoint: true", "checkpoint: 'true'", "9:34",
        ("boolean", "write `true`")),
    Mistake("dtype", "fp32", "fp64", "8:10", ("not one of `bf16`, `fp16`, `fp32`",)),
    Mistake("dtype, a slip", "fp32", "fp23", "8:10", ("did you mean `fp32`?",)),
    Mistake("dtype, case", "fp32", "BF16", "8:10", ("did you mean `bf16`?",)),
    _more("rate of -1", "optimizer: {learning_rate: -1e-5}", "23:28", "`-1e-5` is below"),
    _more("share", "scheduler: {warmup_ratio: 150%}", "23:27", "`150%` is above the maximum of 1"),
    _more("one beta", "optimizer: {betas: [0.9]}", "23:20", "at least 2, found 1"),
    _more("beta of 1", "optimizer: {betas: [0.9, 1]}", "23:26", "`1` is not less than 1"),
    _more("negative seed", "seed: -1", "23:7", "`-1` is below the minimum of 0"),
    _more("checkpoint without a folder", "checkpoint: {type: deepspeed}", "23:1", "`output_dir`"),
    Mistake("none", "max_length: 512", "max_length: None", "20:15", ("write `null`",)),
    Mistake("no sources", "  sources:\n" + _SOURCE + "  max", "  sources: []\n  max", "17:12",
        ("at least 1",)),
    Mistake("trainer, a slip", "type: sft", "type: sfd", "1:7", ("did you mean `sft`?",)),
    Mistake("trainer, case", "type: sft", "type: SFT", "1:7", ("did you mean `sft`?",)),
    Mistake("trainer of others", "type: sft", "type: grpo", "1:7", ("no trainer `grpo`", "`dpo`")),
    Mistake("trainer as a list", "type: sft", "type: [sft]", "1:7", ("name of a trainer",)),
    Mistake("trainer, swapped", "type: sft", "type: casual", "1:7", ("did you mean `causal`?",)),
]  # fmt: skip

_COMMAND_LINE: Final = [
    _set("no value", "foo", "1:1", "expected key=value", "learning_rate=1e-5"),
    _set("colon", "seed: 1", "1:1", "expected key=value", "write seed=1"),
    _set("variable", "kill_switch_path=$HOME/x", "1:18", "`$HOME` is not expanded", "~"),
    _set("characters of no text", "\udcffx=1", "1:1", "unprintable"),
    _set("slip", "optimizer.learning_rat=1", "1:1", "did you mean `learning_rate`?"),
    _set("wrong value", "epochs=-1", "1:8", "`-1` is below the minimum"),
    _set("percent there", "micro_batch_size=50%", "1:18", "expected integer, found `50%`"),
    _set("unknown choice", "model.dtype=fp8", "1:13", "not one of `bf16`"),
    _set("other tools", "num_train_epochs=3", "1:1", "did you mean `epochs`?"),
    _set("no list", "data.sources.3.type=x", "1:1", "index `3` is out of range"),
    _set("key below a value", "seed.x=1", "1:1", "expected integer, found a mapping"),
    _set("key below a text", "type.x=1", "1:1", "not a section"),
    _set("open bracket", "seed=[1", "1:1", "`[` is not closed"),
    _set("name by itself", "optimizer=adamw", "1:11", "`type: fused_adam`"),
    _set("alias", "seed=*x", "1:1", "undefined alias"),
    _set("spaces around `=`", "seed = 3", "1:1", "space before `=`", "write seed=3"),
    _set("two equals signs", "seed==3", "1:1", "write seed=3"),
    _set("slash", "optimizer/learning_rate=1", "1:1", "write optimizer.learning_rate=1"),
    _set("no value behind `=`", "seed=", "1:1", "give it a value"),
    _set("second recipe", "s.yaml", "1:1", "a run has one recipe"),
]

_FILES: Final = [
    Mistake(
        "data without ./",
        _SOURCE,
        "    name_or_path: data/x.jsonl\n",
        "18:19",
        ("the Hugging Face hub", "did you mean `./data/x.jsonl`?"),
    ),
    Mistake("data without ./, split", _SOURCE, "    name_or_path: x.jsonl\n", "18:19",
        ("`./x.jsonl`?",)),
    Mistake("model with folders", _MODEL, "model: {name_or_path: a/b/c}\n", "2:23",
        ("`./a/b/c`?",)),
    _more("system folder", "checkpoint: {output_dir: /proc/x}", "23:26",
        "`/proc` belongs to the system"),
    _more("folder in a file", "checkpoint: {output_dir: ./r.yaml/x}", "23:26", "r.yaml` is a file"),
    _more("metrics in a folder", "train_log_metrics_path: ./data", "23:25", "is a folder",
        "name a file"),
    _more("nothing to evaluate on", "eval_interval: 5", "23:16", "without a set",
        "`data.eval_sources`"),
    Mistake(
        "evaluation that is never done",
        "  max_length",
        "  train_eval_split: [0.9, 0.1]\n  max_length",
        "20:21",
        ("never used", "`eval_interval`"),
    ),
    Mistake(
        "no chat template",
        RECIPE[RECIPE.index("tokenizer:") : RECIPE.index("data:")],
        "tokenizer: {name_or_path: ./plain}\n",
        "10:1",
        ("no chat template", "`chat_template`"),
    ),
    Mistake(
        "template that is not there",
        RECIPE[RECIPE.index("tokenizer:") : RECIPE.index("data:")],
        "tokenizer: {name_or_path: ./plain, chat_template: ./no.jinja}\n",
        "10:51",
        ("no.jinja",),
    ),
]  # fmt: skip

_FORMS: Final = [
    _more("two commas", "optimizer: {eps: 1,, beta: 2}", "23:20", "two commas in a row"),
    _more("comment without a space", "seed: 3#x", "23:7", "a comment needs a space", "`3 #`"),
    _more("number in brackets", "optimizer: {learning_rate: [1e-4]}", "23:28", "without brackets"),
    _more("switch for a section",
        "deepspeed: {zero_optimization: {stage: 1, offload_optimizer: true}}", "23:62", "`device`"),
    Mistake("item without a space", "    type: python_docs", "    -type: python_docs", "14:5",
        ("write `- type`",)),
    Mistake("all for evaluation", "  max_length", "  train_eval_split: [0, 1]\n  max_length",
        "20:22", ("`0` is not greater than 0",)),
    Mistake("template in the recipe",
        RECIPE[RECIPE.index("tokenizer:") : RECIPE.index("data:")],
        "tokenizer: {name_or_path: ./plain, chat_template: '{{ messages }}'}\n", "10:51",
        ("path of a file",)),
]  # fmt: skip

MISTAKES: Final = [*_SYNTAX, *_FORMS, *_PLACES, *_VALUES, *_COMMAND_LINE, *_FILES]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.title)
def test_a_mistake_is_one_message_at_its_place(mistake: Mistake, tmp_path: Path) -> None:
    """What is wrong is said once, where it was written, with what to write instead."""
    found = _findings(mistake, tmp_path)
    assert [f"{each.span}: {each.sentence}" for each in found][1:] == []
    (finding,) = found
    assert str(finding.span).removeprefix("r.yaml:") == mistake.place, finding.sentence
    said = f"{finding.sentence}\n{finding.note}\n{finding.help}"
    assert [word for word in mistake.words if word not in said] == [], said


def test_titles_tell_mistakes_apart() -> None:
    """There are more than 100 of them, each with a title of its own."""
    titles = {mistake.title for mistake in MISTAKES}
    assert len(titles) == len(MISTAKES) > 100


def _findings(mistake: Mistake, folder: Path) -> list[Diagnostic]:
    """Return the errors that a dry run has, in this process and without the command around it."""
    assert mistake.old in RECIPE, mistake.title
    path = write(folder / "r.yaml", RECIPE.replace(mistake.old, mistake.new, 1))
    write(folder / "data/x.jsonl", '{"messages": []}\n')
    write(folder / "x.jsonl", '{"messages": []}\n')
    write(folder / "plain/tokenizer_config.json", "{}")
    with contextlib.chdir(folder):
        try:
            found = [*readiness_problems(checked_recipe(path.name, mistake.overrides))]
        except InvalidRecipeError as error:
            found = error.diagnostics
    return [each for each in dict.fromkeys(found) if each.severity is Severity.ERROR]
