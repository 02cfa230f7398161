"""Trains, deploys and invokes in all four ways with the second line of the SageMaker SDK for Python."""

import json
import logging
import os
import random
import tempfile
import time
import types

import boto3
import numpy
import pandas
import sagemaker
from sagemaker import ModelPackage, image_uris
from sagemaker.async_inference import AsyncInferenceConfig, WaiterConfig
from sagemaker.deserializers import JSONDeserializer
from sagemaker.estimator import Estimator
from sagemaker.feature_store.feature_group import FeatureGroup
from sagemaker.inputs import TrainingInput
from sagemaker.predictor import Predictor
from sagemaker.predictor_async import AsyncPredictor
from sagemaker.serializers import JSONSerializer
from sagemaker.serverless import ServerlessInferenceConfig
from sagemaker.sklearn import SKLearn, SKLearnModel

# The SDK asks every 5 to 30 seconds. Here its time goes a hundred times faster.
sleep = time.sleep
time.sleep = lambda s: sleep(min(s, 0.2))
sagemaker.session.time = types.SimpleNamespace(sleep=time.sleep, time=lambda: 100 * time.time())
logging.getLogger("sagemaker").setLevel(logging.ERROR)


class Session(boto3.Session):
    """The SDK names STS's own endpoint, which no variable overrides."""

    def client(self, name, *args, **more):
        if name == "sts":
            more["endpoint_url"] = os.environ["AWS_ENDPOINT_URL"]
        return super().client(name, *args, **more)


boto = Session()
session = sagemaker.Session(boto_session=boto)
s3, iam = boto.client("s3"), boto.client("iam")
trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="SageMakerRole", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.attach_role_policy(RoleName="SageMakerRole", PolicyArn="arn:aws:iam::aws:policy/AmazonSageMakerFullAccess")
bucket = session.default_bucket()
assert bucket == f"sagemaker-us-east-1-{boto.client('sts').get_caller_identity()['Account']}", bucket
assert session.default_bucket() == bucket

random.seed(1)
good, bad, rest = ["wonderful", "great", "lovely"], ["awful", "broken", "terrible"], ["the", "tea", "was", "a", "box", "it"]
with tempfile.NamedTemporaryFile("w", suffix=".train") as f:
    for i in range(600):
        words, label = (good, 1) if i % 2 else (bad, 2)
        text = random.choices(rest, k=5) + random.choices(words, k=2)
        random.shuffle(text)
        f.write(f"__label__{label} " + " ".join(text) + "\n")
    f.flush()
    train = session.upload_data(f.name, key_prefix="text/train")

# Train, and read the lines of the training while it goes on.
image = image_uris.retrieve("blazingtext", session.boto_region_name)
text = Estimator(image, role, 1, "ml.m5.large", output_path=f"s3://{bucket}/text/out", sagemaker_session=session,
                 hyperparameters={"mode": "supervised", "epochs": 10, "min_count": 1, "vector_dim": 10}, tags=[{"Key": "team", "Value": "a"}])
text.fit({"train": TrainingInput(train, content_type="text/plain")})
assert text.model_data == f"s3://{bucket}/text/out/{text.latest_training_job.name}/output/model.tar.gz", text.model_data
assert text.latest_training_job.describe()["TrainingJobStatus"] == "Completed"
again = Estimator.attach(text.latest_training_job.name, session)
assert again.model_data == text.model_data

question = {"instances": ["it was wonderful great"]}


def said(answer):
    return answer[0]["label"]


# In real time.
now = text.deploy(1, "ml.m5.large", serializer=JSONSerializer(), deserializer=JSONDeserializer())
assert said(now.predict(question)) == ["__label__1"]
assert said(now.predict({"instances": ["a broken awful box"]})) == ["__label__2"]
assert said(Predictor(now.endpoint_name, session, serializer=JSONSerializer(), deserializer=JSONDeserializer()).predict(question)) == ["__label__1"]
parts = b"".join(p["PayloadPart"]["Bytes"] for p in session.sagemaker_runtime_client.invoke_endpoint_with_response_stream(
    EndpointName=now.endpoint_name, ContentType="application/json", Body=json.dumps(question))["Body"])
assert said(json.loads(parts)) == ["__label__1"]
try:
    now.predict({"instances": 1})
except boto.client("sagemaker-runtime").exceptions.ModelError as e:
    assert e.response["OriginalStatusCode"] // 100 == 4, e.response
else:
    raise AssertionError("was not refused")
now.update_endpoint(initial_instance_count=2, instance_type="ml.c5.large")
assert said(now.predict(question)) == ["__label__1"]
now.delete_model()
now.delete_endpoint()

# Without instances of its own.
serverless = text.deploy(serverless_inference_config=ServerlessInferenceConfig(memory_size_in_mb=1024, max_concurrency=2), serializer=JSONSerializer(),
                         deserializer=JSONDeserializer())
assert said(serverless.predict(question)) == ["__label__1"]
serverless.delete_endpoint()

# Later: the SDK uploads the question and waits for the answer.
later = text.deploy(1, "ml.m5.large", serializer=JSONSerializer(), deserializer=JSONDeserializer(), async_inference_config=AsyncInferenceConfig(
    output_path=f"s3://{bucket}/later", failure_path=f"s3://{bucket}/failed", max_concurrent_invocations_per_instance=2))
assert said(later.predict(question)) == ["__label__1"]
handle = later.predict_async(data=question)
assert said(handle.get_result(WaiterConfig(max_attempts=50, delay=1))) == ["__label__1"]
try:
    AsyncPredictor(Predictor(later.endpoint_name, session, serializer=JSONSerializer())).predict_async(data={"instances": 1}).get_result(WaiterConfig(max_attempts=50, delay=1))
except sagemaker.exceptions.AsyncInferenceModelError as e:
    assert "instances" in str(e), e
else:
    raise AssertionError("was not refused")
later.delete_endpoint()

# In a batch.
lines = [{"id": i, "source": random.choice(good if i % 3 else bad) + f" box {i}"} for i in range(100)]
s3.put_object(Bucket=bucket, Key="batch/in/some.jsonl", Body="".join(json.dumps(line) + "\n" for line in lines))
batch = text.transformer(1, "ml.m5.large", strategy="MultiRecord", assemble_with="Line", accept="application/jsonlines", output_path=f"s3://{bucket}/batch/out")
batch.transform(f"s3://{bucket}/batch/in/", content_type="application/jsonlines", split_type="Line", join_source="Input")
answers = [json.loads(a) for a in s3.get_object(Bucket=bucket, Key="batch/out/some.jsonl.out")["Body"].read().splitlines()]
assert [a["id"] for a in answers] == list(range(100)), answers[:2]
assert all(a["SageMakerOutput"]["label"] == ["__label__1" if a["id"] % 3 else "__label__2"] for a in answers), answers[:2]
batch.delete_model()

# The algorithms that have classes of their own, which send matrices.
random_points = numpy.random.default_rng(1)
points = numpy.concatenate([random_points.normal(c, 0.1, (100, 2)) for c in (0, 5)]).astype("float32")
means = sagemaker.KMeans(role=role, instance_count=1, instance_type="ml.m5.large", k=2, sagemaker_session=session,
                         output_path=f"s3://{bucket}/means", data_location=f"s3://{bucket}/means/data/")
means.fit(means.record_set(points), mini_batch_size=50)
clusters = means.deploy(1, "ml.m5.large")
found = [r.label["closest_cluster"].float32_tensor.values[0] for r in clusters.predict(points[[0, 1, 150, 151]])]
assert found[0] == found[1] != found[2] == found[3], found
clusters.delete_endpoint()
labels = (points[:, 0] > 2).astype("float32")
line = sagemaker.LinearLearner(role=role, instance_count=1, instance_type="ml.m5.large", predictor_type="binary_classifier", epochs=5,
                               sagemaker_session=session, output_path=f"s3://{bucket}/line", data_location=f"s3://{bucket}/line/data/")
line.fit(line.record_set(points, labels=labels), mini_batch_size=20)
sides = line.deploy(1, "ml.m5.large")
assert [r.label["predicted_label"].float32_tensor.values[0] for r in sides.predict(points[[0, 150]])] == [0, 1]
sides.delete_endpoint()

# A version that is registered, approved and deployed.
model = text.create_model()
version = model.register(content_types=["application/json"], response_types=["application/json"], inference_instances=["ml.m5.large"],
                         transform_instances=["ml.m5.large"], model_package_group_name="tea", approval_status="PendingManualApproval")
package = ModelPackage(role=role, model_package_arn=version.model_package_arn, sagemaker_session=session)
package.update_approval_status(approval_status="Approved")
package.deploy(1, "ml.m5.large", endpoint_name="registered")
registered = Predictor("registered", session, serializer=JSONSerializer(), deserializer=JSONDeserializer())
assert said(registered.predict(question)) == ["__label__1"]
registered.delete_endpoint()

# A script with scikit-learn: trained, served, and asked in a batch.
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
    p.add_argument("--model-dir", default=os.environ["SM_MODEL_DIR"])
    p.add_argument("--train", default=os.environ["SM_CHANNEL_TRAIN"])
    a = p.parse_args()
    rows = numpy.loadtxt(os.path.join(a.train, "rows.csv"), delimiter=",")
    joblib.dump(KNeighborsClassifier(a.neighbors).fit(rows[:, 1:], rows[:, 0]), os.path.join(a.model_dir, "model.joblib"))
""")
    s3.put_object(Bucket=bucket, Key="rows/rows.csv", Body="".join(f"{label},{x},{y}\n" for label, (x, y) in zip(labels, points)))
    script = SKLearn(entry_point="script.py", source_dir=d, role=role, instance_type="ml.m5.large", instance_count=1, framework_version="1.2-1",
                     py_version="py3", hyperparameters={"neighbors": 3}, sagemaker_session=session)
    script.fit({"train": f"s3://{bucket}/rows"})
    neighbors = script.deploy(1, "ml.m5.large")
    assert neighbors.predict(points[[0, 150]]).tolist() == [0, 1]
    neighbors.delete_endpoint()
    model = SKLearnModel(model_data=script.model_data, role=role, entry_point="script.py", source_dir=d, framework_version="1.2-1", py_version="py3",
                         sagemaker_session=session)
    s3.put_object(Bucket=bucket, Key="questions/some.csv", Body="".join(f"{x},{y}\n" for x, y in points))
    batch = model.transformer(1, "ml.m5.large", strategy="MultiRecord", assemble_with="Line", accept="text/csv", output_path=f"s3://{bucket}/neighbors")
    batch.transform(f"s3://{bucket}/questions/", content_type="text/csv", split_type="Line")
    answers = s3.get_object(Bucket=bucket, Key="neighbors/some.csv.out")["Body"].read().split()
    assert [float(a) for a in answers] == labels.tolist(), answers[:3]

# Features, kept and read.
frame = pandas.DataFrame({"id": ["a", "b"], "at": [1593511200.0, 1593511200.0], "orders": [1, 2], "city": ["Rome", "Bern"]})
for column in ("id", "city"):
    frame[column] = frame[column].astype("string")
features = FeatureGroup(name="customers", sagemaker_session=session)
features.load_feature_definitions(data_frame=frame)
features.create(s3_uri=f"s3://{bucket}/features", record_identifier_name="id", event_time_feature_name="at", role_arn=role, enable_online_store=True)
while features.describe()["FeatureGroupStatus"] == "Creating":
    time.sleep(1)
features.ingest(data_frame=frame, max_workers=2, wait=True)
assert {v["FeatureName"]: v["ValueAsString"] for v in features.get_record("b")} == {"id": "b", "at": "1593511200.0", "orders": "2", "city": "Bern"}
history = features.athena_query()
for _ in range(60):
    history.run(f'SELECT id, orders FROM "{history.table_name}" ORDER BY id', output_location=f"s3://{bucket}/answers/")
    history.wait()
    rows = history.as_dataframe().values.tolist()
    if rows:
        break
    time.sleep(1)
assert rows == [["a", 1], ["b", 2]], rows
features.delete()
print("the story is told")
