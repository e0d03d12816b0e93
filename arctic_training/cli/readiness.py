"""Prerequisites of a run beside a valid recipe, as far as they are cheap to check: ``--dry-run``.

Nothing is made, loaded or asked of the network, and torch is not imported.
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from arctic_training.diagnostics import Diagnostic
from arctic_training.document import JSON, Node, Pointer, ScalarNode, find, key_span, plain
from arctic_training.fs.writable import why_not_makeable
from arctic_training.recipe import CheckedRecipe

__all__ = ["readiness_problems"]

_FOLDERS: Final = {"output_dir", "train_log_tensorboard_dir", "mem_profiler_dir", "cache_dir"}
_FILES: Final = {"train_log_metrics_path"}
_NO_LOG: Final = (("logger", "output_dir"), Path(os.devnull))
"""Values by which recipes of ArcticTraining disable the log."""

_PACKAGES: Final[dict[Pointer, tuple[str, str]]] = {
    ("model", "peft_config"): ("peft", "peft"),
    ("wandb", "enable"): ("wandb", "wandb"),
    ("mlflow", "enable"): ("mlflow", "mlflow"),
    ("train_log_tensorboard_dir",): ("tensorboard", "tensorboard"),
}
"""Keys that a package is needed for: how it is imported, and the extra that installs it."""

_CONVERSATIONS: Final = {"sft", "dpo", "unpaired"}
"""Data factories that write conversations by the tokenizer's chat template."""

_TEMPLATES: Final = ("chat_template.jinja", "chat_template.json", "additional_chat_templates")


def readiness_problems(recipe: CheckedRecipe) -> Iterator[Diagnostic]:
    """Iterate over folders, packages, templates and sets that a run would miss."""
    yield from _folders(recipe)
    yield from _packages(recipe.document)
    yield from _evaluation(recipe.document)
    yield from _shares(recipe.document)
    yield from _template(recipe.document)


def _folders(recipe: CheckedRecipe) -> Iterator[Diagnostic]:
    for pointer, node, applying in recipe.schema.walk(recipe.document):
        is_path = any(rule.get("format") == "path" for rule in applying)
        if not is_path or not isinstance(node, ScalarNode) or not isinstance(node.value, str):
            continue
        path = Path(node.value)
        if (pointer, path) == _NO_LOG:
            continue
        if pointer[-1] in _FILES and path.is_dir():
            yield _error("not-writable", f"`{path}` is a folder", node, "name a file in it")
        elif pointer[-1] in _FILES | _FOLDERS:
            folder = path if pointer[-1] in _FOLDERS else path.parent
            if reason := why_not_makeable(folder):
                yield _error("not-writable", reason, node)


def _packages(document: Node) -> Iterator[Diagnostic]:
    for pointer, (package, extra) in _PACKAGES.items():
        node = find(document, pointer)
        if node is not None and plain(node) and find_spec(package) is None:
            message = f"the package `{package}` is not installed"
            hint = f"pip install 'arctic-training-gen[{extra}]'"
            yield _error("not-installed", message, node, hint)


def _evaluation(document: Node) -> Iterator[Diagnostic]:
    interval, sources = find(document, ("eval_interval",)), find(document, ("data", "eval_sources"))
    split = find(document, ("data", "train_eval_split"))
    is_split = split is not None and isinstance(kept := plain(split), list) and bool(kept[-1])
    has_set = is_split or (sources is not None and bool(plain(sources)))
    if interval is not None and plain(interval) and not has_set:
        message = "evaluation without a set: neither `eval_sources` nor `train_eval_split` is set"
        hint = "set `data.eval_sources`, or `eval_interval: 0`"
        yield _error("conflict", message, interval, hint)
    given = sources if sources is not None and plain(sources) else split if is_split else None
    if given is not None and not (interval is not None and plain(interval)):
        message = "a set for evaluation that is never used: `eval_interval` is 0"
        hint = "set `eval_interval` to the number of steps between evaluations"
        yield _error("conflict", message, given, hint)


def _shares(document: Node) -> Iterator[Diagnostic]:
    """Find parts of the data that are not the whole of it."""
    split = find(document, ("data", "train_eval_split"))
    match plain(split) if split is not None else None:
        case [float() | int() as first, float() | int() as second]:
            if split is not None and not math.isclose(first + second, 1):
                message = f"{first:g} and {second:g} add up to {first + second:g}, not to 1"
                hint = "write such as `[0.9, 0.1]`: the share to train on, and to evaluate on"
                yield _error("invalid-value", message, split, hint)
        case _:
            pass


def _template(document: Node) -> Iterator[Diagnostic]:
    """Find a local tokenizer without a chat template, where conversations are trained."""
    tokenizer = find(document, ("tokenizer",))
    kind = _text(document, ("tokenizer", "type")) or "huggingface"
    if kind != "huggingface" or _text(document, ("data", "type"), "sft") not in _CONVERSATIONS:
        return
    if template := _text(document, ("tokenizer", "chat_template")):
        if not Path(template).is_file():
            span = find(document, ("tokenizer", "chat_template")) or document
            hint = "`chat_template` is the path of a file: write the template into one"
            yield _error("not-found", f"there is no file `{template}`", span, hint)
        return
    way = ("tokenizer", "name_or_path")
    way = way if _text(document, way) else ("model", "name_or_path")
    folder = Path(_text(document, way))
    if folder.is_absolute() and folder.is_dir() and not _has_template(folder):
        message = f"the tokenizer in `{folder}` has no chat template"
        hint = "give the file of one as `chat_template` of the section `tokenizer`"
        place = key_span(document, ("tokenizer",) if tokenizer else way)
        yield Diagnostic(code="not-usable", message=message, span=place, help=hint)


def _has_template(folder: Path) -> bool:
    """Return whether a folder has a template, or no tokenizer of which that could be said."""
    if any((folder / name).exists() for name in _TEMPLATES):
        return True
    try:
        config: JSON = json.loads((folder / "tokenizer_config.json").read_text("utf-8"))
    except (OSError, ValueError):
        return True
    return not isinstance(config, dict) or bool(config.get("chat_template"))


def _text(document: Node, pointer: Pointer, default: str = "") -> str:
    node = find(document, pointer)
    return default if node is None else str(plain(node) or default)


def _error(code: str, message: str, node: Node, hint: str = "") -> Diagnostic:
    return Diagnostic(code=code, message=message, span=node.span, help=hint)
