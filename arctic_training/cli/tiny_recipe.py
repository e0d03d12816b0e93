"""A recipe that a trainer can be tried with in seconds: a tiny model on a little text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from arctic_training.conformance.laid_over import laid_over
from arctic_training.definition.definition import Definition, SlotSpec

__all__ = ["tiny"]

_MODEL: Final[Mapping[str, object]] = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
}
_SECTIONS: Final[Mapping[tuple[str, str], Mapping[str, object]]] = {
    ("model", "random_llama"): _MODEL,
    ("model", "random_llama_reward"): _MODEL,
    ("tokenizer", "byte_level_bpe"): {
        "vocab_size": 300,
        "sources": [{"type": "python_docs", "sample_count": 50}],
    },
    ("scheduler", "huggingface"): {"name": "constant"},
    ("scheduler", "wsd"): {"num_warmup_steps": 0, "num_decay_steps": 1},
}
"""Keys of a factory's section, or of one that extends it, by its kind."""

_APART: Final[Mapping[str, object]] = {"intermediate_size": 96}
"""Keys of a second model: with equal weights, nothing could be learned from it."""

_RUN: Final[Mapping[str, object]] = {
    "checkpoint": [],
    "micro_batch_size": 4,
    "deepspeed": {"zero_optimization": {"stage": 0}},
}
_NUM_SAMPLES: Final = 24


def tiny(starter: Mapping[str, object], spec: Definition, folder: str) -> dict[str, object]:
    """Return the starter recipe of a trainer with everything small; data is kept in ``folder``."""
    values = dict(starter)
    for slot in spec.sections:
        section = values.get(slot.slot.section, {})
        if isinstance(section, Mapping):
            small = _SECTIONS.get((slot.slot.kind, _built_in(slot, section)), {})
            apart = _APART if small and slot.is_nested else {}
            values |= {slot.slot.section: {**section, **small, **apart}} if small else {}
    data = values["data"]
    assert isinstance(data, Mapping)
    sources = [{**source, "sample_count": _NUM_SAMPLES} for source in data["sources"]]
    values["data"] = {**data, "sources": sources, "div_length": 8, "cache_dir": folder}
    return laid_over(values, _RUN)


def _built_in(slot: SlotSpec, section: Mapping[str, object]) -> str:
    """Return the built-in factory that a section is for, or that its factory extends."""
    chosen = section.get("type", slot.factories[0].name)
    return next((f.built_in.name for f in slot.factories if f.name == chosen), "")
