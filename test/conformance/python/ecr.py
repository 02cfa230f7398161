"""ECR by boto3, without docker. See ecr/ecr_test.go."""

import base64
import gzip
import hashlib
import io
import json
import tarfile
import time
import urllib.request

import boto3

from expect import fails

ecr, sts = boto3.client("ecr"), boto3.client("sts")
account = sts.get_caller_identity()["Account"]

repo = ecr.create_repository(repositoryName="team/app", tags=[{"Key": "a", "Value": "b"}], imageScanningConfiguration={"scanOnPush": True})["repository"]
assert repo["repositoryArn"] == f"arn:aws:ecr:us-east-1:{account}:repository/team/app" and repo["repositoryUri"].endswith("/team/app"), repo
fails("RepositoryAlreadyExistsException", ecr.create_repository, repositoryName="team/app")
fails("InvalidParameterException", ecr.create_repository, repositoryName="Team")
ecr.create_repository(repositoryName="other")
names = [r["repositoryName"] for p in ecr.get_paginator("describe_repositories").paginate(PaginationConfig={"PageSize": 1}) for r in p["repositories"]]
assert names == ["other", "team/app"], names
assert ecr.list_tags_for_resource(resourceArn=repo["repositoryArn"])["tags"] == [{"Key": "a", "Value": "b"}]


def digest(b):
    return "sha256:" + hashlib.sha256(b).hexdigest()


def upload(data, repository="team/app"):
    u = ecr.initiate_layer_upload(repositoryName=repository)["uploadId"]
    half = len(data) // 2
    for first, part in ((0, data[:half]), (half, data[half:])):
        out = ecr.upload_layer_part(repositoryName=repository, uploadId=u, partFirstByte=first, partLastByte=first + len(part) - 1, layerPartBlob=part)
        assert out["lastByteReceived"] == first + len(part) - 1, out
    return ecr.complete_layer_upload(repositoryName=repository, uploadId=u, layerDigests=[digest(data)])["layerDigest"]


# An image with packages in it.
archive = io.BytesIO()
with tarfile.open(fileobj=archive, mode="w") as t:
    for name, text in (("var/lib/dpkg/status", "Package: libc6\nVersion: 2.36-9\n\nPackage: bash\nVersion: 5.2\n"),
                       ("usr/lib/python3/site-packages/requests-2.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: requests\nVersion: 2.0\n\nA text.")):
        info = tarfile.TarInfo(name)
        info.size = len(text)
        t.addfile(info, io.BytesIO(text.encode()))
layer, config = gzip.compress(archive.getvalue()), json.dumps({"architecture": "amd64", "os": "linux"}).encode()
fails("UploadNotFoundException", ecr.upload_layer_part, repositoryName="team/app", uploadId="8bbd4f3c-0000-4000-8000-000000000000", partFirstByte=0, partLastByte=0, layerPartBlob=b"x")
u = ecr.initiate_layer_upload(repositoryName="team/app")["uploadId"]
fails("InvalidLayerPartException", ecr.upload_layer_part, repositoryName="team/app", uploadId=u, partFirstByte=5, partLastByte=5, layerPartBlob=b"x")
fails("EmptyUploadException", ecr.complete_layer_upload, repositoryName="team/app", uploadId=u, layerDigests=[digest(b"y")])
ecr.upload_layer_part(repositoryName="team/app", uploadId=u, partFirstByte=0, partLastByte=0, layerPartBlob=b"x")
fails("InvalidLayerException", ecr.complete_layer_upload, repositoryName="team/app", uploadId=u, layerDigests=[digest(b"y")])
manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                       "config": {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(config), "size": len(config)},
                       "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest(layer), "size": len(layer)}]})
fails("LayersNotFoundException", ecr.put_image, repositoryName="team/app", imageManifest=manifest, imageTag="one")
assert upload(layer) == digest(layer) and upload(config) == digest(config)
available = ecr.batch_check_layer_availability(repositoryName="team/app", layerDigests=[digest(layer), digest(b"none")])["layers"]
assert [a["layerAvailability"] for a in available] == ["AVAILABLE", "UNAVAILABLE"], available
image = ecr.put_image(repositoryName="team/app", imageManifest=manifest, imageTag="one")["image"]
assert image["imageId"] == {"imageDigest": digest(manifest.encode()), "imageTag": "one"}, image
fails("ImageAlreadyExistsException", ecr.put_image, repositoryName="team/app", imageManifest=manifest, imageTag="one")
ecr.put_image(repositoryName="team/app", imageManifest=manifest, imageTag="two")
got = ecr.batch_get_image(repositoryName="team/app", imageIds=[{"imageTag": "two"}, {"imageTag": "none"}])
assert got["images"][0]["imageManifest"] == manifest and got["failures"][0]["failureCode"] == "ImageNotFound", got
detail = ecr.describe_images(repositoryName="team/app")["imageDetails"][0]
assert detail["imageTags"] == ["one", "two"] and detail["imageSizeInBytes"] == len(layer) + len(config), detail
assert len(ecr.list_images(repositoryName="team/app", filter={"tagStatus": "TAGGED"})["imageIds"]) == 2
link = ecr.get_download_url_for_layer(repositoryName="team/app", layerDigest=digest(layer))["downloadUrl"]
assert urllib.request.urlopen(link).read() == layer

# The scan that the push began.
for _ in range(400):
    found = ecr.describe_image_scan_findings(repositoryName="team/app", imageId={"imageTag": "one"})
    if found["imageScanStatus"]["status"] == "COMPLETE":
        break
    time.sleep(0.05)
assert "no vulnerability data" in found["imageScanStatus"]["description"], found
assert [f["name"] for f in found["imageScanFindings"]["findings"]] == ["deb:bash", "deb:libc6", "python:requests"], found
assert found["imageScanFindings"]["findingSeverityCounts"] == {"INFORMATIONAL": 3}, found
ecr.get_waiter("image_scan_complete").wait(repositoryName="team/app", imageId={"imageTag": "one"})

# Tags that may not be moved.
ecr.put_image_tag_mutability(repositoryName="team/app", imageTagMutability="IMMUTABLE")
second = manifest.replace('"schemaVersion": 2,', '"schemaVersion": 2, "annotations": {"a": "b"},')
fails("ImageTagAlreadyExistsException", ecr.put_image, repositoryName="team/app", imageManifest=second, imageTag="one")
ecr.put_image(repositoryName="team/app", imageManifest=second, imageTag="three")

# Policies.
fails("RepositoryPolicyNotFoundException", ecr.get_repository_policy, repositoryName="team/app")
policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Sid": "pull", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}, "Action": ["ecr:BatchGetImage"]}]})
ecr.set_repository_policy(repositoryName="team/app", policyText=policy)
assert ecr.get_repository_policy(repositoryName="team/app")["policyText"] == policy
fails("InvalidParameterException", ecr.set_repository_policy, repositoryName="team/app", policyText="{}")
rules = json.dumps({"rules": [{"rulePriority": 1, "description": "keep one", "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": 1},
                               "action": {"type": "expire"}}]})
fails("LifecyclePolicyNotFoundException", ecr.get_lifecycle_policy, repositoryName="team/app")
ecr.start_lifecycle_policy_preview(repositoryName="team/app", lifecyclePolicyText=rules)
ecr.get_waiter("lifecycle_policy_preview_complete").wait(repositoryName="team/app")
preview = ecr.get_lifecycle_policy_preview(repositoryName="team/app")
assert [p["imageDigest"] for p in preview["previewResults"]] == [digest(manifest.encode())], preview
ecr.put_lifecycle_policy(repositoryName="team/app", lifecyclePolicyText=rules)
for _ in range(400):
    left = ecr.describe_images(repositoryName="team/app")["imageDetails"]
    if len(left) == 1:
        break
    time.sleep(0.05)
assert left[0]["imageTags"] == ["three"], left

# The end.
deleted = ecr.batch_delete_image(repositoryName="team/app", imageIds=[{"imageTag": "three"}, {"imageTag": "one"}])
assert deleted["imageIds"][0]["imageTag"] == "three" and deleted["failures"][0]["failureCode"] == "ImageNotFound", deleted
ecr.put_image(repositoryName="team/app", imageManifest=manifest, imageTag="again")
fails("RepositoryNotEmptyException", ecr.delete_repository, repositoryName="team/app")
ecr.delete_repository(repositoryName="team/app", force=True)
fails("RepositoryNotFoundException", ecr.describe_images, repositoryName="team/app")
token = ecr.get_authorization_token()["authorizationData"][0]
assert base64.b64decode(token["authorizationToken"]).startswith(b"AWS:") and token["proxyEndpoint"].startswith("http"), token
print("the story is told")
