"""YAML from files and texts is merged into one config."""

from pathlib import Path

import dagster as dg


def program(record):
    Path("a.yaml").write_text("ops:\n  one:\n    config:\n      n: 1\n")
    Path("b.yaml").write_text("ops:\n  two:\n    config: {n: 2}\nresources: {}\n")
    record.value("files", dg.config_from_files(["a.yaml", "b.yaml"]))
    record.value("pattern", dg.config_from_files(["*.yaml"]))
    record.value("texts", dg.config_from_yaml_strings(["a: 1\nb: {c: 2}", "b: {d: 3}"]))
    with record.raises("missing file"):
        dg.config_from_files(["nowhere.yaml"])
    with record.raises("no yaml"):
        dg.config_from_yaml_strings(["a: [1"])
