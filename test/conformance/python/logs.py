"""CloudWatch Logs by boto3. See logs/logs_test.go."""

import gzip
import io
import json
import time

import boto3
from botocore.config import Config

from expect import fails

logs, s3, sts = boto3.client("logs"), boto3.client("s3"), boto3.client("sts")
account = sts.get_caller_identity()["Account"]


def now():
    return int(time.time() * 1000)


# Groups and streams.
for name in ("/py/app", "/py/db"):
    logs.create_log_group(logGroupName=name, tags={"team": "a"})
fails("ResourceAlreadyExistsException", logs.create_log_group, logGroupName="/py/app")
fails("InvalidParameterException", logs.create_log_group, logGroupName="a b")
logs.put_retention_policy(logGroupName="/py/app", retentionInDays=30)
pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix="/py/", PaginationConfig={"PageSize": 1})
groups = [g for p in pages for g in p["logGroups"]]
assert [g["logGroupName"] for g in groups] == ["/py/app", "/py/db"], groups
assert groups[0]["retentionInDays"] == 30 and "retentionInDays" not in groups[1], groups
arn = groups[0]["logGroupArn"]
assert groups[0]["arn"] == arn + ":*" and arn == f"arn:aws:logs:us-east-1:{account}:log-group:/py/app", groups
logs.tag_resource(resourceArn=arn, tags={"stage": "dev"})
logs.untag_resource(resourceArn=arn, tagKeys=["team"])
assert logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"stage": "dev"}
assert logs.list_tags_log_group(logGroupName="/py/app")["tags"] == {"stage": "dev"}
assert [g["logGroupName"] for g in logs.list_log_groups(logGroupNamePattern="^/py/")["logGroups"]] == ["/py/app", "/py/db"]
for stream in ("web-1", "web-2"):
    logs.create_log_stream(logGroupName="/py/app", logStreamName=stream)

# Events.
t = now()
out = logs.put_log_events(logGroupName="/py/app", logStreamName="web-1", logEvents=[
    {"timestamp": t - 3000, "message": "INFO start"}, {"timestamp": t - 2000, "message": "ERROR disk full ü"}, {"timestamp": t, "message": json.dumps({"ms": 12, "path": "/x"})}])
assert out["nextSequenceToken"] and "rejectedLogEventsInfo" not in out, out
out = logs.put_log_events(logGroupName="/py/app", logStreamName="web-2", logEvents=[
    {"timestamp": t - 15 * 86400000, "message": "old"}])
assert out["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}, out
logs.put_log_events(logGroupName="/py/app", logStreamName="web-2", logEvents=[{"timestamp": t - 2500 + i, "message": f"line {i}"} for i in range(500)])
fails("InvalidParameterException", logs.put_log_events, logGroupName="/py/app", logStreamName="web-2",
      logEvents=[{"timestamp": t, "message": "b"}, {"timestamp": t - 1, "message": "a"}])
fails("ResourceNotFoundException", logs.put_log_events, logGroupName="/py/app", logStreamName="none", logEvents=[{"timestamp": t, "message": "b"}])

# Reading forward and backward until the token stays.
seen, token = [], None
while True:
    args = {"nextToken": token} if token else {}
    page = logs.get_log_events(logGroupName="/py/app", logStreamName="web-2", startFromHead=True, limit=100, **args)
    if page["nextForwardToken"] == token:
        break
    token = page["nextForwardToken"]
    seen += [e["message"] for e in page["events"]]
assert seen == [f"line {i}" for i in range(500)], len(seen)
seen, token = [], None
while True:
    args = {"nextToken": token} if token else {}
    page = logs.get_log_events(logGroupIdentifier=arn, logStreamName="web-2", limit=150, **args)
    if page["nextBackwardToken"] == token:
        break
    token = page["nextBackwardToken"]
    seen = [e["message"] for e in page["events"]] + seen
assert seen == [f"line {i}" for i in range(500)], len(seen)

# Filtering.
def found(**kwargs):
    pages = logs.get_paginator("filter_log_events").paginate(logGroupName="/py/app", **kwargs)
    return [e["message"] for p in pages for e in p["events"]]


assert found(filterPattern="ERROR") == ["ERROR disk full ü"]
assert found(filterPattern="?INFO ?ERROR") == ["INFO start", "ERROR disk full ü"]
assert found(filterPattern="{ $.ms > 10 }") == ['{"ms": 12, "path": "/x"}']
assert len(found(logStreamNamePrefix="web-2", PaginationConfig={"PageSize": 77})) == 500
assert len(found(filterPattern="line -1")) == 500 - sum("1" in str(i) for i in range(500))
assert found(startTime=t - 2500, endTime=t - 2498) == ["line 0", "line 1"]
fails("InvalidParameterException", logs.filter_log_events, logGroupName="/py/app", filterPattern="{ $.x")
streams = logs.describe_log_streams(logGroupName="/py/app", orderBy="LastEventTime", descending=True)["logStreams"]
assert [s["logStreamName"] for s in streams] == ["web-1", "web-2"], streams
assert streams[0]["lastEventTimestamp"] == t and streams[0]["firstEventTimestamp"] == t - 3000, streams
assert found(filterPattern="", limit=1) and logs.test_metric_filter(filterPattern="[ip, status = 4*]", logEventMessages=["10.0.0.1 404", "10.0.0.1 200"])[
    "matches"] == [{"eventNumber": 1, "eventMessage": "10.0.0.1 404", "extractedValues": {"$ip": "10.0.0.1", "$status": "404"}}]

# Metric filters.
logs.put_metric_filter(logGroupName="/py/app", filterName="errors", filterPattern="ERROR", metricTransformations=[
    {"metricName": "Errors", "metricNamespace": "Py", "metricValue": "1", "defaultValue": 0}])
assert logs.describe_metric_filters(logGroupName="/py/app")["metricFilters"][0]["filterName"] == "errors"
assert logs.describe_log_groups(logGroupNamePrefix="/py/app")["logGroups"][0]["metricFilterCount"] == 1

# Insights.
def ask(text, **kwargs):
    q = logs.start_query(logGroupNames=["/py/app", "/py/db"], startTime=t // 1000 - 60, endTime=t // 1000 + 1, queryString=text, **kwargs)["queryId"]
    for _ in range(400):
        r = logs.get_query_results(queryId=q)
        if r["status"] not in ("Scheduled", "Running"):
            assert r["status"] == "Complete", r
            return [{f["field"]: f["value"] for f in row} for row in r["results"]]
        time.sleep(0.05)
    raise SystemExit("the query does not end")


assert ask("filter @message like /line/ | stats count(*) as n by @logStream") == [{"@logStream": "web-2", "n": "500"}]
assert ask("fields ms, path | filter ispresent(ms) | sort ms desc | limit 5")[0]["path"] == "/x"
row = ask("parse @message 'ERROR *' as what | filter ispresent(what) | display what, @ptr")[0]
assert row["what"] == "disk full ü", row
assert logs.get_log_record(logRecordPointer=row["@ptr"])["logRecord"]["@message"] == "ERROR disk full ü"
fails("MalformedQueryException", logs.start_query, logGroupName="/py/app", startTime=0, endTime=1, queryString="nonsense")

# Live tail.
live = boto3.client("logs", config=Config(inject_host_prefix=False))
events = live.start_live_tail(logGroupIdentifiers=[arn], logEventFilterPattern="tailed")["responseStream"]
results = []
for e in events:
    if "sessionStart" in e:
        logs.put_log_events(logGroupName="/py/app", logStreamName="web-1", logEvents=[{"timestamp": now(), "message": "tailed"}, {"timestamp": now(), "message": "other"}])
    else:
        results += e["sessionUpdate"]["sessionResults"]
        if results:
            break
events.close()
assert [r["message"] for r in results] == ["tailed"] and results[0]["logStreamName"] == "web-1", results

# Export.
s3.create_bucket(Bucket="py-logs")
task = dict(logGroupName="/py/app", fromTime=t - 60000, to=t + 60000, destination="py-logs", destinationPrefix="out")
refused = logs.create_export_task(**task)["taskId"]


def ended(task):
    for _ in range(400):
        e = logs.describe_export_tasks(taskId=task)["exportTasks"][0]
        if e["status"]["code"] not in ("PENDING", "RUNNING"):
            return e["status"]["code"]
        time.sleep(0.05)
    raise SystemExit("the export does not end")


assert ended(refused) == "FAILED"
s3.put_bucket_policy(Bucket="py-logs", Policy=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "logs.us-east-1.amazonaws.com"}, "Action": ["s3:GetBucketAcl", "s3:PutObject"],
     "Resource": ["arn:aws:s3:::py-logs", "arn:aws:s3:::py-logs/*"], "Condition": {"StringEquals": {"aws:SourceAccount": account}}}]}))
done = logs.create_export_task(**task)["taskId"]
assert ended(done) == "COMPLETED", logs.describe_export_tasks(taskId=done)
body = s3.get_object(Bucket="py-logs", Key=f"out/{done}/web-2/000000.gz")["Body"].read()
lines = gzip.GzipFile(fileobj=io.BytesIO(body)).read().decode().splitlines()
assert len(lines) == 500 and lines[0].endswith("Z line 0"), lines[:2]

# The end.
logs.delete_metric_filter(logGroupName="/py/app", filterName="errors")
logs.delete_log_stream(logGroupName="/py/app", logStreamName="web-2")
assert not [m for m in found() if m.startswith("line")]
for name in ("/py/app", "/py/db"):
    logs.delete_log_group(logGroupName=name)
fails("ResourceNotFoundException", logs.get_log_events, logGroupName="/py/app", logStreamName="web-1")
print("the story is told")
