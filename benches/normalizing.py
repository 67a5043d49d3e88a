"""The pipeline beside the database that benches/normalizing.rs compares with: psycopg, orjson, polars.

Usage: normalizing.py URL SOURCE TABLE COLUMN...

Reads the documents of a source in batches and copies the columns into the table. What each
column means is what src/silver/github/pull_requests.rs makes of a document in REST's shape.
"""

import gc
import re
import sys

import orjson
import polars as pl
import psycopg
from psycopg.types.json import set_json_loads

BATCH = 1000
TOLD_TIMES = ["created_at", "updated_at", "merged_at", "closed_at"]
TIMES = [*TOLD_TIMES, "ready_at"]
PLAIN = ["number", "title", "additions", "deletions", "changed_files", *TOLD_TIMES]
TYPES = {
    **dict.fromkeys(["number", "additions", "deletions", "changed_files", "commit_count", "comment_count", "reverts"], pl.Int64),
    **dict.fromkeys(["author_is_bot", "is_draft", "is_from_fork"], pl.Boolean),
    "labels": pl.List(pl.String),
    "document_id": pl.Int64,
}


IN_BODY = re.compile(r"^Reverts [^#\s]*#(\d+)", re.MULTILINE)
IN_BRANCH = re.compile(r"^revert-(\d+)-")


def reverted(doc):
    """The number of the pull request that a document says it reverts."""
    found = IN_BODY.search(doc["body"] or "") or IN_BRANCH.search(doc["head"]["ref"])
    return int(found[1]) if found else None


def frame(source, rows, columns):
    """The typed columns of a batch of documents."""
    ids, docs = zip(*rows)
    users = [doc["user"] or {} for doc in docs]
    values = {column: [doc[column] for doc in docs] for column in PLAIN} | {
        "document_id": ids,
        "source": [source] * len(docs),
        "repository": [doc["base"]["repo"]["full_name"] for doc in docs],
        "author": [user.get("login", "ghost") for user in users],
        "author_is_bot": [user.get("type") == "Bot" for user in users],
        "state": [doc["state"] for doc in docs],
        "is_draft": [doc["draft"] for doc in docs],
        "base_ref": [doc["base"]["ref"] for doc in docs],
        "head_ref": [doc["head"]["ref"] for doc in docs],
        "merge_sha": [doc["merge_commit_sha"] for doc in docs],
        "commit_count": [doc["commits"] for doc in docs],
        "comment_count": [doc["comments"] for doc in docs],
        "labels": [[label["name"] for label in doc["labels"]] for doc in docs],
        "url": [doc["html_url"] for doc in docs],
        "ready_at": [None if doc["draft"] else doc["created_at"] for doc in docs],
        "reverts": [reverted(doc) for doc in docs],
        "head_sha": [doc["head"]["sha"] for doc in docs],
        "is_from_fork": [(doc["head"]["repo"] or {}).get("full_name") != doc["base"]["repo"]["full_name"] for doc in docs],
        "merged_by": [(doc["merged_by"] or {}).get("login") for doc in docs],
        "milestone": [(doc["milestone"] or {}).get("title") for doc in docs],
    }
    schema = {column: TYPES.get(column, pl.String) for column in columns}
    is_merged = pl.col("merged_at").is_not_null()
    return pl.DataFrame({column: values[column] for column in columns}, schema=schema).with_columns(
        pl.col(TIMES).str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_zone="UTC"),
        state=pl.when(is_merged).then(pl.lit("merged")).otherwise("state"),
        merge_sha=pl.when(is_merged).then("merge_sha"),
    )


def csv(batch):
    """A batch as COPY reads it: arrays in braces, their elements quoted."""
    element = pl.element().str.replace_all(r'(["\\])', r"\$1")
    labels = pl.col("labels").list.eval('"' + element + '"').list.join(",")
    return batch.with_columns(labels="{" + labels + "}").write_csv(include_header=False)


def main(url, source, table, *columns):
    """Runs the pipeline: one connection reads while the other writes, in one transaction each."""
    gc.disable()  # nothing here makes cycles, and looking for them takes a fifth of the time
    set_json_loads(orjson.loads)
    identity = "document_id" if "document_id" in columns else "0"
    query = f"""SELECT {identity}, doc FROM diogen_bronze.documents
                WHERE source = %s AND stream = 'pull_requests' AND deleted_at IS NULL"""
    with (
        psycopg.connect(url) as reader,
        psycopg.connect(url) as writer,
        reader.cursor("documents", binary=True) as documents,
        writer.cursor() as target,
        target.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN (FORMAT csv)") as copy,
    ):
        documents.execute(query, [source])
        while rows := documents.fetchmany(BATCH):
            copy.write(csv(frame(source, rows, columns)))


main(*sys.argv[1:])
