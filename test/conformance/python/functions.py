"""Functions by boto3. See lambda/python_test.go."""

import io
import json
import platform
import time
import zipfile

import boto3

from expect import fails

functions, iam, sqs = boto3.client("lambda"), boto3.client("iam"), boto3.client("sqs")


def policy(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


def packed(**files):
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w") as z:
        for name, text in files.items():
            z.writestr(name.replace("_py", ".py"), text)
    return b.getvalue()


CODE = """
import json, os
import boto3

def handle(event, context):
    if "Records" in event:
        bad = []
        for r in event["Records"]:
            if r["body"] == "bad":
                bad.append({"itemIdentifier": r["messageId"]})
            else:
                boto3.client("sqs").send_message(QueueUrl=os.environ["OUT"], MessageBody=r["body"].upper())
        return {"batchItemFailures": bad}
    if event.get("fail"):
        raise ValueError("no: " + event["fail"])
    return {"got": event, "remaining": context.get_remaining_time_in_millis() > 0}
"""

role = iam.create_role(RoleName="py-function", AssumeRolePolicyDocument=policy(
    Principal={"Service": "lambda.amazonaws.com"}, Action="sts:AssumeRole"))["Role"]["Arn"]
iam.put_role_policy(RoleName="py-function", PolicyName="p", PolicyDocument=policy(Action="sqs:*", Resource="*"))
out = sqs.create_queue(QueueName="py-out")["QueueUrl"]
runtime = "python" + ".".join(platform.python_version_tuple()[:2])
kwargs = dict(FunctionName="py", Runtime=runtime, Role=role, Handler="f.handle", Code={"ZipFile": packed(f_py=CODE)}, Timeout=20,
              Environment={"Variables": {"OUT": out}}, Tags={"team": "blue"})
made = functions.create_function(**kwargs)
assert made["State"] == "Pending" and made["Version"] == "$LATEST" and made["CodeSize"] > 0, made
fails("ResourceConflictException", functions.create_function, **kwargs)
functions.get_waiter("function_active_v2").wait(FunctionName="py", WaiterConfig={"Delay": 1, "MaxAttempts": 120})

answer = functions.invoke(FunctionName="py", Payload=json.dumps({"a": "ä"}), LogType="Tail")
assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "$LATEST" and "FunctionError" not in answer, answer
assert json.load(answer["Payload"]) == {"got": {"a": "ä"}, "remaining": True}
answer = functions.invoke(FunctionName="py", Payload=json.dumps({"fail": "x"}))
body = json.load(answer["Payload"])
assert answer["FunctionError"] == "Unhandled" and body["errorType"] == "ValueError" and body["errorMessage"] == "no: x" and body["stackTrace"], body
assert functions.invoke(FunctionName="py", InvocationType="Event")["StatusCode"] == 202
assert functions.invoke(FunctionName="py", InvocationType="DryRun")["StatusCode"] == 204
fails("InvalidRequestContentException", functions.invoke, FunctionName="py", Payload=b"{")

functions.update_function_configuration(FunctionName="py", Description="changed")
functions.get_waiter("function_updated_v2").wait(FunctionName="py", WaiterConfig={"Delay": 1, "MaxAttempts": 60})
assert functions.publish_version(FunctionName="py")["Version"] == "1"
functions.create_alias(FunctionName="py", Name="live", FunctionVersion="1")
assert functions.invoke(FunctionName="py", Qualifier="live", Payload="{}")["ExecutedVersion"] == "1"
assert [v["Version"] for v in functions.get_paginator("list_versions_by_function").paginate(FunctionName="py").build_full_result()["Versions"]] == ["$LATEST", "1"]
assert functions.list_tags(Resource=made["FunctionArn"])["Tags"] == {"team": "blue"}

queue = sqs.create_queue(QueueName="py-in", Attributes={"VisibilityTimeout": "30"})["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
mapping = functions.create_event_source_mapping(FunctionName="py", EventSourceArn=arn, BatchSize=5, FunctionResponseTypes=["ReportBatchItemFailures"])
assert mapping["State"] == "Creating", mapping
for text in ["one", "bad", "two"]:
    sqs.send_message(QueueUrl=queue, MessageBody=text)
got = set()
while len(got) < 2:
    for m in sqs.receive_message(QueueUrl=out, WaitTimeSeconds=20, MaxNumberOfMessages=10).get("Messages", []):
        got.add(m["Body"])
assert got == {"ONE", "TWO"}, got
for _ in range(100):
    left = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"]
    if (left["ApproximateNumberOfMessages"], left["ApproximateNumberOfMessagesNotVisible"]) == ("0", "1"):
        break
    time.sleep(0.1)
else:
    raise SystemExit(f"the queue holds {left}")
functions.delete_event_source_mapping(UUID=mapping["UUID"])
functions.delete_function(FunctionName="py")
fails("ResourceNotFoundException", functions.get_function, FunctionName="py")
print("the story is told")
