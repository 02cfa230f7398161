"""The story with boto3. See story_test.go for what it needs in the environment."""

import json
import os

import boto3
from botocore.exceptions import ClientError

env = os.environ
bucket, key, text = env["STORY_BUCKET"], "dir/greeting.txt", env["STORY_TEXT"].encode()

producer = boto3.Session(env["PRODUCER_ACCESS_KEY_ID"], env["PRODUCER_SECRET_ACCESS_KEY"])
s3 = producer.client("s3")
s3.create_bucket(Bucket=bucket)
s3.put_object(Bucket=bucket, Key=key, Body=text)

consumer = boto3.Session()
got = consumer.client("sts").assume_role(RoleArn=env["STORY_ROLE_ARN"], RoleSessionName="story")["Credentials"]
reader = boto3.Session(got["AccessKeyId"], got["SecretAccessKey"], got["SessionToken"])
assert reader.client("sts").get_caller_identity()["Arn"].endswith(f":assumed-role/{env['STORY_ROLE']}/story")

try:
    reader.client("s3").get_object(Bucket=bucket, Key=key)
except ClientError as e:
    assert e.response["Error"]["Code"] == "AccessDenied", e
    assert e.response["ResponseMetadata"]["HTTPStatusCode"] == 403, e
else:
    raise SystemExit("read before it was allowed")

producer.client("iam").put_role_policy(RoleName=env["STORY_ROLE"], PolicyName="read", PolicyDocument=env["STORY_POLICY"])
assert reader.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read() == text

pages = consumer.client("cloudtrail").get_paginator("lookup_events").paginate(
    LookupAttributes=[{"AttributeKey": "ResourceName", "AttributeValue": env["STORY_ROLE_ARN"]}])
events = [json.loads(e["CloudTrailEvent"]) for page in pages for e in page["Events"]]
assert len(events) == 1, events
assert events[0]["requestParameters"]["roleArn"] == env["STORY_ROLE_ARN"], events
assert events[0]["eventName"] == "AssumeRole", events
assert events[0]["userIdentity"]["userName"] == "carla", events
print("the story is told")
