"""Parameters by boto3 and the AWS CLI. See ssm/ssm_test.go."""

import json
import os
import subprocess
import sys

import boto3

from expect import fails, refused

ssm, sqs, events = boto3.client("ssm"), boto3.client("sqs"), boto3.client("events")


def aws(*args):
    cli = os.path.join(os.path.dirname(sys.executable), "aws")
    return json.loads(subprocess.run([cli, *args, "--output", "json"], check=True, capture_output=True, text=True).stdout or "null")


url = sqs.create_queue(QueueName="py-ssm")["QueueUrl"]
queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue}]})})
events.put_rule(Name="ssm", EventPattern=json.dumps({"source": ["aws.ssm"]}))
events.put_targets(Rule="ssm", Targets=[{"Id": "q", "Arn": queue}])

made = ssm.put_parameter(Name="/shop/prod/url", Value="https://one", Type="String", Description="where", Tags=[{"Key": "team", "Value": "a"}])
assert made["Version"] == 1 and made["Tier"] == "Standard", made
got = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)["Messages"][0]
event = json.loads(got["Body"])
assert event["detail-type"] == "Parameter Store Change", event
assert event["detail"] == {"operation": "Create", "name": "/shop/prod/url", "type": "String", "description": "where"}, event
assert event["resources"][0].endswith(":parameter/shop/prod/url"), event

refused("ParameterAlreadyExists", "overwrite", ssm.put_parameter, Name="/shop/prod/url", Value="x", Type="String")
assert ssm.put_parameter(Name="/shop/prod/url", Value="https://two", Overwrite=True)["Version"] == 2
assert ssm.get_parameter(Name="/shop/prod/url")["Parameter"]["Value"] == "https://two"
first = ssm.get_parameter(Name="/shop/prod/url:1")["Parameter"]
assert (first["Value"], first["Selector"], first["DataType"]) == ("https://one", ":1", "text"), first
assert ssm.get_parameter(Name=first["ARN"])["Parameter"]["Version"] == 2
assert ssm.label_parameter_version(Name="/shop/prod/url", ParameterVersion=1, Labels=["stable", "1bad"]) ["InvalidLabels"] == ["1bad"]
assert ssm.get_parameter(Name="/shop/prod/url:stable")["Parameter"]["Version"] == 1
history = ssm.get_parameter_history(Name="/shop/prod/url")["Parameters"]
assert [(h["Version"], h["Value"], h["Labels"]) for h in history] == [(1, "https://one", ["stable"]), (2, "https://two", [])], history
assert ssm.unlabel_parameter_version(Name="/shop/prod/url", ParameterVersion=1, Labels=["stable", "x"])["InvalidLabels"] == ["x"]
fails("ParameterVersionNotFound", ssm.get_parameter, Name="/shop/prod/url:stable")

ssm.put_parameter(Name="/shop/prod/password", Value="hush", Type="SecureString")
sealed = ssm.get_parameter(Name="/shop/prod/password")["Parameter"]["Value"]
assert "hush" not in sealed and len(sealed) > 20, sealed
assert ssm.get_parameter(Name="/shop/prod/password", WithDecryption=True)["Parameter"]["Value"] == "hush"
ssm.put_parameter(Name="/shop/prod/eu/hosts", Value="a,b", Type="StringList")
ssm.put_parameter(Name="plain", Value="42", Type="String", AllowedPattern=r"^\d+$")
fails("ParameterPatternMismatchException", ssm.put_parameter, Name="plain", Value="no", Overwrite=True, AllowedPattern=r"^\d+$")
fails("InvalidAllowedPatternException", ssm.put_parameter, Name="p2", Value="no", Type="String", AllowedPattern="(")
fails("HierarchyTypeMismatchException", ssm.put_parameter, Name="plain", Value="1", Type="SecureString", Overwrite=True)
fails("AccessDeniedException", ssm.put_parameter, Name="/aws/x", Value="1", Type="String")
fails("ValidationException", ssm.put_parameter, Name="ssm-x", Value="1", Type="String")
fails("ValidationException", ssm.put_parameter, Name="new", Value="1")
fails("ValidationException", ssm.put_parameter, Name="big", Value="x" * 4097, Type="String")
fails("HierarchyLevelLimitExceededException", ssm.put_parameter, Name="/a" * 16, Value="1", Type="String")
assert ssm.put_parameter(Name="big", Value="x" * 4097, Type="String", Tier="Intelligent-Tiering")["Tier"] == "Advanced"

names = lambda **kw: [p["Name"] for page in ssm.get_paginator("get_parameters_by_path").paginate(**kw) for p in page["Parameters"]]
assert names(Path="/shop/prod") == ["/shop/prod/password", "/shop/prod/url"]
assert names(Path="/shop", Recursive=True, PaginationConfig={"PageSize": 1}) == ["/shop/prod/eu/hosts", "/shop/prod/password", "/shop/prod/url"]
assert names(Path="/", Recursive=True, ParameterFilters=[{"Key": "Type", "Values": ["StringList"]}]) == ["/shop/prod/eu/hosts"]
fails("ValidationException", ssm.get_parameters_by_path, Path="shop")
described = lambda *f: [p["Name"] for page in ssm.get_paginator("describe_parameters").paginate(ParameterFilters=list(f)) for p in page["Parameters"]]
assert described({"Key": "tag:team", "Values": ["a"]}) == ["/shop/prod/url"]
assert described({"Key": "Name", "Option": "Contains", "Values": ["host"]}) == ["/shop/prod/eu/hosts"]
assert described({"Key": "Path", "Option": "Recursive", "Values": ["/shop"]}, {"Key": "Type", "Values": ["SecureString"]}) == ["/shop/prod/password"]
fails("InvalidFilterKey", ssm.get_parameters_by_path, Path="/shop", ParameterFilters=[{"Key": "Tier", "Values": ["Standard"]}])

many = ssm.get_parameters(Names=["plain", "none", "/shop/prod/url:1"])
assert sorted(p["Value"] for p in many["Parameters"]) == ["42", "https://one"] and many["InvalidParameters"] == ["none"], many
ssm.add_tags_to_resource(ResourceType="Parameter", ResourceId="plain", Tags=[{"Key": "k", "Value": "v"}])
assert ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="plain")["TagList"] == [{"Key": "k", "Value": "v"}]
ssm.remove_tags_from_resource(ResourceType="Parameter", ResourceId="plain", TagKeys=["k"])
fails("InvalidResourceId", ssm.list_tags_for_resource, ResourceType="Parameter", ResourceId="none")

for n in range(2, 103):
    assert ssm.put_parameter(Name="plain", Value=str(n), Overwrite=True)["Version"] == n
kept = [h["Version"] for page in ssm.get_paginator("get_parameter_history").paginate(Name="plain") for h in page["Parameters"]]
assert kept == list(range(3, 103)), kept
ssm.label_parameter_version(Name="plain", ParameterVersion=3, Labels=["old"])
fails("ParameterMaxVersionLimitExceeded", ssm.put_parameter, Name="plain", Value="1", Overwrite=True)

assert aws("ssm", "put-parameter", "--name", "cli", "--value", "by hand", "--type", "String")["Version"] == 1
assert aws("ssm", "get-parameter", "--name", "cli")["Parameter"]["Value"] == "by hand"
gone = ssm.delete_parameters(Names=["cli", "none"])
assert gone["DeletedParameters"] == ["cli"] and gone["InvalidParameters"] == ["none"], gone
ssm.delete_parameter(Name="plain")
fails("ParameterNotFound", ssm.get_parameter, Name="plain")
fails("ParameterNotFound", ssm.delete_parameter, Name="plain")
print("the story is told")
