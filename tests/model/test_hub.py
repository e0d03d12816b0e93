"""Where the hub cannot be reached, nothing waits for it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import datasets
import pytest
from huggingface_hub import constants
from transformers import AutoConfig

from arctic_training.model.hub import settle_hub


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take back what conftest says of the network; afterwards everything is as it was."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    settle_hub.cache_clear()
    yield
    settle_hub.cache_clear()


def _endpoint(server: socket.socket) -> str:
    server.bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_hub_that_is_there_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the hub takes a connection, names are looked up there."""
    with socket.socket() as server:
        monkeypatch.setattr(constants, "ENDPOINT", _endpoint(server))
        server.listen()
        settle_hub()
    assert not constants.is_offline_mode()


def test_a_hub_that_is_not_there_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it takes none, models and data are those of the cache, without another attempt."""
    attempts: list[object] = []

    def count(address: object, **_options: object) -> socket.socket:
        attempts.append(address)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", count)
    for _ in range(2):
        settle_hub()
    assert attempts == [("huggingface.co", 443)]
    assert constants.is_offline_mode()
    assert (datasets.config.HF_HUB_OFFLINE, os.environ["HF_HUB_OFFLINE"]) == (True, "1")
    with pytest.raises(OSError, match="couldn't find them in the cached files"):
        AutoConfig.from_pretrained("nobody/nothing")
    assert len(attempts) == 1


def test_a_proxy_is_left_to_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Behind a proxy, which may reach what this machine cannot, nothing is decided."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setattr(constants, "ENDPOINT", "https://127.0.0.1:1")
    settle_hub()
    assert not constants.is_offline_mode()
