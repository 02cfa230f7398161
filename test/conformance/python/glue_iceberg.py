"""PyIceberg's Glue catalog: makes, appends, scans, evolves, renames; then two processes append at once.

GLUE_BUCKET is where tables may lie. With the argument "append" the script is one of the two."""

import os
import subprocess
import sys

import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException, NamespaceAlreadyExistsError, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.expressions import EqualTo
from pyiceberg.types import LongType

env = os.environ
catalog = GlueCatalog("glue", **{"s3.endpoint": env["AWS_ENDPOINT_URL"], "s3.access-key-id": env["AWS_ACCESS_KEY_ID"], "s3.region": env["AWS_REGION"],
                                 "s3.secret-access-key": env["AWS_SECRET_ACCESS_KEY"], "warehouse": f"s3://{env['GLUE_BUCKET']}/iceberg"})
APPENDS = 8


def rows(first, n, country):
    return pa.table({"id": pa.array(range(first, first + n), pa.int64()), "country": [country] * n})


def append(who):
    """Appends one row after another, each until it is in: what is refused is tried again."""
    refused = 0
    for i in range(APPENDS):
        while True:
            table = catalog.load_table("lake.events")
            try:
                table.append(rows(1000 * (who + 1) + i, 1, f"p{who}"))
                break
            except CommitFailedException:
                refused += 1
    print(refused)


if sys.argv[1:2] == ["append"]:
    append(int(sys.argv[2]))
    raise SystemExit

catalog.create_namespace("lake", {"comment": "for Iceberg"})
try:
    catalog.create_namespace("lake")
    raise SystemExit("the namespace was made twice")
except NamespaceAlreadyExistsError:
    pass
assert ("lake",) in catalog.list_namespaces()
assert catalog.load_namespace_properties("lake")["comment"] == "for Iceberg"
catalog.update_namespace_properties("lake", updates={"owner": "ana"})
assert catalog.load_namespace_properties("lake")["owner"] == "ana"

table = catalog.create_table("lake.events", rows(0, 1, "").schema)
try:
    catalog.create_table("lake.events", rows(0, 1, "").schema)
    raise SystemExit("the table was made twice")
except TableAlreadyExistsError:
    pass
table.append(rows(1, 3, "DE"))
table.append(rows(4, 2, "FR"))
assert len(catalog.load_table("lake.events").scan().to_arrow()) == 5
assert sorted(catalog.load_table("lake.events").scan(row_filter=EqualTo("country", "FR")).to_arrow()["id"].to_pylist()) == [4, 5]
with table.update_schema() as update:
    update.add_column("amount", LongType())
assert "amount" in catalog.load_table("lake.events").schema().column_names

stale = catalog.load_table("lake.events")
catalog.load_table("lake.events").append(rows(6, 1, "IT").append_column("amount", pa.array([1], pa.int64())))
try:
    stale.append(rows(7, 1, "XX").append_column("amount", pa.array([1], pa.int64())))
    raised = False
except CommitFailedException:
    raised = True
ids = sorted(catalog.load_table("lake.events").scan().to_arrow()["id"].to_pylist())
assert ids == [1, 2, 3, 4, 5, 6] + ([] if raised else [7]), (ids, raised)

both = [subprocess.Popen([sys.executable, __file__, "append", str(i)], stdout=subprocess.PIPE, text=True) for i in range(2)]
refused = [int(p.communicate(timeout=240)[0]) for p in both]
assert all(p.returncode == 0 for p in both)
got = catalog.load_table("lake.events").scan().to_arrow()["id"].to_pylist()
want = ids + [1000 * (who + 1) + i for who in range(2) for i in range(APPENDS)]
assert sorted(got) == want, (sorted(got), refused)

catalog.rename_table("lake.events", "lake.renamed")
assert catalog.list_tables("lake") == [("lake", "renamed")]
assert len(catalog.load_table("lake.renamed").scan().to_arrow()) == len(want)
catalog.register_table("lake.again", catalog.load_table("lake.renamed").metadata_location)
catalog.drop_table("lake.again")
catalog.drop_table("lake.renamed")
try:
    catalog.load_table("lake.renamed")
    raise SystemExit("the table is still there")
except NoSuchTableError:
    pass
catalog.drop_namespace("lake")
print("nothing is lost", sum(refused))
