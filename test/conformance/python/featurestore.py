"""Keeps features in online and offline stores, with boto3, and reads the history with Athena."""

import io
import json
import time

import boto3
import pyarrow.parquet

from expect import refused, until

s3, iam, sm, athena, glue, store = (boto3.client(n) for n in ("s3", "iam", "sagemaker", "athena", "glue", "sagemaker-featurestore-runtime"))

trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="features", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
writes = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["s3:GetBucketAcl", "s3:PutObject"], "Resource": ["arn:aws:s3:::features", "arn:aws:s3:::features/*"]}]}
iam.put_role_policy(RoleName="features", PolicyName="p", PolicyDocument=json.dumps(writes))
s3.create_bucket(Bucket="features")

group = dict(FeatureGroupName="Customers", RecordIdentifierFeatureName="id", EventTimeFeatureName="at", RoleArn=role, Description="who buys",
             FeatureDefinitions=[{"FeatureName": "id", "FeatureType": "String"}, {"FeatureName": "at", "FeatureType": "Fractional"},
                                 {"FeatureName": "Orders", "FeatureType": "Integral"}, {"FeatureName": "spent", "FeatureType": "Fractional"}],
             OnlineStoreConfig={"EnableOnlineStore": True}, OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://features/store/"}},
             Tags=[{"Key": "team", "Value": "a"}])
refused("ValidationException", "reserved", sm.create_feature_group, **dict(group, FeatureDefinitions=group["FeatureDefinitions"] + [
    {"FeatureName": "is_deleted", "FeatureType": "String"}]))
refused("ValidationException", "not among", sm.create_feature_group, **dict(group, EventTimeFeatureName="when"))
refused("ValidationException", "type String or Fractional", sm.create_feature_group, **dict(group, EventTimeFeatureName="Orders"))
refused("ValidationException", "At least one", sm.create_feature_group, **{k: v for k, v in group.items() if not k.endswith("StoreConfig")})
arn = sm.create_feature_group(**group)["FeatureGroupArn"]
refused("ResourceInUse", "already exists", sm.create_feature_group, **group)
until(lambda: sm.describe_feature_group(FeatureGroupName="Customers")["FeatureGroupStatus"], "Created")
d = sm.describe_feature_group(FeatureGroupName=arn)
account, epoch = arn.split(":")[4], int(d["CreationTime"].timestamp())
where = d["OfflineStoreConfig"]["S3StorageConfig"]["ResolvedOutputS3Uri"]
assert where == f"s3://features/store/{account}/sagemaker/us-east-1/offline-store/Customers-{epoch}/data", d
table = d["OfflineStoreConfig"]["DataCatalogConfig"]
assert table == {"Catalog": "AwsDataCatalog", "Database": "sagemaker_featurestore", "TableName": f"customers_{epoch}"}, d
assert d["FeatureDefinitions"] == group["FeatureDefinitions"] and d["OfflineStoreStatus"] == {"Status": "Active"} and d["Description"] == "who buys", d
assert sm.list_tags(ResourceArn=arn)["Tags"] == group["Tags"]
refused("ResourceNotFound", "can't find", sm.describe_feature_group, FeatureGroupName="None")


def put(id, at, orders, spent=None, **more):
    values = {"id": id, "at": at, "Orders": orders, "spent": spent}
    store.put_record(FeatureGroupName="Customers", Record=[{"FeatureName": n, "ValueAsString": str(v)} for n, v in values.items() if v is not None], **more)


def get(id, **more):
    got = store.get_record(FeatureGroupName="Customers", RecordIdentifierValueAsString=id, **more)
    return {v["FeatureName"]: v["ValueAsString"] for v in got.get("Record", [])}


# The online store keeps what happened last, in whichever order it comes.
hour = 1593511200  # 2020-06-30 10:00 UTC
put("ann", hour, 1, 9.5)
put("ann", hour + 3600, 2, 20)
put("ann", hour + 60, 7)
assert get("ann") == {"id": "ann", "at": str(hour + 3600), "Orders": "2", "spent": "20"}, get("ann")
assert get("ann", FeatureNames=["Orders"]) == {"Orders": "2"} and get("nobody") == {}
put("bob/é", f"{hour}.25", 3)
assert get("bob/é") == {"id": "bob/é", "at": f"{hour}.25", "Orders": "3"}
refused("ValidationError", "is Integral", put, id="x", at=hour, orders="many")
refused("ValidationError", "must have the features", store.put_record, FeatureGroupName="Customers", Record=[{"FeatureName": "id", "ValueAsString": "x"}])
refused("ValidationError", "no feature size", store.put_record, FeatureGroupName="Customers", Record=[{"FeatureName": "size", "ValueAsString": "x"}])
refused("ResourceNotFound", "can't find", store.get_record, FeatureGroupName="None", RecordIdentifierValueAsString="x")
refused("ValidationError", "has no feature", store.get_record, FeatureGroupName="Customers", RecordIdentifierValueAsString="x", FeatureNames=["size"])

# A record that is deleted does not come back with what happened before.
put("eve", hour, 1)
delete = lambda id, at, **more: store.delete_record(FeatureGroupName="Customers", RecordIdentifierValueAsString=id, EventTime=str(at), **more)
delete("eve", hour - 1)
assert get("eve") != {}
delete("eve", hour + 10)
assert get("eve") == {}
put("eve", hour + 5, 2)
assert get("eve") == {}
put("eve", hour + 20, 3)
assert get("eve")["Orders"] == "3"
refused("ValidationError", "stays", delete, id="eve", at=hour, DeletionMode="HardDelete")
delete("eve", hour + 30, DeletionMode="HardDelete")
put("eve", hour + 6, 4, TargetStores=["OnlineStore"])
assert get("eve")["Orders"] == "4"

# Records may expire.
now = int(time.time())
put("fox", now, 1, TtlDuration={"Unit": "Seconds", "Value": 3})
answer = store.get_record(FeatureGroupName="Customers", RecordIdentifierValueAsString="fox", ExpirationTimeResponse="Enabled")
assert answer["ExpiresAt"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now + 3)), answer
put("old", hour, 1, TtlDuration={"Unit": "Weeks", "Value": 2})
assert get("old") == {}
batch = store.batch_get_record(Identifiers=[
    {"FeatureGroupName": "Customers", "RecordIdentifiersValueAsString": ["ann", "nobody", "bob/é"], "FeatureNames": ["Orders"]},
    {"FeatureGroupName": "None", "RecordIdentifiersValueAsString": ["ann"]}])
assert [(r["RecordIdentifierValueAsString"], r["Record"][0]["ValueAsString"]) for r in batch["Records"]] == [("ann", "2"), ("bob/é", "3")], batch
assert [(e["FeatureGroupName"], e["ErrorCode"]) for e in batch["Errors"]] == [("None", "ResourceNotFound")] and batch["UnprocessedIdentifiers"] == [], batch

# The offline store has all of it, by the hour in which it happened.
s3.create_bucket(Bucket="answers")


def ask(sql):
    q = athena.start_query_execution(QueryString=sql, QueryExecutionContext={"Database": table["Database"]},
                                     ResultConfiguration={"OutputLocation": "s3://answers/"})["QueryExecutionId"]
    for _ in range(300):
        state = athena.get_query_execution(QueryExecutionId=q)["QueryExecution"]["Status"]
        if state["State"] not in ("QUEUED", "RUNNING"):
            break
        time.sleep(0.05)
    assert state["State"] == "SUCCEEDED", state
    rows = athena.get_query_results(QueryExecutionId=q)["ResultSet"]["Rows"][1:]
    return [[c.get("VarCharValue") for c in r["Data"]] for r in rows]


name = table["TableName"]
until(lambda: ask(f"SELECT count(*) FROM {name}"), [["12"]])
assert ask(f"SELECT id, orders, spent, hour FROM {name} WHERE NOT is_deleted AND id = 'ann' ORDER BY at") == [
    ["ann", "1", "9.5", "10"], ["ann", "7", None, "10"], ["ann", "2", "20.0", "11"]]
assert ask(f"SELECT id, orders FROM {name} WHERE is_deleted ORDER BY at") == [["eve", None]] * 3
assert ask(f"SELECT count(*) FROM {name} WHERE year = '2020' AND month = '06' AND day = '30' AND write_time >= api_invocation_time "
           "AND api_invocation_time > timestamp '2024-01-01 00:00:00'") == [["11"]]
keys = [o["Key"] for o in s3.list_objects_v2(Bucket="features")["Contents"]]
prefix = where.removeprefix("s3://features/") + "/year=2020/month=06/day=30/hour=11/"
[key] = [k for k in keys if k.startswith(prefix)]
assert key.removeprefix(prefix).startswith("20200630T110000Z_") and key.endswith(".parquet") and len(key) == len(prefix) + len("20200630T110000Z_0123456789abcdef.parquet"), key
file = pyarrow.parquet.read_table(io.BytesIO(s3.get_object(Bucket="features", Key=key)["Body"].read()))
assert file.column_names == ["id", "at", "Orders", "spent", "write_time", "api_invocation_time", "is_deleted"], file.schema
assert file.to_pylist()[0]["Orders"] == 2 and file.to_pylist()[0]["is_deleted"] is False, file.to_pylist()

# Features are added, and people say what they are.
sm.update_feature_group(FeatureGroupName="Customers", FeatureAdditions=[{"FeatureName": "City", "FeatureType": "String"}])
assert sm.describe_feature_group(FeatureGroupName="Customers")["LastUpdateStatus"]["Status"] == "Successful"
refused("ValidationException", "given twice", sm.update_feature_group, FeatureGroupName="Customers", FeatureAdditions=[{"FeatureName": "city", "FeatureType": "String"}])
store.put_record(FeatureGroupName="Customers", Record=[{"FeatureName": n, "ValueAsString": v} for n, v in (("id", "gus"), ("at", str(hour)), ("City", "Rome"))])
until(lambda: ask(f"SELECT id, city, orders FROM {name} WHERE city IS NOT NULL"), [["gus", "Rome", None]])
assert ask(f"SELECT count(*) FROM {name} WHERE city IS NULL") == [["12"]]
sm.update_feature_metadata(FeatureGroupName="Customers", FeatureName="City", Description="where", ParameterAdditions=[{"Key": "pii", "Value": "yes"}])
sm.update_feature_metadata(FeatureGroupName="Customers", FeatureName="City", ParameterAdditions=[{"Key": "from", "Value": "crm"}], ParameterRemovals=["pii"])
d = sm.describe_feature_metadata(FeatureGroupName="Customers", FeatureName="City")
assert d["Description"] == "where" and d["Parameters"] == [{"Key": "from", "Value": "crm"}] and d["FeatureType"] == "String", d
refused("ResourceNotFound", "no feature", sm.describe_feature_metadata, FeatureGroupName="Customers", FeatureName="Street")
until(lambda: get("fox"), {})

# A store that lives in memory has collections.
sm.create_feature_group(FeatureGroupName="memory", RecordIdentifierFeatureName="id", EventTimeFeatureName="at", OnlineStoreConfig={
    "EnableOnlineStore": True, "StorageType": "InMemory", "TtlDuration": {"Unit": "Days", "Value": 1}}, FeatureDefinitions=[
    {"FeatureName": "id", "FeatureType": "Integral"}, {"FeatureName": "at", "FeatureType": "String"},
    {"FeatureName": "words", "FeatureType": "String", "CollectionType": "List"},
    {"FeatureName": "vector", "FeatureType": "Fractional", "CollectionType": "Vector", "CollectionConfig": {"VectorConfig": {"Dimension": 2}}}])
until(lambda: sm.describe_feature_group(FeatureGroupName="memory")["FeatureGroupStatus"], "Created")
assert sm.describe_feature_group(FeatureGroupName="memory")["FeatureDefinitions"][3]["CollectionConfig"] == {"VectorConfig": {"Dimension": 2}}
today = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
record = [{"FeatureName": "id", "ValueAsString": "1"}, {"FeatureName": "at", "ValueAsString": today}, {"FeatureName": "words", "ValueAsStringList": ["a", "b"]},
          {"FeatureName": "vector", "ValueAsStringList": ["1", "0.5"]}]
store.put_record(FeatureGroupName="memory", Record=record)
assert store.get_record(FeatureGroupName="memory", RecordIdentifierValueAsString="1")["Record"] == record
refused("ValidationError", "vector of 2", store.put_record, FeatureGroupName="memory", Record=record[:3] + [{"FeatureName": "vector", "ValueAsStringList": ["1"]}])
refused("ValidationError", "does not have", store.put_record, FeatureGroupName="memory", Record=record, TargetStores=["OfflineStore"])
assert [g["FeatureGroupName"] for g in sm.list_feature_groups(SortBy="Name", SortOrder="Ascending")["FeatureGroupSummaries"]] == ["Customers", "memory"]
assert [g["FeatureGroupName"] for g in sm.list_feature_groups(OfflineStoreStatusEquals="Active")["FeatureGroupSummaries"]] == ["Customers"]

# A role that may not write; and one that may no more.
denied = dict(group, FeatureGroupName="denied", OfflineStoreConfig={"S3StorageConfig": {"S3Uri": "s3://answers/x"}})
sm.create_feature_group(**denied)
until(lambda: sm.describe_feature_group(FeatureGroupName="denied")["FeatureGroupStatus"], "CreateFailed")
assert "s3:PutObject" in sm.describe_feature_group(FeatureGroupName="denied")["FailureReason"]
refused("ValidationError", "status is CreateFailed", store.put_record, FeatureGroupName="denied", Record=record[:1])

for g in ("Customers", "memory", "denied"):
    sm.delete_feature_group(FeatureGroupName=g)
until(lambda: sm.list_feature_groups()["FeatureGroupSummaries"], [])
refused("ResourceNotFound", "can't find", store.get_record, FeatureGroupName="Customers", RecordIdentifierValueAsString="ann")
assert ask(f"SELECT count(*) FROM {name}") == [["13"]]
print("the story is told")
