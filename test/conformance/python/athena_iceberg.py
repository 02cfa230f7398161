"""Tables of Iceberg between Athena, PyIceberg and awswrangler. ATHENA_LAKE and ATHENA_RESULTS name buckets."""

import os

import awswrangler as wr
import pandas as pd
import pyarrow as pa
import pyathena
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.transforms import IdentityTransform
from pyiceberg.types import (BooleanType, DateType, DecimalType, DoubleType, IntegerType, ListType, LongType, MapType, NestedField, StringType, StructType,
                             TimestampType, TimestamptzType)

env = os.environ
lake, results = env["ATHENA_LAKE"], env["ATHENA_RESULTS"]
catalog = GlueCatalog("glue", **{"s3.endpoint": env["AWS_ENDPOINT_URL"], "s3.access-key-id": env["AWS_ACCESS_KEY_ID"], "s3.region": env["AWS_REGION"],
                                 "s3.secret-access-key": env["AWS_SECRET_ACCESS_KEY"], "warehouse": f"s3://{lake}/warehouse"})
cursor = pyathena.connect(s3_staging_dir=f"s3://{results}/iceberg/", schema_name="mixed", poll_interval=0.01).cursor()


def run(sql):
    cursor.execute(sql)
    return cursor.fetchall() if cursor.description else []


def expect(got, want, what):
    if got != want:
        raise SystemExit(f"{what}: got {got!r}, want {want!r}")


# Made by Athena, read, appended, evolved and deleted from by PyIceberg.
run("CREATE DATABASE mixed")
run(f"""CREATE TABLE mixed.a (id int, name string, day date, at timestamp, d decimal(10,2), f double, ok boolean, list array<int>, m map<string,int>,
    s struct<x:int,y:string>) PARTITIONED BY (day) LOCATION 's3://{lake}/mixed/a' TBLPROPERTIES ('table_type'='ICEBERG')""")
run("""INSERT INTO a VALUES (1, 'x', DATE '2024-01-02', TIMESTAMP '2024-01-02 03:04:05', 1.5, 2.5, true, ARRAY[1, NULL], MAP(ARRAY['k'], ARRAY[7]),
    CAST(ROW(1, 'z') AS ROW(x integer, y varchar))), (2, 'y', DATE '2024-02-03', NULL, NULL, NULL, NULL, NULL, NULL, NULL)""")
table = catalog.load_table("mixed.a")
rows = table.scan().to_arrow().sort_by("id").to_pylist()
expect({k: rows[0][k] for k in ("id", "name", "f", "ok", "list", "m", "s")},
       {"id": 1, "name": "x", "f": 2.5, "ok": True, "list": [1, None], "m": [("k", 7)], "s": {"x": 1, "y": "z"}}, "what PyIceberg reads")
expect((str(rows[0]["day"]), str(rows[0]["at"]), str(rows[0]["d"]), rows[1]["m"]), ("2024-01-02", "2024-01-02 03:04:05", "1.50", None), "types")
run(f"""CREATE TABLE mixed.c WITH (table_type = 'ICEBERG', is_external = false, location = 's3://{lake}/mixed/c', partitioning = ARRAY['month(day)', 'bucket(4, id)'])
    AS SELECT id, day FROM a""")
expect(len(catalog.load_table("mixed.c").scan(row_filter="day >= '2024-02-01'").to_arrow()), 1, "PyIceberg's pruning by Athena's transforms")
table.append(table.scan(row_filter="id = 2").to_arrow().set_column(0, table.schema().as_arrow().field(0), pa.array([3], pa.int32())))
expect(run("SELECT id, name FROM a ORDER BY id"), [(1, "x"), (2, "y"), (3, "y")], "what PyIceberg appended")
with catalog.load_table("mixed.a").update_schema() as update:
    update.rename_column("name", "title")
    update.rename_column("s.x", "w")
    update.add_column("more", LongType())
expect(run("SELECT title, s.w, more FROM a WHERE id = 1"), [("x", 1, None)], "after PyIceberg's renaming, also within a struct")
catalog.load_table("mixed.a").delete("id = 2")
expect(run("SELECT id FROM a ORDER BY id"), [(1,), (3,)], "after PyIceberg's delete")
run("UPDATE a SET more = 5 WHERE id = 3")
expect([r["more"] for r in catalog.load_table("mixed.a").scan().to_arrow().sort_by("id").to_pylist()], [None, 5], "after Athena's update")

# Made by PyIceberg, used by Athena.
schema = Schema(NestedField(1, "ID", LongType(), required=True), NestedField(2, "at", TimestamptzType()), NestedField(3, "country", StringType()),
                NestedField(4, "deep", StructType(NestedField(5, "list", ListType(6, DoubleType(), element_required=False)))),
                NestedField(7, "m", MapType(8, StringType(), 9, DateType(), value_required=False)), NestedField(10, "n", IntegerType()),
                NestedField(11, "t", TimestampType()), NestedField(12, "b", BooleanType()), NestedField(13, "d", DecimalType(20, 3)))
made = catalog.create_table("mixed.b", schema, partition_spec=PartitionSpec(PartitionField(3, 1000, IdentityTransform(), "country")))
made.append(pa.Table.from_pylist([{"ID": 1, "at": pd.Timestamp("2024-01-02T03:04:05Z"), "country": "DE", "deep": {"list": [1.5, None]},
                                   "m": [("k", pd.Timestamp("2024-01-02").date())], "n": 1, "b": True}, {"ID": 2, "country": None}],
                                 schema=made.schema().as_arrow()))
expect(run("SELECT id, CAST(at AS varchar), country, deep.list[1], m['k'], n, b FROM b WHERE country = 'DE'")[0][:4], (1, "2024-01-02 03:04:05.000 UTC", "DE", 1.5), "b")
run("INSERT INTO b (id, country, at) VALUES (3, 'FR', TIMESTAMP '2024-05-06 07:08:09 UTC')")
expect(sorted(r["ID"] for r in catalog.load_table("mixed.b").scan().to_arrow().to_pylist()), [1, 2, 3], "what Athena inserted")
run("DELETE FROM b WHERE country IS NULL")
expect(run("SELECT count(*) FROM b"), [(2,)], "after the delete")
try:
    run("INSERT INTO b (country) VALUES ('x')")
    raise SystemExit("a required column was left out")
except pyathena.error.OperationalError as e:
    expect("NULL value not allowed for NOT NULL column: id" in str(e), True, str(e))

# awswrangler: append, merge, overwrite partitions, evolve.
frame = pd.DataFrame({"id": [1, 2], "name": ["a", "b"], "p": ["x", "y"]})
options = dict(database="mixed", table="w", table_location=f"s3://{lake}/mixed/w", temp_path=f"s3://{lake}/temp/", partition_cols=["p"],
               s3_output=f"s3://{results}/w/", keep_files=False)
wr.athena.to_iceberg(frame, **options)
wr.athena.to_iceberg(pd.DataFrame({"id": [3], "name": ["c"], "p": ["x"]}), **options)
wr.athena.to_iceberg(pd.DataFrame({"id": [2, 4], "name": ["B", "d"], "p": ["y", "y"]}), merge_cols=["id"], **options)
expect(run("SELECT id, name, p FROM w ORDER BY id"), [(1, "a", "x"), (2, "B", "y"), (3, "c", "x"), (4, "d", "y")], "to_iceberg")
wr.athena.to_iceberg(pd.DataFrame({"id": [9], "name": ["z"], "p": ["x"], "extra": [1.5]}), schema_evolution=True, mode="overwrite_partitions", **options)
expect(run("SELECT id, extra FROM w ORDER BY id"), [(2, None), (4, None), (9, 1.5)], "overwrite_partitions")
wr.athena.delete_from_iceberg_table(pd.DataFrame({"id": [4]}), database="mixed", table="w", merge_cols=["id"], temp_path=f"s3://{lake}/temp2/",
                                    s3_output=f"s3://{results}/w/", keep_files=False)
expect([r["id"] for r in catalog.load_table("mixed.w").scan().to_arrow().sort_by("id").to_pylist()], [2, 9], "delete_from_iceberg_table, read by PyIceberg")
print("tables shared")
