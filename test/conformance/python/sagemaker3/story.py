"""Trains, deploys and invokes in all four ways with the third line of the SageMaker SDK for Python."""

import json
import logging
import os
import random
import tempfile
import time

import boto3
from sagemaker.core import image_uris
from sagemaker.core.helper.session_helper import Session
from sagemaker.core.inference_config import AsyncInferenceConfig, ResourceRequirements, ServerlessInferenceConfig
from sagemaker.core.resources import Endpoint, InferenceComponent, Model, ModelPackage, ModelPackageGroup, TrainingJob
from sagemaker.core.shapes import ContainerDefinition, StoppingCondition
from sagemaker.core.training.configs import Compute, InputData, OutputDataConfig, SourceCode
from sagemaker.serve.mode.function_pointers import Mode
from sagemaker.serve.model_builder import ModelBuilder
from sagemaker.train.model_trainer import ModelTrainer

# The SDK asks every 5 to 30 seconds.
sleep = time.sleep
time.sleep = lambda s: sleep(min(s, 0.2))
logging.getLogger("sagemaker").setLevel(logging.ERROR)


class Boto(boto3.Session):
    """The SDK names STS's own endpoint, which no variable overrides."""

    def client(self, name, *args, **more):
        if name == "sts":
            more["endpoint_url"] = os.environ["AWS_ENDPOINT_URL"]
        return super().client(name, *args, **more)


boto = Boto()
session = Session(boto_session=boto)
s3, iam = boto.client("s3"), boto.client("iam")
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="SageMakerRole", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.attach_role_policy(RoleName="SageMakerRole", PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
bucket = session.default_bucket()

random.seed(1)
good, bad, rest = ["wonderful", "great", "lovely"], ["awful", "broken", "terrible"], ["the", "tea", "was", "a", "box", "it"]
lines = []
for i in range(600):
    words, label = (good, 1) if i % 2 else (bad, 2)
    text = random.choices(rest, k=5) + random.choices(words, k=2)
    random.shuffle(text)
    lines.append(f"__label__{label} " + " ".join(text))
s3.put_object(Bucket=bucket, Key="text/train/part.txt", Body="\n".join(lines))

image = image_uris.retrieve("blazingtext", session.boto_region_name)
trainer = ModelTrainer(training_image=image, role=role, sagemaker_session=session, compute=Compute(instance_type="ml.m5.large", instance_count=1),
                       base_job_name="text", output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/text/out"),
                       stopping_condition=StoppingCondition(max_runtime_in_seconds=600),
                       hyperparameters={"mode": "supervised", "epochs": 10, "min_count": 1, "vector_dim": 10})
trainer.train(input_data_config=[InputData(channel_name="train", data_source=f"s3://{bucket}/text/train")])
job = TrainingJob.get(trainer._latest_training_job.training_job_name)
assert job.training_job_status == "Completed", job
data = job.model_artifacts.s3_model_artifacts
assert data == f"s3://{bucket}/text/out/{job.training_job_name}/output/model.tar.gz", data

question = {"instances": ["it was wonderful great"]}


def builder(**more):
    b = ModelBuilder(image_uri=image, s3_model_data_url=data, role_arn=role, sagemaker_session=session, mode=Mode.SAGEMAKER_ENDPOINT, **more)
    b.build()
    return b


def said(endpoint):
    answer = endpoint.invoke(body=json.dumps(question), content_type="application/json")
    return json.loads(answer.body.read())[0]["label"]


# In real time.
now = builder(instance_type="ml.m5.large").deploy(endpoint_name="now", initial_instance_count=1)
assert said(now) == ["__label__1"]
assert said(Endpoint.get("now")) == ["__label__1"]
assert Endpoint.get("now").endpoint_status == "InService"

# Without instances of its own.
serverless = builder().deploy(endpoint_name="serverless", inference_config=ServerlessInferenceConfig(memory_size_in_mb=1024, max_concurrency=2))
assert said(serverless) == ["__label__1"]

# Later.
later = builder(instance_type="ml.m5.large").deploy(endpoint_name="later", initial_instance_count=1, inference_config=AsyncInferenceConfig(
    output_path=f"s3://{bucket}/later", failure_path=f"s3://{bucket}/failed"))
s3.put_object(Bucket=bucket, Key="question.json", Body=json.dumps(question), ContentType="application/json")
out = later.invoke_async(input_location=f"s3://{bucket}/question.json", content_type="application/json")
key = out.output_location.removeprefix(f"s3://{bucket}/")
s3.get_waiter("object_exists").wait(Bucket=bucket, Key=key)
assert json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())[0]["label"] == ["__label__1"]

# In a batch.
records = [{"id": i, "source": random.choice(good if i % 3 else bad) + f" box {i}"} for i in range(100)]
s3.put_object(Bucket=bucket, Key="batch/in/some.jsonl", Body="".join(json.dumps(r) + "\n" for r in records))
batch = builder(instance_type="ml.m5.large").transformer(instance_count=1, instance_type="ml.m5.large", strategy="MultiRecord", assemble_with="Line", accept="application/jsonlines",
                      output_path=f"s3://{bucket}/batch/out")
batch.transform(data=f"s3://{bucket}/batch/in/", content_type="application/jsonlines", split_type="Line", join_source="Input")
batch.wait()
answers = [json.loads(a) for a in s3.get_object(Bucket=bucket, Key="batch/out/some.jsonl.out")["Body"].read().splitlines()]
assert [a["id"] for a in answers] == list(range(100)), answers[:2]
assert all(a["SageMakerOutput"]["label"] == ["__label__1" if a["id"] % 3 else "__label__2"] for a in answers), answers[:2]

# A version that is registered, approved and deployed.
group = ModelPackageGroup.create(model_package_group_name="tea")
version = builder(instance_type="ml.m5.large").register(model_package_group_name="tea", content_types=["application/json"],
                                                        response_types=["application/json"], inference_instances=["ml.m5.large"],
                                                        transform_instances=["ml.m5.large"])
version = ModelPackage.get(version if isinstance(version, str) else version.model_package_arn)
assert version.model_package_version == 1 and version.model_approval_status == "PendingManualApproval", version
version.update(model_approval_status="Approved")
approved = builder(instance_type="ml.m5.large")
approved.built_model = Model.create(model_name="approved", execution_role_arn=role, primary_container=ContainerDefinition(model_package_name=version.model_package_arn))
registered = approved.deploy(endpoint_name="registered", initial_instance_count=1)
assert said(registered) == ["__label__1"]

# A copy on instances that it shares.
shared = builder(instance_type="ml.m5.large").deploy(endpoint_name="shared", initial_instance_count=1, inference_component_name="copy",
                                                     inference_config=ResourceRequirements(requests={"num_cpus": 0.5, "memory": 1024, "copies": 1}))
copy = InferenceComponent.get("copy")
copy.wait_for_status("InService")
answer = Endpoint.get("shared").invoke(body=json.dumps(question), content_type="application/json", inference_component_name="copy")
assert json.loads(answer.body.read())[0]["label"] == ["__label__1"]
assert copy.inference_component_status == "InService" and copy.runtime_config.current_copy_count == 1, copy
copy.delete()
copy.wait_for_delete()

# A script with scikit-learn, which the SDK brings with drivers of its own.
with tempfile.TemporaryDirectory() as d:
    with open(os.path.join(d, "script.py"), "w") as f:
        f.write("""
import argparse, os
import joblib, numpy
from sklearn.neighbors import KNeighborsClassifier

def model_fn(model_dir):
    return joblib.load(os.path.join(model_dir, "model.joblib"))

if __name__ == "__main__":
    p = argparse.ArgumentParser()
    p.add_argument("--neighbors", type=int)
    a = p.parse_args()
    rows = numpy.loadtxt(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "rows.csv"), delimiter=",")
    joblib.dump(KNeighborsClassifier(a.neighbors).fit(rows[:, 1:], rows[:, 0]), os.path.join(os.environ["SM_MODEL_DIR"], "model.joblib"))
""")
    s3.put_object(Bucket=bucket, Key="rows/rows.csv", Body="".join(f"{i % 2},{i % 2 * 5 + i / 1000},{i % 2 * 5}\n" for i in range(100)))
    image = image_uris.retrieve("sklearn", session.boto_region_name, version="1.2-1", py_version="py3", instance_type="ml.m5.large")
    source = SourceCode(source_dir=d, entry_script="script.py")
    trainer = ModelTrainer(training_image=image, role=role, sagemaker_session=session, compute=Compute(instance_type="ml.m5.large", instance_count=1),
                           base_job_name="script", source_code=source, output_data_config=OutputDataConfig(s3_output_path=f"s3://{bucket}/script"),
                           stopping_condition=StoppingCondition(max_runtime_in_seconds=600), hyperparameters={"neighbors": 3})
    trainer.train(input_data_config=[InputData(channel_name="train", data_source=f"s3://{bucket}/rows")])
    data = TrainingJob.get(trainer._latest_training_job.training_job_name).model_artifacts.s3_model_artifacts
    script = builder(instance_type="ml.m5.large", source_code=source).deploy(endpoint_name="script", initial_instance_count=1)
    answer = script.invoke(body="5,5\n0,0\n", content_type="text/csv", accept="application/json")
    assert json.loads(answer.body.read()) == [1, 0]

for e in (now, serverless, later, registered, shared, script):
    e.delete()
print("the story is told")
