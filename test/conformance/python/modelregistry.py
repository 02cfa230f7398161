"""Registers versions of a model, approves one and serves it, with boto3."""

import json

import boto3

from expect import refused, wait

s3, iam, sm, runtime, events, sqs = (boto3.client(n) for n in ("s3", "iam", "sagemaker", "sagemaker-runtime", "events", "sqs"))

trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="registry", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.put_role_policy(RoleName="registry", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:*", "logs:*"], "Resource": "*"}]}))
s3.create_bucket(Bucket="registry")
s3.put_object(Bucket="registry", Key="train/a.txt", Body="__label__1 good tea\n__label__2 bad box\n" * 200)
image = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
sm.create_training_job(TrainingJobName="text", AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"}, RoleArn=role,
                       HyperParameters={"mode": "supervised", "epochs": "5", "min_count": "1"}, OutputDataConfig={"S3OutputPath": "s3://registry/out"},
                       InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://registry/train"}}}],
                       ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}, StoppingCondition={"MaxRuntimeInSeconds": 600})
wait(sm, "training_job_completed_or_stopped", TrainingJobName="text")
data = "s3://registry/out/text/output/model.tar.gz"

# Whoever wants to know is told.
queue = sqs.create_queue(QueueName="packages")["QueueUrl"]
to = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": to}]})})
events.put_rule(Name="packages", EventPattern=json.dumps({"source": ["aws.sagemaker"], "detail-type": ["SageMaker Model Package State Change"]}))
events.put_targets(Rule="packages", Targets=[{"Id": "q", "Arn": to}])


def told():
    got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=got[0]["ReceiptHandle"])
    return json.loads(got[0]["Body"])


group = sm.create_model_package_group(ModelPackageGroupName="Tea", ModelPackageGroupDescription="is it good", Tags=[{"Key": "team", "Value": "a"}])["ModelPackageGroupArn"]
refused("ValidationException", "already exists", sm.create_model_package_group, ModelPackageGroupName="Tea")
d = sm.describe_model_package_group(ModelPackageGroupName=group)
assert d["ModelPackageGroupName"] == "Tea" and d["ModelPackageGroupStatus"] == "Completed" and d["CreatedBy"]["IamIdentity"]["Arn"], d
assert sm.list_tags(ResourceArn=group)["Tags"] == [{"Key": "team", "Value": "a"}]

spec = {"Containers": [{"Image": image, "ModelDataUrl": data, "Environment": {"A": "1"}}], "SupportedContentTypes": ["application/json"],
        "SupportedResponseMIMETypes": ["application/json"], "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"]}
first = sm.create_model_package(ModelPackageGroupName="Tea", InferenceSpecification=spec, ClientToken="one", CustomerMetadataProperties={"from": "text"},
                                ModelMetrics={"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://registry/metrics.json"}}})["ModelPackageArn"]
assert first == group.replace("model-package-group", "model-package") + "/1", first
assert sm.create_model_package(ModelPackageGroupName="Tea", InferenceSpecification=spec, ClientToken="one", CustomerMetadataProperties={"from": "text"},
                               ModelMetrics={"ModelQuality": {"Statistics": {"ContentType": "application/json", "S3Uri": "s3://registry/metrics.json"}}})["ModelPackageArn"] == first
e = told()
assert e["resources"] == [first] and e["detail"]["ModelApprovalStatus"] == "PendingManualApproval" and e["detail"]["ModelPackageVersion"] == 1, e
refused("ValidationException", "does not exist", sm.create_model_package, ModelPackageGroupName="Coffee", InferenceSpecification=spec)
refused("ValidationException", "Tags cannot", sm.create_model_package, ModelPackageGroupName="Tea", InferenceSpecification=spec, Tags=[{"Key": "a", "Value": "b"}])
second = sm.create_model_package(ModelPackageGroupName=group, InferenceSpecification=spec, ModelApprovalStatus="Rejected")["ModelPackageArn"]
assert second.endswith("/2") and told()["detail"]["ModelApprovalStatus"] == "Rejected"
alone = sm.create_model_package(ModelPackageName="alone", InferenceSpecification=spec, ModelPackageDescription="by itself")["ModelPackageArn"]
told()
d = sm.describe_model_package(ModelPackageName=first)
assert d["ModelPackageGroupName"] == "Tea" and d["ModelPackageVersion"] == 1 and d["InferenceSpecification"] == spec and d["ModelPackageStatus"] == "Completed", d
assert d["CustomerMetadataProperties"] == {"from": "text"} and d["ModelMetrics"]["ModelQuality"]["Statistics"]["S3Uri"] == "s3://registry/metrics.json", d
listed = lambda **args: [p["ModelPackageArn"] for p in sm.list_model_packages(**args)["ModelPackageSummaryList"]]
assert listed(ModelPackageGroupName="Tea") == [second, first] and listed(ModelPackageGroupName="Tea", ModelApprovalStatus="Rejected") == [second]
assert listed() == [alone] and listed(ModelPackageType="Both", SortOrder="Ascending") == [first, second, alone]
many = sm.batch_describe_model_package(ModelPackageArnList=[first, first[:-1] + "9"])
assert list(many["ModelPackageSummaries"]) == [first] and many["BatchDescribeModelPackageErrorMap"][first[:-1] + "9"]["ErrorCode"] == "ValidationException", many

# What is approved can be served.
model = dict(ModelName="tea", ExecutionRoleArn=role, PrimaryContainer={"ModelPackageName": first})
refused("ValidationException", "approval status is PendingManualApproval", sm.create_model, **model)
sm.update_model_package(ModelPackageArn=first, ModelApprovalStatus="Approved", ApprovalDescription="fine", CustomerMetadataProperties={"by": "me"},
                        CustomerMetadataPropertiesToRemove=["from"])
e = told()
assert e["detail"]["ModelApprovalStatus"] == "Approved" and e["detail"]["ModelPackageGroupName"] == "Tea" and e["detail-type"] == "SageMaker Model Package State Change", e
assert e["detail"]["InferenceSpecification"]["Containers"][0]["ModelDataUrl"] == data, e
d = sm.describe_model_package(ModelPackageName=first)
assert d["ModelApprovalStatus"] == "Approved" and d["ApprovalDescription"] == "fine" and d["CustomerMetadataProperties"] == {"by": "me"}, d
refused("ValidationException", "Environment variable map", sm.create_model, **dict(model, PrimaryContainer={"ModelPackageName": first, "Environment": {"B": "2"}}))
sm.create_model(**model)
assert sm.describe_model(ModelName="tea")["PrimaryContainer"] == {"ModelPackageName": first}
sm.create_endpoint_config(EndpointConfigName="tea", ProductionVariants=[{"VariantName": "V", "ModelName": "tea", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}])
sm.create_endpoint(EndpointName="tea", EndpointConfigName="tea")
wait(sm, "endpoint_in_service", EndpointName="tea")
out = runtime.invoke_endpoint(EndpointName="tea", ContentType="application/json", Body='{"instances": ["good tea"]}')
assert json.loads(out["Body"].read())[0]["label"] == ["__label__1"]
sm.delete_endpoint(EndpointName="tea")

refused("ConflictException", "still contains", sm.delete_model_package_group, ModelPackageGroupName="Tea")
sm.delete_model_package(ModelPackageName=second)
assert sm.create_model_package(ModelPackageGroupName="Tea", InferenceSpecification=spec)["ModelPackageArn"].endswith("/3")
for arn in (first, first[:-1] + "3", alone):
    sm.delete_model_package(ModelPackageName=arn)
sm.delete_model_package_group(ModelPackageGroupName=group)
refused("ValidationException", "does not exist", sm.describe_model_package_group, ModelPackageGroupName="Tea")
print("the story is told")
