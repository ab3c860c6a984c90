"""What is wrong with a PMML document."""

from __future__ import annotations

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal


class BrokenDocumentError(ConversionError):
    """The file is no PMML document, a hostile one, or says something that cannot be."""

    def __init__(self, message: str, where: str = "", code: str = "bad-pmml", fix: str = "") -> None:
        super().__init__(
            for_terminal(message, 300),
            code=code,
            where=for_terminal(where, 200),
            fix=fix or "export it again; a file that was cut or edited by hand cannot be trusted",
        )
