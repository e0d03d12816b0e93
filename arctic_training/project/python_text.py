"""A parsed Python module whose nodes are found in its text by character."""

from __future__ import annotations

import ast
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from arctic_training.diagnostics import Source, Span

__all__ = ["Located", "PythonText"]

Located: TypeAlias = ast.stmt | ast.expr | ast.alias


@dataclass(frozen=True)
class PythonText:
    """A module's text and tree. Offsets count characters from 0."""

    source: Source
    tree: ast.Module

    @classmethod
    def parse(cls, source: Source) -> PythonText:
        """Parse a module.

        Raises:
            SyntaxError: the text is not Python.
            ValueError: it has a NUL.

        """
        return cls(source, ast.parse(source.text))

    @cached_property
    def _line_starts(self) -> list[int]:
        # Python ends lines at fewer characters than YAML does, which `Source.starts` is for.
        starts, text = [0], self.source.text
        for place, character in enumerate(text):
            if character == "\n" or (character == "\r" and text[place + 1 : place + 2] != "\n"):
                starts.append(place + 1)
        return starts

    def start(self, node: Located) -> int:
        """Return the offset of a node's first character."""
        return self._offset(node.lineno, node.col_offset)

    def end(self, node: Located) -> int:
        """Return the offset behind a node's last character."""
        assert node.end_lineno is not None, "ast.parse gives every node an end"
        assert node.end_col_offset is not None, "ast.parse gives every node an end"
        return self._offset(node.end_lineno, node.end_col_offset)

    def text(self, node: Located) -> str:
        """Return the text of a node."""
        return self.source.text[self.start(node) : self.end(node)]

    def before(self, node: Located) -> str:
        """Return what is on a node's first line before it."""
        return self.source.text[self._line_starts[node.lineno - 1] : self.start(node)]

    def line_end(self, node: Located) -> int:
        """Return the offset behind a node's last line and its line break."""
        after = bisect_right(self._line_starts, self.end(node))
        return self._line_starts[after] if after < len(self._line_starts) else len(self.source.text)

    def span(self, node: Located) -> Span:
        """Return the span of a node; of one over several lines, that of its first."""
        starts, begin = self.source.starts, self.start(node)
        line = bisect_right(starts, begin)
        start = starts[line - 1]
        end = min(self.end(node), start + len(self.source.lines[line - 1]))
        return Span(self.source, line, begin - start + 1, line, end - start + 1)

    def _offset(self, line: int, column: int) -> int:
        """Return an offset in characters; ``ast`` counts columns in bytes of UTF-8."""
        start = self._line_starts[line - 1]
        line_text = self.source.text[start : start + column]  # a character has at least a byte
        return start + len(line_text.encode()[:column].decode())
