"""Runs queries with boto3, awswrangler and PyAthena. ATHENA_LAKE and ATHENA_RESULTS name buckets."""

import datetime
import decimal
import os
import time

import awswrangler as wr
import boto3
import pandas as pd
import pyathena
import sqlalchemy
from pyathena.cursor import DictCursor
from pyathena.pandas.cursor import PandasCursor

lake, results = os.environ["ATHENA_LAKE"], os.environ["ATHENA_RESULTS"]
athena = boto3.client("athena")


def expect(got, want, what):
    if got != want:
        raise SystemExit(f"{what}: got {got!r}, want {want!r}")


# boto3: the life of a query, and its pages.
started = athena.start_query_execution(
    QueryString="SELECT x, CAST(x AS varchar) AS y FROM UNNEST(sequence(1, 1500)) AS t(x) ORDER BY x",
    ResultConfiguration={"OutputLocation": f"s3://{results}/boto3/"}, ClientRequestToken="a" * 32)
again = athena.start_query_execution(
    QueryString="SELECT x, CAST(x AS varchar) AS y FROM UNNEST(sequence(1, 1500)) AS t(x) ORDER BY x",
    ResultConfiguration={"OutputLocation": f"s3://{results}/boto3/"}, ClientRequestToken="a" * 32)
query = started["QueryExecutionId"]
expect(again["QueryExecutionId"], query, "the same client token")
while True:
    execution = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
    if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
        break
    time.sleep(0.01)
expect(execution["Status"]["State"], "SUCCEEDED", "the query")
pages = list(athena.get_paginator("get_query_results").paginate(QueryExecutionId=query))
expect([len(p["ResultSet"]["Rows"]) for p in pages], [1000, 501], "pages")
expect([c["Type"] for c in pages[0]["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]], ["bigint", "varchar"], "types")
expect(pages[1]["ResultSet"]["Rows"][-1]["Data"][1]["VarCharValue"], "1500", "the last row")
statistics = athena.get_query_runtime_statistics(QueryExecutionId=query)["QueryRuntimeStatistics"]
expect(statistics["Rows"]["OutputRows"], 1500, "rows by statistics")

# awswrangler: files in, frames out, three ways.
wr.catalog.create_database("wrangled", exist_ok=True)
frame = pd.DataFrame({"id": [1, 2, 3], "name": ["a", "b", None], "v": [1.5, 2.5, 3.5], "p": ["x", "y", "x"]})
wr.s3.to_parquet(frame, path=f"s3://{lake}/t/", dataset=True, database="wrangled", table="t", partition_cols=["p"])
for how, options in {"ctas": {}, "plain": {"ctas_approach": False}, "unload": {"ctas_approach": False, "unload_approach": True}}.items():
    got = wr.athena.read_sql_query("SELECT * FROM t ORDER BY id", database="wrangled", s3_output=f"s3://{results}/{how}/", **options)
    expect([(r.id, r.name if pd.notna(r.name) else None, r.v, r.p) for r in got.sort_values("id").itertuples(index=False)],
           [(1, "a", 1.5, "x"), (2, "b", 2.5, "y"), (3, None, 3.5, "x")], how)
got = wr.athena.read_sql_query("SELECT id FROM t WHERE name = ?", database="wrangled", params=["'b'"], paramstyle="qmark",
                               ctas_approach=False, s3_output=f"s3://{results}/params/")
expect(list(got["id"]), [2], "parameters")
expect(list(wr.athena.describe_table("t", database="wrangled", s3_output=f"s3://{results}/describe/")["Column Name"]), ["id", "name", "v", "p"], "describe")

# awswrangler: the catalog, and a dataset that grows.
wr.s3.to_parquet(frame.assign(id=frame["id"] + 3), path=f"s3://{lake}/t/", dataset=True, database="wrangled", table="t", partition_cols=["p"], mode="append")
expect(wr.catalog.does_table_exist(database="wrangled", table="t"), True, "does_table_exist")
expect(wr.catalog.get_table_types(database="wrangled", table="t"), {"id": "bigint", "name": "string", "v": "double", "p": "string"}, "get_table_types")
expect(sorted(v[0] for v in wr.catalog.get_partitions(database="wrangled", table="t").values()), ["x", "y"], "get_partitions")
expect(list(wr.catalog.tables(database="wrangled")["Table"]), ["t"], "tables")
expect(wr.catalog.get_table_location(database="wrangled", table="t"), f"s3://{lake}/t/", "get_table_location")
got = wr.athena.read_sql_query("SELECT count(*) AS n FROM t", database="wrangled", ctas_approach=False, s3_output=f"s3://{results}/grown/")
expect(int(got["n"][0]), 6, "a dataset that grew")
wr.s3.to_parquet(frame[frame["p"] == "x"], path=f"s3://{lake}/t/", dataset=True, database="wrangled", table="t", partition_cols=["p"],
                 mode="overwrite_partitions")
got = wr.athena.read_sql_query("SELECT p, count(*) AS n FROM t GROUP BY p ORDER BY p", database="wrangled", ctas_approach=False, s3_output=f"s3://{results}/over/")
expect(list(got["n"]), [2, 2], "partitions written over")
made = wr.athena.create_ctas_table(sql="SELECT id, p FROM t WHERE p = 'x'", database="wrangled", ctas_table="kept", storage_format="parquet",
                                   s3_output=f"s3://{lake}/kept/", wait=True)
expect(made["ctas_table"], "kept", "create_ctas_table")
expect(len(wr.athena.read_sql_table("kept", database="wrangled", ctas_approach=False, s3_output=f"s3://{results}/kept/")), 2, "read_sql_table")
expect(wr.catalog.delete_table_if_exists(database="wrangled", table="kept"), True, "delete_table_if_exists")
wr.s3.to_parquet(frame, path=f"s3://{lake}/t/", dataset=True, database="wrangled", table="t", partition_cols=["p"], mode="overwrite")

# PyAthena: types.
connection = dict(s3_staging_dir=f"s3://{results}/pyathena/", schema_name="wrangled", poll_interval=0.01)
cursor = pyathena.connect(**connection).cursor()
row = cursor.execute("""SELECT id, name, v, DECIMAL '1.50' AS d, DATE '2024-01-02' AS day, TIMESTAMP '2024-01-02 03:04:05' AS moment,
    true AS b, p FROM t WHERE id = %(id)s""", {"id": 3}).fetchone()
expect(row, (3, None, 3.5, decimal.Decimal("1.50"), datetime.date(2024, 1, 2), datetime.datetime(2024, 1, 2, 3, 4, 5), True, "x"), "types")
expect([r[0] for r in cursor.execute("SHOW PARTITIONS t").fetchall()], ["p=x", "p=y"], "partitions")
unloaded = pyathena.connect(**connection, cursor_class=PandasCursor).cursor(unload=True).execute("SELECT id FROM t ORDER BY id").as_pandas()
expect(sorted(unloaded["id"]), [1, 2, 3], "unload")
rows = pyathena.connect(**connection, cursor_class=DictCursor).cursor().execute("SELECT id, p FROM t WHERE id < %(n)d ORDER BY id", {"n": 3}).fetchall()
expect(rows, [{"id": 1, "p": "x"}, {"id": 2, "p": "y"}], "dict cursor")
engine = sqlalchemy.create_engine(f"awsathena+rest://:@athena.us-east-1.amazonaws.com:443/wrangled?s3_staging_dir=s3://{results}/sqlalchemy/")
inspector = sqlalchemy.inspect(engine)
expect("wrangled" in inspector.get_schema_names(), True, "schemas")
expect(inspector.get_table_names(schema="wrangled"), ["t"], "tables by SQLAlchemy")
expect([c["name"] for c in inspector.get_columns("t", schema="wrangled")], ["id", "name", "v", "p"], "columns by SQLAlchemy")
table = sqlalchemy.Table("t", sqlalchemy.MetaData(schema="wrangled"), autoload_with=engine)
with engine.connect() as c:
    expect([tuple(r) for r in c.execute(sqlalchemy.select(table.c.id, table.c.name).where(table.c.p == "x").order_by(table.c.id)).fetchall()],
           [(1, "a"), (3, None)], "a query by SQLAlchemy")
try:
    cursor.execute("SELECT nothing FROM t")
    raise SystemExit("a column that isn't there was found")
except pyathena.error.OperationalError as e:
    expect("COLUMN_NOT_FOUND" in str(e), True, "the error")
print("queries run")
