"""Docker: run a container."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from orrery.adapters.pipes.client import PipesClient, PipesClientCompletedInvocation
from orrery.adapters.pipes.clients.waiting import concluded, ended_with_the_run, library
from orrery.adapters.pipes.context_data import PipesExtras
from orrery.adapters.pipes.injectors import PipesContextInjector, PipesEnvContextInjector
from orrery.adapters.pipes.output import OutputMessageReader
from orrery.adapters.pipes.readers import PipesMessageReader
from orrery.adapters.pipes.session import unjudged_session

__all__ = ["PipesDockerClient", "PipesDockerLogsMessageReader"]


class PipesDockerLogsMessageReader(OutputMessageReader):
    """Reads messages from the log of a container; all other lines go to the output of this process."""

    def consume_docker_logs(self, container: Any) -> None:
        """Take the log of *container* while it grows, until the container has ended."""
        for piece in container.logs(stdout=True, stderr=True, stream=True, follow=True):
            self.take(piece)

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return "Messages were looked for in the log of the container."


class PipesDockerClient(PipesClient):
    """
    Runs a container, and returns what its process reported.

    Args:
        env: Added to the environment of every container.
        registry: Of images that are not public: ``url``, ``username`` and ``password``.
        context_injector: Hands the context over; by default in the environment.
        message_reader: Brings messages back; by default by the log of the container.
        client: A ``docker.DockerClient``; by default that of the environment.
        forward_termination: Whether the container is stopped when the run is.
    """

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        registry: Mapping[str, str] | None = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        *,
        client: Any = None,
        forward_termination: bool = True,
    ) -> None:
        self.env = env
        self.registry = registry
        self.context_injector = context_injector or PipesEnvContextInjector()
        self.message_reader = message_reader or PipesDockerLogsMessageReader()
        self._client = client
        self.forward_termination = forward_termination

    def run(  # type: ignore[override]  # a client names what it needs
        self,
        *,
        context: Any,
        image: str,
        extras: PipesExtras | None = None,
        command: str | Sequence[str] | None = None,
        env: Mapping[str, str] | None = None,
        registry: Mapping[str, str] | None = None,
        container_kwargs: Mapping[str, Any] | None = None,
    ) -> PipesClientCompletedInvocation:
        """
        Run a container, and return when it has ended; it is removed then.

        Args:
            context: That of the op or asset.
            image: The image; pulled if it is not here.
            extras: What else the process is handed over; has to have a JSON form.
            command: What to run; by default that of the image.
            env: Added to the environment.
            registry: In place of the client's.
            container_kwargs: What else the docker library takes for ``containers.create``.

        Raises:
            PipesExecutionError: The container ended with another exit code than 0, or messages are missing.
        """
        docker = library("docker", extra="docker", what=type(self).__name__)
        client = self._client or docker.from_env()
        access = registry or self.registry
        if access is not None:
            client.login(registry=access["url"], username=access["username"], password=access["password"])
        options = dict(container_kwargs or {})
        given = options.pop("environment", {})
        if not isinstance(given, Mapping):
            given = dict(each.partition("=")[::2] for each in given)
        with unjudged_session(context, self.context_injector, self.message_reader, extras) as session:
            environment = {**given, **(self.env or {}), **(env or {}), **session.get_bootstrap_env_vars()}

            def create() -> Any:
                return client.containers.create(image=image, command=command, environment=environment, **options)

            try:
                container = create()
            except docker.errors.ImageNotFound:
                client.images.pull(image)
                container = create()
            try:
                with ended_with_the_run(container.stop, forward_termination=self.forward_termination):
                    container.start()
                    session.report_launched({"extras": {"container_id": container.id}})
                    if isinstance(self.message_reader, PipesDockerLogsMessageReader):
                        self.message_reader.consume_docker_logs(container)
                    code = container.wait()["StatusCode"]
            finally:
                container.remove(force=True)
        problem = f"The container of image '{image}' ended with exit code {code}." if code else None
        metadata = {"Docker Container ID": container.id}
        return concluded(session, self.context_injector, self.message_reader, problem=problem, metadata=metadata)
