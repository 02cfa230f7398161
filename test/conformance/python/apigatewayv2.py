"""HTTP APIs by boto3, with a function in Python behind them. See apigatewayv2/apigatewayv2_test.go."""

import io
import json
import sys
import urllib.error
import urllib.request
import zipfile

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from expect import fails

api, fn, iam = boto3.client("apigatewayv2"), boto3.client("lambda"), boto3.client("iam")

CODE = '''
import json

def handler(event, context):
    if event.get("type") == "REQUEST":
        effect = "Allow" if event["identitySource"] == "open" else "Deny"
        return {"principalId": "p", "context": {"k": 1}, "policyDocument": {"Version": "2012-10-17", "Statement": [
            {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}]}}
    if event["version"] == "1.0":
        return {"statusCode": 202, "headers": {"X-One": event["httpMethod"]}, "body": json.dumps(event["requestContext"].get("authorizer"))}
    if event["rawPath"] == "/text":
        return "just text"
    return {"path": event["rawPath"], "iam": event["requestContext"].get("authorizer", {}).get("iam")}
'''


def call(url, method="GET", headers=None, data=None):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=data, headers=headers or {}, method=method)) as r:
            return r.status, r.headers, r.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.headers, e.read().decode()


role = iam.create_role(RoleName="py-api", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))["Role"]["Arn"]
archive = io.BytesIO()
with zipfile.ZipFile(archive, "w") as z:
    z.writestr("function.py", CODE)
function = fn.create_function(FunctionName="py-api", Role=role, Handler="function.handler", Code={"ZipFile": archive.getvalue()}, Timeout=20,
                              Runtime="python%d.%d" % sys.version_info[:2])["FunctionArn"]
fn.get_waiter("function_active_v2").wait(FunctionName="py-api", WaiterConfig={"Delay": 1, "MaxAttempts": 180})

fails("BadRequestException", api.create_api, Name="x", ProtocolType="WEBSOCKET", RouteSelectionExpression="$request.body.action")
fails("NotFoundException", api.get_api, ApiId="none")
made = api.create_api(Name="py", ProtocolType="HTTP", Target=function, Tags={"a": "b"})
url = made["ApiEndpoint"]
assert api.get_stages(ApiId=made["ApiId"])["Items"][0]["ApiGatewayManaged"]
assert call(url + "/x")[0] == 500
fn.add_permission(FunctionName="py-api", StatementId="s", Action="lambda:InvokeFunction", Principal="apigateway.amazonaws.com",
                  SourceArn=f"arn:aws:execute-api:us-east-1:{function.split(':')[4]}:{made['ApiId']}/*")
status, headers, body = call(url + "/some/where")
assert (status, json.loads(body)) == (200, {"path": "/some/where", "iam": None}), (status, body)
assert headers["Content-Type"] == "application/json"
assert call(url + "/text")[2] == "just text"

one = api.create_integration(ApiId=made["ApiId"], IntegrationType="AWS_PROXY", IntegrationUri=function, PayloadFormatVersion="1.0")["IntegrationId"]
authorizer = api.create_authorizer(ApiId=made["ApiId"], Name="a", AuthorizerType="REQUEST", AuthorizerUri=function, AuthorizerPayloadFormatVersion="1.0",
                                   IdentitySource=["$request.header.X-Key"])["AuthorizerId"]
api.create_route(ApiId=made["ApiId"], RouteKey="PUT /one", Target=f"integrations/{one}", AuthorizationType="CUSTOM", AuthorizerId=authorizer)
status, headers, body = call(url + "/one", "PUT", {"X-Key": "open"}, b"x")
assert (status, headers["X-One"], json.loads(body)) == (202, "PUT", {"k": 1, "principalId": "p"}), (status, body)
assert call(url + "/one", "PUT", {"X-Key": "shut"})[0] == 403
assert call(url + "/one", "PUT")[0] == 401

two = next(i["IntegrationId"] for i in api.get_integrations(ApiId=made["ApiId"])["Items"] if i["PayloadFormatVersion"] == "2.0")
api.create_route(ApiId=made["ApiId"], RouteKey="POST /signed", Target=f"integrations/{two}", AuthorizationType="AWS_IAM")
request = AWSRequest("POST", url + "/signed?q=1", data=b"body", headers={"Content-Type": "text/plain"})
SigV4Auth(boto3.Session().get_credentials(), "execute-api", "us-east-1").add_auth(request)
status, _, body = call(url + "/signed?q=1", "POST", dict(request.headers), b"body")
assert status == 200 and json.loads(body)["iam"]["userArn"].endswith(":user/admin"), (status, body)
assert call(url + "/signed", "POST", data=b"body")[0] == 403

document = api.export_api(ApiId=made["ApiId"], Specification="OAS30", OutputType="YAML")["body"].read().decode()
again = api.import_api(Body=document)
assert {r["RouteKey"] for r in api.get_routes(ApiId=again["ApiId"])["Items"]} == {"$default", "PUT /one", "POST /signed"}
api.create_stage(ApiId=again["ApiId"], StageName="dev")
api.create_deployment(ApiId=again["ApiId"], StageName="dev")
assert call(again["ApiEndpoint"] + "/dev/x")[0] == 500  # the function's policy does not name this API
keys = [r["RouteKey"] for p in api.get_paginator("get_routes").paginate(ApiId=made["ApiId"], PaginationConfig={"PageSize": "1"}) for r in p["Items"]]
assert sorted(keys) == ["$default", "POST /signed", "PUT /one"], keys
told = boto3.client("cloudtrail").lookup_events(LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateApi"}])["Events"]
assert told[0]["EventSource"] == "apigateway.amazonaws.com", told
arn = f"arn:aws:apigateway:us-east-1::/apis/{made['ApiId']}"
api.tag_resource(ResourceArn=arn, Tags={"c": "d"})
assert api.get_tags(ResourceArn=arn)["Tags"] == {"a": "b", "c": "d"}
for a in (made, again):
    assert api.delete_api(ApiId=a["ApiId"])["ResponseMetadata"]["HTTPStatusCode"] == 204
assert call(url + "/x")[0] == 404
print("the story is told")
