"""awswrangler's catalog against Glue. GLUE_BUCKET is where tables may lie."""

import os

import awswrangler as wr
import pandas as pd

bucket = os.environ["GLUE_BUCKET"]
wr.config.s3_endpoint_url = wr.config.glue_endpoint_url = wr.config.sts_endpoint_url = os.environ["AWS_ENDPOINT_URL"]
catalog = wr.catalog

catalog.create_database("wrangled", description="made by awswrangler")
catalog.create_database("wrangled", description="changed", exist_ok=True)
assert "wrangled" in catalog.databases()["Database"].tolist()
assert [d for d in catalog.get_databases() if d["Name"] == "wrangled"][0]["Description"] == "changed"

assert not catalog.does_table_exist("wrangled", "orders")
where = f"s3://{bucket}/wrangled/orders/"
catalog.create_parquet_table("wrangled", "orders", where, {"id": "bigint", "amount": "double"}, partitions_types={"day": "date"}, description="All orders",
                             parameters={"owner": "sales"}, columns_comments={"id": "number of the order"})
assert catalog.does_table_exist("wrangled", "orders")
assert catalog.get_table_location("wrangled", "orders") == where
assert catalog.get_table_types("wrangled", "orders") == {"id": "bigint", "amount": "double", "day": "date"}
assert catalog.get_table_description("wrangled", "orders") == "All orders"
assert catalog.get_columns_comments("wrangled", "orders")["id"] == "number of the order"
assert catalog.get_table_parameters("wrangled", "orders")["owner"] == "sales"
catalog.upsert_table_parameters({"owner": "shop", "more": "yes"}, "wrangled", "orders", catalog_versioning=True)
assert catalog.get_table_parameters("wrangled", "orders")["more"] == "yes"
catalog.overwrite_table_parameters({"owner": "shop"}, "wrangled", "orders")
assert "more" not in catalog.get_table_parameters("wrangled", "orders")
catalog.add_column("wrangled", "orders", "country", "string", column_comment="where to")
assert "country" in catalog.get_table_types("wrangled", "orders")
catalog.delete_column("wrangled", "orders", "amount")
assert "amount" not in catalog.get_table_types("wrangled", "orders")
assert catalog.get_table_number_of_versions("wrangled", "orders") >= 2
catalog.create_csv_table("wrangled", "lines", f"s3://{bucket}/wrangled/lines/", {"line": "string"})
assert [t["Name"] for t in catalog.get_tables(database="wrangled")] == ["lines", "orders"]
assert [t["Name"] for t in catalog.get_tables(database="wrangled", name_prefix="or")] == ["orders"]
assert [t["Name"] for t in catalog.get_tables(database="wrangled", name_suffix="nes")] == ["lines"]
assert [t["Name"] for t in catalog.get_tables(database="wrangled", name_contains="de")] == ["orders"]
assert [t["Name"] for t in catalog.search_tables(text="country")] == ["orders"]
assert len(catalog.tables(database="wrangled")) == 2
assert catalog.table("wrangled", "lines")["Column Name"].tolist() == ["line"]

frame = pd.DataFrame({"id": [1, 2, 3], "name": ["a", "b", "c"], "day": ["x", "x", "y"]})
wr.s3.to_parquet(frame, f"s3://{bucket}/wrangled/written/", dataset=True, database="wrangled", table="written")
got = wr.s3.read_parquet_table("written", database="wrangled")
assert sorted(got["id"].tolist()) == [1, 2, 3], got

assert catalog.delete_table_if_exists("wrangled", "lines")
assert not catalog.delete_table_if_exists("wrangled", "lines")
catalog.delete_database("wrangled")
assert "wrangled" not in [d["Name"] for d in catalog.get_databases()]
print("the catalog is wrangled")
