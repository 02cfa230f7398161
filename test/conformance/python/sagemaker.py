"""Trains a built-in algorithm and serves it at an endpoint, with boto3."""

import io
import json
import random
import tarfile
import time

import boto3
import botocore.exceptions

from expect import refused

s3, iam, sm, runtime, logs = (boto3.client(n) for n in ("s3", "iam", "sagemaker", "sagemaker-runtime", "logs"))

trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="model", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.put_role_policy(RoleName="model", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket", "s3:PutObject"], "Resource": ["arn:aws:s3:::models", "arn:aws:s3:::models/*"]},
    {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}))
s3.create_bucket(Bucket="models")

random.seed(1)
good, bad, rest = ["wonderful", "great", "lovely"], ["awful", "broken", "terrible"], ["the", "tea", "was", "a", "box", "it"]
lines = []
for i in range(600):
    words, label = (good, 1) if i % 2 else (bad, 2)
    text = random.choices(rest, k=5) + random.choices(words, k=2)
    random.shuffle(text)
    lines.append(f"__label__{label} " + " ".join(text))
s3.put_object(Bucket="models", Key="data/train/part.txt", Body="\n".join(lines))

image = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
job = dict(TrainingJobName="text-1", AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"}, RoleArn=role,
           HyperParameters={"mode": "supervised", "epochs": "10", "min_count": "1", "vector_dim": "10"},
           InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://models/data/train"}}}],
           OutputDataConfig={"S3OutputPath": "s3://models/out"}, ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
           StoppingCondition={"MaxRuntimeInSeconds": 600}, Tags=[{"Key": "team", "Value": "a"}])
arn = sm.create_training_job(**job)["TrainingJobArn"]
waiter = sm.get_waiter("training_job_completed_or_stopped")
waiter.config.delay, waiter.config.max_attempts = 0.2, 300
waiter.wait(TrainingJobName="text-1")
done = sm.describe_training_job(TrainingJobName="text-1")
assert done["TrainingJobStatus"] == "Completed", done
assert done["ModelArtifacts"]["S3ModelArtifacts"] == "s3://models/out/text-1/output/model.tar.gz", done
assert [t["Status"] for t in done["SecondaryStatusTransitions"]] == ["Starting", "Downloading", "Training", "Uploading", "Completed"], done
assert any(m["MetricName"].startswith("train:") for m in done["FinalMetricDataList"]), done
assert sm.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "a"}]
refused("ResourceInUse", "already exists", sm.create_training_job, **job)

bad_job = dict(job, TrainingJobName="text-2", HyperParameters={"mode": "supervised", "epochs": "many"})
sm.create_training_job(**bad_job)
for _ in range(300):
    d = sm.describe_training_job(TrainingJobName="text-2")
    if d["TrainingJobStatus"] not in ("InProgress",):
        break
    time.sleep(0.1)
assert d["TrainingJobStatus"] == "Failed" and d["FailureReason"].startswith("ClientError"), d

model = done["ModelArtifacts"]["S3ModelArtifacts"]
refused("ValidationException", "Could not access model data", sm.create_model, ModelName="none", ExecutionRoleArn=role,
        PrimaryContainer={"Image": image, "ModelDataUrl": "s3://models/none.tar.gz"})
sm.create_model(ModelName="text", ExecutionRoleArn=role, PrimaryContainer={"Image": image, "ModelDataUrl": model})
refused("ValidationException", "Cannot create already existing model", sm.create_model, ModelName="text", ExecutionRoleArn=role,
        PrimaryContainer={"Image": image, "ModelDataUrl": model})
sm.create_endpoint_config(EndpointConfigName="text", ProductionVariants=[
    {"VariantName": "AllTraffic", "ModelName": "text", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}])
refused("ValidationException", "Could not find endpoint configuration", sm.create_endpoint, EndpointName="text", EndpointConfigName="none")
sm.create_endpoint(EndpointName="text", EndpointConfigName="text")
up = sm.get_waiter("endpoint_in_service")
up.config.delay, up.config.max_attempts = 0.1, 300
up.wait(EndpointName="text")


def label(text):
    out = runtime.invoke_endpoint(EndpointName="text", ContentType="application/json", Body=json.dumps({"instances": [text]}))
    assert out["InvokedProductionVariant"] == "AllTraffic", out
    return json.loads(out["Body"].read())[0]["label"][0]


assert label("it was wonderful great") == "__label__1"
assert label("a broken awful box") == "__label__2"
e = refused("ModelError", "Received client error (4", runtime.invoke_endpoint, EndpointName="text", ContentType="application/json", Body=b"{")
assert e["ResponseMetadata"]["HTTPStatusCode"] == 424 and e["OriginalStatusCode"] // 100 == 4, e
refused("ValidationError", "not found", runtime.invoke_endpoint, EndpointName="none", Body=b"x")
stream = runtime.invoke_endpoint_with_response_stream(EndpointName="text", ContentType="application/json", Body=json.dumps({"instances": ["great"]}))
assert b"__label__1" in b"".join(e["PayloadPart"]["Bytes"] for e in stream["Body"])

# Another configuration: two variants, one without instances of its own.
sm.create_endpoint_config(EndpointConfigName="text-2", ProductionVariants=[
    {"VariantName": "A", "ModelName": "text", "InstanceType": "ml.m5.large", "InitialInstanceCount": 2, "InitialVariantWeight": 1},
    {"VariantName": "B", "ModelName": "text", "ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 2}, "InitialVariantWeight": 1}])
sm.update_endpoint(EndpointName="text", EndpointConfigName="text-2")
refused("ValidationException", "Cannot update in-progress endpoint", sm.update_endpoint, EndpointName="text", EndpointConfigName="text")
up.wait(EndpointName="text")
seen = {runtime.invoke_endpoint(EndpointName="text", ContentType="application/json", Body='{"instances":["great"]}')["InvokedProductionVariant"] for _ in range(40)}
assert seen == {"A", "B"}, seen
sm.update_endpoint_weights_and_capacities(EndpointName="text", DesiredWeightsAndCapacities=[{"VariantName": "A", "DesiredInstanceCount": 1, "DesiredWeight": 0}])
up.wait(EndpointName="text")
d = sm.describe_endpoint(EndpointName="text")
assert d["EndpointConfigName"] == "text-2" and {v["VariantName"]: v["CurrentWeight"] for v in d["ProductionVariants"]} == {"A": 0, "B": 1}, d

# A batch: each line with its answer, in order.
texts = [random.choice(good if i % 3 else bad) + " box " + str(i) for i in range(200)]
s3.put_object(Bucket="models", Key="in/a/one.jsonl", Body="".join(json.dumps({"id": i, "source": t}) + "\n" for i, t in enumerate(texts)))
s3.put_object(Bucket="models", Key="in/two.jsonl", Body=json.dumps({"id": 0, "source": "great"}))
batch = dict(TransformJobName="batch-1", ModelName="text", BatchStrategy="MultiRecord",
             TransformInput={"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://models/in/"}}, "ContentType": "application/jsonlines",
                             "SplitType": "Line"},
             TransformOutput={"S3OutputPath": "s3://models/answers", "Accept": "application/jsonlines", "AssembleWith": "Line"},
             DataProcessing={"JoinSource": "Input", "OutputFilter": "$['id','SageMakerOutput']"},
             TransformResources={"InstanceType": "ml.m5.large", "InstanceCount": 1})
sm.create_transform_job(**batch)
refused("ResourceInUse", "already exists", sm.create_transform_job, **batch)
refused("ValidationException", "no expression", sm.create_transform_job, **dict(batch, TransformJobName="batch-2", DataProcessing={"OutputFilter": "$..a"}))
ended = sm.get_waiter("transform_job_completed_or_stopped")
ended.config.delay, ended.config.max_attempts = 0.2, 300
ended.wait(TransformJobName="batch-1")
answers = [json.loads(line) for line in s3.get_object(Bucket="models", Key="answers/a/one.jsonl.out")["Body"].read().splitlines()]
assert [a["id"] for a in answers] == list(range(200)), answers[:3]
assert all(a["SageMakerOutput"]["label"][0] == ("__label__1" if a["id"] % 3 else "__label__2") for a in answers), answers[:3]
assert s3.get_object(Bucket="models", Key="answers/two.jsonl.out")["Body"].read().count(b"\n") == 1
s3.put_object(Bucket="models", Key="mixed/good.jsonl", Body='{"id": 1, "source": "great"}')
s3.put_object(Bucket="models", Key="mixed/bad.jsonl", Body="{")
sm.create_transform_job(**dict(batch, TransformJobName="batch-3", TransformInput=dict(batch["TransformInput"], DataSource={"S3DataSource": {
    "S3DataType": "S3Prefix", "S3Uri": "s3://models/mixed/"}})))
try:
    ended.wait(TransformJobName="batch-3")
except botocore.exceptions.WaiterError:
    pass
d = sm.describe_transform_job(TransformJobName="batch-3")
assert d["TransformJobStatus"] == "Failed" and d["FailureReason"].startswith("ClientError: 1 of 2 objects failed"), d
assert [o["Key"] for o in s3.list_objects_v2(Bucket="models", Prefix="answers/")["Contents"]] == ["answers/a/one.jsonl.out", "answers/good.jsonl.out", "answers/two.jsonl.out"]

# An asynchronous endpoint tells topics how its invocations end.
sns, sqs = boto3.client("sns"), boto3.client("sqs")
queue = sqs.create_queue(QueueName="told")["QueueUrl"]
told = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": told}]})})
topics = {}
for name in ("success", "error"):
    topics[name] = sns.create_topic(Name=name)["TopicArn"]
    sns.subscribe(TopicArn=topics[name], Protocol="sqs", Endpoint=told, Attributes={"RawMessageDelivery": "true"})
iam.put_role_policy(RoleName="model", PolicyName="tell", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": "sns:Publish", "Resource": list(topics.values())}]}))


def messages(n):
    got = []
    for _ in range(60):
        got += sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=1, MaxNumberOfMessages=10).get("Messages", [])
        if len(got) >= n:
            break
    for m in got:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=m["ReceiptHandle"])
    assert len(got) == n, got
    return [json.loads(m["Body"]) for m in got]


sm.create_endpoint_config(EndpointConfigName="later", ProductionVariants=[
    {"VariantName": "V", "ModelName": "text", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}],
    AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": "s3://models/later", "S3FailurePath": "s3://models/failed", "NotificationConfig": {
        "SuccessTopic": topics["success"], "ErrorTopic": topics["error"], "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC"]}},
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 2}})
sm.create_endpoint(EndpointName="later", EndpointConfigName="later")
up.wait(EndpointName="later")
assert {m["eventName"] for m in messages(2)} == {"TestNotification"}
refused("ValidationError", "async endpoint", runtime.invoke_endpoint, EndpointName="later", Body=b"x")
refused("ValidationError", "not an async endpoint", runtime.invoke_endpoint_async, EndpointName="text", InputLocation="s3://models/later.json")
s3.put_object(Bucket="models", Key="later.json", Body=json.dumps({"instances": ["great"]}))
out = runtime.invoke_endpoint_async(EndpointName="later", InputLocation="s3://models/later.json", ContentType="application/json", InferenceId="one")
assert out["ResponseMetadata"]["HTTPStatusCode"] == 202 and out["InferenceId"] == "one", out
[m] = messages(1)
assert m["invocationStatus"] == "Completed" and m["inferenceId"] == "one" and m["eventName"] == "InferenceResult" and m["eventSource"] == "aws:sagemaker", m
assert m["requestParameters"] == {"endpointName": "later", "inputLocation": "s3://models/later.json", "contentType": "application/json"}, m
assert m["responseParameters"]["outputLocation"] == out["OutputLocation"] and m["awsRegion"] == "us-east-1" and m["eventVersion"] == "1.0", m
answer = s3.get_object(Bucket="models", Key=out["OutputLocation"].removeprefix("s3://models/"))["Body"].read()
assert json.loads(answer)[0]["label"] == ["__label__1"], answer
assert m["responseParameters"]["body"]["content"] == answer.decode(), m
out = runtime.invoke_endpoint_async(EndpointName="later", InputLocation="s3://models/none.json", ContentType="application/json")
[m] = messages(1)
assert m["invocationStatus"] == "Failed" and "none.json" in m["failureReason"], m
s3.put_object(Bucket="models", Key="bad.json", Body="{")
out = runtime.invoke_endpoint_async(EndpointName="later", InputLocation="s3://models/bad.json", ContentType="application/json")
[m] = messages(1)
assert m["invocationStatus"] == "Failed" and m["failureReason"].startswith("ModelError") and m["responseParameters"]["outputLocation"] == out["FailureLocation"], m
s3.head_object(Bucket="models", Key=out["FailureLocation"].removeprefix("s3://models/"))
sm.update_endpoint_weights_and_capacities(EndpointName="later", DesiredWeightsAndCapacities=[{"VariantName": "V", "DesiredInstanceCount": 0}])
up.wait(EndpointName="later")
for i in range(20):
    runtime.invoke_endpoint_async(EndpointName="later", InputLocation="s3://models/later.json", ContentType="application/json", InferenceId=str(i))
sm.update_endpoint_weights_and_capacities(EndpointName="later", DesiredWeightsAndCapacities=[{"VariantName": "V", "DesiredInstanceCount": 2}])
up.wait(EndpointName="later")
assert sorted(int(m["inferenceId"]) for m in messages(20)) == list(range(20))
sm.delete_endpoint(EndpointName="later")

# A model that is no model.
sick = io.BytesIO()
with tarfile.open(fileobj=sick, mode="w:gz") as t:
    info = tarfile.TarInfo("nothing")
    t.addfile(info, io.BytesIO())
s3.put_object(Bucket="models", Key="sick.tar.gz", Body=sick.getvalue())
sm.create_model(ModelName="sick", ExecutionRoleArn=role, PrimaryContainer={"Image": image, "ModelDataUrl": "s3://models/sick.tar.gz"})
sm.create_endpoint_config(EndpointConfigName="sick", ProductionVariants=[{"VariantName": "V", "ModelName": "sick", "InstanceType": "ml.m5.large",
                          "InitialInstanceCount": 1, "ContainerStartupHealthCheckTimeoutInSeconds": 60}])
sm.create_endpoint(EndpointName="sick", EndpointConfigName="sick")
try:
    up.wait(EndpointName="sick")
except botocore.exceptions.WaiterError:
    pass
d = sm.describe_endpoint(EndpointName="sick")
assert d["EndpointStatus"] == "Failed" and "did not pass the ping health check" in d["FailureReason"], d

for name in ("text", "sick"):
    sm.delete_endpoint(EndpointName=name)
gone = sm.get_waiter("endpoint_deleted")
gone.config.delay = 0.1
gone.wait(EndpointName="text")
print("the story is told")
