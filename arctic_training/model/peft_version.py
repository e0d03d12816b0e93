"""Whether the installed PEFT is one that the installed transformers accepts."""

from __future__ import annotations

from importlib.metadata import version

import transformers
from transformers.integrations.peft import MIN_PEFT_VERSION
from transformers.utils.peft_utils import check_peft_version

from arctic_training.hub.loading import first_line

__all__ = ["why_peft_is_refused"]


def why_peft_is_refused() -> str:
    """Return why transformers does not work with the installed PEFT; empty if it does."""
    try:
        check_peft_version(min_version=MIN_PEFT_VERSION)
    except ValueError as error:
        installed = f"transformers {transformers.__version__} with peft {version('peft')}"
        return f"{installed}: {first_line(error)}"
    return ""
