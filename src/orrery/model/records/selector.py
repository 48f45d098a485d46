"""Names of things across code locations: a location, a repository in it, a job in that."""

from __future__ import annotations

import hashlib

import msgspec

from orrery.base.errors import InvalidInvocationError

__all__ = ["CodeLocationSelector", "JobSelector", "RepositorySelector"]

SINGLETON_REPOSITORY_NAME = "__repository__"


class RepositorySelector(msgspec.Struct, frozen=True, kw_only=True):
    """
    Name a repository.

    Attributes:
        location_name: Its code location.
        repository_name: Its name there.
    """

    location_name: str
    repository_name: str

    @property
    def selector_id(self) -> str:
        """Return a short text that stands for this name alone."""
        return _digest(self.location_name, self.repository_name)

    def to_graphql_input(self) -> dict[str, str]:
        """Return the name as a dictionary, as requests carry it."""
        return {"repositoryLocationName": self.location_name, "repositoryName": self.repository_name}

    @staticmethod
    def from_graphql_input(graphql_data: dict[str, str]) -> RepositorySelector:
        """Return the name that such a dictionary says."""
        return RepositorySelector(
            location_name=graphql_data["repositoryLocationName"], repository_name=graphql_data["repositoryName"]
        )


class CodeLocationSelector(msgspec.Struct, frozen=True):
    """
    Name a code location.

    Attributes:
        location_name: Its name.
    """

    location_name: str

    def to_repository_selector(self) -> RepositorySelector:
        """Return the name of the one repository of the location."""
        return RepositorySelector(location_name=self.location_name, repository_name=SINGLETON_REPOSITORY_NAME)


class JobSelector(msgspec.Struct, frozen=True):
    """
    Name a job of a code location.

    Attributes:
        location_name: The code location.
        repository_name: The repository there; the one that ``Definitions`` makes if not given.
        job_name: The job; must be given.
    """

    location_name: str
    repository_name: str | None = None
    job_name: str | None = None

    def __post_init__(self) -> None:
        if self.job_name is None:
            raise InvalidInvocationError(
                f"A JobSelector of location '{self.location_name}' names no job.", mend="give job_name='...'."
            )
        msgspec.structs.force_setattr(self, "repository_name", self.repository_name or SINGLETON_REPOSITORY_NAME)

    @property
    def repository_selector(self) -> RepositorySelector:
        """Return the name of the repository."""
        return RepositorySelector(location_name=self.location_name, repository_name=self.repository_name or "")

    @property
    def selector_id(self) -> str:
        """Return a short text that stands for this name alone."""
        return _digest(self.location_name, self.repository_name or "", self.job_name or "")

    def to_graphql_input(self) -> dict[str, str]:
        """Return the name as a dictionary, as requests carry it."""
        return {**self.repository_selector.to_graphql_input(), "jobName": self.job_name or ""}

    @staticmethod
    def from_graphql_input(graphql_data: dict[str, str]) -> JobSelector:
        """Return the name that such a dictionary says."""
        return JobSelector(
            location_name=graphql_data["repositoryLocationName"],
            repository_name=graphql_data["repositoryName"],
            job_name=graphql_data["jobName"],
        )


def _digest(*parts: str) -> str:
    return hashlib.sha1("\0".join(parts).encode(), usedforsecurity=False).hexdigest()
