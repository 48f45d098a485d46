"""
Execute a job of N steps in process: steps.py MODULE KIND SHAPE N INSTANCE IO.

The job exists and one like it has run before the watch starts: only ``execute_in_process`` is measured. KIND is
``assets`` or ``ops``, SHAPE ``chain`` or ``wide``, INSTANCE ``ephemeral`` or ``persistent``, IO ``default`` (what each
side takes when nobody says), ``files`` (pickled below a folder) or ``memory``; a last word ``quiet`` mutes the console
log on both sides.
"""

from typing import Any

from common_api import StopWatch, asset_job, persistent_instance, run, work_folder


def assets(og: Any, shape: str, n: int, resources: dict[str, Any]) -> Any:
    def first():
        return 1

    def next_one(before):
        return before + 1

    made = []
    for i in range(n):
        if shape == "wide" or i == 0:
            made.append(og.asset(name=f"step_{i}")(_copy(first)))
        else:
            made.append(og.asset(name=f"step_{i}", ins={"before": og.AssetIn(f"step_{i - 1}")})(_copy(next_one)))
    return asset_job(og, og.with_resources(made, resources) if resources else made)


def ops(og: Any, shape: str, n: int, resources: dict[str, Any]) -> Any:
    @og.op(name="first")
    def first():
        return 1

    @og.op(name="next_one")
    def next_one(before):
        return before + 1

    @og.job(resource_defs=resources)
    def steps():
        value = None
        for i in range(n):
            if shape == "wide" or i == 0:
                value = first.alias(f"step_{i}")()
            else:
                value = next_one.alias(f"step_{i}")(value)

    return steps


def io_managers(og: Any, io: str, folder: str) -> dict[str, Any]:
    if io == "memory":
        return {"io_manager": og.mem_io_manager}
    if io == "files":
        return {"io_manager": og.fs_io_manager.configured({"base_dir": f"{folder}/values"})}
    return {}


def _copy(function: Any) -> Any:
    return type(function)(function.__code__, function.__globals__)


def main(og: Any, kind: str, shape: str, count: str, instance_kind: str, io: str, loudness: str = "loud") -> None:
    n = int(count)
    make = {"assets": assets, "ops": ops}[kind]
    settings: dict[str, Any] = {}
    if loudness == "quiet":
        settings["run_config"] = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    watch = StopWatch()
    with work_folder() as folder:
        resources = io_managers(og, io, folder)
        if instance_kind == "persistent":
            settings["instance"] = persistent_instance(og, folder)
        assert make(og, shape, 2, resources).execute_in_process(**settings).success
        job = make(og, shape, n, resources)
        with watch.part("total"):
            result = job.execute_in_process(**settings)
        assert result.success
        if shape == "chain":
            assert result.output_for_node(f"step_{n - 1}") == n
    watch.report()


if __name__ == "__main__":
    run(main)
