"""Classify documents as definitions or recipes."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Final, Literal

from arctic_training.config.slots import SLOTS
from arctic_training.diagnostics import Diagnostic, nearest
from arctic_training.document.node import MapNode, ScalarNode, find

__all__ = ["Kind", "document_kind", "of_other_kind"]

Kind = Literal["definition", "recipe", ""]

_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "definition": (
        "schema_version",
        "extends",
        "config_type",
        *(slot.key for slot in SLOTS),
    ),
    "recipe": ("type", "model", "data"),
    "name": ("name",),
    "section": (
        "sources",
        "eval_sources",
        "train_eval_split",
        "div_length",
        "mask_inputs",
        "pack_samples",
        "name_or_path",
        "attn_implementation",
        "disable_activation_checkpoint",
        "hf_config_kwargs",
        "peft_config",
        "num_hidden_layers",
        "micro_batch_size",
        "gradient_accumulation_steps",
        "train_iters",
        "train_log_iter_interval",
        "deepspeed",
    ),
}
"""Keys of both, and those of recipes and their sections that are rare in other files."""

_ALMOST: Final = 0.8
_MOST_COMPARED: Final = 64
"""Maximum number of keys that are compared by letters: no definition or recipe has more."""


def document_kind(document: MapNode | None, *, is_named: bool) -> Kind:
    """Tell a definition from a recipe by its keys, mistyped ones too; neither has no kind.

    Many a file has a `type` and `data`, or `extends` another: one that was not named itself is a
    recipe only with a key beside two such that other files do not have, at its top or in `model` or
    `data`; and a definition only with a `name`, or with two keys of one.
    """
    if document is None:
        return ""
    defining, training = len(_meant(document, "definition")), len(_meant(document, "recipe"))
    if defining > training:
        is_sure = defining > 1 or bool(_meant(document, "name"))
        return "definition" if is_named or is_sure else ""
    is_sure = training > 1 and any(_meant(part, "section") for part in _parts(document))
    return "recipe" if is_sure or (is_named and training) else ""


def of_other_kind(document: MapNode, wanted: Kind) -> Diagnostic | None:
    """Report a definition where a recipe is expected, or the reverse."""
    kind = document_kind(document, is_named=False)
    if not kind or kind == wanted:
        return None
    path = document.span.source.path
    if kind == "definition":
        what, hint = "a trainer definition, not a recipe", _to_generate(document, path)
    else:
        what = "a recipe, not a trainer definition"
        hint = f"train with `arctic-train {path}`; `arctic-gen validate {path}` checks it"
    first = next(key for key in document.entries if key in _meant(document, kind))
    span = document.entries[first].key
    return Diagnostic(code="wrong-document", message=f"this is {what}", span=span, help=hint)


def _to_generate(document: MapNode, path: str) -> str:
    name = find(document, ("name",))
    named = f"`type: {name.value}`" if isinstance(name, ScalarNode) else "its `type`"
    return f"make the trainer with `arctic-gen new-trainer {path}`; a recipe names it by {named}"


def _parts(document: MapNode) -> Iterator[MapNode]:
    """Iterate over a document and its model and data, however these are spelled."""
    yield document
    for key in _meant(document, "recipe"):
        if isinstance(section := document.entries[key].value, MapNode):
            yield section


def _meant(document: MapNode, kind: str) -> list[str]:
    """Return the keys of a document that a kind has, or nearly has, among the first of many."""
    known = _KEYS[kind]
    near = {key for key in islice(document.entries, _MOST_COMPARED) if _is_meant(key, kind)}
    return [key for key in document.entries if key in known or key in near]


@lru_cache(maxsize=1024)
def _is_meant(key: str, kind: str) -> bool:
    """Return whether a kind has a key, or nearly has it; most documents have the same keys."""
    return bool(nearest(key, _KEYS[kind], cutoff=_ALMOST))
