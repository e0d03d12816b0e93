"""Exit of a process that may have been in a process group: before Python shuts down.

A thread of gloo releases a tensor after the waiting thread has continued. Where the interpreter
is gone by then, Python before 3.14 ends the thread in the middle of C++, which is a SIGABRT
(python/cpython#87135, pytorch/pytorch#179291): a run that is done would count as one that failed.
To leave the group is not enough, as long as an engine of DeepSpeed holds on to it.
"""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

__all__ = ["ended_whole"]


@contextmanager
def ended_whole() -> Iterator[None]:
    """End the process with the code of what is done within, once its exit handlers have run."""
    codes: list[int] = []
    atexit.register(_end, codes)  # as the last: what is registered within runs before
    try:
        yield
        codes.append(0)
    except SystemExit as exit_:
        codes.append(exit_.code if isinstance(exit_.code, int) else int(exit_.code is not None))
        raise
    except BaseException:
        codes.append(1)
        raise


def _end(codes: list[int]) -> None:
    if "torch" in sys.modules:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # a terminal that is gone
                stream.flush()
        os._exit(codes[0])
