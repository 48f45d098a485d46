"""The raw tables, as they come: nothing is dropped, nothing is mended."""

import orrery as og
import polars as pl

from flights.source import FlightData, nycflights13


@og.asset(group_name="raw", kinds={"csv"}, deps=[nycflights13])
def raw_flights(flight_data: FlightData) -> pl.DataFrame:
    """Every flight that was to leave EWR, JFK or LGA in 2013; delays in minutes."""
    return flight_data.read("flights")


@og.asset(group_name="raw", kinds={"csv"}, deps=[nycflights13])
def raw_weather(flight_data: FlightData) -> pl.DataFrame:
    """The weather at the three airports, hour by hour; miles per hour, degrees Fahrenheit, inches, miles."""
    return flight_data.read("weather")


@og.asset(group_name="raw", kinds={"csv"}, deps=[nycflights13])
def raw_planes(flight_data: FlightData) -> pl.DataFrame:
    """The planes by tail number, with the year they were built in."""
    return flight_data.read("planes")


@og.asset(group_name="raw", kinds={"csv"}, deps=[nycflights13])
def raw_airports(flight_data: FlightData) -> pl.DataFrame:
    """The airports of the United States by FAA code, with their place and time zone."""
    return flight_data.read("airports")


@og.asset(group_name="raw", kinds={"csv"}, deps=[nycflights13])
def raw_airlines(flight_data: FlightData) -> pl.DataFrame:
    """The names of the airlines by carrier code."""
    return flight_data.read("airlines")
