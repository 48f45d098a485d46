"""Config of the job holds for each op, resource and logger that the run does not name; the rest is the run's."""

import logging

import dagster as dg


@dg.op(config_schema={"q": dg.Field(str, is_required=False), "n": dg.Field(int, is_required=False)})
def a(context):
    return dict(context.op_config)


@dg.op(config_schema={"q": str})
def b(context):
    return dict(context.op_config)


@dg.resource(config_schema={"host": str, "port": dg.Field(int, is_required=False)})
def service(context):
    return dict(context.resource_config)


@dg.op(required_resource_keys={"r", "s"})
def asks(context):
    return [context.resources.r, context.resources.s]


@dg.logger(config_schema={"level": str})
def quiet(context):
    return logging.Logger(context.logger_config["level"])


@dg.graph
def both():
    a()
    b()


@dg.graph
def asking():
    asks()


@dg.asset(config_schema={"k": int})
def x(context):
    return dict(context.op_config)


@dg.asset(config_schema={"k": int})
def y(context):
    return dict(context.op_config)


DEFAULT = {"ops": {"a": {"config": {"q": "1", "n": 2}}, "b": {"config": {"q": "B"}}}}


def program(record):
    def run(name, job, run_config, **more):
        result = job.execute_in_process(run_config=run_config, **more)
        ran = {event.step_key for event in result.all_node_events}
        record.value(name, {step: result.output_for_node(step) for step in sorted(ran)})

    job = both.to_job(name="both_job", config=DEFAULT)
    run("nothing", job, None)
    run("empty", job, {})
    run("one op", job, {"ops": {"a": {"config": {"q": "9"}}}})
    run("other op", job, {"ops": {"b": {"config": {"q": "X"}}}})
    with record.raises("unknown op", contains=["c"]):
        job.execute_in_process(run_config={"ops": {"c": {"config": {"q": "X"}}}})
    run("selection", job, None, op_selection=["b"])
    run("selection and config", job, {"ops": {"a": {"config": {"q": "9"}}}}, op_selection=["a"])
    run("config of what is not selected", job, {"ops": {"b": {"config": {"q": "9"}}}}, op_selection=["a"])
    with_object = both.to_job(name="with_object", config=dg.RunConfig(ops={"b": {"config": {"q": "B"}}}))
    run("run config object", with_object, {"ops": {"a": {"config": {"q": "9"}}}})

    resources = {"r": {"config": {"host": "R", "port": 1}}, "s": {"config": {"host": "S"}}}
    asking_job = asking.to_job(
        name="asking_job", resource_defs={"r": service, "s": service}, config={"resources": resources}
    )
    run("resource", asking_job, {"resources": {"r": {"config": {"host": "X"}}}})
    logging_job = both.to_job(
        name="logging_job",
        logger_defs={"my": quiet},
        config={**DEFAULT, "loggers": {"my": {"config": {"level": "i"}}}},
    )
    run("logger", logging_job, {"ops": {"b": {"config": {"q": "L"}}}})

    of_assets = dg.define_asset_job(
        "of_assets", [x, y], config={"ops": {"x": {"config": {"k": 5}}, "y": {"config": {"k": 6}}}}
    )
    asset_job = dg.Definitions(assets=[x, y], jobs=[of_assets]).resolve_job_def("of_assets")
    run("one asset", asset_job, {"ops": {"x": {"config": {"k": 9}}}})
    run("asset selection", asset_job, None, asset_selection=[x.key])
