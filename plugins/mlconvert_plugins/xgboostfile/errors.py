"""What is wrong with a model of XGBoost."""

from __future__ import annotations

from mlconvert.errors import ConversionError
from mlconvert.text import for_terminal


class BrokenModelError(ConversionError):
    """The file is no model that XGBoost writes, or says something that is not known here."""

    def __init__(self, message: str, where: str, code: str = "bad-xgboost", fix: str = "") -> None:
        super().__init__(
            for_terminal(message, 300),
            code=code,
            where=where,
            fix=fix or "save it again with Booster.save_model; a file that was cut or edited cannot be trusted",
        )
