// The story with the AWS SDK for JavaScript. See story_test.go for what it needs in the environment.
import assert from "node:assert/strict";
import { CloudTrailClient, LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateBucketCommand, GetObjectCommand, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { AssumeRoleCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

const env = process.env;
const at = { Bucket: env.STORY_BUCKET, Key: "dir/greeting.txt" };
const producer = { credentials: { accessKeyId: env.PRODUCER_ACCESS_KEY_ID, secretAccessKey: env.PRODUCER_SECRET_ACCESS_KEY } };
const s3 = (config) => new S3Client({ ...config, forcePathStyle: true });

await s3(producer).send(new CreateBucketCommand({ Bucket: at.Bucket }));
await s3(producer).send(new PutObjectCommand({ ...at, Body: env.STORY_TEXT }));

const { Credentials: c } = await new STSClient({}).send(
  new AssumeRoleCommand({ RoleArn: env.STORY_ROLE_ARN, RoleSessionName: "story" }));
const reader = { credentials: { accessKeyId: c.AccessKeyId, secretAccessKey: c.SecretAccessKey, sessionToken: c.SessionToken } };
const who = await new STSClient(reader).send(new GetCallerIdentityCommand({}));
assert.match(who.Arn, new RegExp(`:assumed-role/${env.STORY_ROLE}/story$`));

await assert.rejects(s3(reader).send(new GetObjectCommand(at)), (e) => e.name === "AccessDenied" && e.$metadata.httpStatusCode === 403);
await new IAMClient(producer).send(
  new PutRolePolicyCommand({ RoleName: env.STORY_ROLE, PolicyName: "read", PolicyDocument: env.STORY_POLICY }));
const got = await s3(reader).send(new GetObjectCommand(at));
assert.equal(await got.Body.transformToString(), env.STORY_TEXT);

const { Events: events } = await new CloudTrailClient({}).send(
  new LookupEventsCommand({ LookupAttributes: [{ AttributeKey: "ResourceName", AttributeValue: env.STORY_ROLE_ARN }] }));
assert.equal(events.length, 1);
assert.equal(events[0].EventName, "AssumeRole");
assert.equal(events[0].Username, "carla");
assert.ok(events[0].CloudTrailEvent.includes(env.STORY_ROLE_ARN));
console.log("the story is told");
