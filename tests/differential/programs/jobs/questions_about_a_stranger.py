"""Nothing happened to a node that there is not: what is asked about its events finds none."""

import dagster as dg


def program(record):
    @dg.asset
    def table():
        return 1

    @dg.op
    def one():
        return 1

    @dg.job
    def small():
        one()

    for name, result in (("assets", dg.materialize([table])), ("ops", small.execute_in_process())):
        questions = {
            "materializations": result.asset_materializations_for_node,
            "observations": result.asset_observations_for_node,
            "events": result.events_for_node,
            "success": result.is_node_success,
            "failed": result.is_node_failed,
            "skipped": result.is_node_skipped,
            "untouched": result.is_node_untouched,
            "retries": result.retry_attempts_for_node,
            "failure": result.failure_data_for_node,
        }
        for question, ask in questions.items():
            record.value(f"{name}: {question}", ask("stranger"))
        with record.raises(f"{name}: value"):
            result.output_for_node("stranger")
