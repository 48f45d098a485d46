"""A session: the time during which an external process reports."""

from __future__ import annotations

import base64
import json
import tempfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from orrery.adapters.pipes.arguments import check_extras, check_sides, check_values
from orrery.adapters.pipes.context_data import (
    PipesContextData,
    PipesExtras,
    PipesLaunchedData,
    PipesParams,
    context_data_of,
)
from orrery.adapters.pipes.handler import PipesExecutionResult, PipesMessageHandler, exception_text
from orrery.adapters.pipes.injectors import PipesContextInjector
from orrery.adapters.pipes.readers import WRITERS_KEY, PipesMessageReader
from orrery.adapters.pipes.values import give_values
from orrery.base.errors import PipesExecutionError
from orrery.base.metadata import normalize_metadata
from orrery.model.events.checks import AssetCheckEvaluation, AssetCheckResult
from orrery.model.events.user import AssetMaterialization, MaterializeResult

__all__ = ["PipesSession", "open_pipes_session"]

_SHORT_BYTES = 2000
_CONTEXT, _MESSAGES = "DAGSTER_PIPES_CONTEXT", "DAGSTER_PIPES_MESSAGES"


@dataclass
class PipesSession:
    """
    The params for a launch, and what has been reported since.

    Args:
        context_data: What the process is told.
        message_handler: Takes what it reports.
        context_injector_params: By which the process finds the context.
        message_reader_params: By which it sends messages.
        context: That of the op or asset that launches.
        created_at: When the session was opened (UTC).
    """

    context_data: PipesContextData
    message_handler: PipesMessageHandler
    context_injector_params: PipesParams
    message_reader_params: PipesParams
    context: Any
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    @property
    def default_remote_invocation_info(self) -> Mapping[str, str]:
        """Return tags for a job that is started elsewhere: run, job, assets and partition."""
        data = self.context_data
        told = {
            "run-id": data["run_id"],
            "job": data["job_name"],
            "asset_keys": ",".join(data["asset_keys"] or ()),
            "partition": data["partition_key"],
        }
        return {f"dagster/{name}": value for name, value in told.items() if value}

    def get_bootstrap_params(self) -> Mapping[str, Any]:
        """Return the params by the names of their environment variables, not encoded."""
        return {_CONTEXT: self.context_injector_params, _MESSAGES: self.message_reader_params}

    def get_bootstrap_env_vars(self) -> Mapping[str, str]:
        """Return the environment variables for the process."""
        return {name: _encoded(params) for name, params in self.get_bootstrap_params().items()}

    def get_bootstrap_cli_arguments(self) -> Mapping[str, str]:
        """Return the command line arguments for the process: name and value."""
        names = {_CONTEXT: "--dagster-pipes-context", _MESSAGES: "--dagster-pipes-messages"}
        return {names[name]: value for name, value in self.get_bootstrap_env_vars().items()}

    def get_per_writer_bootstrap_env_vars(self) -> Sequence[Mapping[str, str]]:
        """Return the environment variables for each of several processes."""
        context = _encoded(self.context_injector_params)
        return [{_CONTEXT: context, _MESSAGES: _encoded(params)} for params in self._writers()]

    def get_per_writer_bootstrap_cli_arguments(self) -> Sequence[Mapping[str, str]]:
        """Return the command line arguments for each of several processes."""
        return [
            {"--dagster-pipes-context": each[_CONTEXT], "--dagster-pipes-messages": each[_MESSAGES]}
            for each in self.get_per_writer_bootstrap_env_vars()
        ]

    def _writers(self) -> Sequence[PipesParams]:
        writers: Sequence[PipesParams] = self.message_reader_params.get(WRITERS_KEY, [self.message_reader_params])
        return writers

    def report_launched(self, launched_payload: PipesLaunchedData) -> None:
        """Tell the reader of the launch, such as the id of a job that was started elsewhere."""
        self.message_handler.on_launched(launched_payload)

    def get_reported_results(self) -> Sequence[PipesExecutionResult]:
        """Return what was reported so far."""
        return self.message_handler.get_reported_results()

    def get_custom_messages(self) -> Sequence[Any]:
        """Return the payloads of custom messages so far."""
        return self.message_handler.get_custom_messages()

    def get_results(
        self, *, implicit_materializations: bool = True, metadata: Mapping[str, Any] | None = None
    ) -> Sequence[PipesExecutionResult]:
        """
        Return what was reported, ready to be yielded.

        Args:
            implicit_materializations: Whether expected assets that were not reported count as materialized.
            metadata: Added to each result.
        """
        reported = self.get_reported_results()
        results = [_with_metadata(each, metadata) for each in reported] if metadata else list(reported)
        results = [self._with_value(each) for each in results]
        if not implicit_materializations:
            return results
        op_context = getattr(self.context, "op_execution_context", self.context)
        if op_context.has_assets_def:
            told = {each.asset_key for each in reported if isinstance(each, MaterializeResult)}
            results += [
                self._with_value(MaterializeResult(asset_key=key, metadata=metadata))
                for key in sorted(op_context.selected_asset_keys)
                if key not in told
            ]
        return results

    def _with_value(self, result: PipesExecutionResult) -> PipesExecutionResult:
        """Return *result* with the value that the process handed over by reference, if it did."""
        values, key = self.message_handler.values, result.asset_key
        if key is None or key not in values or not isinstance(result, MaterializeResult):
            return result
        return MaterializeResult(
            asset_key=key,
            metadata=result.metadata,
            check_results=result.check_results,
            data_version=result.data_version,
            tags=result.tags,
            value=values[key],
        )


@contextmanager
def open_pipes_session(
    context: Any,
    context_injector: PipesContextInjector,
    message_reader: PipesMessageReader,
    extras: PipesExtras | None = None,
    *,
    values: Mapping[str, Any] | None = None,
    allow_unopened: bool = False,
    allow_unclosed: bool = False,
) -> Iterator[PipesSession]:
    """
    Open a session around a launch of one's own.

    Start the process in the block, with the variables of :meth:`PipesSession.get_bootstrap_env_vars` in its
    environment, and wait for it; after the block all that it reported has been read.

    Args:
        context: That of the op or asset.
        context_injector: Hands the context over.
        message_reader: Brings messages back.
        extras: What else the process is handed over; has to have a JSON form.
        values: Large values that the process is handed over by reference, as files of this machine.
        allow_unopened: Whether a process may end without having opened Pipes.
        allow_unclosed: Whether a process may end without having closed Pipes.

    Raises:
        PipesExecutionError: At the end of the block, if messages are missing. What arrived is recorded before.
    """
    with unjudged_session(context, context_injector, message_reader, extras, values) as session:
        yield session
    problem = missing(session, context_injector, message_reader, allow_unopened, allow_unclosed)
    if problem is not None:
        record_results(session)
        raise problem


@contextmanager
def unjudged_session(
    context: Any,
    context_injector: PipesContextInjector,
    message_reader: PipesMessageReader,
    extras: PipesExtras | None,
    values: Mapping[str, Any] | None = None,
) -> Iterator[PipesSession]:
    """Open a session; the caller judges at its end whether the stream was whole."""
    check_sides(context, context_injector, message_reader)
    check_extras(extras)
    check_values(values)
    if values and not message_reader.is_local:
        raise PipesExecutionError(
            f"Values cannot go by reference: with {type(message_reader).__name__} the process may be on another machine.",
            mend="use PipesTempFileMessageReader, or write them to a store, and hand their places over as extras.",
        )
    data = context_data_of(context, extras)
    handler = PipesMessageHandler(context, message_reader)
    with (
        context_injector.inject_context(data) as injected,
        _sharing(handler, values or {}) if message_reader.is_local else nullcontext() as shared,
    ):
        with handler.handle_messages() as reading:
            if shared is not None:
                reading = {**reading, "orrery": {**reading["orrery"], "values": shared}}
            yield PipesSession(data, handler, injected, reading, context)
        handler.load_values()
    handler.tell_rest()


@contextmanager
def _sharing(handler: PipesMessageHandler, values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Give what a process is told of the session's folder, in which values lie; it is deleted at the end."""
    with tempfile.TemporaryDirectory(prefix="orrery-pipes-") as folder:
        handler.folder = folder
        yield {"folder": folder, "given": give_values(values, folder)}


def missing(
    session: PipesSession,
    context_injector: PipesContextInjector,
    message_reader: PipesMessageReader,
    allow_unopened: bool,
    allow_unclosed: bool,
) -> PipesExecutionError | None:
    """Return what is wrong with the stream as a whole, now that it has ended, or None."""
    handler = session.message_handler
    if handler.death_of_reader is not None:
        return PipesExecutionError(
            f"The reader of messages ended before its time: {handler.death_of_reader!r}. Messages may be missing.",
            mend="see the log of the step for its traceback.",
        )
    exception = handler.reported_exception
    if exception is not None:
        return PipesExecutionError(
            f"The external process ended with an exception:\n{exception_text(exception)}",
            mend="mend the code of the process.",
        )
    if not handler.received_opened_message and not allow_unopened:
        return PipesExecutionError(
            "The external process never opened Pipes. "
            f"{context_injector.no_messages_debug_text()} {message_reader.no_messages_debug_text()}",
            mend="call open_pipes() in the process, with a loader and a writer that fit; or set allow_unopened=True.",
        )
    if handler.received_opened_message and not handler.received_closed_message and not allow_unclosed:
        return PipesExecutionError(
            "The external process ended without having closed Pipes; later messages may be missing.",
            mend="use `with open_pipes() as context:` in the process; or set allow_unclosed=True.",
        )
    if handler.lost_message_count:
        return PipesExecutionError(
            f"{handler.lost_message_count} messages of the external process are missing, by their numbers.",
            mend="see the warnings in the log of the step: what could not be read, as it was torn or longer than 16 MB, is "
            "told there; large values go by put_value(). Look whether the disk of the message file was full.",
        )
    return None


def record_results(session: PipesSession) -> None:
    """Record what was reported as events of the step, which is about to fail and will yield nothing."""
    context = getattr(session.context, "op_execution_context", session.context)
    partition = session.context_data["partition_key"]
    for result in session.get_reported_results():
        key = result.asset_key
        if key is None:
            continue
        if isinstance(result, AssetCheckResult):
            context.log_event(
                AssetCheckEvaluation(
                    asset_key=key,
                    check_name=str(result.check_name),
                    passed=result.passed,
                    metadata=result.metadata,
                    severity=result.severity,
                )
            )
        else:
            version = result.data_version
            tags = {} if version is None else {"dagster/data_version": version.value}
            context.log_event(
                AssetMaterialization(asset_key=key, metadata=result.metadata, partition=partition, tags=tags)
            )


def _with_metadata(result: PipesExecutionResult, metadata: Mapping[str, Any]) -> PipesExecutionResult:
    joined = {**normalize_metadata(metadata), **(result.metadata or {})}
    if isinstance(result, AssetCheckResult):
        return AssetCheckResult(
            passed=result.passed,
            asset_key=result.asset_key,
            check_name=result.check_name,
            metadata=joined,
            severity=result.severity,
            description=result.description,
        )
    return MaterializeResult(
        asset_key=result.asset_key,
        metadata=joined,
        check_results=result.check_results,
        data_version=result.data_version,
        tags=result.tags,
    )


def _encoded(params: PipesParams) -> str:
    data = json.dumps(params).encode("utf-8")
    # The memory in which zlib looks for what comes twice takes longer to get than a short text to be packed.
    packer = zlib.compressobj(wbits=9, memLevel=1) if len(data) < _SHORT_BYTES else zlib.compressobj()
    return base64.b64encode(packer.compress(data) + packer.flush()).decode("ascii")
