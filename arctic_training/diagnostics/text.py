"""Text rendering: place, message, source line with a caret, notes and help."""

from __future__ import annotations

from arctic_training.diagnostics.diagnostic import Diagnostic, Related, Span
from arctic_training.diagnostics.invisible import UNSEEN

__all__ = ["advice", "block", "head", "render", "visible"]

_WIDTH = 120


def render(diagnostics: list[Diagnostic]) -> str:
    """Render one block a finding; it begins with ``path:line:column: error[code]: message``.

    The first finding of each code names its page.
    """
    blocks, codes = [], set[str]()
    for diagnostic in diagnostics:
        blocks.append(block(diagnostic, names_page=diagnostic.code not in codes))
        codes.add(diagnostic.code)
    return "".join(blocks)


def head(diagnostic: Diagnostic) -> str:
    """Return the one line that says what and where."""
    said = f"{diagnostic.severity}[{diagnostic.code}]: {diagnostic.sentence}"
    return visible(f"{diagnostic.span}: {said}")


def block(diagnostic: Diagnostic, *, names_page: bool = True) -> str:
    """Return the finding with its source line, related places, note, page and help."""
    lines = [head(diagnostic), *_frame(diagnostic.span)]
    for related in diagnostic.related:
        lines += _related(related)
    lines += _labelled("note", diagnostic.note)
    lines += _labelled("docs", diagnostic.docs if names_page else "")
    lines += _labelled("help", diagnostic.help)
    lines += map(visible, diagnostic.paste.splitlines())
    return "\n".join(lines) + "\n"


def advice(diagnostic: Diagnostic) -> list[str]:
    """Return the parts of a finding as plain text, for programs that show the place themselves."""
    return [diagnostic.sentence, diagnostic.note, diagnostic.help, diagnostic.paste]


def _labelled(label: str, text: str) -> list[str]:
    return [f"  {label}: " + "\n        ".join(map(visible, text.split("\n")))] if text else []


def _related(related: Related) -> list[str]:
    return [visible(f"  {related.span}: {related.message}"), *_frame(related.span)]


def _frame(span: Span) -> list[str]:
    if span.line > len(span.source.lines) or not span.source.text:
        return []
    line = span.source.lines[span.line - 1]
    start = span.column - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    first = max(0, start - _WIDTH // 2) if len(line) > _WIDTH else 0
    line = line[:start] + _marked(line[start:end]) + line[end:]
    shown = visible(line[first : first + _WIDTH])
    marks = "^" * max(1, min(end, first + _WIDTH) - start)
    gutter = f"{span.line:5} | "
    return [
        f"{gutter}{shown}".rstrip(),
        f"{' ' * (len(gutter) - 2)}| {' ' * (start - first)}{marks}",
    ]


def _marked(text: str) -> str:
    """Show what is not seen where it is pointed at: a tab as an arrow, others as an open box."""
    return UNSEEN.sub("\u2423", text.replace("\t", "\u2192"))


def visible(text: str) -> str:
    """Keep a line one line, columns above their marks, and control codes from the terminal."""
    return UNSEEN.sub(" ", text)
