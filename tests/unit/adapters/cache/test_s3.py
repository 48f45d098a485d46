"""Values in S3, over HTTP: a real server, and one between that is busy, slow, refuses, or is gone."""

import http.client
import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import fsspec
import polars as pl
import pytest
import time_machine
from upath import UPath

from orrery.adapters.cache.blobs import SPARED_SECONDS, BlobStore
from orrery.adapters.cache.cached import CachedIOManager
from orrery.adapters.cache.probes import url_probe, url_version
from orrery.adapters.cache.stored import BlobIOManager, MissingBlobError
from orrery.adapters.cache.transfer import Copied, copy_each
from orrery.adapters.io.parquet import ParquetIOManager
from orrery.api.verbs.materialize import materialize
from orrery.api.verbs.plan import plan_materialization
from orrery.base.errors import ProbeFailedError, RemoteValueError
from orrery.definitions.assets.asset_spec import AssetSpec
from orrery.definitions.decorators.asset import asset
from orrery.runtime.instance.instance import Instance
from orrery.testing.conformance.samples import ValueContext


class Between:
    """A server before the server, whose moods the test sets."""

    def __init__(self, behind: int) -> None:
        self.refuse_next = 0
        self.status = 503
        self.code = "AccessDenied"
        self.cut_puts = 0
        self.cut_gets = 0
        self.seconds = 0.0
        self.gets: list[str] = []
        self.hold = threading.Event()
        self.hold.set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def pass_on(self) -> None:
                """Answer with the mood of the moment, or pass the request on."""
                length = int(self.headers.get("Content-Length") or 0)
                if self.command == "PUT" and "/blobs/" in self.path and outer.cut_puts > 0:
                    outer.cut_puts -= 1
                    self.rfile.read(length // 2)
                    self._hang_up()
                    return
                body = self.rfile.read(length) if length else b""
                if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
                    body = self._chunks()
                if self.command == "GET":
                    outer.gets.append(self.path)
                time.sleep(outer.seconds)
                if "/blobs/" in self.path and self.command == "GET":
                    outer.hold.wait(60)
                if outer.refuse_next > 0:
                    outer.refuse_next -= 1
                    told = f"<Error><Code>{outer.code}</Code><Message>no</Message></Error>".encode()
                    if outer.status == 503:
                        told = b"<Error><Code>SlowDown</Code><Message>busy</Message></Error>"
                    self._answer(outer.status, [("Content-Type", "application/xml")], told)
                    return
                connection = http.client.HTTPConnection("127.0.0.1", behind, timeout=60)
                headers = {key: value for key, value in self.headers.items() if key.lower() != "transfer-encoding"}
                connection.request(self.command, self.path, body=body, headers=headers)
                got = connection.getresponse()
                data = got.read()
                self._answer(got.status, got.getheaders(), data, got.getheader("Content-Length"))
                connection.close()

            def _chunks(self) -> bytes:
                pieces = []
                while size := int(self.rfile.readline().split(b";")[0], 16):
                    pieces.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(pieces)

            def _answer(
                self, status: int, headers: list[tuple[str, str]], data: bytes, length: str | None = None
            ) -> None:
                self.send_response(status)
                for key, value in headers:
                    if key.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                        self.send_header(key, value)
                self.send_header("Content-Length", length if self.command == "HEAD" and length else str(len(data)))
                self.end_headers()
                if self.command == "GET" and "/blobs/" in self.path and outer.cut_gets > 0:
                    outer.cut_gets -= 1
                    self.wfile.write(data[: len(data) // 2])
                    self._hang_up()
                elif self.command != "HEAD":
                    self.wfile.write(data)

            def _hang_up(self) -> None:
                self.wfile.flush()
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)

            do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = pass_on

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def behind(s3_port: int) -> int:
    """Return the port of the real server."""
    return s3_port


@pytest.fixture
def between(behind: int) -> Iterator[Between]:
    """Return the server in between."""
    made = Between(behind)
    yield made
    made.server.shutdown()
    made.server.server_close()


def options(port: int, retries: int = 0) -> dict[str, Any]:
    """Return the options of the file system."""
    return {
        "key": "the-key",
        "secret": "the-secret",
        "endpoint_url": f"http://127.0.0.1:{port}",
        "client_kwargs": {"region_name": "us-east-1"},
        "config_kwargs": {"retries": {"max_attempts": retries}, "connect_timeout": 5, "read_timeout": 30},
        "skip_instance_cache": True,
        "use_listings_cache": False,
    }


def store(between: Between, bucket: str) -> BlobStore:
    """Return a store in a bucket of its own, whose attempts follow at once."""
    connection = http.client.HTTPConnection("127.0.0.1", between.port, timeout=60)
    connection.request("PUT", f"/{bucket}", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x/x/us-east-1/s3/x"})
    assert connection.getresponse().status == 200
    connection.close()
    return store_again(between, bucket)


def test_values_go_to_s3_and_come_back(between: Between, tmp_path: Path) -> None:
    """The second load asks only for the pointer, which is small; the bytes come from the local disk."""
    remote = BlobIOManager(store(between, "there-and-back"))
    cached = CachedIOManager(remote, tmp_path)
    context = ValueContext(["sales", "orders"])
    remote.handle_output(context, {"a": [1, 2]})
    assert cached.load_input(context) == {"a": [1, 2]}
    between.gets.clear()
    assert cached.load_input(context) == {"a": [1, 2]}
    assert len(between.gets) == 1
    assert "/names/sales/orders.json" in between.gets[0]


def test_what_changed_there_is_fetched(between: Between, tmp_path: Path) -> None:
    """The pointer names another digest."""
    remote = BlobIOManager(store(between, "changes"))
    cached = CachedIOManager(remote, tmp_path)
    context = ValueContext("a")
    remote.handle_output(context, 1)
    assert cached.load_input(context) == 1
    BlobIOManager(store_again(between, "changes")).handle_output(context, 2)
    assert cached.load_input(context) == 2


def store_again(between: Between, bucket: str) -> BlobStore:
    """Return a store at the same place, as another machine has it."""
    made = BlobStore(f"s3://{bucket}/values", options(between.port), sleep=lambda seconds: None)
    made._fs.retries = 1  # its own attempts, beside ours, take seconds
    return made


def test_a_busy_server_is_asked_again_but_not_for_ever(between: Between) -> None:
    """Twice 503 is borne; for ever is an error that names the place."""
    kept = store(between, "busy")
    between.refuse_next = 2
    digest = kept.put(b"bytes")
    assert kept.get(digest) == b"bytes"
    between.refuse_next = 1_000
    with pytest.raises(RemoteValueError, match=r"s3://busy/values/blobs/.* is out of reach: 4 attempts"):
        kept.get(digest)
    between.refuse_next = 0


def test_a_slow_answer_is_waited_for(between: Between) -> None:
    """Half a second is no failure."""
    kept = store(between, "slow")
    between.seconds = 0.5
    assert kept.get(kept.put(b"bytes")) == b"bytes"
    between.seconds = 0.0


@pytest.mark.parametrize(
    ("status", "code"),
    [(403, "AccessDenied"), (403, "InvalidAccessKeyId"), (403, "SignatureDoesNotMatch"), (400, "ExpiredToken")],
)
def test_a_refusal_names_the_place_and_never_the_secret(between: Between, status: int, code: str) -> None:
    """It is not tried again."""
    kept = store(between, f"refused-{code.lower()}")
    between.refuse_next, between.status, between.code = 1_000, status, code
    with pytest.raises(RemoteValueError) as caught:
        kept.read_pointer("a")
    assert f"s3://refused-{code.lower()}/values/names/a.json" in str(caught.value)
    assert "the-secret" not in str(caught.value)
    assert not caught.value.is_out_of_reach
    assert between.refuse_next >= 998
    between.refuse_next = 0


def test_a_bucket_that_is_not_there_is_named(between: Between) -> None:
    """With the key, and what to do."""
    remote = BlobIOManager(store_again(between, "no-such-bucket"))
    with pytest.raises(RemoteValueError, match=r"s3://no-such-bucket/.* cannot be written: .*bucket") as caught:
        remote.handle_output(ValueContext("a"), "text")
    assert caught.value.mend == "make the bucket, or correct its name."
    assert not caught.value.is_out_of_reach


def test_an_upload_that_is_cut_is_tried_again_and_its_half_never_read(between: Between) -> None:
    """Cut once, it arrives; cut for ever, the place is out of reach, and what was there before stays."""
    remote = BlobIOManager(store(between, "cut"))
    context = ValueContext("a")
    between.cut_puts = 1
    remote.handle_output(context, "first" * 10_000)
    assert remote.load_input(context) == "first" * 10_000
    between.cut_puts = 1_000
    with pytest.raises(RemoteValueError, match=r"s3://cut/values/blobs/.* is out of reach"):
        remote.handle_output(context, "second" * 10_000)
    between.cut_puts = 0
    assert remote.load_input(context) == "first" * 10_000
    assert list(remote.store.faults()) == []


def test_a_value_that_is_stored_again_mends_what_is_damaged_there(between: Between) -> None:
    """Though as many bytes are there; of the very same nothing is sent or read again."""
    remote = BlobIOManager(store(between, "mended"))
    context = ValueContext("a")
    remote.handle_output(context, "value")
    (path,) = remote.store._fs.find(f"{remote.store.root}/blobs")
    between.gets.clear()
    between.cut_puts = 1
    remote.handle_output(context, "value")
    assert (between.gets, between.cut_puts) == ([], 1)
    between.cut_puts = 0
    remote.store._fs.pipe_file(path, b"VALUE")
    with pytest.raises(MissingBlobError, match="damaged or gone"):
        remote.load_input(context)
    remote.handle_output(context, "value")
    assert remote.load_input(context) == "value"


def test_an_answer_that_is_cut_is_asked_for_again_and_its_half_never_used(between: Between, tmp_path: Path) -> None:
    """Cut once, the whole comes; cut for ever, the place is out of reach, and no copy is kept."""
    remote = BlobIOManager(store(between, "torn"))
    context = ValueContext("a")
    remote.handle_output(context, "value" * 10_000)
    between.cut_gets = 1_000
    with pytest.raises(RemoteValueError, match="is out of reach"):
        CachedIOManager(remote, tmp_path).load_input(context)
    between.cut_gets = 1
    assert CachedIOManager(remote, tmp_path).load_input(context) == "value" * 10_000


def test_an_expired_copy_is_fetched_again(between: Between, tmp_path: Path) -> None:
    """A day later; an hour later it is not."""
    remote = BlobIOManager(store(between, "expires"))
    context = ValueContext("a")
    with time_machine.travel(datetime.now(UTC), tick=False) as clock:  # S3 refuses what is signed on another day
        remote.handle_output(context, "value")
        cached = CachedIOManager(remote, tmp_path, ttl=timedelta(minutes=10))
        assert cached.load_input(context) == "value"
        between.gets.clear()
        clock.shift(timedelta(minutes=9))
        assert cached.load_input(context) == "value"
        assert not any("/blobs/" in path for path in between.gets)
        clock.shift(timedelta(minutes=2))
        assert cached.load_input(context) == "value"
        assert sum("/blobs/" in path for path in between.gets) == 1


def test_what_is_pushed_while_a_collection_goes_on_is_spared_though_it_lay_there_already(
    between: Between, tmp_path: Path
) -> None:
    """It is written again, and the collection asks S3 itself once more, not what it listed before."""
    store(between, "collected")
    given = {**options(between.port), "use_listings_cache": True}
    now = time.time()
    collecting, pushing = (
        BlobStore("s3://collected/values", given, sleep=lambda seconds: None, clock=lambda: now) for _ in range(2)
    )
    value, other = collecting.put(b"value"), collecting.put(b"other")
    written = max(collecting._fs.modified(collecting.blob_path(each)).timestamp() for each in (value, other))
    local = BlobIOManager(tmp_path)
    local.keep("a", b"value", "bytes", run_id=None)
    seen = collecting.contents()
    end = time.monotonic() + 60
    while time.time() < written + 1.5:  # S3 counts whole seconds
        assert time.monotonic() < end
        time.sleep(0.05)

    now = written + SPARED_SECONDS
    assert collecting.collect(contents=seen, dry_run=True).digests == tuple(sorted([value, other]))
    assert list(copy_each(local.store, pushing)) == [Copied("a", "copied", 5)]
    assert collecting.collect(contents=seen).digests == (other,)
    assert BlobIOManager(pushing).fetch("a", what=lambda: "a")[1] == b"value"
    assert list(copy_each(local.store, pushing)) == []


def test_faults_are_told_as_they_are_found(between: Between) -> None:
    """Those that were found before the place went out of reach are known."""
    manager = BlobIOManager(store(between, "faults"))
    gone = manager.keep("a", b"gone", "bytes", run_id=None)
    manager.keep("b", b"there", "bytes", run_id=None)
    manager.store._fs.rm_file(manager.store.blob_path(gone.digest))
    faults = manager.store.faults()
    assert next(faults).names == ("a",)
    between.refuse_next = 1_000
    with pytest.raises(RemoteValueError, match="is out of reach"):
        next(faults)
    between.refuse_next = 0


FETCH = """
import json, sys
from orrery.adapters.cache.blobs import BlobStore
from orrery.adapters.cache.cached import CachedIOManager
from orrery.adapters.cache.stored import BlobIOManager
from orrery.testing.conformance.samples import ValueContext

remote = BlobIOManager(BlobStore(sys.argv[1], json.loads(sys.argv[2])))
print(len(CachedIOManager(remote, sys.argv[3]).load_input(ValueContext("a"))))
"""


def fetching(between: Between, bucket: str, local: Path) -> "subprocess.Popen[str]":
    """Start a process that needs the value."""
    given = [f"s3://{bucket}/values", json.dumps(options(between.port)), str(local)]
    return subprocess.Popen([sys.executable, "-c", FETCH, *given], stdout=subprocess.PIPE, text=True)


def until_a_blob_is_asked_for(between: Between) -> None:
    """Wait until a process is in the middle of a fetch."""
    end = time.monotonic() + 60
    while not any("/blobs/" in path for path in between.gets):
        assert time.monotonic() < end
        time.sleep(0.01)


def test_two_processes_fetch_once_and_one_that_is_killed_leaves_nothing_that_is_read(
    between: Between, tmp_path: Path
) -> None:
    """The first is killed while S3 answers; of two that follow, one fetches, and both have the value."""
    BlobIOManager(store(between, "once")).handle_output(ValueContext("a"), "x" * 100_000)
    between.gets.clear()
    between.hold = threading.Event()
    killed = fetching(between, "once", tmp_path)
    until_a_blob_is_asked_for(between)
    killed.kill()
    killed.communicate(timeout=60)
    between.hold.set()
    between.gets.clear()
    both = [fetching(between, "once", tmp_path) for _ in range(2)]
    assert [each.communicate(timeout=60)[0] for each in both] == ["100000\n"] * 2
    assert sum("/blobs/" in path for path in between.gets) == 1


def test_half_an_upload_is_never_read(between: Between) -> None:
    """The pointer is written last: without it there is nothing, and with the former one the former value."""
    remote = BlobIOManager(store(between, "half"))
    context = ValueContext("a")
    remote.handle_output(context, "first")
    remote.store.put(b"second, whose pointer was never written")
    assert remote.load_input(context) == "first"


def test_without_the_server_a_copy_is_used_where_that_is_allowed(behind: int, tmp_path: Path) -> None:
    """An address at which nobody answers."""
    between = Between(behind)
    remote = BlobIOManager(store(between, "gone"))
    context = ValueContext("a")
    remote.handle_output(context, "value")
    assert CachedIOManager(remote, tmp_path).load_input(context) == "value"
    between.server.shutdown()
    between.server.server_close()
    remote = BlobIOManager(store_again(between, "gone"))  # without the connections of before
    assert CachedIOManager(remote, tmp_path, offline="use").load_input(context) == "value"
    with pytest.raises(RemoteValueError, match="out of reach"):
        CachedIOManager(remote, tmp_path).load_input(context)
    with pytest.raises(RemoteValueError, match="out of reach"):
        CachedIOManager(remote, tmp_path / "other", offline="use").load_input(context)


def test_without_the_server_a_plan_goes_by_the_copies_where_that_is_allowed(behind: int, tmp_path: Path) -> None:
    """So does a run with reuse; a copy that is not there has to be made. The place is asked once, not for each asset."""
    between = Between(behind)
    store(between, "away")

    @asset
    def first() -> int:
        return 1

    @asset
    def second(first: int) -> int:
        return first + 1

    def manager(**given: Any) -> CachedIOManager:
        remote = BlobIOManager(store_again(between, "away"))
        return CachedIOManager(remote, tmp_path / "copies", **given)

    def planned(**given: Any) -> list[str]:
        plan = plan_materialization([first, second], resources={"io_manager": manager(**given)}, instance=instance)
        return [step.decision.action for step in plan.steps]

    with Instance.local_temp(str(tmp_path / "home")) as instance:
        materialize([first, second], resources={"io_manager": manager()}, instance=instance)
        between.server.shutdown()
        between.server.server_close()
        assert planned(offline="use") == ["skip", "skip"]
        result = materialize(
            [first, second], resources={"io_manager": manager(offline="use")}, instance=instance, reuse=True
        )
        assert [each.event_type_value for each in result.all_events].count("STEP_SKIPPED") == 2
        with pytest.raises(RemoteValueError, match="out of reach"):
            planned()
        (tmp_path / "copies" / "names" / "second.json").unlink()
        assert planned(offline="use") == ["skip", "run"]


def test_a_second_machine_skips_what_the_first_made_and_fetches_what_it_needs(between: Between, tmp_path: Path) -> None:
    """It has the event log and the bucket in common with the first, and a cache of its own that is empty."""
    ran: list[str] = []

    def assets(factor: int) -> list[Any]:
        @asset
        def made() -> list[int]:
            ran.append("made")
            return [1, 2]

        @asset
        def used(made: list[int]) -> int:
            ran.append("used")
            return sum(made) * factor

        return [made, used]

    def run(machine: str, factor: int) -> list[str]:
        ran.clear()
        manager = CachedIOManager(BlobIOManager(store_again(between, "two-machines")), tmp_path / machine)
        result = materialize(
            assets(factor),
            instance=instance,
            resources={"io_manager": manager},
            reuse=True,
            on_event=lambda entry: None,
        )
        assert result.success
        return list(ran)

    store(between, "two-machines")
    with Instance.ephemeral() as instance:
        assert run("one", 1) == ["made", "used"]
        between.gets.clear()
        assert run("two", 1) == []
        assert not any("/blobs/" in each for each in between.gets)  # nothing was needed, and nothing was fetched
        assert run("two", 2) == ["used"]
        assert any("/blobs/" in each for each in between.gets)
        assert run("one", 2) == []


def test_an_object_is_known_by_its_entity_tag(between: Between) -> None:
    """Without reading it."""
    store(between, "tags")
    given = options(between.port)
    files = fsspec.filesystem("s3", **given)
    url = "s3://tags/values/object"
    versions = []
    for content in (b"1", b"1", b"2"):
        files.pipe_file("tags/values/object", content)
        between.gets.clear()
        versions.append(url_version(url, given))
        assert between.gets == []
    assert versions[0] == versions[1] != versions[2]


def test_an_object_is_looked_at_by_the_run_that_depends_on_it(between: Between, tmp_path: Path) -> None:
    """By its tag; a refusal ends the run before its first step, and names no secret."""
    store(between, "probed")
    given = options(between.port)
    files = fsspec.filesystem("s3", **given)
    source = AssetSpec("orders", probe=url_probe("s3://probed/orders.csv", given))

    @asset(deps=[source])
    def report() -> int:
        return 1

    skipped = []
    with Instance.local_temp(str(tmp_path)) as instance:
        for content in (b"1", b"1", b"2"):
            files.pipe_file("probed/orders.csv", content)
            between.gets.clear()
            result = materialize([report, source], instance=instance, reuse=True)
            skipped.append(any(event.is_step_skipped for event in result.all_events))
            assert between.gets == []
        between.refuse_next, between.status = 1_000, 403
        with pytest.raises(ProbeFailedError, match="asset 'orders' failed: PermissionError") as caught:
            materialize([report, source], instance=instance, reuse=True)
        between.refuse_next = 0
    assert skipped == [False, True, False]
    assert "the-secret" not in str(caught.value)


@pytest.mark.parametrize("changed", ["value", "nothing"])
def test_an_object_that_something_else_stored_is_told_by_its_tag(
    between: Between, tmp_path: Path, changed: str
) -> None:
    """Of an IO manager by path, without reading the object."""
    store(between, f"tagged-{changed}")
    manager = ParquetIOManager(UPath(f"s3://tagged-{changed}/values", **options(between.port)))

    def numbers(number: int) -> Any:
        @asset(code_version=str(number))
        def up() -> pl.DataFrame:
            return pl.DataFrame({"n": [number]})

        return up

    def ran(home: str, number: int) -> bool:
        with Instance.local_temp(str(tmp_path / home)) as instance:
            result = materialize(
                [numbers(number)],
                instance=instance,
                resources={"io_manager": manager},
                reuse=True,
                on_event=lambda entry: None,
            )
            assert result.success
            return any(each.event_type_value == "STEP_START" for each in result.all_events)

    (tmp_path / "mine").mkdir()
    (tmp_path / "theirs").mkdir()
    assert ran("mine", 1)
    between.gets.clear()
    assert not ran("mine", 1)
    assert ran("theirs", 1 if changed == "nothing" else 2)
    assert ran("mine", 1) is (changed == "value")


def unused_port() -> int:
    """Return a port at which nobody listens."""
    with socket.socket() as made:
        made.bind(("127.0.0.1", 0))
        port: int = made.getsockname()[1]
        return port


def test_a_server_that_is_gone_is_told_after_few_attempts() -> None:
    """The client of S3 tries three times each, and not five with pauses that double; others have no say in it here."""
    port = unused_port()
    paused: list[float] = []
    own = {"endpoint_url": f"http://127.0.0.1:{port}", "key": "k", "secret": "s", "skip_instance_cache": True}
    kept = BlobStore("s3://gone/values", own, sleep=paused.append)
    assert kept._fs.config_kwargs["retries"] == {"mode": "standard", "total_max_attempts": 3}
    with pytest.raises(RemoteValueError, match="is out of reach: 2 attempts to read it failed") as told:
        kept.read_pointer("a")
    assert told.value.is_out_of_reach
    assert paused == [0.1]


def test_a_look_at_a_server_that_is_gone_says_so() -> None:
    with pytest.raises(RemoteValueError, match=r"s3://gone/one.csv is out of reach") as told:
        url_version("s3://gone/one.csv", options(unused_port()))
    assert told.value.is_out_of_reach
