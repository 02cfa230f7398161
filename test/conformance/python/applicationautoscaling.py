"""A function's provisioned concurrency scaled by boto3. See applicationautoscaling/applicationautoscaling_test.go."""

import datetime
import io
import json
import time
import zipfile

import boto3

from expect import fails

scaling, cloudwatch, functions, iam = (boto3.client(n) for n in ("application-autoscaling", "cloudwatch", "lambda", "iam"))


def soon(what, ok):
    for _ in range(150):
        if ok():
            return
        time.sleep(0.2)
    raise SystemExit(f"{what} does not come: {scaling.describe_scaling_activities(ServiceNamespace='lambda')}")


role = iam.create_role(RoleName="py-scaled", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as z:
    info = zipfile.ZipInfo("bootstrap")
    info.external_attr = 0o755 << 16
    z.writestr(info, "#!/bin/sh\nwhile true; do sleep 1; done\n")
functions.create_function(FunctionName="py-scaled", Runtime="provided.al2023", Handler="bootstrap", Role=role, Code={"ZipFile": archive.getvalue()})
functions.get_waiter("function_active_v2").wait(FunctionName="py-scaled", WaiterConfig={"Delay": 1})
version = functions.publish_version(FunctionName="py-scaled")["Version"]
functions.create_alias(FunctionName="py-scaled", Name="live", FunctionVersion=version)

target = dict(ServiceNamespace="lambda", ScalableDimension="lambda:function:ProvisionedConcurrency", ResourceId="function:py-scaled:live")
fails("ValidationException", scaling.register_scalable_target, **target, MinCapacity=2, MaxCapacity=1)
fails("ValidationException", scaling.register_scalable_target, **{**target, "ResourceId": "function:none:live"}, MinCapacity=0, MaxCapacity=3)
fails("ObjectNotFoundException", scaling.put_scheduled_action, **target, ScheduledActionName="a", Schedule="rate(1 hour)",
      ScalableTargetAction={"MinCapacity": 1})
arn = scaling.register_scalable_target(**target, MinCapacity=0, MaxCapacity=3, Tags={"team": "py"})["ScalableTargetARN"]
assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "py"}
shown = scaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"][0]
assert shown["RoleARN"].endswith("/AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency") and shown["MaxCapacity"] == 3, shown
assert iam.get_role(RoleName="AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency")

made = scaling.put_scaling_policy(**target, PolicyName="busy", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration={
    "TargetValue": 0.7, "PredefinedMetricSpecification": {"PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"}})
names = [a["AlarmName"] for a in made["Alarms"]]
assert names[0].startswith("TargetTracking-function:py-scaled:live-AlarmHigh-"), names
alarms = {a["AlarmName"]: a for a in cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"]}
high = alarms[names[0]]
assert high["Threshold"] == 0.7 and high["EvaluationPeriods"] == 3 and high["AlarmActions"] == [made["PolicyARN"]], high
assert {d["Name"]: d["Value"] for d in high["Dimensions"]} == {"FunctionName": "py-scaled", "Resource": "py-scaled:live"}, high
fails("ValidationException", scaling.put_scaling_policy, **target, PolicyName="steps", PolicyType="StepScaling", StepScalingPolicyConfiguration={
    "AdjustmentType": "ChangeInCapacity", "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]})

# A scheduled action sets the capacity, as the service-linked role.
at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
scaling.put_scheduled_action(**target, ScheduledActionName="morning", Schedule=at.strftime("at(%Y-%m-%dT%H:%M:%S)"), ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 2})


def provisioned():
    try:
        return functions.get_provisioned_concurrency_config(FunctionName="py-scaled", Qualifier="live")["RequestedProvisionedConcurrentExecutions"]
    except functions.exceptions.ProvisionedConcurrencyConfigNotFoundException:
        return 0


soon("the concurrency", lambda: provisioned() == 1)
soon("the activity", lambda: scaling.describe_scaling_activities(**target)["ScalingActivities"][0]["StatusCode"] == "Successful")
activity = scaling.describe_scaling_activities(**target)["ScalingActivities"][0]
assert activity["Cause"] == "scheduled action name morning was triggered" and activity["Description"] == "Setting desired concurrency to 1.", activity
assert scaling.describe_scheduled_actions(ServiceNamespace="lambda")["ScheduledActions"] == []

# The alarm acts through the policy.
cloudwatch.set_alarm_state(AlarmName=names[1], StateValue="OK", StateReason="before")
scaling.register_scalable_target(**target, MinCapacity=2)
soon("the least concurrency", lambda: provisioned() == 2)
policies = scaling.describe_scaling_policies(ServiceNamespace="lambda", PolicyNames=["busy"])["ScalingPolicies"]
assert policies[0]["PolicyARN"] == made["PolicyARN"] and len(policies[0]["Alarms"]) == 2, policies
scaling.deregister_scalable_target(**target)
soon("the end of the alarms", lambda: cloudwatch.describe_alarms(AlarmNames=names)["MetricAlarms"] == [])
assert scaling.describe_scaling_policies(ServiceNamespace="lambda")["ScalingPolicies"] == []
fails("ObjectNotFoundException", scaling.deregister_scalable_target, **target)
functions.delete_provisioned_concurrency_config(FunctionName="py-scaled", Qualifier="live")
print("the story is told")
