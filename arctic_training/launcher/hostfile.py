"""Check of hosts before DeepSpeed's launcher meets them, which ends in tracebacks or silence."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from arctic_training.diagnostics.plurals import counted

__all__ = ["hostfile_problem", "uses_ssh"]

_DEFAULT: Final = "/job/hostfile"
_REMEDY: Final = "write a line `HOST slots=NUMBER` for each host"
_LINE: Final = re.compile(r"(\S+)\s+slots=\d+")


_TIMEOUT: Final = 15
"""Seconds until a host counts as unreachable."""


def uses_ssh(flags: Sequence[str]) -> bool:
    """Return whether DeepSpeed's launcher, given these flags, starts processes by ssh."""
    names = {flag.partition("=")[0] for flag in flags}
    return "--no_ssh" not in names and ("--hostfile" in names or Path(_DEFAULT).is_file())


def hostfile_problem(flags: Sequence[str]) -> tuple[str, str]:
    """Return why the hosts that flags name cannot be used, and the remedy; else two empty texts."""
    values = dict(flag.partition("=")[::2] for flag in flags)
    path = Path(values.get("--hostfile", _DEFAULT))
    if not path.is_file():
        return _missing(path, values)
    hosts: list[str] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        words = line.strip()
        if not words or words.startswith("#"):
            continue
        if (found := _LINE.match(words)) is None:
            return f"{path}:{number}: `{words}` is not a host", "write `HOST slots=NUMBER`"
        if found[1] in hosts:
            return f"{path}:{number}: duplicate host `{found[1]}`", "raise its `slots` instead"
        hosts.append(found[1])
    if not hosts:
        return f"{path} names no host", _REMEDY
    return _unreachable(hosts, values) if uses_ssh(flags) else ("", "")


def _missing(path: Path, values: dict[str, str]) -> tuple[str, str]:
    """Return what to say without the file: DeepSpeed would train on this machine alone."""
    if "--hostfile" in values:
        return f"hostfile `{path}` not found", _REMEDY
    if (number := values.get("--num_nodes", "1")) not in {"1", "-1"}:
        return f"--num_nodes is {number}, but no hosts are given", "add `--hostfile FILE`"
    return "", ""


def _unreachable(hosts: list[str], values: dict[str, str]) -> tuple[str, str]:
    missing = [name for name in ("pdsh", "ssh") if shutil.which(name) is None]
    if missing and (len(hosts) > 1 or "--force_multi" in values):
        remedy = "install it, or start `torchrun` on each host"
        return f"`{missing[0]}` not found: DeepSpeed starts processes on hosts by it", remedy
    if missing or values.keys() & {"--no_ssh_check", "--include", "--exclude"}:
        return "", ""
    port = ["-p", values["--ssh_port"]] if "--ssh_port" in values else []
    command = ["ssh", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={_TIMEOUT}", *port]
    number = values.get("--num_nodes", "")
    used = hosts[: int(number)] if number.isdecimal() else hosts
    tried = {host: _tried([*command, host, "true"]) for host in used}  # all at once
    reasons = {host: _reason(process) for host, process in tried.items()}
    lost = [f"`{host}`: {reason}" for host, reason in reasons.items() if reason]
    if not lost:
        return "", ""
    remedy = f"`{' '.join(command)} HOST true` must succeed without a password"
    return f"{counted(len(lost), 'host')} cannot be reached by ssh: {'; '.join(lost)}", remedy


def _tried(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def _reason(process: subprocess.Popen[str]) -> str:
    """Wait for ssh; return its last line if it fails, else an empty string."""
    _, said = process.communicate()
    if process.returncode == 0:
        return ""
    lines = said.strip().splitlines()
    return lines[-1] if lines else f"ssh ended with {process.returncode}"
