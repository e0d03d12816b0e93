"""What holds for every test: one thread, no network, a cache of its own, nothing left behind."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import hypothesis
import pytest

# Libraries read these when they are imported, which collecting tests does.
os.environ["OMP_NUM_THREADS"] = "1"  # several workers share two cores, and the models are tiny
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["ARCTIC_TRAINING_STATUS_DELAY"] = "3600"  # a busy machine writes no other lines
os.environ["HF_HOME"] = tempfile.mkdtemp(prefix="arctic-tests-")
atexit.register(shutil.rmtree, os.environ["HF_HOME"], ignore_errors=True)

# Prepared data goes where the tests' other things go; mypy's results, of minutes, are shared.
_user = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
os.environ["XDG_CACHE_HOME"] = f"{os.environ['HF_HOME']}/cache"
_own = Path(os.environ["XDG_CACHE_HOME"], "arctic-training")
_own.mkdir(parents=True)
for _shared in [*_user.glob("pip"), *_user.glob("arctic-training/mypy-*")]:
    (_own.parent / _shared.relative_to(_user)).symlink_to(_shared)

# A shell lets what it starts in the background ignore Ctrl-C, `nohup` lets it ignore the end of
# the terminal, and so would all that tests start.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

# A busy machine is no defect: how long an example takes is for `make bench`.
hypothesis.settings.register_profile("busy", deadline=None)
hypothesis.settings.load_profile("busy")


@pytest.fixture(autouse=True)
def _same_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take back what a command puts before ``sys.path``, which is meant to last for its process."""
    monkeypatch.setattr(sys, "path", [*sys.path])
