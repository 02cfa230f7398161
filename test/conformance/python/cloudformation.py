"""Stacks by boto3: created, changed, rolled back, nested, and with a resource of a function's own."""

import json
import time

import boto3

from expect import refused

cfn = boto3.client("cloudformation")
s3 = boto3.client("s3")
sqs = boto3.client("sqs")
quick = {"Delay": 1, "MaxAttempts": 120}


def why(name):
    return [(e["LogicalResourceId"], e["ResourceStatus"], e.get("ResourceStatusReason")) for e in cfn.describe_stack_events(StackName=name)["StackEvents"]]


def created(name, body=None, **more):
    if body is not None:
        more["TemplateBody"] = body if isinstance(body, str) else json.dumps(body)
    made = cfn.create_stack(StackName=name, Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"], **more)
    try:
        cfn.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=quick)
    except Exception as e:
        raise AssertionError(why(name)) from e
    return cfn.describe_stacks(StackName=made["StackId"])["Stacks"][0]


def outputs(stack):
    return {o["OutputKey"]: o["OutputValue"] for o in stack.get("Outputs", [])}


def deleted(name):
    i = cfn.describe_stacks(StackName=name)["Stacks"][0]["StackId"]
    cfn.delete_stack(StackName=name)
    try:
        cfn.get_waiter("stack_delete_complete").wait(StackName=i, WaiterConfig=quick)
    except Exception as e:
        raise AssertionError(why(i)) from e


# Two resources, one of which needs the other; all that can be asked about them.
two = """
Description: a queue and a topic
Parameters:
  Delay: {Type: Number, Default: 3}
Resources:
  Queue: {Type: AWS::SQS::Queue, Properties: {DelaySeconds: !Ref Delay}}
  Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !GetAtt Queue.QueueName}}
Outputs:
  Queue: {Value: !Ref Queue, Export: {Name: the-queue}}
"""
stack = created("two", two, Tags=[{"Key": "team", "Value": "a"}])
url = outputs(stack)["Queue"]
assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]["DelaySeconds"] == "3"
assert sqs.list_queue_tags(QueueUrl=url)["Tags"]["team"] == "a"
assert cfn.validate_template(TemplateBody=two)["Parameters"][0]["ParameterKey"] == "Delay"
assert cfn.get_template_summary(StackName="two")["ResourceTypes"] == ["AWS::SNS::Topic", "AWS::SQS::Queue"]
assert cfn.get_template(StackName="two")["TemplateBody"] == two
assert [r["LogicalResourceId"] for r in cfn.list_stack_resources(StackName="two")["StackResourceSummaries"]] == ["Queue", "Topic"]
assert cfn.describe_stack_resources(PhysicalResourceId=url)["StackResources"][0]["StackName"] == "two"
assert cfn.list_exports()["Exports"][0]["Value"] == url
refused("AlreadyExistsException", "Stack [two] already exists", cfn.create_stack, StackName="two", TemplateBody=two)
refused("ValidationError", "No updates are to be performed.", cfn.update_stack, StackName="two", UsePreviousTemplate=True)
refused("ValidationError", "Stack with id none does not exist", cfn.describe_stacks, StackName="none")
refused("ValidationError", "Unrecognized resource types: [AWS::Moon::Base]", cfn.create_stack, StackName="moon", TemplateBody='{"Resources":{"A":{"Type":"AWS::Moon::Base"}}}')
cfn.update_stack(StackName="two", UsePreviousTemplate=True, Parameters=[{"ParameterKey": "Delay", "ParameterValue": "7"}])
cfn.get_waiter("stack_update_complete").wait(StackName="two", WaiterConfig=quick)
assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["DelaySeconds"])["Attributes"]["DelaySeconds"] == "7"
d = cfn.detect_stack_drift(StackName="two")["StackDriftDetectionId"]
assert cfn.describe_stack_drift_detection_status(StackDriftDetectionId=d)["StackDriftStatus"] == "IN_SYNC", cfn.describe_stack_resource_drifts(StackName="two")
sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "1"})
d = cfn.detect_stack_drift(StackName="two")["StackDriftDetectionId"]
assert cfn.describe_stack_drift_detection_status(StackDriftDetectionId=d)["StackDriftStatus"] == "DRIFTED"

# A change set says what it would do, and does it.
cfn.create_change_set(StackName="two", ChangeSetName="c", UsePreviousTemplate=True, Parameters=[{"ParameterKey": "Delay", "ParameterValue": "9"}])
cfn.get_waiter("change_set_create_complete").wait(StackName="two", ChangeSetName="c", WaiterConfig=quick)
change = cfn.describe_change_set(StackName="two", ChangeSetName="c")["Changes"][0]["ResourceChange"]
assert (change["Action"], change["LogicalResourceId"], change["Replacement"]) == ("Modify", "Queue", "False"), change
assert change["Details"][0]["ChangeSource"] == "ParameterReference" and change["Details"][0]["CausingEntity"] == "Delay", change
cfn.execute_change_set(StackName="two", ChangeSetName="c")
cfn.get_waiter("stack_update_complete").wait(StackName="two", WaiterConfig=quick)

# A role that may not make topics: the stack rolls back, and nothing is left.
iam = boto3.client("iam")
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "cloudformation.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="deployer", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.put_role_policy(RoleName="deployer", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}]}))
before = sqs.list_queues().get("QueueUrls", [])
i = cfn.create_stack(StackName="denied", TemplateBody=two.replace("the-queue", "another"), RoleARN=role)["StackId"]
while cfn.describe_stacks(StackName=i)["Stacks"][0]["StackStatus"].endswith("IN_PROGRESS"):
    time.sleep(0.1)
assert cfn.describe_stacks(StackName=i)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE", why(i)
assert any(e[0] == "Topic" and "not authorized to perform" in (e[2] or "") for e in why(i)), why(i)
assert sqs.list_queues().get("QueueUrls", []) == before
deleted("denied")

# A stack in a stack, from templates in a bucket.
s3.create_bucket(Bucket="templates")
s3.put_object(Bucket="templates", Key="inner.yaml", Body=two.replace("the-queue", "inner-queue"))
stack = created("outer", {"Resources": {"Inner": {"Type": "AWS::CloudFormation::Stack", "Properties": {
    "TemplateURL": "https://templates.s3.amazonaws.com/inner.yaml", "Parameters": {"Delay": 11}}},
    "P": {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["Inner", "Outputs.Queue"]}}}},
    "Outputs": {"Url": {"Value": {"Fn::GetAtt": ["Inner", "Outputs.Queue"]}}, "Inner": {"Value": {"Ref": "Inner"}}}})
inner = outputs(stack)["Inner"]
assert cfn.describe_stacks(StackName=inner)["Stacks"][0]["ParentId"] == stack["StackId"]
assert sqs.get_queue_attributes(QueueUrl=outputs(stack)["Url"], AttributeNames=["DelaySeconds"])["Attributes"]["DelaySeconds"] == "11"
deleted("outer")
assert cfn.describe_stacks(StackName=inner)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"

# A resource that a function makes.
code = '''
import json, os, urllib.request
def handler(event, context):
    answer = {"Status": "SUCCESS", "PhysicalResourceId": "made-" + event["ResourceProperties"]["Name"], "StackId": event["StackId"],
              "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"], "Data": {"Kind": event["RequestType"]}}
    if event["ResourceProperties"].get("Fail") == event["RequestType"]:
        answer.update(Status="FAILED", Reason="told to")
    r = urllib.request.Request(event["ResponseURL"], data=json.dumps(answer).encode(), method="PUT")
    urllib.request.urlopen(r).read()
'''
custom = {"Resources": {
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}}},
    "Function": {"Type": "AWS::Lambda::Function", "Properties": {"Runtime": "python3.12", "Handler": "index.handler", "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                                                               "Timeout": 30, "Code": {"ZipFile": code}}},
    "Mine": {"Type": "Custom::Mine", "Properties": {"ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]}, "Name": "a", "Count": 3}}},
    "Outputs": {"Ref": {"Value": {"Ref": "Mine"}}, "Kind": {"Value": {"Fn::GetAtt": ["Mine", "Kind"]}}}}
stack = created("custom", custom)
assert outputs(stack) == {"Ref": "made-a", "Kind": "Create"}, outputs(stack)
custom["Resources"]["Mine"]["Properties"]["Name"] = "b"
cfn.update_stack(StackName="custom", TemplateBody=json.dumps(custom), Capabilities=["CAPABILITY_IAM"])
cfn.get_waiter("stack_update_complete").wait(StackName="custom", WaiterConfig=quick)
assert outputs(cfn.describe_stacks(StackName="custom")["Stacks"][0]) == {"Ref": "made-b", "Kind": "Update"}
assert ("Mine", "DELETE_COMPLETE", None) in why("custom"), why("custom")  # what was made before
custom["Resources"]["Mine"]["Properties"]["Fail"] = "Update"
cfn.update_stack(StackName="custom", TemplateBody=json.dumps(custom), Capabilities=["CAPABILITY_IAM"])
while cfn.describe_stacks(StackName="custom")["Stacks"][0]["StackStatus"].endswith("IN_PROGRESS"):
    time.sleep(0.1)
assert cfn.describe_stacks(StackName="custom")["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE", why("custom")
assert any("Message returned: told to" in (e[2] or "") for e in why("custom")), why("custom")
deleted("custom")

# Others' use of an export keeps its stack.
created("user", 'Resources: {P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Value: !ImportValue the-queue}}}')
cfn.delete_stack(StackName="two")
assert cfn.describe_stacks(StackName="two")["Stacks"][0]["StackStatusReason"] == "Export the-queue cannot be deleted as it is in use by user"
deleted("user")
deleted("two")
assert sqs.list_queues().get("QueueUrls", []) == []
assert "two" in [s["StackName"] for s in cfn.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]]

print("the story is told")
