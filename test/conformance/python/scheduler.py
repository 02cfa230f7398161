"""Schedules by boto3. See scheduler/scheduler_test.go."""

import datetime
import json

import boto3

from expect import fails

scheduler, sqs, iam = boto3.client("scheduler"), boto3.client("sqs"), boto3.client("iam")


def policy(**statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **statement}]})


role = iam.create_role(RoleName="py-scheduler", AssumeRolePolicyDocument=policy(
    Principal={"Service": "scheduler.amazonaws.com"}, Action="sts:AssumeRole"))["Role"]["Arn"]
iam.put_role_policy(RoleName="py-scheduler", PolicyName="p", PolicyDocument=policy(Action="sqs:SendMessage", Resource="*"))
queue = sqs.create_queue(QueueName="py-scheduler")["QueueUrl"]
arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
group = scheduler.create_schedule_group(Name="py")["ScheduleGroupArn"]
soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
kwargs = dict(Name="once", GroupName="py", ScheduleExpression=soon.strftime("at(%Y-%m-%dT%H:%M:%S)"), FlexibleTimeWindow={"Mode": "OFF"},
              ActionAfterCompletion="DELETE", Target={"Arn": arn, "RoleArn": role, "Input": '{"at":"<aws.scheduler.scheduled-time>"}'})
made = scheduler.create_schedule(**kwargs)["ScheduleArn"]
assert made.endswith(":schedule/py/once"), made
fails("ConflictException", scheduler.create_schedule, **kwargs)
fails("ValidationException", scheduler.create_schedule, **{**kwargs, "Name": "bad", "ScheduleExpression": "rate(0 hours)"})
got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
assert json.loads(got[0]["Body"]) == {"at": soon.strftime("%Y-%m-%dT%H:%M:%SZ")}, got
fails("ResourceNotFoundException", scheduler.get_schedule, Name="once", GroupName="py")
scheduler.create_schedule(**{**kwargs, "Name": "daily", "ScheduleExpression": "cron(0 8 ? * MON-FRI *)", "ScheduleExpressionTimezone": "Europe/Berlin"})
assert scheduler.get_schedule(Name="daily", GroupName="py")["ScheduleExpressionTimezone"] == "Europe/Berlin"
assert [s["Name"] for p in scheduler.get_paginator("list_schedules").paginate(GroupName="py") for s in p["Schedules"]] == ["daily"]
scheduler.delete_schedule_group(Name="py")
fails("ResourceNotFoundException", scheduler.get_schedule_group, Name="py")
print("the story is told")
