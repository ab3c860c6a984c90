"""What loads PMML documents on this machine."""

from __future__ import annotations

from mlconvert.format import Verdict


def verdict() -> Verdict:
    """Whether JPMML's evaluator is here, and a JVM that runs it."""
    from mlconvert_plugins.javajar import jvm
    from mlconvert_plugins.jpmml import jars

    for refusal in (jvm.absent(), jars.absent()):
        if refusal is not None:
            return Verdict("unknown", f"any PMML engine loads it; JPMML's is not here: {refusal.message}", refusal.fix)
    return Verdict("yes", "JPMML's evaluator loads it in a JVM, as other PMML engines do")
