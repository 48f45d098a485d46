"""
How far routes are along a great circle: a program of the standard library alone, which knows nothing of Orrery.

It runs in a Python environment of its own, where neither polars nor Orrery is installed; routes come and go as values.
"""

import sys
from collections.abc import Mapping
from math import asin, cos, radians, sin, sqrt
from typing import Any

from orrery_pipes import open_pipes

EARTH_RADIUS_MILES = 3958.8


def great_circle(route: Mapping[str, Any]) -> float:
    """Return the length in miles of the shortest way between the two ends of *route*."""
    lat, lon, dest_lat, dest_lon = (radians(route[name]) for name in ("lat", "lon", "dest_lat", "dest_lon"))
    half = sin((dest_lat - lat) / 2) ** 2 + cos(lat) * cos(dest_lat) * sin((dest_lon - lon) / 2) ** 2
    return 2 * EARTH_RADIUS_MILES * asin(sqrt(half))


with open_pipes() as pipes:
    routes = pipes.get_value("routes")
    pipes.log.info(f"{len(routes)} routes, in {sys.prefix}")
    for number, route in enumerate(routes, 1):
        route["great_circle"] = great_circle(route)
        if number % 50 == 0 or number == len(routes):
            pipes.report_progress(number, len(routes))
    off = max(abs(route["great_circle"] - route["distance"]) for route in routes)
    pipes.put_value(routes)
    pipes.report_asset_materialization({"largest_difference_miles": off, "environment": sys.prefix})
