"""
What holds for all tests: how hypothesis searches, and a PostgreSQL server and clusters for those that want one.

In CI it takes the same examples each time, so that a red run is red again; by hand it looks further
each time. There is no deadline: machines are shared. Reasons of skipped tests are printed at the end
(``-rs`` in ``pyproject.toml``).
"""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from orrery.testing.postgres import PostgresNotAvailable, PostgresServer

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.register_profile("long", deadline=None, max_examples=1_000)  # HYPOTHESIS_PROFILE=long: by hand, for hours
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))

# What a shell puts into the background ignores interrupts, and what ``nohup`` starts hangups: tests that send them to
# runs would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
    signal.signal(signal.SIGHUP, signal.SIG_DFL)

# Tests write projects anew within a second: a compiled module of the first form would stand for the second.
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"


@pytest.fixture
def quick_path(tmp_path: Path) -> Iterator[Path]:
    """An empty directory in memory, where there is one: for tests that write hundreds of times and pull no plug."""
    memory = Path("/dev/shm")  # a name of its own is made there
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="orrery-test-", dir=memory, ignore_cleanup_errors=True) as folder:
        yield Path(folder)


S3_PYTHON = Path(os.environ.get("ORRERY_S3_PYTHON") or Path(__file__).resolve().parents[1] / ".s3" / "bin" / "python")
S3_SERVER = """
import sys
from moto.server import ThreadedMotoServer
server = ThreadedMotoServer(port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def s3_port() -> Iterator[int]:
    """The port of one server that answers as S3 does, for all tests."""
    if not S3_PYTHON.exists():
        pytest.skip("S3 is not tested: `make s3` makes the server that is asked")
    with subprocess.Popen(
        [str(S3_PYTHON), "-c", S3_SERVER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="ascii",
    ) as server:
        assert server.stdout is not None
        yield int(server.stdout.readline())
        assert server.stdin is not None
        server.stdin.close()


def _started_postgres() -> Iterator[PostgresServer]:
    """Give a server for as long as the fixture lives; without one here, the test is skipped."""
    try:
        server = PostgresServer().__enter__()
    except PostgresNotAvailable as reason:
        pytest.skip(str(reason))
    yield server
    server.__exit__()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for all tests, which nobody stops."""
    yield from _started_postgres()


@pytest.fixture(scope="module")
def postgres_server_to_stop() -> Iterator[PostgresServer]:
    """A server of the module's own, which its tests may stop and cut."""
    yield from _started_postgres()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)


@pytest.fixture(scope="session")
def dask_cluster() -> Iterator[str]:
    """The address of a Dask cluster on this machine."""
    distributed = pytest.importorskip("distributed", reason="the extra dask is not installed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, protocol="tcp"
    ) as cluster:
        yield cluster.scheduler_address


@pytest.fixture(scope="session")
def ray_cluster() -> Iterator[str]:
    """The address of a Ray cluster on this machine that this process is connected to."""
    ray = pytest.importorskip("ray", reason="the extra ray is not installed")
    signals = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(each) for each in signals]
    folder = tempfile.mkdtemp(prefix="ray-")  # short: sockets have their names below it
    ray.init(
        "local",
        num_cpus=2,
        resources={"press": 1},
        include_dashboard=False,
        log_to_driver=False,
        object_store_memory=80 * 2**20,
        _temp_dir=folder,
    )
    for number, handler in zip(signals, before, strict=True):
        signal.signal(number, handler)
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()
    for number, handler in zip(signals, before, strict=True):
        signal.signal(number, handler)
    shutil.rmtree(folder, ignore_errors=True)
