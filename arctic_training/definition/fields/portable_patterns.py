r"""Regular expressions that mean the same to an editor, to the check of a recipe and to the models.

An editor runs a pattern of a schema as ECMA 262 does, with the flag `u`, or without it where it is
not valid with it. The checks here run it by the `regex` crate of Rust. What each of them refuses is
found by compiling it; here is what they take, and take for something else.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator
from typing import Final

__all__ = ["why_not_portable"]

_TOKEN: Final = re.compile(r"\\([pP])\{([^}]*)\}|\\(u\{[^}]*\}|[\s\S])|[\s\S]")
_FLAGS: Final = re.compile(r"\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|(\(\?[A-Za-z-]+[:)])")
"""Escapes, brackets, and what sets flags outside of both."""

_BOUNDARIES: Final = {"b", "B"}
_RUST_ALONE: Final = {"<", ">"}
_SYNTAX: Final = frozenset("^$\\.*+?()[]{}|/-")
"""What may be escaped with the flag `u`; `-` in brackets only."""

_GENERAL: Final = frozenset({"General_Category", "gc"})
_SCRIPTED: Final = frozenset({"Script", "sc", "Script_Extensions", "scx"})
_CATEGORIES: Final = frozenset(
    """
    C Other Cc Control Cf Format Cn Unassigned Co Private_Use L Letter LC Cased_Letter Ll
    Lowercase_Letter Lm Modifier_Letter Lo Other_Letter Lt Titlecase_Letter Lu Uppercase_Letter M
    Mark Mc Spacing_Mark Me Enclosing_Mark Mn Nonspacing_Mark N Number Nd Decimal_Number Nl
    Letter_Number No Other_Number P Punctuation Pc Connector_Punctuation Pd Dash_Punctuation Pe
    Close_Punctuation Pf Final_Punctuation Pi Initial_Punctuation Po Other_Punctuation Ps
    Open_Punctuation S Symbol Sc Currency_Symbol Sk Modifier_Symbol Sm Math_Symbol So Other_Symbol
    Z Separator Zl Line_Separator Zp Paragraph_Separator Zs Space_Separator
    """.split()
)
"""Values of General_Category, as ECMA 262 spells them."""

_BINARY: Final = frozenset(
    """
    ASCII Alphabetic Any Assigned Cased Case_Ignorable Dash Diacritic Emoji Emoji_Component
    Emoji_Modifier Emoji_Modifier_Base Emoji_Presentation Extended_Pictographic Hex_Digit
    ASCII_Hex_Digit ID_Continue ID_Start Ideographic Lowercase Math Quotation_Mark
    Sentence_Terminal Terminal_Punctuation Unified_Ideograph Uppercase White_Space XID_Continue
    XID_Start
    """.split()
)
"""Properties without a value."""

_SCRIPTS: Final = frozenset(
    """
    Adlam Ahom Arabic Armenian Avestan Balinese Bamum Batak Bengali Bopomofo Brahmi Braille Buginese
    Buhid Canadian_Aboriginal Carian Chakma Cham Cherokee Common Coptic Cuneiform Cypriot Cyrillic
    Deseret Devanagari Egyptian_Hieroglyphs Ethiopic Georgian Glagolitic Gothic Grantha Greek
    Gujarati Gurmukhi Han Hangul Hanunoo Hebrew Hiragana Imperial_Aramaic Inherited Javanese Kaithi
    Kannada Katakana Kayah_Li Kharoshthi Khmer Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian
    Lydian Malayalam Mandaic Meetei_Mayek Mongolian Myanmar New_Tai_Lue Nko Ogham Ol_Chiki
    Old_Italic Old_Persian Old_South_Arabian Old_Turkic Oriya Osmanya Phags_Pa Phoenician Rejang
    Runic Samaritan Saurashtra Shavian Sinhala Sundanese Syloti_Nagri Syriac Tagalog Tagbanwa Tai_Le
    Tai_Tham Tai_Viet Tamil Telugu Thaana Thai Tibetan Tifinagh Ugaritic Vai Yi
    """.split()
)
"""Scripts by their long names."""


def why_not_portable(pattern: str) -> tuple[str, str] | None:
    """Return what in a pattern has not the same meaning everywhere, and the remedy, or None."""
    reasons = [*_reasons(pattern)]
    return reasons[0] if reasons else None


def _reasons(pattern: str) -> Iterator[tuple[str, str]]:
    flags = next(filter(None, (part[1] for part in _FLAGS.finditer(pattern))), "")
    if flags:
        yield f"`{flags}`", "write both cases, such as `[Aa]`: editors of today know no flags"
    by_character = needless = ""
    is_inside = False
    for token in _TOKEN.finditer(pattern):
        letter, given, escaped = token[1], token[2], token[3]
        if letter:
            by_character = token[0]
            yield from [] if _is_property(given) else [_PROPERTY]
        elif escaped is None:
            is_inside = token[0] == "[" or (is_inside and token[0] != "]")
            is_negation = is_inside and token[0] == "^"
            is_wide = ord(token[0]) > _ONE_UNIT or token[0] == "." or is_negation
            by_character = token[0] if is_wide else by_character
        elif escaped in _BOUNDARIES or escaped in _RUST_ALONE:
            yield f"`{token[0]}`", "spell out the allowed characters, such as `(^|[^a-z])`"
        elif len(escaped) > 1 or escaped in "DWS":
            by_character = token[0]
        elif escaped in _IDENTITY and not (escaped in _SYNTAX and (is_inside or escaped != "-")):
            needless = token[0]
    if by_character and needless:
        yield f"`{needless}` beside `{by_character}`", f"write `{needless[1:]}` without `\\`"


def _is_property(text: str) -> bool:
    """Return whether ECMA 262 has a property of Unicode of this spelling."""
    name, is_given, value = text.partition("=")
    if not is_given:
        return name in _CATEGORIES | _BINARY
    return (name in _GENERAL and value in _CATEGORIES) or (name in _SCRIPTED and value in _SCRIPTS)


_IDENTITY: Final = frozenset(f"{string.punctuation} ") - _RUST_ALONE
"""What stands for itself behind a backslash."""

_ONE_UNIT: Final = 0xFFFF
"""Characters beyond are two units, of which a pattern without the flag `u` sees one at a time.

What may stand for such a character is outside a pattern with an escape that `u` does not allow.
"""

_PROPERTY: Final = (
    "a `\\p{...}` that ECMA 262 does not spell so",
    "write a general category such as `\\p{Lu}`, a script such as `\\p{Script=Greek}`, or a range",
)
