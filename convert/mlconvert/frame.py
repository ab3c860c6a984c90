"""The frame around a route: plan, then per hop requires → convert → ensures → parity, and the commit at the end.

Stages run in one worker process per route, so that an abort, an interrupt or a leak in a library is an error here
and nothing more. Nothing stands at the target before parity has spoken.
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from mlconvert import (
    cache,
    commit,
    contexts,
    datasets,
    environments,
    judge,
    manifest,
    naming,
    options,
    parity,
    registry,
    routes,
    sources,
)
from mlconvert.artifact import Artifact
from mlconvert.errors import ConversionError, InternalError, refuse
from mlconvert.host import Host
from mlconvert.request import Request, command_of
from mlconvert.requirements import foreign, unavailable
from mlconvert.routes import Hop
from mlconvert.signature import DimRange, Signature
from mlconvert.stage import Outcome
from mlconvert.text import for_shell
from mlconvert.worker import Worker, fault_of

Listener = Callable[[str, dict[str, Any]], None]
REJECTED, REPRODUCER = ".rejected", ".reproducer"
# Codes that say that this stage cannot convert this model, and not that the file or the host is at fault.
_OF_THE_STAGE = re.compile(r"unsupported-|unknown-|.-(refused|wrong)$")


def unheard(kind: str, entry: dict[str, Any]) -> None:
    """The listener of a conversion that nobody watches."""


@dataclass(frozen=True)
class Result:
    """What a conversion made: the artifact where it stands now, its manifest, and the manifest's parity."""

    artifact: Artifact
    manifest: dict[str, Any]

    @property
    def parity(self) -> dict[str, Any]:
        """The verdict and the checks of every hop."""
        entry: dict[str, Any] = self.manifest["parity"]
        return entry

    def _repr_html_(self) -> str:
        from mlconvert.reports.summary import as_html

        return as_html(self.manifest)


def run(request: Request, listen: Listener = unheard, worker: Worker | None = None) -> Result:
    """Convert. Raises ConversionError, UsageError or InternalError; a failed parity is in the result.

    `worker` is one that is already warm, for callers that convert many models; the route has its own otherwise.
    """
    parity.check_tolerances(atol=request.atol, rtol=request.rtol)
    if request.data is not None:
        datasets.check_there(request.data)
    with _disk_errors(), contextlib.ExitStack() as stack:
        if request.live:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mlconvert-")))
            source = sources.adopt(request.source, folder, request.origin)
        else:
            source = sources.open_path(Path(request.source), request.origin, request.model)
            sources.admit(source, request.trust)
        host = Host.here()
        route = plan(request, source.format, host)
        delivery = route[-1].edge.plugin.delivers(route[-1].options, host)
        target = naming.target_of(request, source, route, delivery.flavour)
        scratch = stack.enter_context(commit.Scratch(target))
        names = [*(naming.file_name(source, route[:end], None) for end in range(1, len(route))), target.name]
        for name in names if request.keep else names[-1:]:
            if os.path.lexists(target.with_name(name)) and not request.force:
                raise commit.exists(target.with_name(name))
        listen("route", {"source": source, "route": route, "delivery": delivery, "target": target})
        own = worker or stack.enter_context(Worker(memory=memory_limit()))
        journey = _Journey(request, host, listen, own, scratch)
        for hop in route:
            if _leaves(hop, request, host):
                stack.enter_context(journey.abroad(hop))
        return journey.travel(source, route, names)


@contextlib.contextmanager
def _disk_errors() -> Iterator[None]:
    """A full disk and the like are the user's to mend, wherever they are met."""
    try:
        yield
    except OSError as error:
        raise fault_of(error).exception() from error


def plan(request: Request, origin: str, host: Host) -> tuple[Hop, ...]:
    """The route with its options settled. Raises ConversionError with all that keeps any hop from running here."""
    edges = routes.find(
        origin,
        request.target,
        via=request.via,
        passes=[name for name, _ in request.passes],
        forbid=request.forbid_license,
    )
    full = {edge.provider: edge.name for edge in edges if edge.group == registry.PASSES}
    given = {**request.options, **{full.get(name, name): fields for name, fields in request.passes if fields}}
    route = routes.settle(edges, given)
    here = [hop for hop in route if not _leaves(hop, request, host)]
    refuse(refusal for hop in here for refusal in unavailable(hop.edge.plugin, hop.options, host))
    return route


def _leaves(hop: Hop, request: Request, host: Host) -> bool:
    """Whether a hop runs in an environment of its own."""
    return environments.allowed(request.isolate) and foreign(hop.edge.plugin, host)


def memory_limit() -> int:
    """What a worker may take: most of the machine's memory, so that a hostile file cannot take the machine."""
    import psutil

    return int(psutil.virtual_memory().total * 0.9)


@dataclass
class _Journey:
    """One conversion under way: what has been done, and what has been learned on it."""

    request: Request
    host: Host
    listen: Listener
    worker: Worker
    scratch: commit.Scratch
    cache: cache.Cache = field(default_factory=cache.Cache)
    steps: list[dict[str, Any]] = field(default_factory=list)
    checks: list[dict[str, Any]] = field(default_factory=list)
    elsewhere: dict[str, tuple[Worker, environments.Environment]] = field(default_factory=dict)

    @contextlib.contextmanager
    def abroad(self, hop: Hop) -> Iterator[None]:
        """An environment of its own for one hop. Raises ConversionError with all that keeps it from running there."""
        root = self.cache.root / "environments"
        with environments.entered(
            hop.edge.plugin,
            hop.edge.reference,
            root,
            memory=memory_limit(),
            say=lambda text: self.listen("progress", {"text": text, "done": None}),
        ) as entered:
            self.elsewhere[hop.edge.name] = entered
            refuse(self._stage_hook(hop, "available", host=self.host))
            yield

    def _versions(self, hop: Hop) -> dict[str, str]:
        if hop.edge.name in self.elsewhere:
            return self.elsewhere[hop.edge.name][1].versions(hop.edge.plugin.requirements)
        return manifest.versions(hop.edge.plugin.requirements)

    def travel(self, source: Artifact, route: Sequence[Hop], names: Sequence[str]) -> Result:
        """Run the hops in order and commit. Stops at the first hop whose parity fails.

        `names` are those of the hops' artifacts; of several with one name the last is what can be kept.
        """
        artifact = source = self._read_source(source)
        self.origin = self._describe(source)
        self.command = command_of(self.request, self.origin, route)
        for number, (hop, name) in enumerate(zip(route, names, strict=True)):
            self.listen("hop", {"hop": hop, "number": number, "of": len(route)})
            with _naming(hop, route[:number]), self._way_around(hop):
                artifact = self._hop(artifact, hop, self.scratch.place(str(number)) / name)
            place = self.scratch.target.with_name(name)
            if self.checks and self.checks[-1]["status"] == judge.FAILED:
                # What follows a wrong artifact is not worth making; the wrong one is what the user will look at.
                return self._put(artifact, place.with_name(name + REJECTED), replace_old=True)
            if self.request.keep and name not in (*names[number + 1 :], names[-1]):
                artifact = self._put(artifact, place, replace_old=self.request.force).artifact
        if self.request.require_proof and parity.status_of(self.checks)["status"] != judge.PASSED:
            return self._put(artifact, place.with_name(name + REJECTED), replace_old=True)
        return self._put(artifact, place, replace_old=self.request.force)

    @contextlib.contextmanager
    def _way_around(self, hop: Hop) -> Iterator[None]:
        """What one stage cannot do another route may; which one to take is the user's to say."""
        try:
            yield
        except ConversionError as error:
            if _OF_THE_STAGE.search(error.code):
                name = routes.way_around(
                    hop.edge, self.origin["format"], self.request.target, self.request.forbid_license
                )
                other = f"try another route: --via {name}" if name else ""
                error.fix = "; or ".join(filter(None, (error.fix, other)))
            raise

    def _read_source(self, source: Artifact) -> Artifact:
        """The source with its side files and its signature, the user's words worked in."""
        trust = self.request.trust or self.request.live
        source = replace(source, side_files=self._format_hook(source, "side_files", path=source.path))
        own: Signature = self._format_hook(source, "signature", artifact=source, trust=trust)
        entry = manifest.read(source.path)
        try:
            known = own.informed_by(Signature.from_json(entry["signature"])) if entry else own
            signature = known.merged(self.request.inputs, self.request.dims)
            _check_dims(signature, self.request.dims)
        except (KeyError, TypeError, ValueError) as error:
            raise ConversionError(
                str(error), code="bad-input", where=source.path.name, fix="`mlconvert inspect` shows the inputs"
            ) from None
        return replace(source, signature=signature)

    def _hop(self, artifact: Artifact, hop: Hop, out: Path) -> Artifact:
        """One hop with its parity: the new artifact, in scratch."""
        made, outcome = self._from_cache(artifact, hop, out) or self._convert(artifact, hop, out)
        self.steps.append(
            {
                "stage": hop.edge.name,
                "options": options.as_json(hop.options),
                "versions": self._versions(hop),
                "loads_in": hop.edge.plugin.delivers(hop.options, self.host).loads_in,
                "facts": dict(outcome.facts),
            }
        )
        if self.request.validate:
            self.checks.append(self._parity(artifact, made, hop))
        return made

    def _convert(self, artifact: Artifact, hop: Hop, out: Path) -> tuple[Artifact, Outcome]:
        refuse(self._stage_hook(hop, "requires", artifact=artifact))
        outcome: Outcome = self._stage_hook(hop, "convert", artifact=artifact, out=out)
        if not out.exists():
            raise InternalError(f"{hop.edge.name} has written nothing")
        made = _made(out, hop, outcome)
        refuse(self._stage_hook(hop, "ensures", artifact=made))
        key = self._key(artifact, hop, out)
        if key is not None:
            self.cache.put(key, hop.edge.name, out, outcome)
        return made, outcome

    def _from_cache(self, artifact: Artifact, hop: Hop, out: Path) -> tuple[Artifact, Outcome] | None:
        key = self._key(artifact, hop, out)
        kept = self.cache.get(key, out.parent) if key is not None else None
        if kept is None:
            return None
        path, outcome = kept
        path.rename(out)
        self.listen("log", {"text": f"{hop.edge.name}: taken from the cache"})
        return _made(out, hop, outcome), outcome

    def _key(self, artifact: Artifact, hop: Hop, out: Path) -> str | None:
        """The hop's cache key; None where looking it up would skip code of the user's, or the cache is off."""
        data = self.request.data
        fmt = sources.load_format(artifact.format)
        runs_code = fmt.executes(artifact.path, artifact.flavour) or (data is not None and datasets.is_code(data))
        if not self.request.cache or artifact.model or runs_code:
            return None
        stage = hop.edge.plugin
        return cache.key_of(
            input=manifest.digest(artifact.path, artifact.side_files)["sha256"],
            flavour=artifact.flavour,
            signature=artifact.signature.as_json(),
            stage=stage.name,
            options={name: _content(value) for name, value in options.values_of(hop.options).items()},
            versions=self._versions(hop),
            code=[cache.code_digest("mlconvert"), cache.code_digest(re.split("[.:]", hop.edge.reference)[0])],
            data=manifest.digest(data)["sha256"] if data else None,
            seed=self.request.seed,
            name=out.name if stage.names_artifact else None,
            delivers=vars(stage.delivers(hop.options, self.host)),
            host=self.host.as_json(),
        )

    def _parity(self, before: Artifact, after: Artifact, hop: Hop) -> dict[str, Any]:
        reproducer = self.scratch.target.with_name(after.path.name + REJECTED + REPRODUCER)
        with self._context(hop, reproducer) as values:
            found: dict[str, Any] = self.worker.call(
                "mlconvert.parity:check",
                self.listen,
                source=before,
                artifact=after,
                stage=hop.edge.reference,
                context=values,
                rtol=self.request.rtol,
                atol=self.request.atol,
                made_here=True,
            )
        if found["status"] == judge.UNPROVEN and "fix" in found:
            found["fix"] = f"on a machine that has it: {self._proof(after)}"
        self.listen("check", found)
        return found

    def _proof(self, made: Artifact) -> str:
        """The command that finishes the proof where the device is, from the source that the user has."""
        source = self.origin["file"] or "SOURCE"
        runs_code = sources.load_format(made.format).executes(made.path, made.flavour)
        words = ["mlconvert", "validate", source, self.scratch.target.name]
        return " ".join(map(for_shell, words)) + (" --trust" if runs_code else "")

    def _put(self, artifact: Artifact, place: Path, *, replace_old: bool) -> Result:
        """Commit an artifact with its manifest, and say what was made."""
        entry = manifest.compose(
            artifact,
            place.name,
            source=self.origin,
            route=list(self.steps),
            parity=parity.status_of(self.checks),
            host=self.host.as_json(),
            command=self.command,
        )
        with contextlib.ExitStack() as stack:
            scratch = self.scratch
            if place != scratch.target:
                scratch = stack.enter_context(commit.Scratch(place))
            scratch.commit(artifact.path, artifact.side_files, entry, replace=replace_old)
        beside = tuple(place.with_name(path.name) for path in artifact.side_files)
        return Result(replace(artifact, path=place, side_files=beside), entry)

    def _describe(self, source: Artifact) -> dict[str, Any]:
        return {
            "format": source.format,
            "flavour": source.flavour,
            "file": None if self.request.live else source.path.name,
            "sha256": manifest.digest(source.path, source.side_files)["sha256"],
        }

    def _format_hook(self, source: Artifact, hook: str, **arguments: Any) -> Any:
        reference = registry.reference(registry.FORMATS, source.format)
        return self.worker.call("mlconvert.hooks:format", self.listen, reference=reference, hook=hook, **arguments)

    def _stage_hook(self, hop: Hop, hook: str, **arguments: Any) -> Any:
        worker, _ = self.elsewhere.get(hop.edge.name, (self.worker, None))
        with self._context(hop) as values:
            return worker.call(
                "mlconvert.hooks:stage",
                self.listen,
                reference=hop.edge.reference,
                hook=hook,
                options=options.values_of(hop.options),
                context=values,
                **arguments,
            )

    def _context(self, hop: Hop, reproducer: Path | None = None) -> contextlib.AbstractContextManager[dict[str, Any]]:
        # A live object comes from the caller's own process: it needs no word for it.
        trust = self.request.trust or self.request.live
        return contexts.made(hop.edge.name, self.cache, self.request.data, self.request.seed, trust, reproducer)


@contextlib.contextmanager
def _naming(hop: Hop, before: Sequence[Hop]) -> Iterator[None]:
    """Errors of a route name the failing stage and the ones before it."""
    try:
        yield
    except ConversionError as error:
        error.where = f"{hop.edge.name}: {error.where}" if error.where else hop.edge.name
        error.done = tuple(done.edge.name for done in before)
        raise
    except InternalError as error:
        error.where = hop.edge.name
        raise


def _made(out: Path, hop: Hop, outcome: Outcome) -> Artifact:
    """What a hop has written: everything that stands beside it in its folder belongs to it."""
    beside = () if out.is_dir() else tuple(sorted(path for path in out.parent.iterdir() if path != out))
    return Artifact(out, hop.edge.target, outcome.flavour, outcome.signature, beside)


def _check_dims(signature: Signature, dims: Mapping[str, DimRange]) -> None:
    unknown = [name for name in dims if signature.inputs and name not in signature.names()]
    if unknown:
        known = ", ".join(signature.names()) or "none"
        raise ValueError(f"no input has a dim named {unknown[0]!r}; named dims are: {known}")


def _content(value: Any) -> Any:
    """An option as part of a cache key: files by their bytes."""
    if isinstance(value, tuple):
        return [_content(item) for item in value]
    if isinstance(value, Path):
        return manifest.digest(value)["sha256"] if value.exists() else str(value)
    return value
