"""The form of a URI, as the models and the schemas of recipes both check it."""

from __future__ import annotations

from typing import Final

__all__ = ["URI_PATTERN"]

_CHARACTER: Final = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})"
_SEGMENTS: Final = f"(?:/{_CHARACTER}*)*"
_HOST: Final = "(?:[A-Za-z0-9._~!$&'()*+,;=-]|%[0-9A-Fa-f]{2})*"
_USER: Final = "(?:[A-Za-z0-9._~!$&'()*+,;=:-]|%[0-9A-Fa-f]{2})*"
_ABSOLUTE: Final = f"//(?:{_USER}@)?{_HOST}(?::[0-9]{{1,5}})?{_SEGMENTS}"
_ROOTLESS: Final = f"/?(?:{_CHARACTER}+{_SEGMENTS})?"
_REST: Final = f"(?:{_CHARACTER}|[/?])*"

URI_PATTERN: Final = (
    f"^[A-Za-z][A-Za-z0-9+.-]*:(?:{_ABSOLUTE}|{_ROOTLESS})(?:[?]{_REST})?(?:#{_REST})?$"
)
"""A URI (RFC 3986, appendix A), but for hosts that are addresses in brackets."""
