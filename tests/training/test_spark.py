"""The same expressions run on Spark, over the log's own segments."""

from __future__ import annotations

import shutil
from importlib.util import find_spec

import pytest

from tests.builders import DAY, DESKTOP, NOW, PHONE, identify, page, record_of, track
from tests.training.test_population import FACTS, TRAITS, assert_alike, by_fold, known
from training.eventlog import sealed_files

MISSING = find_spec("pyspark") is None or shutil.which("java") is None
pytestmark = [
    pytest.mark.spark,
    pytest.mark.skipif(MISSING, reason="PySpark or Java is missing"),
    pytest.mark.filterwarnings("default"),  # Spark's own
]


def told() -> list[dict]:
    """Visits with and without a channel, late and repeated messages, all kinds of traits."""
    messages = []
    for number in range(240):
        moment = NOW - 3 * DAY + 700.0 * (number % 90) + 0.125 * number
        fields = {
            "anonymousId": f"a{number % 11}",
            "context": {
                "userAgent": (DESKTOP, PHONE, "")[number % 3],
                "page": {
                    "referrer": ("https://www.google.com/", "", "https://t.co/x")[number % 5 % 3],
                    "url": "https://shop.example/",
                },
            },
            "properties": {
                "contentId": [*FACTS, "/unknown", None][number % 5],
                "dwellMs": 1000 * (number % 17),
            },
        }
        name = "Recommendation Shown" if number % 13 == 0 else "Order Completed"
        if number % 4 == 0:
            messages.append(track(name, f"m{number}", moment, **fields))
        else:
            messages.append(page(f"m{number}", moment, **fields))
    for number, (name, values) in enumerate((n, v) for n, vs in TRAITS.items() for v in vs):
        place = number % 13
        fields = {"anonymousId": f"a{place}"} | ({"userId": f"u{place // 2}"} if place < 4 else {})
        messages.append(identify(f"t{number}", NOW + number, {name: values}, **fields))
    late = [{**raw, "timestamp": raw["timestamp"] - 5 * DAY} for raw in messages[::9]]
    return [*messages, *late, *messages[::7]]


@pytest.fixture(scope="module")
def session():
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false")
    settings = {"spark.sql.shuffle.partitions": "1", "spark.sql.session.timeZone": "UTC"}
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    yield session
    session.stop()


def test_spark_and_fold_agree(tmp_path, session):
    import ibis

    from training import feature_table as features
    from training.population import rows_of

    records = list(map(record_of, told()))
    log = known(tmp_path, records, seal_after=len(records))
    folded = by_fold(log, FACTS)
    numbers = {ids: number for number, ids in enumerate(folded)}
    spark = ibis.pyspark.connect(session)

    def table(name, columns, rows):
        schema = ", ".join(f"{column} {kinds[kind]}" for column, kind in columns.items())
        session.createDataFrame(rows, schema).createOrReplaceTempView(name)
        return spark.table(name)

    kinds = {"string": "string", "int64": "bigint"}
    segments = session.read.parquet(*map(str, sealed_files(log)))
    segments.filter("kind = 'message'").createOrReplaceTempView("messages")
    ids = [(str(key), number) for keys, number in numbers.items() for key in keys]
    types = [(name, fact.type) for name, fact in FACTS.items()]
    tags = [(name, tag) for name, fact in FACTS.items() for tag in fact.tags]
    messages = features.numbered(spark.table("messages"), table("ids", features.IDS, ids))
    touches = features.touches_of(messages)
    tables = features.Tables(
        features.told_of(messages),
        touches,
        features.visits_of(touches),
        table("contents", features.CONTENTS, types),
        table("topics", features.TOPICS, tags),
    )
    names = features.names_of(TRAITS, allow_sensitive=False)
    found = rows_of(numbers.values(), features.features_of(tables, names).to_pyarrow().to_batches())
    assert len(found) == 11
    assert_alike(folded, dict(zip(folded, found, strict=True)))
