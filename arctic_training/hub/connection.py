"""Connection to the Hugging Face hub; offline mode where it cannot be reached."""

from __future__ import annotations

import os
import socket
import sys
from functools import cache
from ssl import SSLError
from typing import Final
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import Request, build_opener, getproxies

from huggingface_hub import constants

__all__ = ["configure_hub_offline"]

_SECONDS: Final = 5.0
_OF_PROXY: Final = {407, 502, 503, 504}
"""Statuses by which a proxy says that it does not get through."""


@cache
def configure_hub_offline() -> None:
    """Set the hub's clients to offline mode if the hub cannot be reached; tested once.

    Names are then looked up in the local cache alone. Otherwise the clients would retry each file
    five times, for a minute. Behind a proxy, the test requests one page.
    """
    is_there = _answers if getproxies() else _is_reachable
    if constants.is_offline_mode() or is_there(constants.ENDPOINT):
        return
    os.environ["HF_HUB_OFFLINE"] = "1"  # for what is imported later, and for other processes
    constants.HF_HUB_OFFLINE = True
    if (config := sys.modules.get("datasets.config")) is not None:
        vars(config).update(HF_HUB_OFFLINE=True, HF_DATASETS_OFFLINE=True)


def _answers(endpoint: str) -> bool:
    """Return whether anything comes back, by way of the proxy; any status is an answer."""
    if urlsplit(endpoint).scheme not in {"http", "https"}:
        return True  # what else it may be, its clients know
    try:
        request = Request(endpoint, method="HEAD")  # noqa: S310 - http only
        with build_opener().open(request, timeout=_SECONDS):
            return True
    except HTTPError as error:
        return error.code not in _OF_PROXY
    except OSError as error:
        return isinstance(getattr(error, "reason", error), SSLError)  # it answers, and is trusted
        # by other certificates than Python's


def _is_reachable(endpoint: str) -> bool:
    address = urlsplit(endpoint)
    port = address.port or (80 if address.scheme == "http" else 443)
    try:
        with socket.create_connection((address.hostname or "", port), timeout=_SECONDS):
            return True
    except OSError:
        return False
