"""Places models on the instances of one endpoint as inference components, with boto3."""

import json
import time

import boto3

from expect import refused, wait

s3, iam, sm, runtime, scaling = (boto3.client(n) for n in ("s3", "iam", "sagemaker", "sagemaker-runtime", "application-autoscaling"))


def settled(name):
    for _ in range(300):
        d = sm.describe_inference_component(InferenceComponentName=name)
        if d["InferenceComponentStatus"] not in ("Creating", "Updating"):
            return d
        time.sleep(0.1)
    raise AssertionError(d)


trust = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}]}
role = iam.create_role(RoleName="components", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
iam.put_role_policy(RoleName="components", PolicyName="p", PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Action": ["s3:*", "logs:*"], "Resource": "*"}]}))
s3.create_bucket(Bucket="components")
image = "811284229777.dkr.ecr.us-east-1.amazonaws.com/blazingtext:1"
data = {}
for name, (one, two) in {"tea": ("good", "bad"), "cake": ("bad", "good")}.items():
    s3.put_object(Bucket="components", Key=f"{name}/a.txt", Body=f"__label__1 {one} tea\n__label__2 {two} box\n" * 200)
    sm.create_training_job(TrainingJobName=name, AlgorithmSpecification={"TrainingImage": image, "TrainingInputMode": "File"}, RoleArn=role,
                           HyperParameters={"mode": "supervised", "epochs": "5", "min_count": "1"}, OutputDataConfig={"S3OutputPath": "s3://components/out"},
                           InputDataConfig=[{"ChannelName": "train", "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://components/{name}"}}}],
                           ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}, StoppingCondition={"MaxRuntimeInSeconds": 600})
    wait(sm, "training_job_completed_or_stopped", TrainingJobName=name)
    data[name] = f"s3://components/out/{name}/output/model.tar.gz"
sm.create_model(ModelName="tea", ExecutionRoleArn=role, PrimaryContainer={"Image": image, "ModelDataUrl": data["tea"]})

# Instances without a model.
variant = {"VariantName": "All", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1, "RoutingConfig": {"RoutingStrategy": "LEAST_OUTSTANDING_REQUESTS"},
           "ManagedInstanceScaling": {"Status": "ENABLED", "MinInstanceCount": 1, "MaxInstanceCount": 2}}
refused("ValidationException", "ExecutionRoleArn is required", sm.create_endpoint_config, EndpointConfigName="host", ProductionVariants=[variant])
refused("ValidationException", "cannot be in one", sm.create_endpoint_config, EndpointConfigName="host", ExecutionRoleArn=role, ProductionVariants=[
    variant, {"VariantName": "B", "ModelName": "tea", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}])
sm.create_endpoint_config(EndpointConfigName="host", ExecutionRoleArn=role, ProductionVariants=[variant])
sm.create_endpoint(EndpointName="host", EndpointConfigName="host")
wait(sm, "endpoint_in_service", EndpointName="host")
instances = lambda: sm.describe_endpoint(EndpointName="host")["ProductionVariants"][0]["CurrentInstanceCount"]
assert instances() == 1

# Two models share them: one that was made, and one that the component names itself.
needs = {"NumberOfCpuCoresRequired": 0.5, "MinMemoryRequiredInMb": 1024}
tea = dict(InferenceComponentName="tea", EndpointName="host", VariantName="All", RuntimeConfig={"CopyCount": 1}, Tags=[{"Key": "team", "Value": "a"}],
           Specification={"ModelName": "tea", "ComputeResourceRequirements": needs})
refused("ValidationException", "Could not find model", sm.create_inference_component, **dict(tea, Specification={"ModelName": "none", "ComputeResourceRequirements": needs}))
refused("ValidationException", "Could not find variant", sm.create_inference_component, **dict(tea, VariantName="None"))
refused("ValidationException", "Could not find endpoint", sm.create_inference_component, **dict(tea, EndpointName="none"))
arn = sm.create_inference_component(**tea)["InferenceComponentArn"]
refused("ValidationException", "already existing", sm.create_inference_component, **tea)
sm.create_inference_component(InferenceComponentName="cake", EndpointName="host", VariantName="All", RuntimeConfig={"CopyCount": 2}, Specification={
    "Container": {"Image": image, "ArtifactUrl": data["cake"], "Environment": {"A": "1"}}, "ComputeResourceRequirements": needs,
    "StartupParameters": {"ContainerStartupHealthCheckTimeoutInSeconds": 60}})
d = settled("tea")
assert d["InferenceComponentStatus"] == "InService" and d["RuntimeConfig"] == {"DesiredCopyCount": 1, "CurrentCopyCount": 1}, d
assert d["Specification"]["ModelName"] == "tea" and d["EndpointName"] == "host" and d["VariantName"] == "All" and d["InferenceComponentArn"] == arn, d
assert sm.list_tags(ResourceArn=arn)["Tags"] == tea["Tags"]
d = settled("cake")
assert d["RuntimeConfig"]["CurrentCopyCount"] == 2 and d["Specification"]["Container"]["DeployedImage"]["SpecifiedImage"] == image, d
assert [c["InferenceComponentName"] for c in sm.list_inference_components(EndpointNameEquals="host", SortBy="Name", SortOrder="Ascending")["InferenceComponents"]] == ["cake", "tea"]


def label(component, **more):
    out = runtime.invoke_endpoint(EndpointName="host", InferenceComponentName=component, ContentType="application/json", Body='{"instances": ["good"]}', **more)
    return json.loads(out["Body"].read())[0]["label"]


assert label("tea") == ["__label__1"] and label("cake") == ["__label__2"]
stream = runtime.invoke_endpoint_with_response_stream(EndpointName="host", InferenceComponentName="cake", ContentType="application/json", Body='{"instances": ["good"]}')
assert b"__label__2" in b"".join(e["PayloadPart"]["Bytes"] for e in stream["Body"])
refused("ValidationError", "header is required", runtime.invoke_endpoint, EndpointName="host", Body=b"x")
refused("ValidationError", "not found", label, component="none")

# Copies come and go, and with them instances, as many as there may be.
copies = lambda n: sm.update_inference_component_runtime_config(InferenceComponentName="tea", DesiredRuntimeConfig={"CopyCount": n})
copies(3)
refused("ValidationException", "with status \"Updating\"", copies, n=1)
d = settled("tea")
assert d["RuntimeConfig"] == {"DesiredCopyCount": 3, "CurrentCopyCount": 3} and instances() == 2, d
copies(9)
d = settled("tea")
assert d["InferenceComponentStatus"] == "InService" and d["RuntimeConfig"]["CurrentCopyCount"] == 3 and "Not enough hardware resources" in d["FailureReason"], d
sm.create_inference_component(**dict(tea, InferenceComponentName="large", Specification={"ModelName": "tea", "ComputeResourceRequirements": {"MinMemoryRequiredInMb": 16384}}))
d = settled("large")
assert d["InferenceComponentStatus"] == "Failed" and "Not enough hardware resources" in d["FailureReason"], d
sm.delete_inference_component(InferenceComponentName="large")
sm.update_inference_component(InferenceComponentName="tea", RuntimeConfig={"CopyCount": 1}, Specification={
    "Container": {"Image": image, "ArtifactUrl": data["cake"]}, "ComputeResourceRequirements": needs})
d = settled("tea")
assert d["InferenceComponentStatus"] == "InService" and d["RuntimeConfig"]["CurrentCopyCount"] == 1 and "FailureReason" not in d and instances() == 1, d
assert label("tea") == ["__label__2"]
copies(0)
settled("tea")
refused("ValidationError", "no capacity", label, component="tea")

# Application Auto Scaling knows copies.
what = dict(ServiceNamespace="sagemaker", ResourceId="inference-component/tea", ScalableDimension="sagemaker:inference-component:DesiredCopyCount")
scaling.register_scalable_target(MinCapacity=1, MaxCapacity=2, **what)
for _ in range(100):
    d = sm.describe_inference_component(InferenceComponentName="tea")
    if d["RuntimeConfig"]["CurrentCopyCount"] == 1:
        break
    time.sleep(0.1)
assert d["RuntimeConfig"]["CurrentCopyCount"] == 1, d
scaling.put_scaling_policy(PolicyName="p", PolicyType="TargetTrackingScaling", TargetTrackingScalingPolicyConfiguration={
    "TargetValue": 10, "PredefinedMetricSpecification": {"PredefinedMetricType": "SageMakerInferenceComponentInvocationsPerCopy"}}, **what)
metrics = boto3.client("cloudwatch").describe_alarms(AlarmNamePrefix="TargetTracking-inference-component/tea")["MetricAlarms"]
assert {m["MetricName"] for m in metrics} == {"InvocationsPerCopy"} and metrics[0]["Dimensions"] == [{"Name": "InferenceComponentName", "Value": "tea"}], metrics
scaling.deregister_scalable_target(**what)

refused("ValidationException", "delete its inference components first", sm.delete_endpoint, EndpointName="host")
for name in ("tea", "cake"):
    sm.delete_inference_component(InferenceComponentName=name)
for _ in range(100):
    if not sm.list_inference_components()["InferenceComponents"]:
        break
    time.sleep(0.1)
refused("ValidationException", "Could not find inference component", sm.describe_inference_component, InferenceComponentName="tea")
sm.delete_endpoint(EndpointName="host")
wait(sm, "endpoint_deleted", EndpointName="host")
print("the story is told")
