"""What a result says of an asset is stored in the types of metadata, however it was given."""

from __future__ import annotations

from pathlib import Path

from orrery.api.verbs.materialize import materialize
from orrery.base.metadata import IntMetadataValue
from orrery.definitions.decorators.asset import asset
from orrery.model.events.event import EventType
from orrery.model.events.user import MaterializeResult
from orrery.runtime.instance import Instance


def test_plain_metadata_of_a_result_are_read_back_from_every_event(tmp_path: Path) -> None:
    @asset
    def counted() -> MaterializeResult[int]:
        return MaterializeResult(value=1, metadata={"rows": 3})

    with Instance.local_temp(str(tmp_path)) as instance:
        run_id = materialize([counted], instance=instance).run_id
        (made,) = instance.all_logs(run_id, of_type=EventType.ASSET_MATERIALIZATION)
        (given,) = instance.all_logs(run_id, of_type=EventType.STEP_OUTPUT)
    assert made.asset_materialization is not None
    assert made.asset_materialization.metadata["rows"] == IntMetadataValue(3)
    assert given.get_dagster_event().step_output_data.metadata["rows"] == IntMetadataValue(3)
