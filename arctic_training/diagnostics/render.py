"""Rendering of diagnostics in all formats."""

from __future__ import annotations

from enum import StrEnum
from typing import assert_never

from arctic_training.diagnostics.diagnostic import Diagnostic, in_order

__all__ = ["Format", "render"]


class Format(StrEnum):
    """The forms in which a command prints its findings."""

    TEXT = "text"
    CONCISE = "concise"
    JSON = "json"
    GITHUB = "github"
    JUNIT = "junit"
    SARIF = "sarif"


def render(diagnostics: list[Diagnostic], form: Format) -> str:
    """Render sorted diagnostics; without findings, text is empty and documents are complete."""
    findings = in_order(diagnostics)
    match form:
        case Format.TEXT:
            from arctic_training.diagnostics import text

            return text.render(findings)
        case Format.CONCISE:
            from arctic_training.diagnostics import concise

            return concise.render(findings)
        case Format.JUNIT:
            from arctic_training.diagnostics import junit

            return junit.render(findings)
        case Format.JSON:
            from arctic_training.diagnostics import json_form

            return json_form.render(findings)
        case Format.GITHUB:
            from arctic_training.diagnostics import github

            return github.render(findings)
        case Format.SARIF:
            from arctic_training.diagnostics import sarif

            return sarif.render(findings)
        case _:
            assert_never(form)
