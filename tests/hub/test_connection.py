"""Where the hub cannot be reached, nothing waits for it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import datasets
import pytest
from huggingface_hub import constants, errors
from transformers import AutoConfig

from arctic_training.hub.connection import configure_hub_offline
from arctic_training.hub.loading import loading_advice


@pytest.fixture(autouse=True)
def _online(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Take back what conftest says of the network; afterwards everything is as it was."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", False)
    configure_hub_offline.cache_clear()
    yield
    configure_hub_offline.cache_clear()


def _endpoint(server: socket.socket) -> str:
    server.bind(("127.0.0.1", 0))
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_hub_that_is_there_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the hub takes a connection, names are looked up there."""
    with socket.socket() as server:
        monkeypatch.setattr(constants, "ENDPOINT", _endpoint(server))
        server.listen()
        configure_hub_offline()
    assert not constants.is_offline_mode()


def test_a_hub_that_is_not_there_is_asked_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it takes none, models and data are those of the cache, without another attempt."""
    attempts: list[object] = []

    def count(address: object, **_options: object) -> socket.socket:
        attempts.append(address)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", count)
    for _ in range(2):
        configure_hub_offline()
    assert attempts == [("huggingface.co", 443)]
    assert constants.is_offline_mode()
    assert (datasets.config.HF_HUB_OFFLINE, os.environ["HF_HUB_OFFLINE"]) == (True, "1")
    with pytest.raises(OSError, match="couldn't find them in the cached files"):
        AutoConfig.from_pretrained("nobody/nothing")
    assert len(attempts) == 1


@pytest.mark.parametrize(("status", "is_offline"), [(200, False), (404, False), (502, True)])
def test_a_proxy_that_gets_through_is_left_to_its_work(
    monkeypatch: pytest.MonkeyPatch, status: int, *, is_offline: bool
) -> None:
    """Behind a proxy, which may reach what this machine cannot, its answer decides."""

    class Proxy(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{server.server_port}")
        monkeypatch.setattr(constants, "ENDPOINT", "http://hub.example")
        configure_hub_offline()
    assert constants.is_offline_mode() is is_offline


def test_a_proxy_that_is_not_there_is_no_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the proxy takes no connection, nothing is tried again."""
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    configure_hub_offline()
    assert constants.is_offline_mode()


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("GatedRepoError", ["ask for access at https://huggingface.co/a/b", "HF_TOKEN"]),
        ("RepositoryNotFoundError", ["check the name", "private", "`./folder`"]),
        ("RevisionNotFoundError", ["check the revision"]),
        ("We couldn't connect to 'https://huggingface.co'", ["cannot be reached", "HTTPS_PROXY"]),
        ("Couldn't reach 'a/b' on the Hub (ConnectionError)", ["cannot be reached"]),
        ("You are trying to access a gated repo.", ["ask for access"]),
        ("no config.json", ["a local folder is written as"]),
    ],
)
def test_what_cannot_be_loaded_is_told_with_what_to_do(error: str, words: list[str]) -> None:
    """Access, a token, a network or another name: by what the library says, or was told itself."""
    kind = getattr(errors, error, None)
    cause = kind.__new__(kind) if kind else None
    wrapped = OSError(error)
    wrapped.__cause__ = cause
    advice = loading_advice("a/b", wrapped)
    assert [word for word in words if word not in advice] == []
