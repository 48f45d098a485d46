"""
Clients of other places, each with its official library: real processes that use ``orrery_pipes``, inside a real step.

Amazon's services are those of a server that speaks them; it runs nothing, so that a hook of the library starts what the
service was told to run. Docker, Kubernetes and Lambda are servers of a few lines that run it themselves; ssh is a program
that passes the line to a shell, as the other side does.
"""

import base64
import json
import os
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import orrery

PACKAGE = Path(__file__).resolve().parents[4] / "packages" / "orrery-pipes" / "src"
Run = Callable[..., Any]
BODY = (
    "    print('out é', flush=True)\n    context.log.info('told')\n"
    "    for n in range(10):\n        context.report_custom_message([context.asset_key, context.get_extra('x'), n])\n"
    "    context.report_asset_materialization({'rows': 3})\n"
)
CUSTOM = [["a", 7, n] for n in range(10)]
OPEN = "from orrery_pipes import *\nwith open_pipes() as context:\n"


class Server(BaseHTTPRequestHandler):
    """What the small servers share."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *told: object) -> None:
        pass

    def body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"null")

    def answer(self, told: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        data = told if isinstance(told, bytes) else json.dumps(told).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving(handler: type[Server], **state: Any) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Of", (handler,), state))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def here(**more: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(PACKAGE), **more}


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "script.py"


# --- Lambda


class Lambda(Server):
    """Runs the function as a process, and answers with the last 4 KB of its log."""

    script: Path

    def do_POST(self) -> None:
        event = json.dumps(self.body()).encode()
        done = subprocess.run([sys.executable, str(self.script)], input=event, capture_output=True, env=here())
        headers = {"X-Amz-Log-Result": base64.b64encode(done.stderr[-4096:]).decode(), "x-amzn-RequestId": "r1"}
        if done.returncode:
            headers["X-Amz-Function-Error"] = "Unhandled"
        self.answer({"errorMessage": "it raised"} if done.returncode else {}, headers=headers)


ON_LAMBDA = (
    "import json, sys\nfrom orrery_pipes import *\nevent = json.load(sys.stdin)\nassert event['day'] == 3\n"
    "with open_pipes(params_loader=PipesMappingParamsLoader(event)) as context:\n"
)


@pytest.fixture
def call_lambda(step: Run, script: Path) -> Iterator[Run]:
    import boto3

    with serving(Lambda, script=script) as endpoint:
        access = {"region_name": "us-east-1", "aws_access_key_id": "x", "aws_secret_access_key": "x"}
        client = orrery.PipesLambdaClient(boto3.client("lambda", endpoint_url=endpoint, **access))

        def run(code: str) -> Any:
            script.write_text(code)

            def body(context: Any, kept: dict[str, Any]) -> Any:
                told = {"function_name": "f", "event": {"day": 3}, "extras": {"x": 7}}
                kept["invocation"] = client.run(context=context, **told)
                return kept["invocation"].get_materialize_result()

            return step(body)

        yield run


def test_lambda(call_lambda: Run) -> None:
    ran = call_lambda(ON_LAMBDA + BODY)
    assert ran.result.success, ran.error
    assert ran.custom == CUSTOM
    assert ran.metadata == {"rows": 3, "AWS Request ID": "r1"}


def test_function_of_lambda_that_raises_is_told(call_lambda: Run) -> None:
    error = call_lambda(ON_LAMBDA + "    raise ValueError('no rows')\n").error
    for part in ("The function 'f' failed (Unhandled)", "it raised", "ValueError: no rows"):
        assert part in error


def test_report_longer_than_the_log_of_lambda_fails_the_step(call_lambda: Run) -> None:
    """The start is cut off there: it is not taken for a success."""
    error = call_lambda(ON_LAMBDA + "    for n in range(200):\n        context.report_custom_message(n)\n").error
    assert "The external process never opened Pipes" in error
    assert "4 KB" in error


# --- Glue, ECS, EMR


def hooked(client: Any, operation: str, launch: Callable[[dict[str, Any]], None]) -> None:
    """Start what the service is told to run, as the server does not."""
    service = client.meta.service_model.service_name
    told: dict[str, Any] = {}
    client.meta.events.register(
        f"before-parameter-build.{service}.{operation}", lambda params, **_: told.update(params)
    )
    client.meta.events.register(f"after-call.{service}.{operation}", lambda **_: launch(told))


BY_S3 = (
    "import boto3\nfrom orrery_pipes import *\nclient = boto3.client('s3')\nwith open_pipes(params_loader={loader}, "
    "context_loader={context}, message_writer=PipesS3MessageWriter(client, interval=0.05)) as context:\n"
)


def test_glue(cloud: Any, step: Run, script: Path) -> None:
    script.write_text(BY_S3.format(loader="PipesCliArgsParamsLoader()", context="PipesS3ContextLoader(client)") + BODY)
    glue, s3 = cloud.client("glue"), cloud.client("s3")
    name = "job"
    glue.create_job(Name=name, Role="r", Command={"Name": "glueetl", "ScriptLocation": "s3://bucket/script.py"})

    def launch(told: dict[str, Any]) -> None:
        arguments = [part for pair in told["Arguments"].items() for part in pair]
        assert arguments[:2] == ["--mine", "1"]
        subprocess.run([sys.executable, str(script), *arguments], env=cloud.environment(), check=True)

    hooked(glue, "StartJobRun", launch)

    def body(context: Any, kept: dict[str, Any]) -> Any:
        client = orrery.PipesGlueClient(
            context_injector=orrery.PipesS3ContextInjector(bucket="bucket", client=s3),
            message_reader=orrery.PipesS3MessageReader(bucket="bucket", client=s3, interval=0.05),
            client=glue,
            poll_interval_seconds=0.05,
        )
        told = {"JobName": name, "Arguments": {"--mine": "1"}}
        kept["invocation"] = client.run(context=context, start_job_run_params=told, extras={"x": 7})
        return kept["invocation"].get_materialize_result()

    ran = step(body)
    assert ran.result.success, ran.error
    assert ran.custom == CUSTOM
    assert ran.metadata["AWS Glue Job Name"] == name


def test_job_of_glue_that_is_not_there_is_told(cloud: Any, step: Run) -> None:
    def body(context: Any, kept: dict[str, Any]) -> Any:
        s3 = cloud.client("s3")
        client = orrery.PipesGlueClient(
            context_injector=orrery.PipesS3ContextInjector(bucket="bucket", client=s3),
            message_reader=orrery.PipesS3MessageReader(bucket="bucket", client=s3),
            client=cloud.client("glue"),
        )
        return client.run(context=context, start_job_run_params={"JobName": "nobody"}).get_materialize_result()

    assert "EntityNotFound" in step(body).error


def test_messages_come_by_cloudwatch_between_other_lines(
    cloud: Any, step: Run, script: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    script.write_text(
        "from orrery_pipes import *\nwith open_pipes(params_loader=PipesCliArgsParamsLoader()) as context:\n" + BODY
    )
    glue, logs = cloud.client("glue"), cloud.client("logs")
    glue.create_job(Name="logged", Role="r", Command={"Name": "glueetl", "ScriptLocation": "s3://bucket/script.py"})
    logs.create_log_group(logGroupName="group")
    logs.create_log_stream(logGroupName="group", logStreamName="stream")

    def launch(told: dict[str, Any]) -> None:
        arguments = [part for pair in told["Arguments"].items() for part in pair]
        done = subprocess.run(
            [sys.executable, str(script), *arguments], env=here(), stdout=subprocess.PIPE, encoding="utf-8", check=True
        )
        now = int(time.time() * 1000)
        events = [{"timestamp": now, "message": line} for line in done.stdout.splitlines()]
        logs.put_log_events(logGroupName="group", logStreamName="stream", logEvents=events)

    hooked(glue, "StartJobRun", launch)

    def body(context: Any, kept: dict[str, Any]) -> Any:
        client = orrery.PipesGlueClient(
            context_injector=orrery.PipesEnvContextInjector(),
            message_reader=orrery.PipesCloudWatchMessageReader(logs, "group", "stream", interval=0.05),
            client=glue,
            poll_interval_seconds=0.05,
        )
        told = {"JobName": "logged"}
        kept["invocation"] = client.run(context=context, start_job_run_params=told, extras={"x": 7})
        return kept["invocation"].get_materialize_result()

    ran = step(body)
    assert ran.result.success, ran.error
    assert ran.custom == CUSTOM
    assert "out é\n" in capsys.readouterr().out


def test_ecs(cloud: Any, step: Run, script: Path) -> None:
    script.write_text(BY_S3.format(loader="PipesEnvVarParamsLoader()", context="PipesDefaultContextLoader()") + BODY)
    ecs, s3 = cloud.client("ecs"), cloud.client("s3")
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        family="t", networkMode="awsvpc", containerDefinitions=[{"name": "main", "image": "i", "memory": 10}]
    )
    subnet = cloud.client("ec2").describe_subnets()["Subnets"][0]["SubnetId"]

    def launch(told: dict[str, Any]) -> None:
        (override,) = told["overrides"]["containerOverrides"]
        assert override["name"] == "main"
        told_there = {each["name"]: each["value"] for each in override["environment"]}
        subprocess.run([sys.executable, str(script)], env={**cloud.environment(), **told_there}, check=True)

    hooked(ecs, "RunTask", launch)
    # The server's tasks run until they are stopped.
    ecs.meta.events.register_first(
        "before-call.ecs.DescribeTasks",
        lambda **_: (
            [cloud.client("ecs").stop_task(cluster="c", task=each) for each in ecs.list_tasks(cluster="c")["taskArns"]]
            and None
        ),
    )

    def body(context: Any, kept: dict[str, Any]) -> Any:
        client = orrery.PipesECSClient(
            client=ecs,
            message_reader=orrery.PipesS3MessageReader(bucket="bucket", client=s3, interval=0.05),
            poll_interval_seconds=0.05,
        )
        told = {
            "taskDefinition": "t",
            "cluster": "c",
            "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": [subnet], "securityGroups": []}},
            "overrides": {"containerOverrides": [{"name": "main", "environment": [{"name": "MINE", "value": "1"}]}]},
        }
        kept["invocation"] = client.run(context=context, run_task_params=told, extras={"x": 7})
        return kept["invocation"].get_materialize_result()

    ran = step(body)
    assert ran.result.success, ran.error
    assert ran.custom == CUSTOM
    assert ran.metadata["AWS ECS Task ARN"].startswith("arn:aws:ecs")


def test_task_of_ecs_with_several_containers_wants_the_one_that_reports(cloud: Any, step: Run) -> None:
    ecs = cloud.client("ecs")
    ecs.register_task_definition(
        family="two", containerDefinitions=[{"name": name, "image": "i", "memory": 10} for name in ("main", "side")]
    )

    def body(context: Any, kept: dict[str, Any]) -> Any:
        client = orrery.PipesECSClient(client=ecs, message_reader=orrery.PipesTempFileMessageReader())
        return client.run(context=context, run_task_params={"taskDefinition": "two"}).get_materialize_result()

    assert "has the containers ['main', 'side']" in step(body).error


def test_emr(cloud: Any, step: Run, script: Path) -> None:
    script.write_text(BY_S3.format(loader="PipesEnvVarParamsLoader()", context="PipesDefaultContextLoader()") + BODY)
    emr, s3 = cloud.client("emr"), cloud.client("s3")

    def launch(told: dict[str, Any]) -> None:
        settings = {each["Classification"]: each for each in told["Configurations"]}
        (export,) = settings["spark-env"]["Configurations"]
        prefix = "spark.yarn.appMasterEnv."
        on_yarn = settings["spark-defaults"]["Properties"]
        assert {name.removeprefix(prefix): value for name, value in on_yarn.items()} == export["Properties"]
        subprocess.run([sys.executable, str(script)], env={**cloud.environment(), **export["Properties"]}, check=True)

    hooked(emr, "RunJobFlow", launch)

    def body(context: Any, kept: dict[str, Any]) -> Any:
        client = orrery.PipesEMRClient(
            message_reader=orrery.PipesS3MessageReader(bucket="bucket", client=s3, interval=0.05),
            client=emr,
            poll_interval_seconds=0.05,
        )
        told = {
            "Name": "c",
            "ReleaseLabel": "emr-7.0.0",
            "Instances": {"InstanceCount": 1, "MasterInstanceType": "m5.large"},
        }
        kept["invocation"] = client.run(context=context, run_job_flow_params=told, extras={"x": 7})
        return kept["invocation"].get_materialize_result()

    ran = step(body)
    assert ran.result.success, ran.error
    assert ran.custom == CUSTOM
    assert ran.metadata["AWS EMR Cluster ID"].startswith("j-")


# --- Docker


class Docker(Server):
    """A daemon with one image, whose containers are processes of this machine."""

    containers: dict[str, Any]
    pulled: list[str]

    def do_GET(self) -> None:
        if self.path.endswith("/version"):
            self.answer({"ApiVersion": "1.44", "Version": "27"})
        elif "/logs" in self.path:
            self.close_connection = True
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.docker.multiplexed-stream")
            self.send_header("Connection", "close")
            self.end_headers()
            for line in self._process().stdout:
                self.wfile.write(struct.pack(">BxxxL", 1, len(line)) + line)
        else:
            self.answer({"Id": self._id(), "Config": {"Tty": False, "Image": "image"}, "Image": "image", "Name": "/c"})

    def do_POST(self) -> None:
        told = self.body()
        if self.path.startswith("/v1.44/containers/create"):
            if told["Image"] == "far" and not self.pulled:
                self.answer({"message": "No such image: far"}, 404)
                return
            key = f"{len(self.containers):064x}"
            self.containers[key] = told
            self.answer({"Id": key, "Warnings": []}, 201)
        elif "/images/create" in self.path:
            self.pulled.append(self.path)
            self.answer(b'{"status": "done"}\n')
        elif self.path.endswith("/start"):
            told = self.containers[self._id()]
            environment = here(**dict(each.partition("=")[::2] for each in told["Env"]))
            self.containers[self._id()] = subprocess.Popen(told["Cmd"], env=environment, stdout=subprocess.PIPE)
            self.answer(b"", 204)
        elif "/wait" in self.path:
            self.answer({"StatusCode": self._process().wait()})
        elif "/stop" in self.path:
            self._process().terminate()
            self.answer(b"", 204)

    def do_DELETE(self) -> None:
        self._process().stdout.close()
        del self.containers[self._id()]
        self.answer(b"", 204)

    def _id(self) -> str:
        return self.path.split("/")[3].partition("?")[0]

    def _process(self) -> Any:
        return self.containers[self._id()]


@pytest.fixture
def run_docker(step: Run, script: Path) -> Iterator[Run]:
    import docker

    containers: dict[str, Any] = {}
    with serving(Docker, containers=containers, pulled=[]) as endpoint:
        library = docker.DockerClient(base_url=endpoint.replace("http", "tcp"), version="1.44")

        def run(code: str, image: str = "image") -> Any:
            script.write_text(code)

            def body(context: Any, kept: dict[str, Any]) -> Any:
                client = orrery.PipesDockerClient(client=library, env={"MINE": "1"})
                kept["invocation"] = client.run(
                    context=context,
                    image=image,
                    command=[sys.executable, str(script)],
                    extras={"x": 7},
                    container_kwargs={"environment": ["ALSO=2"]},
                )
                return kept["invocation"].get_materialize_result()

            ran = step(body)
            assert containers == {}, "containers are left"
            return ran

        yield run
        library.close()


@pytest.mark.parametrize("image", ["image", "far"])
def test_docker(run_docker: Run, capsys: pytest.CaptureFixture[str], image: str) -> None:
    ran = run_docker(OPEN + "    import os\n    assert os.environ['MINE'] + os.environ['ALSO'] == '12'\n" + BODY, image)
    assert ran.result.success, ran.error
    assert ran.custom == CUSTOM
    assert "Docker Container ID" in ran.metadata
    assert "out é\n" in capsys.readouterr().out


def test_container_that_ends_badly_is_told_and_keeps_its_report(run_docker: Run) -> None:
    ran = run_docker(OPEN + BODY + "raise SystemExit(3)\n")
    assert "The container of image 'image' ended with exit code 3." in ran.error
    assert ran.metadata["rows"] == 3


# --- Databricks


class Jobs(Server):
    """A workspace that runs a submitted script as a process of this machine, with the arguments it is told."""

    runs: dict[int, Any]

    def do_POST(self) -> None:
        (task,) = self.body()["tasks"]
        arguments = task["spark_python_task"]["parameters"]
        command = [sys.executable, task["spark_python_task"]["python_file"], *arguments]
        self.runs[7] = subprocess.Popen(command, env=here())
        self.answer({"run_id": 7})

    def do_GET(self) -> None:
        if not self.path.startswith("/api/"):
            self.answer({"error_code": "NOT_FOUND", "message": "a workspace that tells nothing of itself"}, 404)
            return
        code = self.runs[7].poll()
        state = {"life_cycle_state": "RUNNING"}
        if code is not None:
            result = "FAILED" if code else "SUCCESS"
            state = {"life_cycle_state": "TERMINATED", "result_state": result, "state_message": "no rows"}
        self.answer({"run_id": 7, "state": state, "run_page_url": "https://example.org/7"})


@pytest.mark.parametrize("exit_code", [0, 3])
def test_databricks(step: Run, script: Path, tmp_path: Path, exit_code: int) -> None:
    from databricks.sdk import WorkspaceClient
    from databricks.sdk.config import Config
    from databricks.sdk.service.jobs import SparkPythonTask, SubmitTask

    script.write_text(
        "from orrery_pipes import *\nwith open_pipes(params_loader=PipesCliArgsParamsLoader()) as context:\n"
        + BODY
        + f"raise SystemExit({exit_code})\n"
    )
    with serving(Jobs, runs={}) as endpoint:
        workspace = WorkspaceClient(config=Config(host=endpoint, token="x", retry_timeout_seconds=5))

        def body(context: Any, kept: dict[str, Any]) -> Any:
            client = orrery.PipesDatabricksClient(
                workspace,
                context_injector=orrery.PipesEnvContextInjector(),
                message_reader=orrery.PipesTempFileMessageReader(),
                poll_interval_seconds=0.05,
            )
            task = SubmitTask(
                task_key="t",
                existing_cluster_id="c",
                spark_python_task=SparkPythonTask(python_file=str(script), parameters=["mine"]),
            )
            kept["invocation"] = client.run(context=context, task=task, extras={"x": 7})
            return kept["invocation"].get_materialize_result()

        ran = step(body)
    if exit_code:
        assert "The Databricks run 7 ended as FAILED: no rows" in ran.error
        assert ran.metadata["rows"] == 3
    else:
        assert ran.result.success, ran.error
        assert ran.custom == CUSTOM
        assert ran.metadata["Databricks Job Run URL"] == "https://example.org/7"


# --- Kubernetes


class Kubernetes(Server):
    """An API server whose pods are processes of this machine."""

    pods: dict[str, Any]

    def do_POST(self) -> None:
        pod = self.body()
        (container,) = pod["spec"]["containers"]
        if container["image"] != "none":
            environment = here(**{each["name"]: each["value"] for each in container["env"]})
            pod["process"] = subprocess.Popen(container["command"], env=environment, stdout=subprocess.PIPE)
        self.pods[pod["metadata"]["name"]] = pod
        self.answer(self._shown(pod), 201)

    def do_GET(self) -> None:
        name = self.path.split("/")[6].partition("?")[0]
        if "/log" in self.path:
            self.close_connection = True
            self.send_response(200)
            self.send_header("Connection", "close")
            self.end_headers()
            for line in self.pods[name]["process"].stdout:
                self.wfile.write(line)
        else:
            self.answer(self._shown(self.pods[name]))

    def do_DELETE(self) -> None:
        self.body()
        pod = self.pods.pop(self.path.split("/")[6].partition("?")[0])
        if "process" in pod:
            pod["process"].kill()
            pod["process"].stdout.close()
        self.answer(self._shown(pod))

    def _shown(self, pod: Any) -> Any:
        shown = {name: value for name, value in pod.items() if name != "process"}
        process = pod.get("process")
        status: dict[str, Any] = {"name": "main", "image": "i", "imageID": "i", "ready": False, "restartCount": 0}
        if process is None:
            status["state"] = {"waiting": {"reason": "ErrImagePull", "message": "no image 'none'"}}
            phase = "Pending"
        else:
            code = process.poll()
            phase = {None: "Running", 0: "Succeeded"}.get(code, "Failed")
            status["state"] = {} if code is None else {"terminated": {"exitCode": code, "reason": "Error"}}
        return {**shown, "status": {"phase": phase, "containerStatuses": [status]}}


@pytest.fixture
def run_pod(step: Run, script: Path) -> Iterator[Run]:
    from kubernetes import client as library

    pods: dict[str, Any] = {}
    with serving(Kubernetes, pods=pods) as endpoint:
        settings = library.Configuration()
        settings.host = endpoint

        def run(code: str, image: str = "image") -> Any:
            script.write_text(code)

            def body(context: Any, kept: dict[str, Any]) -> Any:
                with library.ApiClient(settings) as api:
                    client = orrery.PipesK8sClient(api_client=api, poll_interval=0.05)
                    kept["invocation"] = client.run(
                        context=context,
                        image=image,
                        command=[sys.executable, str(script)],
                        namespace="team",
                        extras={"x": 7},
                        base_pod_meta={"labels": {"mine": "1"}},
                        base_pod_spec={"containers": [{"env": [{"name": "MINE", "value": "1"}]}]},
                    )
                return kept["invocation"].get_materialize_result()

            ran = step(body)
            assert pods == {}, "pods are left"
            return ran

        yield run


def test_k8s(run_pod: Run, capsys: pytest.CaptureFixture[str]) -> None:
    ran = run_pod(OPEN + "    import os\n    assert os.environ['MINE'] == '1'\n" + BODY)
    assert ran.result.success, ran.error
    assert ran.custom == CUSTOM
    assert ran.metadata["Kubernetes Namespace"] == "team"
    assert "out é\n" in capsys.readouterr().out


def test_pod_that_fails_is_told_with_its_reason(run_pod: Run) -> None:
    assert "container main ended with exit code 3" in run_pod(OPEN + "    pass\nraise SystemExit(3)\n").error


def test_pod_that_never_starts_is_told(run_pod: Run) -> None:
    assert "cannot start: ErrImagePull: no image 'none'" in run_pod(OPEN, "none").error


# --- ssh


SSH = """#!/bin/sh
# As the other side does: the last argument is a line for the shell there.
for line; do :; done
[ "$1 $2 $3 $4" = "-o BatchMode=yes -p 2222" ] || exit 90
[ "$5" = nowhere ] && { echo "ssh: Could not resolve hostname nowhere" >&2; exit 255; }
exec sh -c "$line"
"""


@pytest.fixture
def run_ssh(step: Run, script: Path, tmp_path: Path) -> Run:
    ssh = tmp_path / "ssh"
    ssh.write_text(SSH)
    ssh.chmod(0o755)

    def run(code: str, host: str = "host", **options: Any) -> Any:
        script.write_text(code)

        def body(context: Any, kept: dict[str, Any]) -> Any:
            client = orrery.PipesSSHClient(host, ["-p", "2222"], env={"PYTHONPATH": str(PACKAGE)}, ssh=str(ssh))
            command = [sys.executable, str(script), "it's $HOME"]
            kept["invocation"] = client.run(context=context, command=command, extras={"x": 7}, **options)
            return kept["invocation"].get_materialize_result()

        return step(body)

    return run


def test_ssh(run_ssh: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = (
        "    import os, sys\n    assert sys.argv[1] == \"it's $HOME\"\n    assert os.environ['MINE'] == 'a b=c $x'\n"
        f"    assert os.getcwd() == {str(tmp_path)!r}\n"
    )
    ran = run_ssh(OPEN + code + BODY, env={"MINE": "a b=c $x"}, cwd=str(tmp_path))
    assert ran.result.success, ran.error
    assert ran.custom == CUSTOM
    assert "out é\n" in capsys.readouterr().out


def test_command_by_ssh_that_ends_badly_is_told(run_ssh: Run) -> None:
    error = run_ssh("import sys\nsys.stderr.write('no disk\\n')\nraise SystemExit(3)\n").error
    for part in ("on host ended with exit code 3", "no disk", "never opened Pipes"):
        assert part in error


def test_host_that_is_not_there_is_told(run_ssh: Run) -> None:
    assert "Could not resolve hostname nowhere" in run_ssh(OPEN, "nowhere").error


def test_end_of_the_run_ends_the_command_by_ssh_and_its_children(run_ssh: Run, script: Path, tmp_path: Path) -> None:
    """The connection is closed; the other side ends the whole group."""
    pids = tmp_path / "pids"
    code = (
        OPEN + "    import os, subprocess, sys, time\n"
        "    child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)'])\n"
        f"    open({str(pids)!r} + '.new', 'w').write(f'{{os.getpid()}} {{child.pid}}')\n"
        f"    os.replace({str(pids)!r} + '.new', {str(pids)!r})\n    time.sleep(300)\n"
    )

    def interrupt() -> None:
        limit = time.monotonic() + 60
        while not pids.exists() and time.monotonic() < limit:
            time.sleep(0.02)  # for a process of the world outside
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(BaseException):  # noqa: B017 - whatever ends the run
        run_ssh(code)
        raise RuntimeError("the run was not ended")
    thread.join()
    limit = time.monotonic() + 60
    for pid in map(int, pids.read_text().split()):
        while Path(f"/proc/{pid}/stat").exists() and Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
            assert time.monotonic() < limit, f"process {pid} is left"
            time.sleep(0.02)  # for a process of the world outside


# --- libraries


@pytest.mark.parametrize(
    ("make", "package", "extra"),
    [
        (lambda: orrery.PipesLambdaClient(), "boto3", "aws"),
        (lambda: orrery.PipesGlueClient(orrery.PipesEnvContextInjector()), "boto3", "aws"),
    ],
)
def test_library_that_is_not_installed_is_named(
    monkeypatch: pytest.MonkeyPatch, make: Callable[[], Any], package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        orrery.PipesExecutionError, match=rf"'{package}', which is not installed(.|\n)*orrery\[{extra}\]"
    ):
        make()
