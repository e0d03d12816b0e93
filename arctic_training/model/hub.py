"""The Hugging Face hub, and what to do where it cannot be reached."""

from __future__ import annotations

import os
import socket
import sys
from functools import cache
from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies

from huggingface_hub import constants

__all__ = ["settle_hub"]

_SECONDS: Final = 5.0


@cache
def settle_hub() -> None:
    """Find out once whether the hub can be reached; if not, names are those of the local cache.

    Left to themselves, its clients try again five times for each file, a minute in all, and say so
    each time. Behind a proxy nothing is found out: it alone knows.
    """
    if constants.is_offline_mode() or getproxies() or _is_reachable(constants.ENDPOINT):
        return
    os.environ["HF_HUB_OFFLINE"] = "1"  # for what is imported later, and for other processes
    constants.HF_HUB_OFFLINE = True
    if (config := sys.modules.get("datasets.config")) is not None:
        vars(config).update(HF_HUB_OFFLINE=True, HF_DATASETS_OFFLINE=True)


def _is_reachable(endpoint: str) -> bool:
    address = urlsplit(endpoint)
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        with socket.create_connection((address.hostname or "", port), timeout=_SECONDS):
            return True
    except OSError:
        return False
