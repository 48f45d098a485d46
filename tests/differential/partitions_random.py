"""
Ask thousands of random questions about partitions, and print the answers.

The same program runs under either library; equal seeds ask equal questions::

    python tests/differential/partitions_random.py orrery --seed 1 --count 500

One JSON object a line: the question, and its answer (or that it was refused).
"""

# ruff: noqa: DTZ001  # naive datetimes are taken: they are times on the wall of the zone

from __future__ import annotations

import argparse
import json
import random
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

UTC = UTC
NOW = datetime(2024, 6, 15, 13, 30, tzinfo=UTC)
# None whose clocks change at midnight: there the other library answers otherwise (see the list).
ZONES = [
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Europe/London",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Asia/Tokyo",
    "Australia/Sydney",
    "America/Los_Angeles",
    "America/St_Johns",
    "Pacific/Auckland",
    "Africa/Johannesburg",
    "America/Sao_Paulo",
]
CRONS = [
    "0 0 * * *",
    "30 1 * * *",
    "30 2 * * *",
    "0 3 * * *",
    "0 * * * *",
    "*/15 * * * *",
    "20 * * * *",
    "0 */2 * * *",
    "0 */6 * * *",
    "30 0-6 * * *",
    "0 9-17 * * 1-5",
    "0 0 * * 0",
    "15 6 * * 1",
    "0 0 * * 1-5",
    "0 0 1 * *",
    "0 4 15 * *",
    "0 0 31 * *",
    "0 0 1,15 * *",
    "0 0 13 * 5",
    "0 0 L * *",
    "0 0 1 1,4,7,10 *",
    "0 0 */10 * *",
    "0 12 * * sat,sun",
    "0 0 * * 5#2",
    "@daily",
    "@hourly",
]
FORMATS = ["%Y-%m-%d-%H:%M", "%Y-%m-%dT%H:%M", "%Y/%m/%d %H:%M:%S", "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M%z", "%Y%m%d%H%M"]
KEYS = ["a", "b", "c", "d", "e", "x y", "Ä", "10", "2", "..", "a/b", "'", "%", "😀"]


class Asker:
    """Ask one library."""

    def __init__(self, library: str) -> None:
        if library == "dagster":
            import dagster as it
        else:
            import orrery.model.partitions as it  # type: ignore[no-redef]  # the other library, with the same names
        self.it: Any = it

    def questions(self, seed: int, count: int) -> Iterator[tuple[str, Any]]:
        rng = random.Random(seed)
        kinds = [
            self.time_keys,
            self.time_windows,
            self.time_sets,
            self.static_sets,
            self.multi,
            self.mapping,
            self.multi_mapping,
        ]
        for number in range(count):
            kind = kinds[number % len(kinds)]
            local = random.Random(rng.random())
            question: list[Any] = [kind.__name__]
            try:
                with self.it.partition_loading_context(effective_dt=NOW):
                    answer: Any = kind(local, question)
            except Exception as error:  # any refusal counts alike; which one is written out to be read
                answer = {"refused": True, "why": f"{type(error).__name__}: {error}"[:200]}
            yield json.dumps(question, ensure_ascii=True), answer

    # Definitions.

    def a_time(
        self,
        rng: random.Random,
        question: list[Any],
        *,
        zone: str | None = None,
        small: bool = False,
        whole: bool = False,
    ) -> Any:
        it = self.it
        zone = zone or rng.choice(ZONES)
        kind = rng.choice(["daily", "hourly", "weekly", "monthly", "cron", "cron"])
        start = datetime(2024, 6, 15) - timedelta(
            days=rng.randrange(3 if small else 1, 40 if small else 400), hours=rng.randrange(24)
        )
        # Offsets and ends lie where at least one window is over: before, the other library rounds up.
        offsets = [0, 0, 0, 1, 2, -1, 5] if kind in ("daily", "hourly") else [0, 0, -1]
        options: dict[str, Any] = {"timezone": zone, "end_offset": rng.choice(offsets)}
        if rng.random() < 0.2:
            least = 3 if kind in ("daily", "hourly") else 190
            options["end"] = start + timedelta(days=rng.randrange(least, 400), hours=rng.choice([0, 5]))
        exclusions: list[Any] = []
        if rng.random() < 0.25 and not whole:
            exclusions.append(rng.choice(["0 0 * * 0", "0 0 1 * *", "0 * * * 6", "0 3 * * *"]))
        if rng.random() < 0.15 and not whole:
            exclusions.append(start.replace(hour=0, minute=0) + timedelta(days=3))
        if exclusions:
            options["exclusions"] = exclusions
        question += [kind, str(start), {name: str(value) for name, value in options.items()}]
        if kind == "cron":
            options["cron_schedule"] = rng.choice(CRONS)
            options["fmt"] = rng.choice(FORMATS)
            question += [options["cron_schedule"], options["fmt"]]
            return it.TimeWindowPartitionsDefinition(start=start, **options)
        options["start_date"] = start
        if "end" in options:
            options["end_date"] = options.pop("end")
        if rng.random() < 0.4:
            options["minute_offset"] = rng.choice([0, 15, 30, 45])
            if kind != "hourly":
                options["hour_offset"] = rng.randrange(24)
            if kind == "weekly":
                options["day_offset"] = rng.randrange(7)
            if kind == "monthly":
                options["day_offset"] = rng.randrange(1, 32)
            question.append([options.get(name) for name in ("minute_offset", "hour_offset", "day_offset")])
        return getattr(it, f"{kind.capitalize()}PartitionsDefinition")(**options)

    def a_static(self, rng: random.Random, question: list[Any], some: list[str] | None = None) -> Any:
        keys = rng.sample(some or KEYS, rng.randrange(1, 6))
        question.append(keys)
        return self.it.StaticPartitionsDefinition(keys)

    # Questions.

    def time_keys(self, rng: random.Random, question: list[Any]) -> Any:
        definition = self.a_time(rng, question)
        now = NOW + timedelta(hours=rng.randrange(-24 * 300, 24 * 30), minutes=rng.choice([0, 7]))
        if definition.end_offset > 0:
            now = max(now, definition.start + timedelta(days=2))
        question.append(str(int(now.timestamp())))
        keys = list(definition.get_partition_keys(now))
        with self.it.partition_loading_context(effective_dt=now):
            return {
                "count": len(keys),
                "keys": keys[:40] + keys[-40:],
                "all": sum(hash_of(key) for key in keys),
                "number": definition.get_num_partitions(),
                "first": definition.get_first_partition_key(),
                "last": definition.get_last_partition_key(),
                "has": [definition.has_partition_key(key) for key in keys[:3] + keys[-3:]],
                "text": str(definition),
            }

    def time_windows(self, rng: random.Random, question: list[Any]) -> Any:
        definition = self.a_time(rng, question)
        keys = list(definition.get_partition_keys(NOW))
        chosen = sorted(rng.sample(range(len(keys)), min(4, len(keys))))
        answer: dict[str, Any] = {"cron": definition.get_cron_schedule()}
        answer["windows"] = [seconds(definition.time_window_for_partition_key(keys[at])) for at in chosen]
        answer["next"] = [definition.get_next_partition_key(keys[at]) for at in chosen]
        if chosen:
            at = definition.time_window_for_partition_key(keys[chosen[0]]).start + timedelta(
                minutes=rng.choice([0, 17])
            )
            question.append(str(at))
            span = self.it.TimeWindow(at, at + timedelta(hours=rng.choice([1, 25, 24 * 8])))
            months = self.it.TimeWindow(at, at + timedelta(days=150))
            answer["number in window"] = definition.get_num_partitions_in_window(months)
            answer["keys in window"] = definition.get_partition_keys_in_time_window(span)[:50]
            answer["next window"] = seconds(definition.get_next_partition_window(at))
            answer["previous window"] = seconds(definition.get_prev_partition_window(at))
            answer["key at"] = definition.get_partition_key_for_timestamp(at.timestamp())
            answer["key before"] = definition.get_partition_key_for_timestamp(at.timestamp(), end_closed=True)
            span = self.it.PartitionKeyRange(keys[chosen[0]], keys[chosen[-1]])
            found = list(definition.get_partition_keys_in_range(span))
            answer["range"] = [len(found), found[:5], found[-5:]]
            between = definition.get_partition_keys_between_indexes(chosen[0], chosen[-1])
            answer["between"] = [len(between), list(between[:5])]
        answer["first"] = seconds(definition.get_first_partition_window())
        answer["last"] = seconds(definition.get_last_partition_window())
        return answer

    def time_sets(self, rng: random.Random, question: list[Any]) -> Any:
        definition = self.a_time(rng, question, small=True)
        keys = list(definition.get_partition_keys(NOW))[:200]
        one = [key for key in keys if rng.random() < 0.7]
        other = [key for key in keys if rng.random() < 0.3]
        question += [len(one), len(other)]
        return self.sets(definition, one, other)

    def static_sets(self, rng: random.Random, question: list[Any]) -> Any:
        definition = self.a_static(rng, question)
        keys = list(definition.get_partition_keys())
        one, other = rng.sample(keys, rng.randrange(len(keys) + 1)), rng.sample(keys, rng.randrange(len(keys) + 1))
        question += [one, other]
        answer = self.sets(definition, one, other)
        if keys:
            ends = self.it.PartitionKeyRange(rng.choice(keys), rng.choice(keys))
            question.append(list(ends))
            answer["range"] = list(definition.get_partition_keys_in_range(ends))
        answer["text"] = [str(definition), repr(definition)]
        return answer

    def sets(self, definition: Any, one: list[str], other: list[str]) -> dict[str, Any]:
        first, second = definition.subset_with_partition_keys(one), definition.subset_with_partition_keys(other)
        everything = definition.subset_with_all_partitions()
        again = definition.deserialize_subset(first.serialize())
        return {
            "union": sorted((first | second).get_partition_keys()),
            "shared": sorted((first & second).get_partition_keys()),
            "left": sorted((first - second).get_partition_keys()),
            "rest": sorted((everything - first).get_partition_keys()),
            "not in": sorted(first.get_partition_keys_not_in_subset(definition)),
            "number": [len(first), len(second), len(everything)],
            "in": [key in first for key in other],
            "ranges": sorted([list(each) for each in first.get_partition_key_ranges(definition)]),
            "round": again == first,
            "empty": definition.empty_subset().is_empty,
        }

    def a_multi(self, rng: random.Random, question: list[Any], zone: str = "UTC") -> Any:
        parts: dict[str, Any] = {"static": self.a_static(rng, question)}
        if rng.random() < 0.6:
            parts[rng.choice(["date", "z"])] = self.a_day(rng, question, zone)
        else:
            parts[rng.choice(["b", "t"])] = self.a_static(rng, question)
        question.append(list(parts))
        return self.it.MultiPartitionsDefinition(parts)

    def a_day(self, rng: random.Random, question: list[Any], zone: str = "UTC") -> Any:
        start = datetime(2024, 6, 15) - timedelta(days=rng.randrange(1, 12))
        kind = rng.choice(["Daily", "Daily", "Weekly", "Hourly"])
        start = start if kind != "Weekly" else start - timedelta(days=20)
        start = start if kind != "Hourly" else datetime(2024, 6, 14, rng.randrange(24))
        options: dict[str, Any] = {"timezone": zone, "end_offset": rng.choice([0, 0, 0, 1, -1])}
        if rng.random() < 0.15:
            options["end_date"] = start + timedelta(days=rng.randrange(14 if kind == "Weekly" else 1, 20))
        question.append([kind, str(start), {name: str(value) for name, value in options.items()}])
        return getattr(self.it, f"{kind}PartitionsDefinition")(start, **options)

    def multi(self, rng: random.Random, question: list[Any]) -> Any:
        definition = self.a_multi(rng, question)
        keys = [str(key) for key in definition.get_partition_keys()]
        one = [key for key in keys if rng.random() < 0.6]
        other = [key for key in keys if rng.random() < 0.4]
        answer = self.sets(definition, one, other)
        # The other library joins ranges along one line or the other, as it happens: only what they hold counts.
        ranges = definition.subset_with_partition_keys(one).get_partition_key_ranges(definition)
        held: list[str] = []
        for each in ranges:
            held += [str(key) for key in definition.get_partition_keys_in_range(each)]
        answer["ranges"] = sorted(held)
        answer["keys"] = keys
        answer["names"] = list(definition.partition_dimension_names)
        answer["number"].append(definition.get_num_partitions())
        if keys:
            key = rng.choice(keys)
            question.append(key)
            answer["tags"] = dict(definition.get_tags_for_partition_key(key))
            answer["parts"] = dict(definition.get_partition_key_from_str(key).keys_by_dimension)
            answer["primary"] = definition.primary_dimension.name
            ends = self.it.PartitionKeyRange(key, rng.choice(keys))
            question.append(list(ends))
            answer["range"] = [str(each) for each in definition.get_partition_keys_in_range(ends)]
            name, part = rng.choice(sorted(answer["parts"].items()))
            answer["with"] = [str(each) for each in definition.get_multipartition_keys_with_dimension_value(name, part)]
        answer["has"] = [definition.has_partition_key(key) for key in ["a|b", "x", "a", "a|b|c"]]
        return answer

    def mapping(self, rng: random.Random, question: list[Any]) -> Any:
        it = self.it
        zone = rng.choice(ZONES)
        kind = rng.choice(["time"] * 6 + ["identity", "all", "last", "specific", "static"])
        question.append(kind)
        if kind == "static":
            up, down = self.a_static(rng, question), self.a_static(rng, question)
            table = {
                key: rng.sample(list(down.get_partition_keys()), rng.randrange(1, len(down.get_partition_keys()) + 1))
                for key in up.get_partition_keys()
                if rng.random() < 0.8
            }
            question.append(table)
            mapping = it.StaticPartitionMapping(table)
        else:
            fewer = kind != "time"
            up = (
                self.a_static(rng, question)
                if fewer and rng.random() < 0.5
                else self.a_time(rng, question, zone=zone, small=True, whole=kind == "time")
            )
            if kind == "identity":
                start_static = isinstance(up, it.StaticPartitionsDefinition)
                down = self.a_static(rng, question) if start_static else up
            else:
                down = (
                    self.a_static(rng, question)
                    if fewer and rng.random() < 0.5
                    else self.a_time(rng, question, zone=zone, small=True, whole=kind == "time")
                )
            up_keys = list(up.get_partition_keys(NOW))
            mapping = {
                "identity": lambda: it.IdentityPartitionMapping(),
                "all": lambda: it.AllPartitionMapping(),
                "last": lambda: it.LastPartitionMapping(),
                "specific": lambda: it.SpecificPartitionsPartitionMapping(rng.sample(up_keys, min(2, len(up_keys)))),
                "time": lambda: it.TimeWindowPartitionMapping(
                    *rng.choice([(0, 0), (0, 0), (0, 0), (-1, 0), (-1, -1), (-2, -1), (0, 1), (1, 1), (-2, 2)]),
                    allow_nonexistent_upstream_partitions=rng.random() < 0.2,
                ),
            }[kind]()
            question.append(repr(mapping))
        return self.both_ways(rng, question, mapping, up, down)

    def multi_mapping(self, rng: random.Random, question: list[Any]) -> Any:
        it = self.it
        kind = rng.choice(["single", "multi"])
        question.append(kind)
        static = self.a_static(rng, question)
        day, other_day = self.a_day(rng, question), self.a_day(rng, question)
        up = it.MultiPartitionsDefinition({"s": static, "d": day})
        if kind == "single":
            down = rng.choice([day, static, other_day])
            question.append(str(down))
            mapping = it.MultiToSingleDimensionPartitionMapping("s" if down is static else "d")
            if rng.random() < 0.5:
                up, down = down, up
                question.append("turned")
        else:
            down = it.MultiPartitionsDefinition(
                {"e": other_day, "q": static if rng.random() < 0.5 else self.a_static(rng, question)}
            )
            table: dict[str, Any] = {}
            if rng.random() < 0.8:
                offset = rng.choice([0, -1])
                table["d"] = it.DimensionPartitionMapping("e", it.TimeWindowPartitionMapping(start_offset=offset))
            if down.get_partitions_def_for_dimension("q") == static and rng.random() < 0.7:
                table["s"] = it.DimensionPartitionMapping("q", it.IdentityPartitionMapping())
            question.append(repr(table))
            mapping = it.MultiPartitionMapping(table)
        return self.both_ways(rng, question, mapping, up, down)

    def both_ways(self, rng: random.Random, question: list[Any], mapping: Any, up: Any, down: Any) -> Any:
        up_keys, down_keys = list(up.get_partition_keys(NOW)), list(down.get_partition_keys(NOW))
        ups = rng.sample(up_keys, min(len(up_keys), rng.choice([1, 3, 30])))
        downs = rng.sample(down_keys, min(len(down_keys), rng.choice([1, 3, 30])))
        question += [[str(key) for key in ups], [str(key) for key in downs]]
        mapping.validate_partition_mapping(up, down)
        result = mapping.get_upstream_mapped_partitions_result_for_partitions(
            down.subset_with_partition_keys(downs), down, up
        )
        reached = mapping.get_downstream_partitions_for_partitions(up.subset_with_partition_keys(ups), up, down)
        return {
            "up": shortened(result.partitions_subset.get_partition_keys()),
            "missing": self.missing(result, up),
            "down": shortened(reached.get_partition_keys()),
            "says": mapping.description,
        }

    def missing(self, result: Any, up: Any) -> Any:
        """Return what does not exist; of several dimensions only the part in time, which both libraries tell."""
        keys = [str(key) for key in result.required_but_nonexistent_subset.get_partition_keys()]
        if isinstance(up, self.it.MultiPartitionsDefinition):
            keys = sorted({part for key in keys for part in key.split("|") if part.startswith("2024-")})
        return sorted(keys)


def hash_of(text: str) -> int:
    """Return a number for a text that does not change from process to process."""
    number = 0
    for character in text:
        number = (number * 1_000_003 + ord(character)) % 2**61
    return number


def seconds(window: Any) -> Any:
    """Return a window as seconds since the epoch."""
    return None if window is None else [int(window.start.timestamp()), int(window.end.timestamp())]


def shortened(keys: Any) -> Any:
    """Return keys sorted; of many the number, the ends and a digest."""
    found = sorted(str(key) for key in keys)
    return found if len(found) <= 60 else [len(found), found[:10], found[-10:], sum(map(hash_of, found))]


def main() -> None:
    """Print questions and answers."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser()
    parser.add_argument("library", choices=["orrery", "dagster"])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=300)
    arguments = parser.parse_args()
    for question, answer in Asker(arguments.library).questions(arguments.seed, arguments.count):
        sys.stdout.write(json.dumps({"question": question, "answer": answer}, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
