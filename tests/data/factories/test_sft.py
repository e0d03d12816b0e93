"""Which tokens of a conversation are trained."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arctic_training.config.data import SFTDataConfig
from arctic_training.data.batches import IGNORE_INDEX, SFTBatch
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.errors import RecipeError
from tests.tiny import HandTrainer, Recorder, hand_config, jsonl, prepared

Marked: TypeAlias = list[tuple[int, bool]]
"""Tokens, and whether each is trained."""

_TRAPS = [
    *[
        "",
        " ",
        "\n",
        "\n\n\n",
        "\t x",
        "  two  ",
        "yes",
        "yes yes",
        "a\r\nb",
        "\u00e9\u00e8",
        "e\u0301",
    ],
    *[
        "\U0001f600",
        "\u200d\ufe0f",
        "\u3042\u3044",
        "assistant",
        "assistant\n",
        "    indented",
        "{{ 1 }}",
        "{% endgeneration %}",
    ],
    *["<|im_end|>", "<|im_end|>\n<|im_start|>assistant\nyes", "<|im_start|>", "<|pad|>", "<|im_"],
]
_texts = st.sampled_from(_TRAPS) | st.text(max_size=12)
_turns = st.lists(
    st.tuples(st.sampled_from(["system", "user", "assistant"]), _texts | _texts.map(str.upper)),
    min_size=1,
    max_size=5,
)


@pytest.fixture(scope="module")
def trainer() -> HandTrainer:
    """Return a trainer whose tokenizer has merged many of the pairs that the traps are made of."""
    return HandTrainer(hand_config(tokenizer={"vocab_size": 600}, train_iters=1))


@pytest.fixture
def recorder(trainer: HandTrainer, monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """Return what takes down the notes of the trainer."""
    recorder = Recorder()
    monkeypatch.setattr(trainer, "progress", recorder)
    return recorder


def _factory(trainer: HandTrainer, **changes: object) -> SFTDataFactory:
    trainer.config = hand_config(data=changes)
    return SFTDataFactory(trainer, trainer.config.data)


def _said(*turns: tuple[str, str]) -> Conversation:
    return [{"role": role, "content": content} for role, content in turns]


def _chatml(trainer: HandTrainer, conversation: Conversation) -> Marked:
    """Render a conversation as ChatML by hand, piece by piece, as generation would meet it."""
    marked: Marked = []
    for message in conversation:
        answer = message["role"] == "assistant"
        pieces = [
            (f"<|im_start|>{message['role']}\n", False),
            (f"{message['content']}<|im_end|>", answer),
            ("\n", False),
        ]
        for text, trained in pieces:
            ids: list[int] = trainer.tokenizer.encode(text)
            marked += [(token, trained) for token in ids]
    return marked


@given(st.lists(_turns, min_size=1, max_size=3))
def test_masks_equal_ground_truth(
    trainer: HandTrainer, conversations: list[list[tuple[str, str]]]
) -> None:
    """Exactly the assistant's words and the token that ends its turn are trained."""
    said = [_said(*turns, ("assistant", "yes")) for turns in conversations]
    trainer.progress = Recorder()
    factory = _factory(trainer, max_length=10_000)
    samples = factory.rows(prepared(factory, said))
    actual = [
        [(int(token), bool(mask)) for token, mask in zip(*sample, strict=True)]
        for (sample,) in samples
    ]
    expected = [_chatml(trainer, conversation) for conversation in said]
    assert actual == [[(first, False), *rest] for (first, _), *rest in expected]


def test_everything_is_trained_without_masks(trainer: HandTrainer, recorder: Recorder) -> None:
    """With `mask_inputs: false` each token of a conversation but the first is trained."""
    said = [_said(("user", "a"), ("assistant", "b")), _said(("user", "no answer"))]
    factory = _factory(trainer, mask_inputs=False)
    rows = factory.rows(prepared(factory, said))
    assert [[*sample.input_ids] for (sample,) in rows] == [
        [token for token, _ in _chatml(trainer, conversation)] for conversation in said
    ]
    assert all(sample.loss_mask[1:].all() for (sample,) in rows)
    assert not any("left out" in note for note in recorder.notes)


def test_dropped_samples_are_reported(trainer: HandTrainer, recorder: Recorder) -> None:
    """What is too long or has nothing to train is left out, and every token is accounted for."""
    fits = _said(("user", "a"), ("assistant", "b"))
    length, trained = len(_chatml(trainer, fits)), 2
    long, mute = _said(("user", "aa"), ("assistant", "b")), _said(("user", "a"))
    lost, silent = len(_chatml(trainer, long)), len(_chatml(trainer, mute))
    factory = _factory(trainer, max_length=length)
    rows = factory.rows(prepared(factory, [fits, long, mute, fits]))
    assert rows.samples.lengths.tolist() == [length, length]
    assert recorder.notes[0].splitlines()[:4] == [
        f"data: 2 samples, {2 * length} tokens, {2 * trained} with loss",
        f"read: 4 samples, {2 * length + lost + silent} tokens",
        f"left out: 1 sample, {lost} tokens: longer than {length} tokens",
        f"left out: 1 sample, {silent} tokens: no token has loss",
    ]


@pytest.mark.parametrize("field", ["train_last_turn_only", "ignore_empty_think"])
def test_options_without_masks(field: str, trainer: HandTrainer) -> None:
    """An option of the masks is refused where there are none."""
    (problem,) = _factory(trainer, mask_inputs=False, **{field: True}).problems()
    assert problem.pointer == ("data", field)
    assert [*_factory(trainer, **{field: True}).problems()] == []


@pytest.mark.usefixtures("recorder")
@pytest.mark.parametrize("role", ["user", "assistant"])
def test_nothing_left_is_an_error(
    role: str, trainer: HandTrainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Data without an answer, or with nothing before it, is refused, at the sources."""
    if role == "assistant":
        template = "{% generation %}{{ messages[0].content }}{% endgeneration %}"
        monkeypatch.setattr(trainer.tokenizer, "chat_template", template)
    factory = _factory(trainer)
    made = prepared(factory, [_said((role, "a"))])
    with pytest.raises(RecipeError, match="no sample is left") as caught:
        factory.rows(made)
    assert caught.value.pointer == ("data", "sources")


_REFUSING = "{% generation %}{{ raise_exception('no system role') }}{% endgeneration %}"


@pytest.mark.parametrize(
    ("template", "section", "pointer", "message"),
    [
        ("{{ messages[0].content | upper }}", {}, "data.mask_inputs", "assistant: b$"),
        (None, {"mask_inputs": False}, "tokenizer.name_or_path", "has no chat template"),
        (_REFUSING, {}, "data.sources", "refuses a conversation: no system role"),
    ],
)
def test_unusable_templates(  # noqa: PLR0917 - four columns and two fixtures
    template: str | None,
    section: dict[str, object],
    pointer: str,
    message: str,
    trainer: HandTrainer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A template that is missing, hides answers, or refuses is an error of the recipe."""
    monkeypatch.setattr(trainer.tokenizer, "chat_template", template)
    with pytest.raises(RecipeError, match=message) as caught:
        prepared(_factory(trainer, **section), [_said(("assistant", "b"))])
    assert ".".join(map(str, caught.value.pointer)) == pointer
    assert caught.value.hint


def test_batches_are_padded_on_the_right(
    trainer: HandTrainer, recorder: Recorder, tmp_path: Path
) -> None:
    """A batch is as long as its longest sample, up to a multiple; padding is not trained."""
    said = [_said(("user", "a" * n), ("assistant", "b")) for n in (1, 40, 9)]
    factory = _factory(trainer, div_length=16, sources=jsonl(tmp_path / "said.jsonl", said))
    rows = {len(_chatml(trainer, conversation)): conversation for conversation in said}
    seen = 0
    for batch in factory.create().batches(0):
        longest = int(batch["lengths"].max())
        assert batch["input_ids"].shape == batch["shift_labels"].shape
        assert batch["input_ids"].shape[1] == -(-longest // 16) * 16
        assert factory.count_tokens(batch) == int(batch["lengths"].sum())
        for row, length in enumerate(batch["lengths"].tolist()):
            assert _row(batch, row) == _chatml(trainer, rows[length])
            assert {*batch["input_ids"][row, length:].tolist()} <= {trainer.tokenizer.pad_token_id}
            assert {*batch["shift_labels"][row, length - 1 :].tolist()} <= {IGNORE_INDEX}
            seen += 1
    assert seen == 3
    assert recorder.notes


def _row(batch: SFTBatch, row: int) -> Marked:
    length = int(batch["lengths"][row])
    ids = batch["input_ids"][row, :length].tolist()
    labels = [IGNORE_INDEX, *batch["shift_labels"][row, : length - 1].tolist()]
    assert all(label in {token, IGNORE_INDEX} for token, label in zip(ids, labels, strict=True))
    return [(token, label != IGNORE_INDEX) for token, label in zip(ids, labels, strict=True)]


@pytest.mark.parametrize(
    ("data", "is_refused"),
    [
        ({"div_length": 7}, True),
        ({"div_length": 8}, False),
        ({}, False),
        ({"div_length": 7, "pad_to": "div_length"}, False),
    ],
)
def test_padding_to_two_lengths_is_refused(
    trainer: HandTrainer,
    data: dict[str, object],
    is_refused: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """A stated `div_length` that does not divide the length of all rows would have no effect."""
    section = {"sources": ["python_docs"], "max_length": 1000, "pad_to": "max_length"} | data
    factory = SFTDataFactory(trainer, SFTDataConfig.model_validate(section))
    found = [(problem.pointer[-1], problem.message) for problem in factory.option_problems()]
    message = "`pad_to: max_length` pads to 1,000 tokens, which it does not divide"
    assert found == ([("div_length", message)] if is_refused else [])
