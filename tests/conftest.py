"""
What holds for all tests: how hypothesis searches, and a PostgreSQL server for those that want one.

In CI it takes the same examples each time, so that a red run is red again; by hand it looks further
each time. There is no deadline: machines are shared. Reasons of skipped tests are printed at the end
(``-rs`` in ``pyproject.toml``).
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings

from orrery.testing.postgres import PostgresNotAvailable, PostgresServer

settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.register_profile("dev", deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One PostgreSQL server for all tests; those that stop or cut it start one of their own."""
    try:
        server = PostgresServer().__enter__()
    except PostgresNotAvailable as reason:
        pytest.skip(str(reason))
    yield server
    server.__exit__()


@pytest.fixture
def postgres_url(postgres_server: PostgresServer) -> Iterator[str]:
    """The URL of an empty database."""
    url = postgres_server.new_database()
    yield url
    postgres_server.drop_database(url)
