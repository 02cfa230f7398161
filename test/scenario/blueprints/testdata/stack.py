"""The seed's CDK stack (its section 10, step 3), synthesized: python stack.py > cdk.json. Needs aws-cdk-lib 2.275.0 and Node."""
import json
import sys
import tempfile

from aws_cdk import App, DefaultStackSynthesizer, Stack, aws_iam as iam, aws_s3 as s3, aws_sagemaker as sagemaker

project_name = "genai"


class GenAIBlueprintStack(Stack):
    def __init__(self, scope, id, **kwargs):
        super().__init__(scope, id, **kwargs)

        # S3 Buckets
        data_bucket = s3.Bucket(self, "DataBucket", versioned=True, encryption=s3.BucketEncryption.S3_MANAGED)

        # IAM Role
        sagemaker_role = iam.Role(self, "SageMakerRole", assumed_by=iam.ServicePrincipal("sagemaker.amazonaws.com"),
            managed_policies=[iam.ManagedPolicy.from_aws_managed_policy_name("AmazonSageMakerFullAccess")])
        data_bucket.grant_read_write(sagemaker_role)

        # SageMaker Domain
        sagemaker.CfnDomain(self, "StudioDomain", domain_name=f"{project_name}-studio", auth_mode="IAM",
            vpc_id="vpc-0123456789abcdef0", subnet_ids=["subnet-0123456789abcdef0"],
            default_user_settings={"executionRole": sagemaker_role.role_arn})


app = App(outdir=tempfile.mkdtemp())
GenAIBlueprintStack(app, "GenAIBlueprintStack", synthesizer=DefaultStackSynthesizer(generate_bootstrap_version_rule=False))
json.dump(app.synth().get_stack_by_name("GenAIBlueprintStack").template, sys.stdout, indent=1)
print()
