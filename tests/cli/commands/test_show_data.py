"""`arctic-train show-data`."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from arctic_trainers.dpo import DPOTrainer
from arctic_training.cli.commands.show_data import show_rows
from arctic_training.data.chat.conversation import Conversation
from arctic_training.trainer.data_stage import DataStage
from tests.preferences import dpo_config, pairs, preference_data
from tests.support import RECIPE, arctic_train, write
from tests.tiny import HandTrainer, hand_config, jsonl


def test_trained_tokens_are_marked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rows are shown as text without padding, what is trained between brackets."""
    said: Conversation = [
        {"role": "user", "content": "What?"},
        {"role": "assistant", "content": "[b]This[/b]"},
    ]
    data = {"sources": jsonl(tmp_path / "said.jsonl", [said, said]), "pack_samples": True}
    stage = DataStage(HandTrainer, hand_config(data=data))
    tokenizer = stage.tokenizer
    show_rows(tokenizer, stage.training_data().batches(0), 5)
    *_, rule, text = capsys.readouterr().out.partition("row 1: ")
    length = int(text.split(" tokens")[0])
    one = "<|im_start|>user\nWhat?<|im_end|>\n<|im_start|>assistant\n[[[b]This[/b]<|im_end|>]]\n"
    assert rule
    assert text.partition("\n")[2] == f"{one}{one}\n"
    trained = 2 * (len(tokenizer.encode("[b]This[/b]")) + 1)
    assert text.startswith(f"{length} tokens, {trained} with loss")


def test_the_sides_of_a_pair_stand_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of pairs, the chosen answer comes first and the rejected one behind it, both marked.

    A single answer says whether it is a good one.
    """
    config = dpo_config(data=preference_data(tmp_path / "d.jsonl", pairs(3)), micro_batch_size=2)
    stage = DataStage(DPOTrainer, config)
    capsys.readouterr()
    show_rows(stage.tokenizer, stage.training_data().batches(0), 2)
    shown = capsys.readouterr().out
    titles = [line.partition(":")[0] for line in shown.splitlines() if line.startswith("pair ")]
    assert titles == ["pair 1, chosen", "pair 1, rejected", "pair 2, chosen", "pair 2, rejected"]
    sides = shown.partition("pair 1")[2].split(" with loss")[1:]
    assert len({side.partition("[[")[0].partition("\n")[2] for side in sides[:2]}) == 1
    assert all(side.count("[[") == 1 for side in sides)
    ids = torch.ones(2, 3, dtype=torch.int64)
    single = {"input_ids": ids, "shift_labels": ids, "lengths": torch.tensor([3, 2])}
    show_rows(stage.tokenizer, iter([single | {"is_good": torch.tensor([True, False])}]), 2)
    titles = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert titles[::2] == ["row 1, good", "row 2, bad"]


def test_the_command(tmp_path: Path) -> None:
    """The command prints the report and as many rows as asked; a mistake is told at its line."""
    write(tmp_path / "recipe.yaml", RECIPE)
    result = arctic_train("show-data", "recipe.yaml", "--n", "3", folder=tmp_path)
    assert (result.code, result.err) == (0, "")
    assert result.out.startswith("data: ")
    assert result.out.count(" with loss ") == 3
    result = arctic_train("show-data", "recipe.yaml", "data.max_length=2", folder=tmp_path)
    assert (result.code, "recipe.yaml:" in result.out) == (1, True)
    write(tmp_path / "wrong.yaml", f"{RECIPE}tokeniser: {{}}\n")
    assert arctic_train("show-data", "wrong.yaml", folder=tmp_path).code == 1
