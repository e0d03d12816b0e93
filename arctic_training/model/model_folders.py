"""Diagnosis of folders that look like a model and are not."""

from __future__ import annotations

from pathlib import Path
from typing import Final, NamedTuple

__all__ = ["ModelDirProblem", "diagnose_model_dir"]

_CONFIGURATION: Final = "config.json"
_ADAPTER: Final = "adapter_config.json"
_OF_DEEPSPEED: Final = "*_model_states.pt"
_MERGE: Final = (
    "set `merge_adapter: true` in the `checkpoint` that saves it, or merge it with "
    "`merge_and_unload` of PEFT"
)


class ModelDirProblem(NamedTuple):
    """What a folder is in place of a model, and how to get a model from it."""

    reason: str
    hint: str


def diagnose_model_dir(name_or_path: str) -> ModelDirProblem | None:
    """Return why a folder is not a model; None for a model, and for a name without a folder."""
    folder = Path(name_or_path)
    if not folder.is_absolute() or not folder.is_dir() or (folder / _CONFIGURATION).exists():
        return None
    if (folder / _ADAPTER).exists():
        return ModelDirProblem("it is an adapter, without the model that it adapts", _MERGE)
    if any(folder.glob(_OF_DEEPSPEED)):
        return ModelDirProblem("it is a checkpoint of DeepSpeed", _resumed(folder.parent))
    inside = sorted(path.parent for path in folder.glob(f"*/{_CONFIGURATION}"))
    if inside:
        return ModelDirProblem("it is a folder of models", f"such as `{inside[-1]}`")
    if any(folder.glob(f"*/{_OF_DEEPSPEED}")):
        return ModelDirProblem("it is a folder of checkpoints of DeepSpeed", _resumed(folder))
    return ModelDirProblem(
        f"it has no `{_CONFIGURATION}`", "name the folder that `save_pretrained` wrote"
    )


def _resumed(folder: Path) -> str:
    return (
        f"to resume from it, set `output_dir: {folder}` and `auto_resume: true` in `checkpoint`; "
        "a `checkpoint` of `type: huggingface` saves a model that can be named here"
    )
