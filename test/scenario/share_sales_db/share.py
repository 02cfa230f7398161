"""The sharing of a table with boto3. See python_test.go for what it needs in the environment."""

import csv
import io
import json
import os
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

env = os.environ
bucket, crawler, keeper, orders = env["BUCKET"], env["CRAWLER"], env["KEEPER"], env["ORDERS"]
ALL = ["order_id", "product_id", "description", "quantity", "order_time", "unit_price", "customer_id", "country"]
DENIED = {"AccessDenied", "AccessDeniedException", "PermissionTypeMismatchException"}


class Account:
    def __init__(self, name):
        self.session = boto3.Session(env[name + "_KEY"], env[name + "_SECRET"])
        self.id, self.arn = env[name + "_ACCOUNT"], env[name + "_ARN"]

    def __getattr__(self, service):
        return self.session.client(service, config=Config(signature_version="s3v4") if service == "s3" else None)


p, m, c, analyst = Account("P"), Account("M"), Account("C"), Account("ANALYST")


def refused(what, call, **arguments):
    try:
        call(**arguments)
    except ClientError as e:
        assert e.response["Error"]["Code"] in DENIED, (what, e)
    else:
        raise SystemExit(what + " was let in")


def grant(by, to, resource, *permissions, grantable=False):
    by.lakeformation.grant_permissions(Principal={"DataLakePrincipalIdentifier": to}, Resource=resource, Permissions=list(permissions),
                                       PermissionsWithGrantOption=list(permissions) if grantable else [])


def accept(who, sender):
    pending = [i for i in who.ram.get_resource_share_invitations()["resourceShareInvitations"] if i["status"] == "PENDING"]
    assert len(pending) == 1 and pending[0]["senderAccountId"] == sender, pending
    who.ram.accept_resource_share_invitation(resourceShareInvitationArn=pending[0]["resourceShareInvitationArn"])


def columns(table):
    return [column["Name"] for column in table["StorageDescriptor"]["Columns"]]


# The producer has its files crawled into a table that Lake Formation governs.
p.s3.create_bucket(Bucket=bucket)
files = {}
for folder, _, names in os.walk(orders):
    for name in names:
        key = "data/orders/" + os.path.relpath(os.path.join(folder, name), orders)
        with open(os.path.join(folder, name), "rb") as f:
            files[key] = f.read()
        p.s3.put_object(Bucket=bucket, Key=key, Body=files[key])
p.s3.put_object(Bucket=bucket, Key="configs/settings.json", Body=b"{}")
for who in (p, m, c):
    who.lakeformation.put_data_lake_settings(DataLakeSettings={
        "DataLakeAdmins": [{"DataLakePrincipalIdentifier": who.arn}], "CreateDatabaseDefaultPermissions": [],
        "CreateTableDefaultPermissions": [], "AllowFullTableExternalDataAccess": True})
location = f"arn:aws:s3:::{bucket}/data/orders"
p.lakeformation.register_resource(ResourceArn=location, RoleArn=keeper)
p.glue.create_database(DatabaseInput={"Name": "sales_db"})
grant(p, crawler, {"Database": {"Name": "sales_db"}}, "CREATE_TABLE", "ALTER", "DESCRIBE")
grant(p, crawler, {"DataLocation": {"ResourceArn": location}}, "DATA_LOCATION_ACCESS")
p.glue.create_crawler(Name="orders", Role=crawler, DatabaseName="sales_db", Targets={"S3Targets": [{"Path": f"s3://{bucket}/data/orders/"}]})
p.glue.start_crawler(Name="orders")
for _ in range(600):
    state = p.glue.get_crawler(Name="orders")["Crawler"]
    if state["State"] == "READY" and "LastCrawl" in state:
        break
    time.sleep(0.1)
assert state["LastCrawl"]["Status"] == "SUCCEEDED", state
assert columns(p.glue.get_table(DatabaseName="sales_db", Name="orders")["Table"]) == ALL
assert len(p.glue.get_partitions(DatabaseName="sales_db", TableName="orders")["Partitions"]) == len(files)

# It grants the table to the middle, with the right to pass it on.
table = {"CatalogId": p.id, "DatabaseName": "sales_db", "Name": "orders"}
grant(p, m.id, {"Table": table}, "SELECT", "DESCRIBE", grantable=True)
refused("the middle before it accepted", m.glue.get_table, **table)
accept(m, p.id)
assert columns(m.glue.get_table(**table)["Table"]) == ALL

# The middle grants some of it to the consumer.
cut = {"TableCatalogId": p.id, "DatabaseName": "sales_db", "TableName": "orders", "Name": "uk_without_customers"}
m.lakeformation.create_data_cells_filter(TableData={**cut, "RowFilter": {"FilterExpression": "country='United Kingdom'"},
                                                    "ColumnWildcard": {"ExcludedColumnNames": ["customer_id"]}})
grant(m, c.id, {"DataCellsFilter": cut}, "SELECT", grantable=True)
accept(c, m.id)

# The consumer links it into its own catalog.
c.glue.create_database(DatabaseInput={"Name": "linked"})
c.glue.create_table(DatabaseName="linked", TableInput={"Name": "sales", "TargetTable": table})
link = {"DatabaseName": "linked", "Name": "sales"}
refused("the analyst before it was granted", analyst.glue.get_table, **link)
grant(c, analyst.arn, {"Database": {"Name": "linked"}}, "DESCRIBE")
grant(c, analyst.arn, {"Table": link}, "DESCRIBE")
grant(c, analyst.arn, {"DataCellsFilter": cut}, "SELECT")
visible = [name for name in ALL if name != "customer_id"]
assert columns(analyst.glue.get_table(**link)["Table"]) == visible

# Nobody reaches the files by themselves.
one = next(iter(files))
for who in (m, c, analyst):
    refused("get", who.s3.get_object, Bucket=bucket, Key=one)
    refused("list", who.s3.list_objects_v2, Bucket=bucket)
    try:
        urllib.request.urlopen(who.s3.generate_presigned_url("get_object", {"Bucket": bucket, "Key": one}))
    except urllib.error.HTTPError as e:
        assert e.code == 403, e
    else:
        raise SystemExit("a presigned address was let in")

# The analyst asks in SQL, and gets its rows and columns.
work = "results-" + bucket
c.s3.create_bucket(Bucket=work)


def ask(sql):
    started = analyst.athena.start_query_execution(QueryString=sql, QueryExecutionContext={"Database": "linked"},
                                                   ResultConfiguration={"OutputLocation": f"s3://{work}/"})["QueryExecutionId"]
    for _ in range(600):
        query = analyst.athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]
        if query["Status"]["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
            break
        time.sleep(0.05)
    assert query["Status"]["State"] == "SUCCEEDED", query["Status"]
    pages = analyst.athena.get_paginator("get_query_results").paginate(QueryExecutionId=started)
    return [[value.get("VarCharValue") for value in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]


lines = [line for body in files.values() for line in csv.DictReader(io.StringIO(body.decode()))]
uk = [line for line in lines if line["country"] == "United Kingdom"]
rows = ask("SELECT * FROM sales")
assert rows[0] == visible + ["year", "month", "day"], rows[0]
assert len(rows) - 1 == len(uk), (len(rows), len(uk))
assert ask("SELECT country, sum(quantity) FROM sales GROUP BY country")[1:] == [["United Kingdom", str(sum(int(line["quantity"]) for line in uk))]]

# Who may read all of the table gets credentials for its files, and for nothing else.
arn = f"arn:aws:glue:us-east-1:{p.id}:table/sales_db/orders"
vend = {"TableArn": arn, "Permissions": ["SELECT"], "DurationSeconds": 900, "SupportedPermissionTypes": ["COLUMN_PERMISSION"]}
refused("credentials for who is cut to rows", analyst.lakeformation.get_temporary_glue_table_credentials, **vend)
given = m.lakeformation.get_temporary_glue_table_credentials(**vend)
reader = boto3.Session(given["AccessKeyId"], given["SecretAccessKey"], given["SessionToken"]).client("s3")
assert reader.get_object(Bucket=bucket, Key=one)["Body"].read() == files[one]
assert reader.list_objects_v2(Bucket=bucket, Prefix="data/orders/")["KeyCount"] == len(files)
refused("another object", reader.get_object, Bucket=bucket, Key="configs/settings.json")
refused("another prefix", reader.list_objects_v2, Bucket=bucket, Prefix="configs/")
refused("a write", reader.put_object, Bucket=bucket, Key=one, Body=b"x")

# The end of the first grant ends all that was built on it.
p.lakeformation.revoke_permissions(Principal={"DataLakePrincipalIdentifier": m.id}, Resource={"Table": table},
                                   Permissions=["SELECT", "DESCRIBE"], PermissionsWithGrantOption=["SELECT", "DESCRIBE"])
for who in (m, c, analyst):
    refused("the table after the revoke", who.glue.get_table, **table)

# Both sides find the grants in their trails.
for who, by in ((p, p), (m, m), (p, m), (c, m)):
    found = who.cloudtrail.get_paginator("lookup_events").paginate(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "GrantPermissions"}])
    events = [json.loads(event["CloudTrailEvent"]) for page in found for event in page["Events"]]
    assert any(event["userIdentity"]["accountId"] == by.id for event in events), (who.id, by.id)
print("the table is shared")
