"""The chance that a flight leaves an hour late or more, told from what is known the day before."""

import orrery as og
import polars as pl

from flights import logistic

CATEGORIES = ["airline", "origin", "month", "weekday", "hour"]
NUMBERS = ["distance", "temp", "humid", "precip", "visib", "pressure", "wind_speed", "wind_gust", "plane_age"]


class ModelConfig(og.Config):
    """How the model is made; change it for one run with ``--config`` or in the launchpad."""

    long_delay_minutes: int = 60
    """From so many minutes on, a delay is a long one."""
    held_out_every_days: int = 5
    """Every so many days one whole day is kept from the fit, to judge the model by."""
    ridge: float = 10.0
    """Penalty on the squared weights."""


@og.asset(group_name="model", kinds={"polars"})
def delay_features(flights_with_weather: pl.DataFrame, raw_planes: pl.DataFrame) -> pl.DataFrame:
    """
    What the model may look at, and the delay it is to foretell: one row per flight that left.

    Numbers that nobody measured take the mean, so that they say nothing. No gust was felt where none is noted.
    """
    planes = raw_planes.select("tailnum", (2013 - pl.col("year")).alias("plane_age"))
    return (
        flights_with_weather.filter(~pl.col("cancelled"))
        .join(planes, on="tailnum", how="left", validate="m:1", maintain_order="left")
        .select(
            "date",
            "carrier",
            "flight",
            "dep_delay",
            "airline",
            "origin",
            "month",
            pl.col("date").dt.weekday().alias("weekday"),
            "hour",
            pl.col(NUMBERS).cast(pl.Float32),
        )
        .with_columns(pl.max_horizontal("wind_speed", "wind_gust").alias("wind_gust"))
        .with_columns(pl.col(NUMBERS).fill_null(strategy="mean"))
    )


@og.multi_asset(
    group_name="model",
    outs={
        "long_delay_model": og.AssetOut(kinds={"numpy"}, description="One weight per feature, and the model's score."),
        "long_delay_forecast": og.AssetOut(kinds={"numpy"}, description="The chance of each flight held out."),
    },
)
def long_delay(
    config: ModelConfig, delay_features: pl.DataFrame
) -> tuple[og.Output[pl.DataFrame], og.Output[pl.DataFrame]]:
    """Fit a logistic regression on most days, and judge it on the others."""
    dummies = delay_features.select(CATEGORIES).to_dummies(drop_first=True)
    features = pl.concat([delay_features.select(NUMBERS), dummies], how="horizontal").cast(pl.Float32)

    x = features.to_numpy()
    late = (delay_features["dep_delay"] >= config.long_delay_minutes).cast(pl.Float64).to_numpy()
    held_out = (delay_features["date"].dt.ordinal_day() % config.held_out_every_days == 0).to_numpy()

    model = logistic.fit(x[~held_out], late[~held_out], ridge=config.ridge)
    chance = model.chance(x[held_out])
    truth = late[held_out]
    always_the_mean = logistic.brier(truth, late[~held_out].mean().repeat(len(truth)))
    brier = logistic.brier(truth, chance)

    weights = pl.DataFrame({"feature": features.columns, "weight": model.weights}).sort("weight", descending=True)
    forecast = delay_features.filter(held_out).select("date", "carrier", "flight", chance=chance, late=truth == 1)
    score = {
        "auc": logistic.auc(truth, chance),
        "brier": brier,
        "brier_skill": 1 - brier / always_the_mean,
        "flights_fitted": int((~held_out).sum()),
        "flights_held_out": int(held_out.sum()),
    }
    return og.Output(weights, metadata=score), og.Output(forecast)
