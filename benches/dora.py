"""The figures of plain.sql by DuckDB and by polars, on data of their own and on PostgreSQL's.

    dora.py URL SINCE UNTIL ROUNDS FOLDER

Exports the tables to Parquet files in FOLDER, prints one line for each way, its name and the
seconds of each round, and stores what each way gave in bench.figures. What is measured is the
query with all rows as its result, or reading and the query; never the start of Python.
"""

import glob
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import polars as pl
import psycopg

url, since, until, rounds, folder = sys.argv[1:]
rounds, folder = int(rounds), Path(folder)

# What the figures need, and nothing else; all times in UTC, as DuckDB's and polars' own.
TABLES = {
    "pull_requests": "SELECT repository, first_commit_at AT TIME ZONE 'UTC' AS first_commit_at, "
    "merged_at AT TIME ZONE 'UTC' AS merged_at FROM diogen_silver.pull_requests WHERE merged_at IS NOT NULL",
    "deployments": "SELECT repository, deployment_id, environment, status, finished_at AT TIME ZONE 'UTC' AS finished_at "
    "FROM diogen_silver.deployments",
    "incidents": "SELECT service, opened_at AT TIME ZONE 'UTC' AS opened_at, resolved_at AT TIME ZONE 'UTC' AS resolved_at "
    "FROM diogen_silver.incidents",
    "services": "SELECT service, repository, team FROM diogen.services",
}
FIGURES = ["deployments", "changes", "lead_time_median", "lead_time_p90", "failed", "recovery_time_median"]


def read(engine):
    return {name: pl.read_database_uri(sql, url, engine=engine) for name, sql in TABLES.items()}


def scan():
    return {name: pl.scan_parquet(folder / f"{name}.parquet") for name in TABLES}


def with_polars(tables):
    tables = {name: table.lazy() for name, table in tables.items()}
    is_in_range = pl.col("finished_at").is_between(
        datetime.fromisoformat(since), datetime.fromisoformat(until), closed="left"
    )
    live = (
        tables["deployments"]
        .filter((pl.col("environment") == "production") & (pl.col("status") == "success"))
        .join(tables["services"], on="repository")
        .with_columns(pl.col("finished_at").dt.truncate("1w").alias("week"))
        .select("week", "team", "service", "repository", "deployment_id", "finished_at")
        .sort("finished_at")
    )
    changes = (
        tables["pull_requests"]
        .sort("merged_at")
        .join_asof(live, left_on="merged_at", right_on="finished_at", by="repository", strategy="forward",
            coalesce=False, check_sortedness=False,
        )
        .filter(is_in_range)
        .with_columns((pl.col("finished_at") - pl.col("first_commit_at")).dt.total_seconds().alias("lead_time"))
        .group_by("week", "team")
        .agg(
            pl.len().alias("changes"),
            pl.col("lead_time").median().alias("lead_time_median"),
            pl.col("lead_time").quantile(0.9, "linear").alias("lead_time_p90"),
        )
    )
    failed = (
        tables["incidents"]
        .sort("opened_at")
        .join_asof(live, left_on="opened_at", right_on="finished_at", by="service", strategy="backward",
            coalesce=False, check_sortedness=False,
        )
        .filter(is_in_range & (pl.col("finished_at") > pl.col("opened_at") - timedelta(days=7)))
        .group_by("week", "team", "repository", "deployment_id", "finished_at")
        .agg(pl.col("resolved_at").min())
        .with_columns((pl.col("resolved_at") - pl.col("finished_at")).dt.total_seconds().alias("recovery_time"))
        .group_by("week", "team")
        .agg(pl.len().alias("failed"), pl.col("recovery_time").median().alias("recovery_time_median"))
    )
    return (
        live.filter(is_in_range)
        .group_by("week", "team")
        .agg(pl.len().alias("deployments"))
        .join(changes, on=["week", "team"], how="left")
        .join(failed, on=["week", "team"], how="left")
        .with_columns(pl.col("changes", "failed").fill_null(0))
        .select("week", "team", *FIGURES)
        .collect()
        .rows()
    )


def with_duckdb(connection):
    query = (Path(__file__).parent / "dora" / "duckdb.sql").read_text()
    query = query.replace("{since}", f"TIMESTAMP '{since}'").replace("{until}", f"TIMESTAMP '{until}'")
    return connection.execute(query).fetchall()


def duckdb_with(definition):
    connection = duckdb.connect()
    for name in TABLES:
        connection.execute(definition.format(name=name, file=folder / f"{name}.parquet"))
    return connection


def attached():
    """DuckDB reading from PostgreSQL; None where its extension is not to be had."""
    connection = duckdb.connect()
    # A package brings the extension as a file; DuckDB loads only what bears its signature.
    files = [f for path in sys.path for f in glob.glob(f"{path}/duckdb_extension_postgres_scanner/**/*.duckdb_extension", recursive=True)]
    try:
        connection.execute(f"LOAD '{files[0]}'" if files else "LOAD postgres")
    except duckdb.Error as error:
        print(f"DuckDB cannot be attached to PostgreSQL: {str(error).splitlines()[0]}", file=sys.stderr)
        return None
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(f"ATTACH '{url}' AS server (TYPE postgres, READ_ONLY)")
    # Columns by name and filters are passed on to PostgreSQL, what is computed is not.
    for name, sql in TABLES.items():
        connection.execute(f"CREATE VIEW {name} AS {sql.replace('FROM ', 'FROM server.')}")
    return connection


def measure(name, way):
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        rows = way()
        seconds.append(time.perf_counter() - started)
    print(name, *seconds, sep="\t", flush=True)
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        cursor.execute("SET timezone = 'UTC'")
        with cursor.copy(f"COPY bench.figures (way, week, team, {', '.join(FIGURES)}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row((name, *row))


tables = read("adbc")
for name, table in tables.items():
    table.write_parquet(folder / f"{name}.parquet")

own = duckdb_with("CREATE TABLE {name} AS FROM '{file}'")
measure("DuckDB, own tables", lambda: with_duckdb(own))
parquet = duckdb_with("CREATE VIEW {name} AS FROM '{file}'")
measure("DuckDB, Parquet", lambda: with_duckdb(parquet))
server = attached()
if server:
    measure("DuckDB, attached to PostgreSQL", lambda: with_duckdb(server))
measure("polars, in memory", lambda: with_polars(tables))
measure("polars, Parquet", lambda: with_polars(scan()))
measure("polars, read from PostgreSQL by ADBC", lambda: with_polars(read("adbc")))
measure("polars, read from PostgreSQL by connectorx", lambda: with_polars(read("connectorx")))
