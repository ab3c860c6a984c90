"""Whether bytes begin as a PMML document: no parser, for files that nobody vouches for."""

from __future__ import annotations

import re

_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"),
          (b"<\0", "utf-16-le"), (b"\0<", "utf-16-be"))  # fmt: skip
# What may stand before the first element, each with what ends it.
_BEFORE = (("<?", "?>"), ("<!--", "-->"))
# A document type says the root's name; such a document is refused when it is read.
_ROOT = re.compile(r"<(?:!DOCTYPE\s+)?(?:[^\s<>/:!]+:)?PMML[\s/>\[]")


def is_pmml(head: bytes) -> bool:
    """Whether the first element of a file that begins with these bytes is called PMML."""
    text = _text(head)
    place = 0
    while True:
        place += len(text[place:]) - len(text[place:].lstrip("\ufeff \t\r\n"))
        end = next((end for start, end in _BEFORE if text.startswith(start, place)), None)
        if end is None:
            return _ROOT.match(text, place) is not None
        found = text.find(end, place)
        if found < 0:
            return False
        place = found + len(end)


def _text(head: bytes) -> str:
    """In the encoding that the first bytes show; all others have ASCII where it matters."""
    encoding = next((encoding for mark, encoding in _MARKS if head.startswith(mark)), "latin-1")
    return head.decode(encoding, "replace")
