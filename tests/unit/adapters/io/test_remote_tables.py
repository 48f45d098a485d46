"""Tables of Delta Lake and Iceberg in S3, and in a catalogue of PostgreSQL: real servers, and what is told when they are not there."""

import http.client
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import orrery as og
from orrery.adapters.io.iceberg import _with_region
from orrery.base.errors import RemoteValueError, StorageError, ValueNotFoundError
from orrery.testing.conformance.samples import ValueContext
from orrery.testing.postgres import PostgresServer

NOBODY = "http://127.0.0.1:9"
AUTHORIZATION = {"Authorization": "AWS4-HMAC-SHA256 Credential=x/x/us-east-1/s3/x"}


def delta(place: str, endpoint: str) -> Any:
    """Return Delta Lake in S3."""
    options = {"AWS_ACCESS_KEY_ID": "the-key", "AWS_SECRET_ACCESS_KEY": "the-secret", "AWS_REGION": "us-east-1"}
    return og.DeltaLakeIOManager(
        place, storage_options={**options, "AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true", "max_retries": "0"}
    )


def iceberg(place: str, endpoint: str, catalog: str) -> Any:
    """Return Iceberg in S3, its catalogue in PostgreSQL."""
    properties = {"s3.access-key-id": "the-key", "s3.secret-access-key": "the-secret", "s3.region": "us-east-1"}
    return og.IcebergIOManager(place, catalog_uri=catalog, properties={**properties, "s3.endpoint": endpoint})


Make = Callable[..., Any]


@pytest.fixture
def bucket(s3_port: int) -> str:
    """Return the name of a bucket that is there."""
    connection = http.client.HTTPConnection("127.0.0.1", s3_port, timeout=60)
    connection.request("PUT", "/tables", headers=AUTHORIZATION)
    assert connection.getresponse().status in (200, 409)
    connection.close()
    return "tables"


@pytest.fixture(params=["delta", "iceberg"])
def make(request: pytest.FixtureRequest, bucket: str, s3_port: int, postgres_server: PostgresServer) -> Make:
    """Return a function that makes an IO manager in a bucket, by default one that is there."""
    catalog = postgres_server.new_database() if request.param == "iceberg" else ""

    def made(bucket: str = bucket, endpoint: str = f"http://127.0.0.1:{s3_port}") -> Any:
        place = f"s3://{bucket}/{request.node.name.partition('[')[0]}"
        return delta(place, endpoint) if request.param == "delta" else iceberg(place, endpoint, catalog)

    return made


def store(manager: Any, value: Any, *partitions: str, key: Any = "orders") -> None:
    """Store a value."""
    manager.handle_output(ValueContext(key, partitions=partitions or None), value)


def load(manager: Any, *partitions: str, key: Any = "orders") -> Any:
    """Load a value as columns."""
    context = ValueContext(key, partitions=partitions or None, typing_type=pl.DataFrame)
    return manager.load_input(context).to_dict(as_series=False)


def test_tables_in_s3_are_replaced_found_and_loaded(make: Make) -> None:
    """As a whole and by partition, by one IO manager and by another at the same place."""
    manager = make()
    assert not manager.has_output(ValueContext("orders"))
    with pytest.raises(ValueNotFoundError, match="No value of asset 'orders' is stored at s3://tables/"):
        load(manager)
    store(manager, pl.DataFrame({"n": [1, 2]}))
    store(manager, pl.DataFrame({"n": [3]}))
    store(manager, pl.DataFrame({"n": [4]}), "a", key="parts")
    store(manager, pl.DataFrame({"n": [5]}), "b", key="parts")
    other = make()
    assert other.has_output(ValueContext("orders"))
    assert load(other) == {"n": [3]}
    assert sorted(load(other, "a", "b", key="parts")["n"]) == [4, 5]
    assert load(other, "b", key="parts") == {"n": [5]}


def test_a_bucket_that_is_not_there_refuses(make: Make) -> None:
    """The message names the place and what it said, and never the secret."""
    manager = make(bucket="nowhere")
    with pytest.raises(
        RemoteValueError, match=r"asset 'orders', s3://nowhere/.* refuses: .*(?i:no_?such_?bucket)"
    ) as told:
        store(manager, pl.DataFrame({"n": [1]}))
    assert not told.value.is_out_of_reach
    assert "the-secret" not in str(told.value)
    assert "\x1b" not in str(told.value)


def test_a_server_that_is_gone_is_out_of_reach_and_nothing_is_damaged(make: Make) -> None:
    """Neither a load nor a store calls the table damaged, and a look at it does not call it missing."""
    store(make(), pl.DataFrame({"n": [1]}))
    manager = make(endpoint=NOBODY)
    for act in (
        lambda: load(manager),
        lambda: store(manager, pl.DataFrame({"n": [2]})),
        lambda: manager.has_output(ValueContext("orders")),
    ):
        with pytest.raises(RemoteValueError, match="is out of reach") as told:
            act()
        assert told.value.is_out_of_reach
    assert load(make()) == {"n": [1]}


def test_amazon_is_not_asked_for_the_region_of_a_store_that_is_not_its_own(
    bucket: str, tmp_path: Path, s3_port: int, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is that of the settings which all clients of S3 read; one that is given stays."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-3")
    keys = {"s3.access-key-id": "the-key", "s3.secret-access-key": "the-secret"}
    properties = {**keys, "s3.endpoint": f"http://127.0.0.1:{s3_port}"}
    manager = og.IcebergIOManager(
        f"s3://{bucket}/of-no-region", catalog_uri=f"sqlite:///{tmp_path}/catalog.db", properties=properties
    )
    store(manager, pl.DataFrame({"n": [1]}))
    assert load(manager) == {"n": [1]}
    assert [each.getMessage() for each in caplog.records if "region" in each.getMessage()] == []
    assert _with_region(properties)["s3.region"] == "eu-west-3"
    for given in ({**properties, "s3.region": "a"}, {**properties, "client.region": "a"}, keys):
        assert _with_region(given) == given


def test_four_at_once_make_the_catalogue_and_its_tables(postgres_server: PostgresServer, tmp_path: Path) -> None:
    """Of a database that is empty: all four values are there."""
    catalog = postgres_server.new_database()
    errors: list[Exception] = []
    start = threading.Barrier(4)

    def one(number: int) -> None:
        manager = og.IcebergIOManager(tmp_path / "tables", catalog_uri=catalog)
        start.wait(60)
        try:
            store(manager, pl.DataFrame({"n": [number]}), key=f"asset_{number}")
        except Exception as error:  # shown below
            errors.append(error)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    assert errors == []
    manager = og.IcebergIOManager(tmp_path / "tables", catalog_uri=catalog)
    assert [load(manager, key=f"asset_{number}")["n"] for number in range(4)] == [[0], [1], [2], [3]]


def test_a_catalogue_that_is_out_of_reach_is_told_without_its_password(tmp_path: Path) -> None:
    """For a load, a store and a look."""
    manager = og.IcebergIOManager(tmp_path, catalog_uri="postgresql+psycopg://me:the-secret@127.0.0.1:9/catalog")
    for act in (lambda: load(manager), lambda: store(manager, pl.DataFrame({"n": [2]}))):
        with pytest.raises(StorageError, match="database of the Iceberg catalogue 'orrery' cannot be used") as told:
            act()
        assert "the-secret" not in str(told.value)
