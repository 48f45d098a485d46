"""Kubernetes: run a pod."""

from __future__ import annotations

import copy
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from orrery.adapters.pipes.client import PipesClient, PipesClientCompletedInvocation
from orrery.adapters.pipes.clients.waiting import concluded, ended_with_the_run, library, poll
from orrery.adapters.pipes.context_data import PipesExtras
from orrery.adapters.pipes.injectors import PipesContextInjector, PipesEnvContextInjector
from orrery.adapters.pipes.output import OutputMessageReader
from orrery.adapters.pipes.readers import PipesMessageReader
from orrery.adapters.pipes.session import PipesSession, unjudged_session
from orrery.base.errors import PipesExecutionError

__all__ = ["PipesK8sClient", "PipesK8sPodLogsMessageReader"]

_CONTAINER = "orrery-pipes-execution"
_NAMESPACE_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")
_NEVER_STARTS = frozenset(
    ("ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError", "CreateContainerError")
)


class PipesK8sPodLogsMessageReader(OutputMessageReader):
    """Reads messages from the log of a pod; all other lines go to the output of this process."""

    def consume_pod_logs(self, core_api: Any, pod_name: str, namespace: str, container: str | None = None) -> None:
        """Take the log of a pod while it grows, until its container has ended."""
        log = core_api.read_namespaced_pod_log(
            pod_name, namespace, container=container, follow=True, _preload_content=False
        )
        for piece in log.stream():
            self.take(piece)

    def no_messages_debug_text(self) -> str:
        """Return where messages were looked for."""
        return "Messages were looked for in the log of the pod."


class PipesK8sClient(PipesClient):
    """
    Runs a pod, and returns what its process reported.

    Args:
        env: Added to the environment of every pod.
        context_injector: Hands the context over; by default in the environment.
        message_reader: Brings messages back; by default by the log of the pod.
        load_incluster_config: Whether the cluster is the one that this process runs in; found out if not given.
        kubeconfig_file: Settings of the cluster; by default those of the user.
        kube_context: Which of the clusters in there.
        poll_interval: Seconds between two looks at the pod, at most.
        api_client: A ``kubernetes.client.ApiClient`` that is already set up, in place of all these.
        forward_termination: Whether the pod is deleted when the run is ended.
    """

    def __init__(
        self,
        env: Mapping[str, str] | None = None,
        context_injector: PipesContextInjector | None = None,
        message_reader: PipesMessageReader | None = None,
        load_incluster_config: bool | None = None,
        kubeconfig_file: str | None = None,
        kube_context: str | None = None,
        poll_interval: float = 10,
        *,
        api_client: Any = None,
        forward_termination: bool = True,
    ) -> None:
        self.env = env
        self.context_injector = context_injector or PipesEnvContextInjector()
        self.message_reader = message_reader or PipesK8sPodLogsMessageReader()
        self.load_incluster_config = load_incluster_config
        self.kubeconfig_file = kubeconfig_file
        self.kube_context = kube_context
        self.poll_interval = poll_interval
        self._api_client = api_client
        self.forward_termination = forward_termination

    def run(  # type: ignore[override]  # a client names what it needs
        self,
        *,
        context: Any,
        extras: PipesExtras | None = None,
        image: str | None = None,
        command: str | Sequence[str] | None = None,
        namespace: str | None = None,
        env: Mapping[str, str] | None = None,
        base_pod_meta: Mapping[str, Any] | None = None,
        base_pod_spec: Mapping[str, Any] | None = None,
    ) -> PipesClientCompletedInvocation:
        """
        Run a pod, and return when it has ended; it is deleted then.

        Args:
            context: That of the op or asset.
            extras: What else the process is handed over; has to have a JSON form.
            image: Of the first container; not needed where *base_pod_spec* names it.
            command: What to run; by default that of the image.
            namespace: Where; by default the pod's own namespace, or ``default``.
            env: Added to the environment of the first container.
            base_pod_meta: Metadata of the pod, as in its YAML (``camelCase``).
            base_pod_spec: The pod, as in its YAML; its first container is the one that reports.

        Raises:
            PipesExecutionError: The pod did not start or ended badly, or messages are missing.
        """
        kubernetes = library("kubernetes", extra="k8s", what=type(self).__name__)
        core = kubernetes.client.CoreV1Api(self._api_client or self._configured(kubernetes))
        where = namespace or self._own_namespace()
        with unjudged_session(context, self.context_injector, self.message_reader, extras) as session:
            environment = {**(self.env or {}), **(env or {}), **session.get_bootstrap_env_vars()}
            pod = _pod(session, image, command, environment, base_pod_meta, base_pod_spec)
            name, container = pod["metadata"]["name"], pod["spec"]["containers"][0]["name"]
            core.create_namespaced_pod(where, pod)
            context.log.info(f"[pipes] created the pod {name} in namespace {where}.")
            try:
                with ended_with_the_run(lambda: None, forward_termination=self.forward_termination):
                    session.report_launched({"extras": {"pod_name": name, "namespace": where}})
                    poll(lambda: _started(core.read_namespaced_pod(name, where)), self.poll_interval)
                    if isinstance(self.message_reader, PipesK8sPodLogsMessageReader):
                        self.message_reader.consume_pod_logs(core, name, where, container)
                    ended = poll(lambda: _ended(core.read_namespaced_pod(name, where)), self.poll_interval)
            finally:
                core.delete_namespaced_pod(name, where)
        problem = None if ended.status.phase == "Succeeded" else f"The pod {name} failed: {_reasons(ended)}."
        metadata = {"Kubernetes Pod Name": name, "Kubernetes Namespace": where}
        return concluded(session, self.context_injector, self.message_reader, problem=problem, metadata=metadata)

    def _configured(self, kubernetes: Any) -> Any:
        inside = self.load_incluster_config
        if inside is None:
            inside = self.kubeconfig_file is None and "KUBERNETES_SERVICE_HOST" in os.environ
        if inside:
            kubernetes.config.load_incluster_config()
        else:
            kubernetes.config.load_kube_config(config_file=self.kubeconfig_file, context=self.kube_context)
        return kubernetes.client.ApiClient()

    def _own_namespace(self) -> str:
        return _NAMESPACE_FILE.read_text().strip() if _NAMESPACE_FILE.exists() else "default"


def _pod(
    session: PipesSession,
    image: str | None,
    command: str | Sequence[str] | None,
    environment: Mapping[str, str],
    meta: Mapping[str, Any] | None,
    spec: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return the pod as the API takes it."""
    whole = copy.deepcopy(dict(spec or {}))
    containers = whole.setdefault("containers", [{}])
    first = containers[0]
    first.setdefault("name", _CONTAINER)
    if image is not None:
        first["image"] = image
    if not first.get("image"):
        raise PipesExecutionError("The pod has no image.", mend="give image=, or an image in base_pod_spec.")
    if command is not None:
        first["command"] = [command] if isinstance(command, str) else list(command)
    first["env"] = [
        *first.get("env", ()),
        *({"name": key, "value": value} for key, value in environment.items()),
    ]
    whole.setdefault("restartPolicy", "Never")
    metadata = copy.deepcopy(dict(meta or {}))
    metadata.setdefault("name", f"orrery-{session.context_data['run_id'][:18].strip('-')}-{secrets.token_hex(4)}")
    metadata["labels"] = {"orrery/run-id": session.context_data["run_id"], **metadata.get("labels", {})}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": whole}


def _started(pod: Any) -> Any:
    """Return *pod* if it runs or has run; raise if it never will."""
    if pod.status.phase in ("Running", "Succeeded", "Failed"):
        return pod
    for status in pod.status.container_statuses or ():
        waiting = status.state.waiting if status.state else None
        if waiting is not None and waiting.reason in _NEVER_STARTS:
            raise PipesExecutionError(
                f"The pod {pod.metadata.name} cannot start: {waiting.reason}: {waiting.message}.",
                mend="look at the image, its name, and what the pod refers to.",
            )
    return None


def _ended(pod: Any) -> Any:
    return pod if pod.status.phase in ("Succeeded", "Failed") else None


def _reasons(pod: Any) -> str:
    told = [str(each) for each in (pod.status.reason, pod.status.message) if each]
    for status in pod.status.container_statuses or ():
        ended = status.state.terminated if status.state else None
        if ended is not None and ended.exit_code:
            told.append(f"container {status.name} ended with exit code {ended.exit_code} ({ended.reason})")
    return "; ".join(told) or "it tells no reason"
