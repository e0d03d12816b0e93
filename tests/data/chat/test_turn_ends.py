"""End-of-turn text in the assistant mask, against conversations that are rendered by hand."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken
from transformers import PreTrainedTokenizerBase

from arctic_training.config.preference import PythonDocsPreferenceSourceConfig, UnpairedDataConfig
from arctic_training.data.chat.conversation import Conversation, Message, Preference
from arctic_training.data.chat.encoding import ChatEncoder, MaskOptions
from arctic_training.data.factories.preference import PreferenceDataFactory
from arctic_training.data.factories.sft import SFTDataFactory
from arctic_training.data.factories.unpaired import UnpairedDataFactory
from arctic_training.data.store.samples import Sample
from tests.tiny import HandTrainer, Recorder, hand_config

Pieces: TypeAlias = Iterator[tuple[str, bool]]
"""Texts one after the other, and whether they have a loss."""


class Style(NamedTuple):
    """A chat template, and what it writes around each message.

    ``header`` has the role in it; ``end`` is what a model has to write behind an answer, or
    ``last_end`` behind the last one; ``gap`` follows that, and ``last`` stands at the very end.
    """

    template: str
    header: str
    end: str
    gap: str = ""
    last: str = ""
    last_has_loss: bool = False
    last_end: str = ""


def _each(written: str, behind: str = "") -> str:
    return f"{{% for m in messages %}}{written}{{% endfor %}}{behind}"


_PROMPT: Final = "{% if add_generation_prompt %}<|assistant|>\n{% else %}{{ eos_token }}{% endif %}"
_STYLES: Final = {
    "space before a special token": Style(
        _each("[{{ m.role }}] {{ m.content }} </s>"), "[{}] ", " </s>"
    ),
    "line break before a special token": Style(
        _each("<|{{ m.role }}|>\n{{ m.content + '\n<|end|>\n' }}"), "<|{}|>\n", "\n<|end|>", "\n"
    ),
    "added token that is not special": Style(
        _each("<|{{ m.role }}|>{{ m.content }}<|turn|>{{ '\n' }}"), "<|{}|>", "<|turn|>", "\n"
    ),
    "white space before an added token that is not special": Style(
        _each("<|{{ m.role }}|>{{ ' ' + m.content + ' \n\n<|turn|> ' }}"),
        "<|{}|> ",
        " \n\n<|turn|>",
        " ",
    ),
    "token spelt out of plain text": Style(
        _each("<~{{ m.role }}~>{{ '\n' + m.content }}<~end~>{{ '\n' }}"),
        "<~{}~>\n",
        "<~end~>",
        "\n",
    ),
    "plain token directly before the next header": Style(
        _each("<~{{ m.role }}~>{{ m.content }}<~end~>"), "<~{}~>", "<~end~>"
    ),
    "words": Style(
        _each("### {{ m.role }}:\n{{ m.content + '\n\n### End of turn\n\n' }}"),
        "### {}:\n",
        "\n\n### End of turn",
        "\n\n",
    ),
    "no end of turn": Style(_each("{{ m.role }}: {{ m.content + '\n' }}"), "{}: ", "", "\n"),
    "no end of turn before a special token": Style(
        _each("<|{{ m.role }}|>{{ m.content }}"), "<|{}|>", ""
    ),
    "eos behind each end of turn": Style(
        _each("<|{{ m.role }}|>{{ m.content + '<|end|></s>\n' }}"), "<|{}|>", "<|end|></s>", "\n"
    ),
    "eos behind the last end of turn": Style(
        _each("<|{{ m.role }}|>\n{{ m.content + '<|end|>\n' }}", _PROMPT),
        "<|{}|>\n",
        "<|end|>",
        "\n",
        "</s>",
        last_has_loss=True,
    ),
    "answer and token in tags": Style(
        _each("<|{{ m.role }}|><say>{{ m.content }}</say><|end|>{{ '\n' }}"),
        "<|{}|><say>",
        "</say><|end|>",
        "\n",
    ),
    "always a generation prompt": Style(
        _each("<|{{ m.role }}|>\n{{ m.content + '<|end|>\n' }}", "{{ '<|assistant|>\n' }}"),
        "<|{}|>\n",
        "<|end|>",
        "\n",
        "<|assistant|>\n",
    ),
    "another end of the last turn": Style(
        _each(
            "<s>{{ m.role }}<say>{{ m.content }}{% if loop.last and m.role == 'assistant' %}</s>"
            "{% else %}<|end|>{% endif %}"
        ),
        "<s>{}<say>",
        "<|end|>",
        last_end="</s>",
    ),
    "an end of the last turn alone": Style(
        _each("<|{{ m.role }}|>{{ m.content }}", "{{ eos_token }}"),
        "<|{}|>",
        "",
        last="</s>",
        last_has_loss=True,
    ),
    "bos before each turn": Style(
        _each("{{ '<s>[' + m.role + ']' + m.content + '</s>' }}"), "<s>[{}]", "</s>"
    ),
}
_SPECIAL: Final = ["<s>", "</s>", "<|user|>", "<|assistant|>", "<|system|>", "<|tool|>", "<|end|>"]
_ADDED: Final = ["<|turn|>", "<say>", "</say>"]
_TEXTS: Final = st.sampled_from(
    [
        "yes",
        " yes",
        "yes\n",
        "two words",
        "\u00e9\U0001f600",
        "",
        "</s>",
        "<|turn|>",
        "### End",
        "x:",
    ]
)
_ROLES: Final = st.sampled_from(["system", "user", "assistant", "assistant", "tool"])
_TURNS: Final = st.lists(st.tuples(_ROLES, _TEXTS), min_size=1, max_size=6)


@pytest.fixture(scope="module")
def trainer() -> HandTrainer:
    """Return a trainer whose tokenizer has special tokens, and added ones that are not."""
    trainer = HandTrainer(hand_config(tokenizer={"vocab_size": 600}, train_iters=1))
    tokenizer = trainer.tokenizer
    tokenizer.add_special_tokens({"additional_special_tokens": _SPECIAL})
    tokenizer.add_tokens([AddedToken(each, special=False, normalized=False) for each in _ADDED])
    tokenizer.eos_token = "</s>"  # noqa: S105 - no password
    return trainer


def _by_hand(style: Style, said: Conversation) -> Pieces:
    for number, message in enumerate(said, 1):
        is_said, is_last = message["role"] == "assistant", number == len(said)
        yield style.header.format(message["role"]), False
        end = (is_said and is_last and style.last_end) or style.end
        yield message["content"] + end, is_said
        yield style.gap, is_said and is_last and style.last_has_loss
        if is_last:
            yield style.last, is_said and style.last_has_loss


def _expected(
    tokenizer: PreTrainedTokenizerBase, pieces: Pieces, first: int = 0
) -> tuple[list[int], list[bool]]:
    """Tokenise what is written by hand; a token with a character that has a loss has it too.

    Characters before ``first`` have none.
    """
    text = ""
    flags: list[bool] = []
    for piece, is_said in pieces:
        text += piece
        flags += [is_said and len(flags) >= first] * len(piece)
    encoding = tokenizer(text, add_special_tokens=False, return_offsets_mapping=True)
    return encoding["input_ids"], [any(flags[a:b]) for a, b in encoding["offset_mapping"]]


def _read(sample: Sample) -> tuple[list[int], list[bool]]:
    return sample.input_ids.tolist(), sample.loss_mask.tolist()


def test_a_role_token_that_stops_generation_has_a_loss(trainer: HandTrainer) -> None:
    """Where the next role token ends an answer, it has a loss; another role token has none.

    So of GLM-4: a model that calls a function stops at the token of its result.
    """
    trainer.tokenizer.chat_template = _each("<|{{ m.role }}|>\n{{ m.content }}")
    turns = [("user", "a"), ("assistant", "b"), ("tool", "c"), ("assistant", "d"), ("user", "e")]
    said = _said([*turns, ("assistant", "f"), ("system", "g"), ("assistant", "h")])
    encoder = ChatEncoder(trainer.tokenizer, MaskOptions(), ["</s>", "<|user|>", "<|tool|>"])
    (sample,) = encoder.encode([encoder.masked_text(said)])
    written = [
        ("<|user|>\na<|assistant|>\n", False),
        ("b<|tool|>", True),
        ("\nc<|assistant|>\n", False),
        ("d<|user|>", True),
        ("\ne<|assistant|>\n", False),
        ("f", True),
        ("<|system|>\ng<|assistant|>\n", False),
        ("h", True),
    ]
    assert _read(sample) == _expected(trainer.tokenizer, iter(written))
    assert encoder.lacks_turn_ends


@pytest.mark.parametrize("name", _STYLES)
def test_a_stop_that_opens_messages_leaves_the_end_of_turn_alone(
    trainer: HandTrainer, name: str
) -> None:
    """Where a template closes turns, tokens at which generation stops change nothing."""
    style, said = _STYLES[name], _said([("user", "a"), ("assistant", "b"), ("user", "c")])
    trainer.tokenizer.chat_template = style.template
    stops = ["</s>", "<|end|>", *([] if style.end == "" else ["<|user|>"])]
    encoder = ChatEncoder(trainer.tokenizer, MaskOptions(), stops)
    (sample,) = encoder.encode([encoder.masked_text(said)])
    assert _read(sample) == _expected(trainer.tokenizer, _by_hand(style, said))


def _said(turns: list[tuple[str, str]]) -> Conversation:
    return [Message(role=role, content=content) for role, content in turns]


@pytest.mark.parametrize("name", _STYLES)
@settings(max_examples=60)
@given(turns=_TURNS)
def test_the_end_of_each_turn_has_a_loss(
    trainer: HandTrainer, name: str, turns: list[tuple[str, str]]
) -> None:
    """What a template writes to close the assistant's turn has a loss, whatever it consists of."""
    style, said = _STYLES[name], _said(turns)
    trainer.tokenizer.chat_template = style.template
    encoder = ChatEncoder(trainer.tokenizer, MaskOptions())
    (sample,) = encoder.encode([encoder.masked_text(said)])
    expected = _expected(trainer.tokenizer, _by_hand(style, said))
    assert _read(sample) == expected


_ALL_SAID: Final = (
    "((('<think>' + m.reasoning_content + '</think>') if m.reasoning_content else '')"
    " + m.content + ((m.tool_calls | tojson) if m.tool_calls else ''))"
)


def _as_content(message: Message) -> Message:
    """Return a message whose content has what the template writes for calls and thoughts."""
    thought = message.get("reasoning_content")
    calls = message.get("tool_calls")
    said = f"<think>{thought}</think>" if thought else ""
    said += message["content"] + (json.dumps(calls, ensure_ascii=False) if calls else "")
    return Message(role=message["role"], content=said)


@pytest.mark.parametrize("name", _STYLES)
def test_calls_and_thoughts_end_like_answers(trainer: HandTrainer, name: str) -> None:
    """A turn with calls or thoughts has a loss up to its end of turn, in every style."""
    style = _STYLES[name]
    trainer.tokenizer.chat_template = style.template.replace("m.content", _ALL_SAID)
    call = {"type": "function", "function": {"name": "f", "arguments": {"x": "</s>"}}}
    thinking = {"role": "assistant", "content": "b", "reasoning_content": "hm"}
    said = [
        *_said([("system", "s"), ("user", "a")]),
        Message(role="assistant", content="", tool_calls=[call]),
        *_said([("tool", "1")]),
        cast("Message", thinking),
        *_said([("user", "c")]),
        Message(role="assistant", content="d", tool_calls=[call, call]),
    ]
    encoder = ChatEncoder(trainer.tokenizer, MaskOptions())
    (sample,) = encoder.encode([encoder.masked_text(said)])
    by_hand = _by_hand(style, [*map(_as_content, said)])
    assert _read(sample) == _expected(trainer.tokenizer, by_hand)


@pytest.mark.parametrize("kind", [PreferenceDataFactory, UnpairedDataFactory])
@pytest.mark.parametrize("name", _STYLES)
def test_completions_end_like_answers(
    trainer: HandTrainer,
    name: str,
    kind: type[PreferenceDataFactory | UnpairedDataFactory],
) -> None:
    """Chosen and rejected completions have a loss up to their end of turn; the prompt has none."""
    style = _STYLES[name]
    trainer.tokenizer.chat_template = style.template
    prompt = _said([("user", "a"), ("assistant", "earlier"), ("user", "b")])
    answers = [_said([("assistant", "good")]), _said([("assistant", "bad one")])]
    factory = kind(trainer, UnpairedDataConfig(sources=(PythonDocsPreferenceSourceConfig(),)))
    for sample, answer in zip(
        factory.tokenised([Preference(prompt, *answers)]), answers, strict=True
    ):
        before = sum(len(piece) for piece, _ in _by_hand(style, prompt)) - len(style.last)
        whole = _by_hand(style, [*prompt, *answer])
        expected = _expected(trainer.tokenizer, whole, before)
        assert _read(sample) == expected


@pytest.mark.parametrize(("name", "is_noted"), [("words", False), ("no end of turn", True)])
def test_a_template_without_an_end_of_turn_is_noted(
    trainer: HandTrainer,
    name: str,
    is_noted: bool,  # noqa: FBT001 - a row of the table
) -> None:
    """Where a template closes no turn, a note says that the model does not learn to stop."""
    trainer.tokenizer.chat_template = _STYLES[name].template
    trainer.progress = progress = Recorder()
    factory = SFTDataFactory(trainer, trainer.config.data)
    [*factory.tokenised([_said([("user", "a"), ("assistant", "b")])])]
    assert any("no end of turn" in note for note in progress.notes) == is_noted


@pytest.mark.parametrize("name", _STYLES)
def test_an_end_of_plain_text_is_noted(trainer: HandTrainer, name: str) -> None:
    """Where no token closes a turn but text, a note says that generation does not stop there."""
    trainer.tokenizer.chat_template = _STYLES[name].template
    trainer.progress = progress = Recorder()
    factory = SFTDataFactory(trainer, trainer.config.data)
    [*factory.tokenised([_said([("user", "a"), ("assistant", "b")])])]
    (plain,) = [note for note in progress.notes if "plain text" in note] or [""]
    expected = {"words": "`### End of turn`", "token spelt out of plain text": "`<~end~>`"}
    expected["plain token directly before the next header"] = "`<~end~>`"
    assert bool(plain) == (name in expected)
    assert expected.get(name, "") in plain


def test_a_template_that_takes_no_answer_last(trainer: HandTrainer) -> None:
    """The end of turn is also found by a template that raises when an answer comes last."""
    trainer.tokenizer.chat_template = (
        "{% if messages[-1].role == 'assistant' %}{{ raise_exception('no') }}{% endif %}"
        + _STYLES["added token that is not special"].template
    )
    encoder = ChatEncoder(trainer.tokenizer, MaskOptions())
    text, ((start, end),) = encoder.masked_text(_said([("assistant", "a"), ("user", "b")]))
    assert text[start:end] == "a<|turn|>"
