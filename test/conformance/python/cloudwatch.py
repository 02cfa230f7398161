"""Metrics, alarms and dashboards by boto3. See cloudwatch/cloudwatch_test.go."""

import datetime
import json
import time

import boto3

from expect import fails

cloudwatch, sns, sqs, events = boto3.client("cloudwatch"), boto3.client("sns"), boto3.client("sqs"), boto3.client("events")


def queue(name, service):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage", "Resource": arn}]})})
    return url, arn


def arrives(url, wanted):
    """waits for a message that is wanted"""
    for _ in range(6):
        for m in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=10).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])
            body = json.loads(m["Body"])
            if wanted(body):
                return body
    raise SystemExit("nothing came")


# Data of an hour ago, with statistics.
now = datetime.datetime.now(datetime.timezone.utc).replace(second=0, microsecond=0)
start = now - datetime.timedelta(hours=1)
dims = [{"Name": "Host", "Value": "a"}]
cloudwatch.put_metric_data(Namespace="Py", MetricData=[
    {"MetricName": "latency", "Dimensions": dims, "Timestamp": start + datetime.timedelta(minutes=i), "Value": float(i), "Unit": "Milliseconds"} for i in range(10)] + [
    {"MetricName": "sizes", "Timestamp": start, "Values": [1.0, 2.0, 3.0], "Counts": [10.0, 80.0, 10.0]},
    {"MetricName": "set", "Timestamp": start, "StatisticValues": {"SampleCount": 4, "Sum": 20, "Minimum": 1, "Maximum": 9}}])
got = cloudwatch.get_metric_statistics(Namespace="Py", MetricName="latency", Dimensions=dims, StartTime=start, EndTime=now, Period=300,
                                       Statistics=["Sum", "Average", "Maximum", "Minimum", "SampleCount"], Unit="Milliseconds")["Datapoints"]
got.sort(key=lambda d: d["Timestamp"])
assert [(d["Sum"], d["Average"], d["Minimum"], d["Maximum"], d["SampleCount"]) for d in got] == [(10, 2, 0, 4, 5), (35, 7, 5, 9, 5)], got
got = cloudwatch.get_metric_statistics(Namespace="Py", MetricName="sizes", StartTime=start, EndTime=now, Period=3600, ExtendedStatistics=["p50", "p95", "tm90", "PR(:2)"])
assert got["Datapoints"][0]["ExtendedStatistics"] == {"p50": 2.0, "p95": 3.0, "tm90": (10 + 160) / 90, "PR(:2)": 90.0}, got
got = cloudwatch.get_metric_statistics(Namespace="Py", MetricName="set", StartTime=start, EndTime=now, Period=60, Statistics=["Average"])
assert got["Label"] == "set" and got["Datapoints"][0]["Average"] == 5, got
fails("InvalidParameterCombination", cloudwatch.get_metric_statistics, Namespace="Py", MetricName="x", StartTime=start, EndTime=now, Period=1, Statistics=["Sum"])
fails("InvalidParameterValue", cloudwatch.put_metric_data, Namespace="AWS/X", MetricData=[{"MetricName": "x", "Value": 1}])

queries = [{"Id": "m", "MetricStat": {"Metric": {"Namespace": "Py", "MetricName": "latency", "Dimensions": dims}, "Period": 60, "Stat": "Average"}, "ReturnData": False},
           {"Id": "double", "Expression": "m * 2", "Label": "twice"}, {"Id": "all", "Expression": "SEARCH('{Py,Host} latency', 'Sum', 300)"}]
pages = list(cloudwatch.get_paginator("get_metric_data").paginate(MetricDataQueries=queries, StartTime=start, EndTime=now, ScanBy="TimestampAscending",
                                                                  PaginationConfig={"PageSize": 7}))
values = {}
for page in pages:
    for r in page["MetricDataResults"]:
        values.setdefault((r["Id"], r["Label"]), []).extend(r["Values"])
assert len(pages) == 2 and values == {("double", "twice"): [float(2 * i) for i in range(10)], ("all", "latency"): [10.0, 35.0]}, (len(pages), values)
fails("ValidationError", cloudwatch.get_metric_data, MetricDataQueries=[{"Id": "e", "Expression": "nope("}], StartTime=start, EndTime=now)
listed = cloudwatch.list_metrics(Namespace="Py", MetricName="latency", Dimensions=[{"Name": "Host", "Value": "a"}], RecentlyActive="PT3H")["Metrics"]
assert listed == [{"Namespace": "Py", "MetricName": "latency", "Dimensions": dims}], listed

# An alarm that is looked at every ten seconds tells a topic and the bus; a composite one follows it.
told, told_arn = queue("py-told", "sns.amazonaws.com")
topic = sns.create_topic(Name="py-alarms")["TopicArn"]
sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=told_arn)
seen, seen_arn = queue("py-seen", "events.amazonaws.com")
events.put_rule(Name="py-alarms", EventPattern=json.dumps({"source": ["aws.cloudwatch"], "detail-type": ["CloudWatch Alarm State Change"]}))
events.put_targets(Rule="py-alarms", Targets=[{"Id": "q", "Arn": seen_arn}])
cloudwatch.put_metric_alarm(AlarmName="py-high", AlarmDescription="too much", Namespace="Py", MetricName="load", Statistic="Maximum", Period=10, EvaluationPeriods=1,
                            Threshold=5, ComparisonOperator="GreaterThanThreshold", TreatMissingData="ignore", AlarmActions=[topic],
                            Tags=[{"Key": "team", "Value": "py"}])
cloudwatch.put_composite_alarm(AlarmName="py-any", AlarmRule='ALARM("py-high") OR FALSE')
cloudwatch.get_waiter("alarm_exists").wait(AlarmNames=["py-high"])
cloudwatch.get_waiter("composite_alarm_exists").wait(AlarmNames=["py-any"], AlarmTypes=["CompositeAlarm"])
cloudwatch.put_metric_data(Namespace="Py", MetricData=[{"MetricName": "load", "Value": 8, "StorageResolution": 1}])
mail = arrives(told, lambda b: b["Subject"] == 'ALARM: "py-high" in US East (N. Virginia)')
message = json.loads(mail["Message"])
assert message["NewStateValue"] == "ALARM" and message["Trigger"]["MetricName"] == "load" and message["AlarmDescription"] == "too much", message
change = arrives(seen, lambda b: b["detail"]["alarmName"] == "py-any" and b["detail"]["state"]["value"] == "ALARM")
assert change["source"] == "aws.cloudwatch" and change["detail"]["configuration"]["alarmRule"].startswith("ALARM("), change
alarm = cloudwatch.describe_alarms(AlarmNames=["py-high"])["MetricAlarms"][0]
assert alarm["StateValue"] == "ALARM" and alarm["StateReason"].startswith("Threshold Crossed: 1 out of the last 1 datapoints [8.0 ("), alarm
assert cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"] == [{"Key": "team", "Value": "py"}]
assert [a["AlarmName"] for a in cloudwatch.describe_alarms_for_metric(Namespace="Py", MetricName="load")["MetricAlarms"]] == ["py-high"]
for _ in range(50):
    history = cloudwatch.describe_alarm_history(AlarmName="py-high", HistoryItemType="Action")["AlarmHistoryItems"]
    if history:
        break
    time.sleep(0.1)
assert history[0]["HistorySummary"] == "Successfully executed action " + topic, history
fails("ValidationError", cloudwatch.delete_alarms, AlarmNames=["py-high"])
fails("ValidationError", cloudwatch.put_composite_alarm, AlarmName="x", AlarmRule="ALARM(")
fails("ResourceNotFound", cloudwatch.set_alarm_state, AlarmName="none", StateValue="OK", StateReason="r")
cloudwatch.delete_alarms(AlarmNames=["py-any"])
cloudwatch.delete_alarms(AlarmNames=["py-high"])
assert cloudwatch.describe_alarms(AlarmNamePrefix="py-")["MetricAlarms"] == []

# Dashboards.
body = json.dumps({"widgets": [{"type": "text", "x": 0, "y": 0, "width": 6, "height": 3, "properties": {"markdown": "hello"}}]})
assert cloudwatch.put_dashboard(DashboardName="py", DashboardBody=body)["DashboardValidationMessages"] == []
assert cloudwatch.get_dashboard(DashboardName="py")["DashboardBody"] == body
assert [d["DashboardName"] for d in cloudwatch.list_dashboards()["DashboardEntries"]] == ["py"]
fails("InvalidParameterInput", cloudwatch.put_dashboard, DashboardName="bad", DashboardBody="{")
cloudwatch.delete_dashboards(DashboardNames=["py"])
fails("ResourceNotFound", cloudwatch.get_dashboard, DashboardName="py")

# What queues measure of themselves.
for _ in range(100):
    found = {m["MetricName"] for m in cloudwatch.list_metrics(Namespace="AWS/SQS", Dimensions=[{"Name": "QueueName", "Value": "py-told"}])["Metrics"]}
    if {"NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"} <= found:
        break
    time.sleep(0.1)
assert {"NumberOfMessagesSent", "NumberOfMessagesReceived", "NumberOfMessagesDeleted"} <= found, found
fails("NotImplementedException", cloudwatch.describe_insight_rules)
print("the story is told")
