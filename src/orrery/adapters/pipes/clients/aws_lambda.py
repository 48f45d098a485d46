"""AWS Lambda: call a function, and wait for its answer."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from orrery.adapters.pipes.client import PipesClient, PipesClientCompletedInvocation
from orrery.adapters.pipes.clients.waiting import concluded, library
from orrery.adapters.pipes.context_data import PipesExtras, PipesParams
from orrery.adapters.pipes.handler import PipesMessageHandler
from orrery.adapters.pipes.injectors import PipesContextInjector, PipesEnvContextInjector
from orrery.adapters.pipes.output import OutputMessageReader
from orrery.adapters.pipes.readers import NEGOTIATED, PipesMessageReader
from orrery.adapters.pipes.session import unjudged_session

__all__ = ["PipesLambdaClient", "PipesLambdaEventContextInjector", "PipesLambdaLogsMessageReader"]


class PipesLambdaEventContextInjector(PipesEnvContextInjector):
    """Hands the context over inside the event; the function loads it by ``PipesMappingParamsLoader(event)``."""

    def no_messages_debug_text(self) -> str:
        """Return how the context was handed over."""
        return (
            "The context was handed over inside the event: open_pipes(params_loader=PipesMappingParamsLoader(event))."
        )


class PipesLambdaLogsMessageReader(OutputMessageReader):
    """
    Reads messages from the end of the log that Lambda answers with, which is cut to its last 4 KB.

    Longer reports need :class:`PipesS3MessageReader`: with this reader the messages before are lost, which
    fails the step.
    """

    @contextmanager
    def read_messages(self, handler: PipesMessageHandler) -> Iterator[PipesParams]:
        """Let the function write its messages all at once at its end, so that nothing comes in between."""
        with self.of(handler):
            yield {"buffered_stdio": "stderr", "orrery": NEGOTIATED}

    def consume_lambda_logs(self, response: Mapping[str, Any]) -> None:
        """Take the messages of an answer."""
        self.take(base64.b64decode(response.get("LogResult") or ""))

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return "Messages were looked for in the last 4 KB of the function's log; longer reports need S3."


class PipesLambdaClient(PipesClient):
    """
    Calls a function of AWS Lambda, and returns what it reported.

    Args:
        client: A ``boto3.client("lambda")``; made if not given.
        context_injector: Hands the context over; by default inside the event.
        message_reader: Brings messages back; by default by the last 4 KB of the log.
    """

    def __init__(
        self,
        client: Any = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
    ) -> None:
        self.client = client or library("boto3", extra="aws", what=type(self).__name__).client("lambda")
        self.context_injector = context_injector or PipesLambdaEventContextInjector()
        self.message_reader = message_reader or PipesLambdaLogsMessageReader()

    def run(  # type: ignore[override]  # a client names what it needs
        self, *, function_name: str, event: Mapping[str, Any], context: Any, extras: PipesExtras | None = None
    ) -> PipesClientCompletedInvocation:
        """
        Call a function, and return when it has answered.

        Args:
            function_name: Name of the function.
            event: What it is called with; the params of Pipes are added.
            context: That of the op or asset.
            extras: What else the function is handed over; has to have a JSON form.

        Raises:
            PipesExecutionError: The function raised, or messages are missing.
        """
        with unjudged_session(context, self.context_injector, self.message_reader, extras) as session:
            response = self.client.invoke(
                FunctionName=function_name,
                InvocationType="RequestResponse",
                LogType="Tail",
                Payload=json.dumps({**event, **session.get_bootstrap_env_vars()}),
            )
            if isinstance(self.message_reader, PipesLambdaLogsMessageReader):
                self.message_reader.consume_lambda_logs(response)
            problem = None
            if "FunctionError" in response:
                answer = response["Payload"].read().decode("utf-8", "replace")
                problem = f"The function '{function_name}' failed ({response['FunctionError']}): {answer[:2000]}"
        metadata = {"AWS Request ID": response["ResponseMetadata"]["RequestId"]}
        return concluded(session, self.context_injector, self.message_reader, problem=problem, metadata=metadata)
