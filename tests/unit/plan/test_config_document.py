"""Run config as data: the skeleton is accepted as it is, and the fields tell what may be given."""

from typing import Any

from orrery import Config, Field, JobDefinition, Selector, graph, job, op
from orrery.plan.config_document import config_document
from orrery.plan.run_config import resolve_run_config


class Settings(Config):
    """How to load."""

    count: int
    share: float = 1e-05


@op
def loads(config: Settings) -> None: ...


@op(config_schema={"mode": Selector({"fast": int, "slow": float}), "key": Field(str, is_secret=True)})
def works() -> None: ...


@graph
def both() -> None:
    loads()
    works()


FIXED = {"ops": {"works": {"config": {"mode": {"slow": 0.5}, "key": "geheim"}}}}


def document_of(made: JobDefinition) -> dict[str, Any]:
    """Return the document; its skeleton must be accepted."""
    document = config_document(made)
    resolve_run_config(made, document["skeleton"])
    return document


def test_the_skeleton_holds_what_must_be_given_and_the_fields_all() -> None:
    document = document_of(both.to_job(name="nightly"))
    assert document["job"] == "nightly"
    assert document["skeleton"] == {
        "ops": {"loads": {"config": {"count": 0}}, "works": {"config": {"mode": {"fast": 0}, "key": "..."}}}
    }
    config = document["fields"]["ops"]["fields"]["loads"]["fields"]["config"]
    assert config["required"] is True
    assert config["fields"]["share"]["default"] == 1e-05
    assert config["fields"]["count"]["required"] is True
    assert "default" not in config["fields"]["count"]


def test_what_the_job_fixes_is_told_and_not_asked_for_again() -> None:
    document = document_of(both.to_job(config=FIXED))
    assert document["skeleton"] == {"ops": {"loads": {"config": {"count": 0}}}}
    config = document["fields"]["ops"]["fields"]["works"]["fields"]["config"]["fields"]
    assert config["mode"]["one_of"]["slow"]["fixed"] == 0.5
    assert "fixed" not in config["mode"]["one_of"]["fast"]
    assert config["key"] == {"type": "String", "required": True, "secret": True}
    assert "geheim" not in str(document)


def test_a_job_that_takes_nothing_has_no_fields() -> None:
    @op
    def plain() -> None: ...

    @job
    def nothing() -> None:
        plain()

    assert document_of(nothing) == {"job": "nothing", "skeleton": {}, "fields": {}}
