"""Makes a SageMaker domain with profiles, with boto3."""

import json
import os

import boto3

from expect import refused, until

iam, sm = boto3.client("iam"), boto3.client("sagemaker")

trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="people", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
lambdas = iam.create_role(RoleName="lambdas", AssumeRolePolicyDocument=json.dumps(trust).replace("sagemaker", "lambda"))["Role"]["Arn"]

domain = dict(DomainName="studio", AuthMode="IAM", DefaultUserSettings={"ExecutionRole": role}, VpcId="vpc-12345678", SubnetIds=["subnet-12345678"],
              Tags=[{"Key": "team", "Value": "a"}])
refused("ValidationException", "Could not assume role", sm.create_domain, **dict(domain, DefaultUserSettings={"ExecutionRole": lambdas}))
made = sm.create_domain(**domain)
id, arn = made["DomainId"], made["DomainArn"]
assert arn.endswith(f":domain/{id}") and made["Url"] == f"https://{id}.studio.us-east-1.sagemaker.aws", made
refused("ResourceInUse", "already exists", sm.create_domain, **domain)
until(lambda: sm.describe_domain(DomainId=id)["Status"], "InService")
d = sm.describe_domain(DomainId=id)
assert d["DomainName"] == "studio" and d["AuthMode"] == "IAM" and d["DefaultUserSettings"]["ExecutionRole"] == role and d["VpcId"] == "vpc-12345678", d
assert d["HomeEfsFileSystemId"].startswith("fs-") and d["AppNetworkAccessType"] == "PublicInternetOnly", d
assert sm.list_tags(ResourceArn=arn)["Tags"] == domain["Tags"]
homes = os.path.join(os.environ["SAGEMAKER_DIR"], "domains", arn.split(":")[4], "us-east-1", id)
assert os.path.isdir(homes), homes

profile = dict(DomainId=id, UserProfileName="Ann", UserSettings={"SecurityGroups": ["sg-1"]}, Tags=[{"Key": "a", "Value": "b"}])
refused("ResourceNotFound", "can't find", sm.create_user_profile, **dict(profile, DomainId="d-none"))
ann = sm.create_user_profile(**profile)["UserProfileArn"]
refused("ResourceInUse", "already exists", sm.create_user_profile, **dict(profile, UserProfileName="ann"))
sm.create_user_profile(DomainId=id, UserProfileName="bob")
until(lambda: sm.describe_user_profile(DomainId=id, UserProfileName="Ann")["Status"], "InService")
until(lambda: sm.describe_user_profile(DomainId=id, UserProfileName="bob")["Status"], "InService")
d = sm.describe_user_profile(DomainId=id, UserProfileName="Ann")
assert d["HomeEfsFileSystemUid"] == "200001" and d["UserSettings"]["SecurityGroups"] == ["sg-1"] and d["UserProfileArn"] == ann, d
assert sorted(os.listdir(homes))[0] == "200001", os.listdir(homes)
assert [p["UserProfileName"] for p in sm.list_user_profiles(DomainIdEquals=id, SortOrder="Ascending")["UserProfiles"]] == ["Ann", "bob"]
sm.update_user_profile(DomainId=id, UserProfileName="Ann", UserSettings={"ExecutionRole": role})
d = sm.describe_user_profile(DomainId=id, UserProfileName="Ann")
assert d["UserSettings"]["ExecutionRole"] == role and d["UserSettings"]["SecurityGroups"] == ["sg-1"], d
sm.update_domain(DomainId=id, DefaultUserSettings={"StudioWebPortal": "ENABLED"}, AppNetworkAccessType="VpcOnly", DomainSettingsForUpdate={
    "DockerSettings": {"EnableDockerAccess": "ENABLED"}})
d = sm.describe_domain(DomainId=id)
assert d["DefaultUserSettings"] == {"ExecutionRole": role, "StudioWebPortal": "ENABLED"} and d["AppNetworkAccessType"] == "VpcOnly", d
assert d["DomainSettings"]["DockerSettings"]["EnableDockerAccess"] == "ENABLED" and d["VpcId"] == "vpc-12345678" and d["DomainName"] == "studio", d
refused("NotImplementedException", "CreateApp", sm.create_app, DomainId=id, UserProfileName="Ann", AppType="JupyterLab", AppName="default")

refused("ResourceInUse", "UserProfile", sm.delete_domain, DomainId=id)
for name in ("ann", "bob"):
    sm.delete_user_profile(DomainId=id, UserProfileName=name)
until(lambda: sm.list_user_profiles(DomainIdEquals=id)["UserProfiles"], [])
assert [d["DomainId"] for d in sm.list_domains()["Domains"]] == [id]
sm.delete_domain(DomainId=id, RetentionPolicy={"HomeEfsFileSystem": "Delete"})
until(lambda: sm.list_domains()["Domains"], [])
assert not os.path.exists(homes)
refused("ResourceNotFound", "can't find", sm.describe_domain, DomainId=id)
print("the story is told")
