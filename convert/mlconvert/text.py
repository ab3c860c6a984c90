"""Text for people. What came out of a model is untrusted: one escape per place where it can be shown."""

from __future__ import annotations

import html
import re
import shlex
import unicodedata
from collections.abc import Iterable

# What a terminal acts on or hides: controls, directions and joiners, lone surrogates, separators of lines.
_HIDDEN = frozenset(["Cc", "Cf", "Cs", "Zl", "Zp"])


def _visible(letter: str) -> str:
    code = ord(letter)
    # The last two of each plane are no characters; XML and what reads it refuse them.
    if unicodedata.category(letter) not in _HIDDEN and code & 0xFFFE != 0xFFFE:
        return letter
    return f"\\x{code:02x}" if code < 2**8 else f"\\u{code:04x}" if code < 2**16 else f"\\U{code:08x}"


def for_terminal(text: object, limit: int = 2000) -> str:
    """`text` on one line, with everything that a terminal would act on made visible, cut to `limit` characters."""
    shown = "".join(map(_visible, str(text)[: limit + 1]))
    return shown if len(shown) <= limit else shown[:limit] + "…"


def for_html(text: object) -> str:
    """`text` as HTML character data, safe in element content and quoted attributes."""
    return html.escape(for_terminal(text), quote=True)


def for_markdown(text: object) -> str:
    """`text` as code in GitHub's Markdown, in a table or elsewhere: nothing in it is a link, a mention or emphasis."""
    shown = for_terminal(text).strip()
    if not re.search(r"[`|]", shown):
        return f"`{shown}`" if shown else ""
    # Inside a tag's content Markdown is still read, character references are not.
    safe = re.sub(r"[!-/:-@[-`{-~]", lambda match: f"&#{ord(match[0])};", shown)
    return f"<code>{safe}</code>"


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
