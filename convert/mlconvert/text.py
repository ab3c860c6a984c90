"""Text for people. What came out of a model is untrusted: one escape per place where it can be shown."""

from __future__ import annotations

import html
import re
import shlex
from collections.abc import Iterable

# Control characters (C0, DEL, C1) and the bidirectional overrides that can reorder what a terminal shows.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def _visible(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def for_terminal(text: object, limit: int = 2000) -> str:
    """`text` on one line, with everything that a terminal would act on made visible, cut to `limit` characters."""
    shown = _CONTROL.sub(_visible, str(text)[: limit + 1])
    return shown if len(shown) <= limit else shown[:limit] + "…"


def for_html(text: object) -> str:
    """`text` as HTML character data, safe in element content and quoted attributes."""
    return html.escape(for_terminal(text), quote=True)


def for_mermaid(text: object) -> str:
    """`text` as a quoted mermaid label's inside: mermaid reads entity codes and knows no backslash escapes."""
    return re.sub(r"[^\w .,:/+=()-]", lambda match: f"#{ord(match[0])};", for_terminal(text))


def for_shell(text: object) -> str:
    """`text` as one word of a POSIX shell command."""
    return shlex.quote(for_terminal(text))


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` where something close is known, else nothing."""
    import difflib  # used on a miss alone

    near = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
