"""Inputs from the user's own code: a function that gives a mapping of arrays, or one such mapping after the other."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlconvert import usercode
from mlconvert.errors import ConversionError
from mlconvert.signature import Signature
from mlconvert.text import for_terminal

if TYPE_CHECKING:
    import numpy as np


def check_trust(reference: str, trust: bool) -> None:
    """Raise ConversionError (`needs-trust`) unless the user vouches for the code."""
    if not trust:
        raise ConversionError(
            f"{for_terminal(reference)} is code, which runs to make the inputs",
            code="needs-trust",
            where=reference,
            fix="add --trust if you know where the code comes from",
        )


def arrays(reference: str, signature: Signature) -> Iterator[dict[str, np.ndarray]]:
    """The mappings that the function gives. It is called anew each time, with the signature's JSON if it takes one.

    Raises ConversionError (`bad-data`) with the last line of the user's traceback.
    """
    with usercode.importable(reference):
        try:
            function = usercode.found(reference)
            made = function(signature.as_json()) if _takes_signature(function) else function()
            for given in [made] if isinstance(made, Mapping) else made:
                yield _mapping(given)
        except Exception as error:  # the user's own code
            raise _bad(reference, usercode.last_line(error)) from error


def _takes_signature(function: Any) -> bool:
    parameters = inspect.signature(function).parameters.values()
    return any(one.kind in (one.POSITIONAL_ONLY, one.POSITIONAL_OR_KEYWORD, one.VAR_POSITIONAL) for one in parameters)


def _mapping(given: Any) -> dict[str, np.ndarray]:
    import numpy as np

    if not isinstance(given, Mapping):
        raise TypeError(f"a {type(given).__name__} is no mapping of arrays by the names of inputs")
    return {str(name): np.asarray(values) for name, values in given.items()}


def _bad(reference: str, reason: str) -> ConversionError:
    return ConversionError(
        f"{for_terminal(reference)} gives no inputs: {for_terminal(reason)}",
        code="bad-data",
        where=reference,
        fix="give a function that returns a mapping of arrays by the names of inputs, or yields such mappings",
    )
