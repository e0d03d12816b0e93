"""Masks of any chat template, against conversations that are rendered by hand."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tokenizers.pre_tokenizers import ByteLevel
from transformers import PreTrainedTokenizerBase

from arctic_training.data.chat.assistant_mask import assistant_spans
from arctic_training.data.chat.conversation import Conversation
from arctic_training.data.chat.encoding import ChatEncoder, MaskOptions
from arctic_training.data.chat.spans import UndecidableError
from tests.tiny import HandTrainer, hand_config

Turns: TypeAlias = list[tuple[str, str]]
Pieces: TypeAlias = Iterator[tuple[str, bool]]
"""Texts one after the other, and whether the assistant says them."""


class Style(NamedTuple):
    """A way to write a conversation: as a template, and by hand."""

    template: str
    pieces: Callable[[Turns], Pieces]


_CHATML = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
_LLAMA = (
    "{{ bos_token }}{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n"
    "{{ m['content'] | trim }}<|eot_id|>{% endfor %}"
)
_MISTRAL = (
    "<s>{% for m in messages %}{% if m.role == 'assistant' %}{{ ' ' + m.content + '</s>' }}"
    "{% else %}{{ '[INST] ' + m.content + ' [/INST]' }}{% endif %}{% endfor %}"
)
_GEMMA = (
    "<bos>{% for m in messages %}{% set role = 'model' if m.role == 'assistant' else m.role %}"
    "{{ '<start_of_turn>' + role + '\n' + m.content | trim + '<end_of_turn>\n' }}{% endfor %}"
)
_ZEPHYR = "{% for m in messages %}{{ '<|' ~ m.role ~ '|>\n' ~ m.content ~ '</s>' }}\n{% endfor %}"
_THINK = (
    "{% set asked = namespace(last=-1) %}{% for m in messages %}{% if m.role == 'user' %}"
    "{% set asked.last = loop.index0 %}{% endif %}{% endfor %}"
    "{% for m in messages %}{% set said = m.content %}"
    "{% if m.role == 'assistant' and '</think>' in said and loop.index0 < asked.last %}"
    "{% set said = said.split('</think>')[-1].lstrip('\n') %}{% endif %}"
    "{{ '<|im_start|>' + m.role + '\n' + said + '<|im_end|>\n' }}{% endfor %}"
)
_DEEPSEEK = (
    "{{ '<|begin|>' }}{% for m in messages %}{% if m.role == 'assistant' %}"
    "{% set said = m.content %}"
    "{% if '</think>' in said %}{% set said = said.split('</think>')[-1] %}{% endif %}"
    "{{ '<|Assistant|>' + said + '<|end|>' }}"
    "{% else %}{{ '<|' + m.role + '|>' + m.content }}{% endif %}{% endfor %}"
)


def _chatml(turns: Turns) -> Pieces:
    for role, content in turns:
        yield f"<|im_start|>{role}\n", False
        yield f"{content}<|im_end|>", role == "assistant"
        yield "\n", False


def _llama(turns: Turns) -> Pieces:
    yield "<s>", False
    for role, content in turns:
        yield f"<|start_header_id|>{role}<|end_header_id|>\n\n", False
        yield f"{content.strip()}<|eot_id|>", role == "assistant"


def _mistral(turns: Turns) -> Pieces:
    yield "<s>", False
    for role, content in turns:
        if role == "assistant":
            yield " ", False
            yield f"{content}</s>", True
        else:
            yield f"[INST] {content} [/INST]", False


def _gemma(turns: Turns) -> Pieces:
    yield "<bos>", False
    for role, content in turns:
        yield f"<start_of_turn>{'model' if role == 'assistant' else role}\n", False
        yield f"{content.strip()}<end_of_turn>", role == "assistant"
        yield "\n", False


def _zephyr(turns: Turns) -> Pieces:
    for role, content in turns:
        yield f"<|{role}|>\n", False
        yield f"{content}</s>", role == "assistant"
        yield "\n", False


def _think(turns: Turns) -> Pieces:
    last = max((i for i, (role, _) in enumerate(turns) if role == "user"), default=-1)
    said = [
        (role, content.rpartition("</think>")[2].lstrip("\n"))
        if role == "assistant" and i < last and "</think>" in content
        else (role, content)
        for i, (role, content) in enumerate(turns)
    ]
    return _chatml(said)


def _deepseek(turns: Turns) -> Pieces:
    yield "<|begin|>", False
    for role, content in turns:
        if role == "assistant":
            yield "<|Assistant|>", False
            yield f"{content.rpartition('</think>')[2]}<|end|>", True
        else:
            yield f"<|{role}|>{content}", False


_STYLES = {
    "chatml": Style(_CHATML, _chatml),
    "llama": Style(_LLAMA, _llama),
    "mistral": Style(_MISTRAL, _mistral),
    "gemma": Style(_GEMMA, _gemma),
    "zephyr": Style(_ZEPHYR, _zephyr),
    "think": Style(_THINK, _think),
    "deepseek": Style(_DEEPSEEK, _deepseek),
}
_SPECIAL = [
    *["<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|start_header_id|>", "<|end_header_id|>"],
    *["<|eot_id|>", "<bos>", "<start_of_turn>", "<end_of_turn>", "<|begin|>", "<|Assistant|>"],
    *["<|user|>", "<|system|>", "<|assistant|>", "<|tool|>", "<|end|>"],
]
_TRAPS = [
    *["", " ", "\n", "\n\n\n", "\t x", "  two  ", "y", "yes", "yes yes", "yes\n", "a\r\nb", "\x1c"],
    *[
        "\u00e9",
        "e\u0301",
        "\U0001f600",
        "\u200d\ufe0f",
        "\u3042\u3044",
        "\U000f0000",
        "\U00040001",
    ],
    *["assistant", "assistant\n", "    indented", "{{ 1 }}", "[/INST] yes", "model\n", "<b>x</b>"],
    *["<|im_end|>", "<|im_end|>\n<|im_start|>assistant\nyes", "</s>", "<|eot_id|>", "<|im_"],
    *["<think>\na\n</think>\n\nyes", "<think></think>", "<think>\n\n</think>\n\nyes", "</think>"],
    *["a</think>", " <think>a</think> b </think>\n c ", "<think>yes", "\n<think>x</think> yes\n"],
]
_texts = st.sampled_from(_TRAPS) | st.text(max_size=8)
_roles = st.sampled_from(["system", "user", "assistant", "assistant", "tool"])
_turns = st.lists(st.tuples(_roles, _texts), min_size=1, max_size=6)
_BYTES = {character: byte for byte, character in enumerate(ByteLevel.alphabet())}


@pytest.fixture(scope="module")
def tokenizer() -> PreTrainedTokenizerBase:
    """Return a tokenizer with the special tokens of all styles."""
    trainer = HandTrainer(hand_config(tokenizer={"vocab_size": 600}, train_iters=1))
    tokenizer = trainer.tokenizer
    tokenizer.add_special_tokens({"additional_special_tokens": _SPECIAL})
    tokenizer.bos_token = "<s>"  # noqa: S105 - no password
    return tokenizer


def _encoder(tokenizer: PreTrainedTokenizerBase, style: Style, trained: MaskOptions) -> ChatEncoder:
    tokenizer.chat_template = style.template
    return ChatEncoder(tokenizer, trained)


def _said(turns: Turns) -> Conversation:
    return [{"role": role, "content": content} for role, content in turns]


def _expected(tokenizer: PreTrainedTokenizerBase, pieces: Pieces) -> list[tuple[int, bool]]:
    """Tokenise what was written by hand; a token with a byte that is trained is trained."""
    text, trained = "", []
    for piece, is_said in pieces:
        text += piece
        trained += [is_said] * len(piece.encode())
    ids: list[int] = tokenizer.encode(text, add_special_tokens=False)
    expected, place = [], 0
    for number in ids:
        length = _num_bytes(tokenizer, number)
        expected.append((number, any(trained[place : place + length])))
        place += length
    assert place == len(trained)
    return expected


def _num_bytes(tokenizer: PreTrainedTokenizerBase, number: int) -> int:
    token = tokenizer.convert_ids_to_tokens(number)
    assert isinstance(token, str)
    return len(token.encode()) if number in tokenizer.added_tokens_decoder else len(token)


def _actual(
    tokenizer: PreTrainedTokenizerBase, style: Style, turns: Turns, trained: MaskOptions
) -> list[tuple[int, bool]]:
    encoder = _encoder(tokenizer, style, trained)
    (sample,) = encoder.encode([encoder.masked_text(_said(turns))])
    return [*zip(sample.input_ids.tolist(), sample.loss_mask.tolist(), strict=True)]


@pytest.mark.parametrize("name", _STYLES)
@settings(max_examples=250)
@given(turns=_turns)
@example(turns=[("user", "yes"), ("assistant", "yes"), ("user", "yes"), ("assistant", "yes")])
@example(turns=[("assistant", "<think>a</think>\n\n b"), ("user", "x"), ("assistant", "")])
@example(turns=[("assistant", " \n y "), ("assistant", ""), ("assistant", " "), ("user", "y")])
def test_masks_equal_ground_truth(
    tokenizer: PreTrainedTokenizerBase, name: str, turns: Turns
) -> None:
    """In every style, the tokens of the assistant's words and the end of its turn are trained."""
    style = _STYLES[name]
    expected = _expected(tokenizer, style.pieces(turns))
    assert _actual(tokenizer, style, turns, MaskOptions()) == expected


@given(turns=_turns)
def test_both_ways_agree(tokenizer: PreTrainedTokenizerBase, turns: Turns) -> None:
    """A template that marks answers itself gives the masks that are found without its marks."""
    said = "{{ m.content }}<|im_end|>"
    marked = (
        "{% if m.role == 'assistant' %}{% generation %}"
        f"{said}{{% endgeneration %}}{{% else %}}{said}{{% endif %}}{{{{ '\\n' }}}}"
    )
    style = Style(_CHATML.replace(said + "\n", marked), _chatml)
    assert style.template != _CHATML
    expected = _actual(tokenizer, _STYLES["chatml"], turns, MaskOptions())
    assert _actual(tokenizer, style, turns, MaskOptions()) == expected


@given(turns=_turns)
def test_last_turn_only(tokenizer: PreTrainedTokenizerBase, turns: Turns) -> None:
    """With `train_last_turn_only`, only the last message of the assistant is trained."""
    last = max((i for i, (role, _) in enumerate(turns) if role == "assistant"), default=-1)
    other = [
        (role if i == last or role != "assistant" else "xx", text)
        for i, (role, text) in enumerate(turns)
    ]
    expected = [
        ("assistant\n".join(piece.rsplit("xx\n", 1)) if piece.endswith("xx\n") else piece, said)
        for piece, said in _chatml(other)
    ]
    actual = _actual(tokenizer, _STYLES["chatml"], turns, MaskOptions(last_turn_only=True))
    assert actual == _expected(tokenizer, iter(expected))


@pytest.mark.parametrize("name", ["chatml", "mistral"])
@pytest.mark.parametrize(
    ("block", "rest"),
    [("<think>\n\n</think>\n\n", "yes"), (" <think></think> ", ""), ("", "<think>a</think>b")],
)
def test_empty_think_blocks(
    tokenizer: PreTrainedTokenizerBase, name: str, block: str, rest: str
) -> None:
    """With `ignore_empty_think`, an empty block that leads an answer is not trained."""
    style, turns = _STYLES[name], [("user", "x"), ("assistant", block + rest)]
    pieces = [
        part
        for piece, said in style.pieces(turns)
        for part in ([(block, False), (piece[len(block) :], True)] if said else [(piece, False)])
    ]
    actual = _actual(tokenizer, style, turns, MaskOptions(empty_think=False))
    assert actual == _expected(tokenizer, iter(pieces))


def _spans(style: Style, turns: Turns, tokenizer: PreTrainedTokenizerBase) -> list[str]:
    encoder = _encoder(tokenizer, style, MaskOptions())
    text, spans = encoder.masked_text(_said(turns))
    return [text[start:end] for start, end in spans]


_QWEN = (
    "{% for m in messages %}{% set said = m.content %}{% set why = '' %}"
    "{% if m.role == 'assistant' %}{% if '</think>' in said %}"
    "{% set why = said.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}"
    "{% set said = said.split('</think>')[-1].lstrip('\n') %}{% endif %}"
    "{% set said = '<think>\n' + why.strip('\n') + '\n</think>\n\n' + said %}{% endif %}"
    "{{ m.role + ':' + said + '<|im_end|>\n' }}{% endfor %}"
)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("<think>\nso\n</think>\n\nyes", "<think>\nso\n</think>\n\nyes"),
        ("<think>so</think>yes", "<think>\nso\n</think>\n\nyes"),
        ("<think></think>", "<think>\n\n</think>\n\n"),
        ("<think>\n\n</think>\n\nyes ", "<think>\n\n</think>\n\nyes "),
        ("yes\n", "yes\n"),
        ("", ""),
    ],
)
def test_tags_that_a_template_writes_anew(
    tokenizer: PreTrainedTokenizerBase, said: str, expected: str
) -> None:
    """A tag that the template writes anew is the assistant's if it stands in the answer."""
    style = Style(_QWEN, _chatml)
    spans = _spans(style, [("user", said), ("assistant", said)], tokenizer)
    assert spans == [f"{expected}<|im_end|>"]


def test_answers_that_are_left_out(tokenizer: PreTrainedTokenizerBase) -> None:
    """A message that the template leaves out has no span."""
    style = Style("{% for m in messages[-2:] %}({{ m.content }}){% endfor %}", _chatml)
    turns = [("assistant", "one"), ("assistant", ""), ("assistant", ""), ("assistant", "four")]
    assert _spans(style, turns, tokenizer) == [")", "four)"]


@pytest.mark.parametrize(
    "template",
    [
        "{{ messages[0].content | upper }}",
        "{{ messages[0].content }}{{ messages[0].content }}",
        "{{ messages[1].content }}{{ messages[0].content }}",
        "{% if messages[0].content == 'yes' %}a{% else %}{{ messages[0].content }}{% endif %}",
        "{{ messages[0].content | length }}",
    ],
)
def test_undecidable_templates(tokenizer: PreTrainedTokenizerBase, template: str) -> None:
    """A template that changes, repeats or reorders answers is refused, not guessed at."""
    encoder = _encoder(tokenizer, Style(template, _chatml), MaskOptions())
    with pytest.raises(UndecidableError):
        encoder.masked_text(_said([("assistant", "yes"), ("assistant", "no")]))


def test_marks_avoid_the_text() -> None:
    """Sentinels are code points that the text lacks; a text that has them all is refused."""
    everything = "".join(map(chr, range(0x40000, 0x110000)))

    def render(conversation: Conversation) -> str:
        return "".join(f"[{message['content']}]" for message in conversation)

    few = _said([("user", everything[::70000]), ("assistant", "yes" + everything[5])])
    text = render(few)
    ((index, (start, end)),) = assistant_spans(few, text, render)
    assert (index, text[start:end]) == (1, few[1]["content"])
    many = _said([("user", everything), ("assistant", "yes")])
    with pytest.raises(UndecidableError):
        assistant_spans(many, render(many), render)


def test_renderings_are_few(tokenizer: PreTrainedTokenizerBase) -> None:
    """A conversation that the template takes as it is needs two renderings, however many turns."""
    encoder = _encoder(tokenizer, _STYLES["chatml"], MaskOptions())
    rendered = []

    def render(conversation: Conversation) -> str:
        rendered.append(conversation)
        return encoder.render(conversation)

    said = _said([("user", "a"), ("assistant", " b ")] * 20)
    found = assistant_spans(said, encoder.render(said), render)
    assert len(rendered) == 1
    assert [(index, end - start) for index, (start, end) in found] == [
        (index, 3) for index in range(1, 40, 2)
    ]
    assert re.fullmatch(r"(.*\n)+", encoder.render(said))
