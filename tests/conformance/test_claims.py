"""``arctic-gen test``: what is promised is tried, and each fault breaks what it is about."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
import yaml

from arctic_training.cli.tiny_recipe import tiny
from arctic_training.codegen.scaffold import recipe_path, starter_recipe
from arctic_training.conformance.claims import CLAIMS, BrokenClaimError, NotPromisedError
from arctic_training.conformance.subject import Subject
from arctic_training.conformance.suite import verdicts
from arctic_training.definition.stages import read_definitions
from tests.support import ROOT, arctic_gen, write

FAULTS = {
    "nan": "loss",
    "nothing": "loss",
    "term": "loss",
    "wild": "loss",
    "cut": "gradient",
    "flat": "gradient",
    "growing": "descent",
    "mean": "accumulation",
    "padded": "padding",
    "mixed": "packing",
    "counting": "resume",
}
"""Each fault that a loss may have, and the claim that it breaks."""

_DEFINITION = f"""\
schema_version: 1
name: claimed
extends: sft
config_type:
  properties:
    fault: {{enum: [none, {", ".join(FAULTS)}], default: none, description: What is wrong.}}
loss: claimed_loss:loss
metrics: {{entropy: mean}}
"""
_LOSS = """\
import torch
import torch.nn.functional as F

from arctic_training.data.batches import IGNORE_INDEX
from arctic_training.losses.language_modeling import next_token_logits
from arctic_training.core.loss_output import LossOutput, Term

calls = [0]


def loss(trainer, batch):
    calls[0] += 1
    logits, labels = next_token_logits(trainer, batch)
    trained = labels != IGNORE_INDEX
    each = F.cross_entropy(logits.float(), labels, ignore_index=IGNORE_INDEX, reduction="none")
    total, count, terms = each.sum(), trained.sum(), {"entropy": Term(each.sum(), trained.sum())}
    match trainer.config.fault:
        case "nan":
            total = total * float("nan")
        case "nothing":
            count = 0
        case "term":
            terms = {}
        case "wild":
            terms = {"entropy": Term(float("inf"), 1)}
        case "cut":
            total = total.detach()
        case "flat":
            total = total * 0
        case "growing":
            total = total * calls[0]
        case "mean":
            total, count = total / count, 1
        case "padded":
            count = labels.numel()
        case "mixed":
            place = torch.arange(labels.numel()) % batch["input_ids"].shape[1]
            total = (each * place).sum()
        case "counting":
            total = total * (1 + calls[0] % 3)
    return LossOutput(sum=total, count=count, terms=terms)
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a trainer whose loss has the fault that its recipe names."""
    folder = tmp_path_factory.mktemp("claims")
    write(folder / "claimed.yaml", _DEFINITION)
    write(folder / "claimed_loss.py", _LOSS)
    assert arctic_gen("new-trainer", "--no-verify", "claimed.yaml", folder=folder).code == 0
    return folder


@pytest.fixture
def subject(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Subject:
    """Return that trainer, to be tried without a fault."""
    monkeypatch.chdir(project)
    (item,), _ = read_definitions([Path("claimed.yaml")])
    text = starter_recipe(item.spec, recipe_path(item.path), item.project)
    values = tiny(yaml.safe_load(text), item.spec, str(project / "prepared"))
    return Subject(
        name="claimed",
        coupling="sample",
        values=values,
        overrides=[],
        folder=tmp_path,
        saves="deepspeed",
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_breaks_the_claim_that_it_is_about(fault: str, subject: Subject) -> None:
    """Each claim can be broken, and says what to do."""
    (claim,) = (claim for claim in CLAIMS if claim.name == FAULTS[fault])
    with pytest.raises(BrokenClaimError) as broken:
        claim.tried(replace(subject, overrides=[f"fault={fault}"]))
    assert str(broken.value)


def test_what_is_not_promised_is_not_tried(subject: Subject) -> None:
    """A loss that mixes samples depends on how it is cut, and all the same not on padding."""
    mixing = replace(subject, coupling="micro_batch", saves="", overrides=["fault=mean"])
    tried = {claim.name: claim.tried for claim in CLAIMS}
    for name in ("accumulation", "packing", "resume"):
        with pytest.raises(NotPromisedError):
            tried[name](mixing)
    assert tried["padding"](mixing)


def test_without_a_loss_nothing_else_is_tried(subject: Subject) -> None:
    """Where the loss is no number, one line says so."""
    (only,) = verdicts(replace(subject, overrides=["fault=nan"]))
    assert (only.claim, only.outcome) == ("loss", "broken")


def test_a_new_trainer_keeps_what_it_promises(tmp_path: Path) -> None:
    """What `init` begins trains, and keeps every claim: a verdict a line."""
    assert arctic_gen("init", "begun-here", folder=tmp_path).code == 0
    made = arctic_gen("new-trainer", "--no-verify", "begun_here.yaml", folder=tmp_path)
    assert made.code == 0
    done = arctic_gen("test", "begun-here", "label_smoothing=0.1", folder=tmp_path)
    assert (done.code, done.err) == (0, "")
    *lines, end = done.out.splitlines()
    assert [line.split()[:2] for line in lines] == [["kept", f"{c.name}:"] for c in CLAIMS]
    assert end == "`begun-here` keeps what it promises"


def test_a_broken_claim_is_a_finding_at_the_definition(project: Path) -> None:
    """Programs get it in every form, people word for word; the command ends with 1."""
    command = "arctic-gen test claimed fault=nan"
    told = arctic_gen(*command.split()[1:], folder=project)
    golden = (ROOT / "tests/golden/claims.txt").read_text("utf-8")
    assert f"## broken claim\n$ {command}\n{told.out}exit {told.code}\n" == golden
    done = arctic_gen("test", "claimed", "fault=nan", "--format", "json", folder=project)
    (found,) = cast("list[dict[str, object]]", json.loads(done.out)["diagnostics"])
    place = (found["path"], found["line"], found["code"])
    assert (done.code, place) == (1, ("claimed.yaml", 7, "not-kept"))


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ("claimd", 2, "no trainer `claimd` was generated; did you mean `claimed`?"),
        ("dpo.yaml", 2, "no trainer `dpo.yaml` was generated; did you mean `dpo`?"),
        ("claimed falt=nan", 1, "unknown key `falt`; did you mean `fault`?"),
    ],
)
def test_what_cannot_be_tried_is_said(words: str, code: int, said: str, project: Path) -> None:
    """A trainer that is not there, or a key that it has not, is an error as everywhere."""
    done = arctic_gen("test", *words.split(), folder=project)
    assert (done.code, said in done.out + done.err) == (code, True)
