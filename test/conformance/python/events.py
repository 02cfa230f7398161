"""Buses and rules by boto3. See eventbridge/eventbridge_test.go."""

import json

import boto3

from expect import fails

events, sqs = boto3.client("events"), boto3.client("sqs")

bus = events.create_event_bus(Name="py", Tags=[{"Key": "team", "Value": "a"}])["EventBusArn"]
fails("ResourceAlreadyExistsException", events.create_event_bus, Name="py")
account = bus.split(":")[4]
rule = events.put_rule(Name="r", EventBusName="py", EventPattern=json.dumps({"source": [{"prefix": "shop"}], "detail": {"n": [{"numeric": [">=", 2]}]}}))["RuleArn"]
assert rule.endswith(":rule/py/r"), rule
queue_arn = f"arn:aws:sqs:us-east-1:{account}:py-events"
policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage",
                                                   "Resource": queue_arn, "Condition": {"ArnEquals": {"aws:SourceArn": rule}}}]}
queue = sqs.create_queue(QueueName="py-events", Attributes={"Policy": json.dumps(policy)})["QueueUrl"]
out = events.put_targets(Rule="r", EventBusName="py", Targets=[{"Id": "q", "Arn": queue_arn, "InputTransformer": {
    "InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"n": <n>, "rule": "<aws.events.rule-name>"}'}}])
assert out["FailedEntryCount"] == 0, out
out = events.put_events(Entries=[{"EventBusName": "py", "Source": "shop.web", "DetailType": "t", "Detail": json.dumps({"n": n})} for n in (1, 2)] +
                        [{"EventBusName": "py", "Source": "shop", "DetailType": "t", "Detail": "no json"}])
assert out["FailedEntryCount"] == 1 and out["Entries"][2]["ErrorCode"] == "MalformedDetail", out
got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
assert json.loads(got[0]["Body"]) == {"n": 2, "rule": "r"}, got

assert events.test_event_pattern(EventPattern='{"source":["a"]}', Event=json.dumps(
    {"id": "1", "source": "a", "account": account, "time": "2026-01-01T00:00:00Z", "region": "us-east-1", "resources": [], "detail-type": "t"}))["Result"]
fails("InvalidEventPatternException", events.put_rule, Name="bad", EventPattern='{"a":1}')
assert events.describe_rule(Name="r", EventBusName="py")["State"] == "ENABLED"
assert [t["Id"] for t in events.list_targets_by_rule(Rule="r", EventBusName="py")["Targets"]] == ["q"]
assert events.list_tags_for_resource(ResourceARN=bus)["Tags"] == [{"Key": "team", "Value": "a"}]
fails("ValidationException", events.delete_rule, Name="r", EventBusName="py")
events.remove_targets(Rule="r", EventBusName="py", Ids=["q"])
events.delete_rule(Name="r", EventBusName="py")
events.delete_event_bus(Name="py")
fails("ResourceNotFoundException", events.describe_event_bus, Name="py")
print("the story is told")
