"""A type with a loader is filled from run config."""

import dagster as dg


def program(record):
    @dg.dagster_type_loader({"words": [str]})
    def load(context, config):
        return " ".join(config["words"])

    sentence = dg.DagsterType(name="Sentence", type_check_fn=lambda _, value: isinstance(value, str), loader=load)

    @dg.op(ins={"text": dg.In(sentence)})
    def shout(text):
        return text.upper()

    @dg.job
    def small():
        shout()

    config = {"ops": {"shout": {"inputs": {"text": {"words": ["a", "b"]}}}}}
    record.result(small.execute_in_process(run_config=config))
    with record.raises("missing", contains=["text"]):
        small.execute_in_process()
