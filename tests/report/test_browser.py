"""The page in a real browser: element sizes at the widths of a laptop and of a phone."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import tempfile
from html import unescape
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from tests.report.recorded import record_run
from tests.support import arctic_train, write

_BROWSER: Final = shutil.which("chromium") or shutil.which("chromium-browser")

pytestmark = pytest.mark.skipif(_BROWSER is None, reason="chromium is not installed")

_FLAGS: Final = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
    "--disable-background-networking --disable-component-update --disable-sync "
    "--window-size=1400,1000 --virtual-time-budget=60000 --dump-dom"
).split()

_MEASURE: Final = """
<script>
addEventListener("load", () => {
  dispatchEvent(new Event("beforeprint"));  // draws the charts that are not in sight, too
  const plots = [...document.querySelectorAll(".plot")].map((plot) => {
    const area = plot.querySelector(".nsewdrag").getBoundingClientRect();
    const box = plot.getBoundingClientRect();
    return { left: box.left, right: box.right, height: box.height, areaLeft: area.left,
      areaRight: area.right, areaHeight: area.height,
      points: plot.querySelectorAll(".point").length,
      lines: plot.querySelectorAll(".js-line").length };
  });
  const page = document.documentElement;
  parent.postMessage(JSON.stringify({ width: innerWidth, content: page.scrollWidth, plots,
    background: getComputedStyle(document.body).backgroundColor }), "*");
});
</script>
"""

_FRAME: Final = """<!doctype html>
<body><iframe src="page.html" style="border: 0; width: {width}px; height: 900px"></iframe>
<output id="measured"></output>
<script>addEventListener("message", (event) => { measured.textContent = event.data; });</script>
"""


class _Plot(NamedTuple):
    left: float
    right: float
    height: float
    area_left: float
    area_right: float
    area_height: float
    points: int
    lines: int


class _Measured(NamedTuple):
    width: int
    content: int
    plots: list[_Plot]
    background: str


def _measured(folder: Path, width: int, *flags: str) -> _Measured:
    """Open the page in a frame of a width, which may be less than the least of a window."""
    assert _BROWSER
    page = (folder / "metrics.html").read_text(encoding="utf-8")
    write(folder / "page.html", page + _MEASURE)
    frame = write(folder / "frame.html", _FRAME.replace("{width}", str(width)))
    profile = f"--user-data-dir={tempfile.mkdtemp(dir=folder)}"
    command = [_BROWSER, *_FLAGS, *flags, profile, frame.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=240)
    found = re.search(r'<output id="measured">(.+?)</output>', done.stdout)
    assert found, done.stderr[-2000:]
    values = json.loads(unescape(found[1]))
    plots = [_Plot(*plot.values()) for plot in values["plots"]]
    return _Measured(values["width"], values["content"], plots, values["background"])


@pytest.mark.parametrize(("width", "steps"), [(1280, 2000), (390, 2000), (390, 1)])
def test_charts_fit_the_page(width: int, steps: int, tmp_path: Path) -> None:
    """At any width charts end within the page, their curves within the charts, none is empty."""
    record_run(tmp_path, steps)
    assert arctic_train("report", ".", folder=tmp_path).code == 0
    page = _measured(tmp_path, width)
    assert page.width == width
    assert page.content <= width
    assert len(page.plots) == 4
    for plot in page.plots:
        assert 0 <= plot.left < plot.area_left
        assert plot.area_right <= plot.right <= width
        assert plot.right - plot.left > 0.4 * width
        assert plot.area_right - plot.area_left > 0.6 * (plot.right - plot.left)
        assert plot.area_height > 0.4 * plot.height > 80
        assert plot.points if steps == 1 else plot.lines


def test_colours_follow_the_system(tmp_path: Path) -> None:
    """The page is light or dark, as the system is."""
    record_run(tmp_path, 3)
    assert arctic_train("report", ".", folder=tmp_path).code == 0
    flag = "--blink-settings=preferredColorScheme={}"
    dark, light = (_measured(tmp_path, 800, flag.format(scheme)).background for scheme in (0, 1))
    assert (dark, light) == ("rgb(15, 18, 22)", "rgb(244, 245, 247)")
