"""torch's exporter talks to logs, warnings and random state; none of that is the caller's to see afterwards."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Run a library without its log lines, prints and warnings, and give the random state back as it was.

    What the library draws in between starts from one seed, so that the same model comes out each time.
    """
    import torch

    before = logging.root.manager.disable
    silence = io.StringIO()
    with (
        warnings.catch_warnings(),
        torch.random.fork_rng(devices=[]),
        contextlib.redirect_stdout(silence),
        contextlib.redirect_stderr(silence),
    ):
        warnings.simplefilter("ignore")
        logging.disable(logging.CRITICAL)
        torch.manual_seed(0)
        try:
            yield
        finally:
            logging.disable(before)
