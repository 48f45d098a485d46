"""What metadata values and other small records may be made of."""

import dagster as dg

CALLS = {
    dg.TextMetadataValue: ("t", "text"),
    dg.MarkdownMetadataValue: ("t", "md_str"),
    dg.UrlMetadataValue: ("t", "url"),
    dg.IntMetadataValue: (3, "value"),
    dg.FloatMetadataValue: (1.5, "value"),
    dg.BoolMetadataValue: (True, "value"),
    dg.TimestampMetadataValue: (1.0, "value"),
    dg.DagsterRunMetadataValue: ("r", "run_id"),
    dg.DagsterAssetMetadataValue: (dg.AssetKey("a"), "asset_key"),
    dg.TableRecord: ({"a": 1}, "data"),
    dg.AssetJobKey: ("j", "job_name"),
}


def program(record):
    for cls, (value, name) in CALLS.items():
        by_place, by_name = cls(value), cls(**{name: value})
        shown = cls.__name__.removeprefix("Dagster")
        record.value(
            shown, [by_place == by_name, hash(by_place) == hash(by_name) if cls is not dg.TableRecord else None]
        )
        try:
            cls(value, nothing_of_the_kind=1)
        except TypeError:
            record.value(f"{shown}: strange argument", True)
    job = dg.DagsterJobMetadataValue("j", "l")
    record.value("job", [job.job_name, job.location_name, job.repository_name])
    artifact = dg.PythonArtifactMetadataValue("m", "n")
    record.value("artifact", [artifact.module, artifact.name])
    mapping = dg.InputMapping(graph_input_name="g", mapped_node_name="n", mapped_node_input_name="i")
    record.value("mapping", [mapping.graph_input_name, mapping.maps_to.node_name, mapping.maps_to.input_name])
    several = dg.InputMapping(graph_input_name="g", mapped_node_name="n", mapped_node_input_name="i", fan_in_index=2)
    record.value("mapping of one of several", [several.maps_to.fan_in_index, several.maps_to_fan_in])
    output = dg.OutputMapping(graph_output_name="g", mapped_node_name="n", mapped_node_output_name="o")
    record.value("output mapping", [output.maps_from.node_name, output.maps_from.output_name])
    record.value("graph in", dg.GraphIn(description="d").description)
    key = dg.AssetJobKey(job_name="nightly")
    record.value("job key", [key.to_user_string(), key.to_db_string(), repr(key)])
    record.value("job key back", dg.AssetJobKey.from_db_string(key.to_db_string()) == key)
    record.value("job key of no text", dg.AssetJobKey.from_db_string("x"))
