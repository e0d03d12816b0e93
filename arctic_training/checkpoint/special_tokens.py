"""Special tokens of exported models: what the tokenizer says, in every file that names them."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from transformers import PreTrainedTokenizerBase as TokenizerBase

from arctic_training.tokenizer.end_of_turn import end_of_turn_token

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedConfig, PreTrainedModel

__all__ = ["save_tokenizer", "write_special_tokens"]

_TOKENIZER: Final = "tokenizer_config.json"
_GENERATION: Final = "generation_config.json"
_MODEL: Final = "config.json"
_LOADING: Final = frozenset(
    {
        "_commit_hash",
        "_from_auto",
        "cache_dir",
        "force_download",
        "is_local",
        "local_files_only",
        "name_or_path",
        "proxies",
        "resume_download",
        "revision",
        "special_tokens_map_file",
        "subfolder",
        "token",
        "tokenizer_file",
        "use_auth_token",
        "user_agent",
    }
)
"""Keys that say how a tokenizer was loaded on this machine, not what it is."""


def save_tokenizer(tokenizer: TokenizerBase, folder: Path) -> None:
    """Save a tokenizer without the arguments that it was loaded with.

    Raises:
        OSError: the folder cannot be written.

    """
    tokenizer.save_pretrained(folder)
    path = folder / _TOKENIZER
    if path.exists():
        saved: dict[str, object] = json.loads(path.read_text("utf-8"))
        kept = {key: value for key, value in saved.items() if key not in _LOADING}
        path.write_text(json.dumps(kept, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_special_tokens(
    folder: Path, model: PreTrainedModel, tokenizer: TokenizerBase
) -> list[str]:
    """Write the tokenizer's special token ids into the configurations of an exported model.

    Generation then stops where training ended its texts: at the tokenizer's eos, at the token that
    ends a turn of the chat template, and at the others of a model that lists several. The model
    itself is not changed.

    Args:
        folder: where ``save_pretrained`` of the model and of the tokenizer wrote.
        model: the exported model.
        tokenizer: its tokenizer.

    Returns:
        What was changed, a line each.

    Raises:
        OSError: the folder cannot be written.

    """
    ends = _end_token_ids(model, tokenizer)
    changes: list[str] = []
    if (folder / _GENERATION).exists():
        generation = copy.deepcopy(model.generation_config)
        wanted = {"eos_token_id": ends, "pad_token_id": _ids(tokenizer.pad_token_id)}
        if changed := [*_changed(generation, wanted, tokenizer)]:
            # Unlike `save_pretrained`, this takes whatever else the base's configuration says.
            generation.to_json_file(folder / _GENERATION, use_diff=True)
            changes += [f"{_GENERATION}: {change}" for change in changed]
    if (folder / _MODEL).exists():
        config = copy.deepcopy(model.config)
        wanted = _of_model(config.get_text_config(), ends, tokenizer)
        if changed := [*_changed(config.get_text_config(), wanted, tokenizer)]:
            config.save_pretrained(folder)
            changes += [f"{_MODEL}: {change}" for change in changed]
    return changes


def _end_token_ids(model: PreTrainedModel, tokenizer: TokenizerBase) -> list[int]:
    """Return the ids of the tokens that end a model's text, as its tokenizer knows them.

    A single id of the model gives way to the tokenizer's; a list is kept, and completed.
    """
    found = _ids(model.config.get_text_config().eos_token_id)
    if model.can_generate():
        found = _ids(model.generation_config.eos_token_id) or found
    own = _ids(tokenizer.eos_token_id)
    known = [each for each in found if each < len(tokenizer)] if len(found) > 1 or not own else []
    ends = known if {*own} <= {*known} else [*own, *known]
    return [*dict.fromkeys([*ends, *_ids(end_of_turn_token(tokenizer))])]


def _of_model(
    config: PreTrainedConfig, ends: list[int], tokenizer: TokenizerBase
) -> dict[str, list[int]]:
    """Return the ids that a model's own configuration should have.

    A pad token that ends texts is left out: `padding_idx` of an embedding gets no gradient, and a
    model that is trained from the export should still learn its end token.
    """
    found = _ids(config.eos_token_id)
    pad = [each for each in _ids(tokenizer.pad_token_id) if each not in ends]
    if len(found) > 1:
        eos = ends
    else:
        eos = found if {*found} & {*ends} else (_ids(tokenizer.eos_token_id) or ends)[:1]
    return {"eos_token_id": eos, "pad_token_id": pad}


def _changed(
    config: PreTrainedConfig | GenerationConfig,
    wanted: dict[str, list[int]],
    tokenizer: TokenizerBase,
) -> Iterator[str]:
    """Set ids that differ, and iterate over what was changed."""
    for name, ids in wanted.items():
        found = _ids(getattr(config, name, None))
        if ids and found != ids:
            setattr(config, name, ids[0] if len(ids) == 1 else ids)
            yield f"{name} {_shown(found, tokenizer)} -> {_shown(ids, tokenizer)}"


def _ids(value: int | list[int] | None) -> list[int]:
    if value is None:
        return []
    return [value] if isinstance(value, int) else [*value]


def _shown(ids: list[int], tokenizer: TokenizerBase) -> str:
    tokens = (f"{each} (`{tokenizer.convert_ids_to_tokens(each)}`)" for each in ids)
    return ", ".join(tokens) or "none"
