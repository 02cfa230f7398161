package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
)

const (
	document = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"AWS": "${Account}"}, "Action": "ACTION", "Resource": "*"}]}`
	tags     = `"Tags": [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "2"}]`
	trust    = `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}`
	retagged = `"Tags": [{"Key": "a", "Value": "3"}]`
)

func TestTypes(t *testing.T) {
	s := harness.Start(t)
	who := harness.Must(s.Admin(t.Context()))(t)
	f := func(name string, pieces ...piece) {
		t.Run(name, func(t *testing.T) { tell(t, who, pieces...) })
	}
	f("SQS",
		piece{name: "Dead", typ: "AWS::SQS::Queue", properties: `{}`, id: `http://.*/${Account}/types-dead-[0-9a-f]{12}`},
		piece{name: "Queue", typ: "AWS::SQS::Queue", properties: `{"QueueName": "orders", "VisibilityTimeout": "45", "DelaySeconds": 3,
			"RedrivePolicy": {"deadLetterTargetArn": "${Dead.Arn}", "maxReceiveCount": 3}, ` + tags + `}`,
			updated: `{"QueueName": "orders", "DelaySeconds": 5, ` + retagged + `}`, id: `http://.*/${Account}/orders`,
			attributes: map[string]string{"Arn": "arn:aws:sqs:us-east-1:${Account}:orders", "QueueName": "orders", "QueueUrl": "http://.*/orders"}},
		piece{name: "Fifo", typ: "AWS::SQS::Queue", properties: `{"FifoQueue": true, "ContentBasedDeduplication": true}`, id: `.*\.fifo`},
		piece{name: "Standard", typ: "AWS::SQS::Queue", properties: `{"FifoQueue": false}`, unseen: []string{"FifoQueue"}},
		piece{name: "Policy", typ: "AWS::SQS::QueuePolicy", properties: `{"Queues": ["${Queue}"], "PolicyDocument": ` + action("sqs:SendMessage") + `}`,
			updated: `{"Queues": ["${Queue}"], "PolicyDocument": ` + action("sqs:ReceiveMessage") + `}`, attributes: map[string]string{"Id": "types-policy-.*"}},
		piece{name: "Inline", typ: "AWS::SQS::QueueInlinePolicy", properties: `{"Queue": "${Dead}", "PolicyDocument": ` + action("sqs:SendMessage") + `}`,
			updated: `{"Queue": "${Dead}", "PolicyDocument": ` + action("sqs:ReceiveMessage") + `}`, id: "${Dead}"},
	)
	f("SNS",
		piece{name: "Queue", typ: "AWS::SQS::Queue", properties: `{}`},
		piece{name: "Other", typ: "AWS::SQS::Queue", properties: `{}`},
		piece{name: "Topic", typ: "AWS::SNS::Topic", properties: `{"TopicName": "news", "DisplayName": "News", "Subscription": [{"Protocol": "sqs", "Endpoint": "${Other.Arn}"}], ` + tags + `}`,
			updated: `{"TopicName": "news", "DisplayName": "Other", ` + retagged + `}`, id: "arn:aws:sns:us-east-1:${Account}:news",
			attributes: map[string]string{"TopicArn": "arn:.*:news", "TopicName": "news"}, unseen: []string{"Subscription"}},
		piece{name: "Fifo", typ: "AWS::SNS::Topic", properties: `{"FifoTopic": true}`, id: `.*\.fifo`},
		piece{name: "Subscription", typ: "AWS::SNS::Subscription", properties: `{"TopicArn": "${Topic}", "Protocol": "sqs", "Endpoint": "${Queue.Arn}", "FilterPolicy": {"kind": ["a"]}}`,
			updated: `{"TopicArn": "${Topic}", "Protocol": "sqs", "Endpoint": "${Queue.Arn}", "RawMessageDelivery": "true", "FilterPolicyScope": "MessageBody", "FilterPolicy": {"kind": {"of": ["b"]}}}`,
			id:      "${Topic}:[0-9a-f-]{36}", attributes: map[string]string{"Arn": "${Topic}:.*"}},
		piece{name: "Policy", typ: "AWS::SNS::TopicPolicy", properties: `{"Topics": ["${Topic}"], "PolicyDocument": ` + action("sns:Publish") + `}`,
			updated: `{"Topics": ["${Topic}"], "PolicyDocument": ` + action("sns:Subscribe") + `}`},
		piece{name: "Inline", typ: "AWS::SNS::TopicInlinePolicy", properties: `{"TopicArn": "${Topic}", "PolicyDocument": ` + action("sns:Publish") + `}`, id: "${Topic}"},
	)
	f("SSM",
		piece{name: "Named", typ: "AWS::SSM::Parameter", properties: `{"Name": "/app/size", "Type": "String", "Value": 5, "Description": "d", "Tags": {"a": "1"}}`,
			updated: `{"Name": "/app/size", "Type": "String", "Value": 6, "Tags": {"b": "1"}}`, id: "/app/size",
			attributes: map[string]string{"Type": "String", "Value": "[56]"}, unseen: []string{"Description", "Tags"}},
		piece{name: "List", typ: "AWS::SSM::Parameter", properties: `{"Type": "StringList", "Value": "a,b"}`, id: "types-list-.*"},
	)
	f("IAM",
		piece{name: "Managed", typ: "AWS::IAM::ManagedPolicy", properties: `{"Description": "d", "Path": "/p/", "PolicyDocument": ` + allow("s3:GetObject") + `}`,
			updated: `{"Description": "d", "Path": "/p/", "PolicyDocument": ` + allow("s3:PutObject") + `}`, id: "arn:aws:iam::${Account}:policy/p/types-managed-.*",
			attributes: map[string]string{"PolicyArn": "arn:.*", "DefaultVersionId": "v[12]", "IsAttachable": "true", "PolicyId": "ANPA.*"}},
		piece{name: "Role", typ: "AWS::IAM::Role", properties: `{"RoleName": "worker", "AssumeRolePolicyDocument": ` + trust + `, "Description": "d", "MaxSessionDuration": "7200",
			"ManagedPolicyArns": ["${Managed}", "arn:aws:iam::aws:policy/ReadOnlyAccess"], "PermissionsBoundary": "${Managed}",
			"Policies": [{"PolicyName": "one", "PolicyDocument": ` + allow("s3:GetObject") + `}, {"PolicyName": "two", "PolicyDocument": ` + allow("s3:GetObject") + `}], ` + tags + `}`,
			updated: `{"RoleName": "worker", "AssumeRolePolicyDocument": ` + strings.Replace(trust, "lambda", "sagemaker", 1) + `, "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
			"Policies": [{"PolicyName": "two", "PolicyDocument": ` + allow("s3:PutObject") + `}], ` + retagged + `}`, id: "worker",
			attributes: map[string]string{"Arn": "arn:aws:iam::${Account}:role/worker", "RoleId": "AROA.*"}},
		piece{name: "Group", typ: "AWS::IAM::Group", properties: `{"ManagedPolicyArns": ["${Managed}"]}`, updated: `{"Path": "/x/", "Policies": [{"PolicyName": "p", "PolicyDocument": ` + allow("s3:GetObject") + `}]}`,
			attributes: map[string]string{"Arn": "arn:aws:iam::${Account}:group/.*"}},
		piece{name: "User", typ: "AWS::IAM::User", properties: `{"Groups": ["${Group}"], "Path": "/u/", "PermissionsBoundary": "${Managed}", ` + tags + `}`,
			updated: `{"Groups": [], "Path": "/u/", "PermissionsBoundary": "arn:aws:iam::aws:policy/ReadOnlyAccess", ` + retagged + `}`, attributes: map[string]string{"Arn": "arn:aws:iam::${Account}:user/u/.*"}},
		piece{name: "Key", typ: "AWS::IAM::AccessKey", properties: `{"UserName": "${User}"}`, updated: `{"UserName": "${User}", "Status": "Inactive"}`, id: "AKIA.*",
			attributes: map[string]string{"SecretAccessKey": ".{40}"}, once: true},
		piece{name: "Policy", typ: "AWS::IAM::Policy", properties: `{"PolicyName": "inline", "PolicyDocument": ` + allow("s3:GetObject") + `, "Roles": ["${Role}"], "Users": ["${User}"]}`,
			updated: `{"PolicyName": "inline2", "PolicyDocument": ` + allow("s3:PutObject") + `, "Roles": ["${Role}"], "Groups": ["${Group}"]}`, attributes: map[string]string{"Id": "types-policy-.*"}},
		piece{name: "RolePolicy", typ: "AWS::IAM::RolePolicy", properties: `{"RoleName": "${Role}", "PolicyName": "three", "PolicyDocument": ` + allow("s3:GetObject") + `}`,
			updated: `{"RoleName": "${Role}", "PolicyName": "three", "PolicyDocument": ` + allow("s3:PutObject") + `}`, id: `three\|worker`},
		piece{name: "GroupPolicy", typ: "AWS::IAM::GroupPolicy", properties: `{"GroupName": "${Group}", "PolicyName": "three", "PolicyDocument": ` + allow("s3:GetObject") + `}`},
		piece{name: "UserPolicy", typ: "AWS::IAM::UserPolicy", properties: `{"UserName": "${User}", "PolicyName": "three", "PolicyDocument": ` + allow("s3:GetObject") + `}`},
		piece{name: "Profile", typ: "AWS::IAM::InstanceProfile", properties: `{"Roles": ["${Role}"], "Path": "/i/"}`, updated: `{"Roles": [], "Path": "/i/"}`,
			attributes: map[string]string{"Arn": "arn:aws:iam::${Account}:instance-profile/i/.*"}},
	)
	f("S3",
		piece{name: "Topic", typ: "AWS::SNS::Topic", properties: `{}`},
		piece{name: "Let", typ: "AWS::SNS::TopicPolicy", properties: `{"Topics": ["${Topic}"], "PolicyDocument": {"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
			"Principal": {"Service": "s3.amazonaws.com"}, "Action": "sns:Publish", "Resource": "*"}]}}`},
		piece{name: "Bucket", typ: "AWS::S3::Bucket", properties: `{"BucketName": "types-bucket", "VersioningConfiguration": {"Status": "Enabled"},
			"BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}, "BucketKeyEnabled": true}]},
			"PublicAccessBlockConfiguration": {"BlockPublicAcls": true, "BlockPublicPolicy": "true", "IgnorePublicAcls": true, "RestrictPublicBuckets": true},
			"OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
			"LifecycleConfiguration": {"Rules": [{"Id": "old", "Status": "Enabled", "Prefix": "logs/", "ExpirationInDays": 30, "Transitions": [{"StorageClass": "GLACIER", "TransitionInDays": 7}]},
				{"Id": "versions", "Status": "Enabled", "NoncurrentVersionExpiration": {"NoncurrentDays": 10}, "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
					"TagFilters": [{"Key": "a", "Value": "b"}]}]},
			"CorsConfiguration": {"CorsRules": [{"Id": "c", "AllowedMethods": ["GET"], "AllowedOrigins": ["*"], "MaxAge": 60}]},
			"NotificationConfiguration": {"TopicConfigurations": [{"Event": "s3:ObjectCreated:*", "Topic": "${Topic}", "Filter": {"S3Key": {"Rules": [{"Name": "prefix", "Value": "in/"}]}}}],
				"EventBridgeConfiguration": {}}, ` + tags + `}`,
			updated: `{"BucketName": "types-bucket", "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": true}},
				"LifecycleConfiguration": {"Rules": [{"Id": "all", "Status": "Disabled", "ExpirationInDays": 3}]}, ` + retagged + `}`, id: "types-bucket",
			attributes: map[string]string{"Arn": "arn:aws:s3:::types-bucket", "DomainName": "types-bucket.s3.amazonaws.com", "RegionalDomainName": "types-bucket.s3.us-east-1.amazonaws.com"}},
		piece{name: "Policy", typ: "AWS::S3::BucketPolicy", properties: `{"Bucket": "${Bucket}", "PolicyDocument": ` + onBucket("s3:ListBucket") + `}`,
			updated: `{"Bucket": "${Bucket}", "PolicyDocument": ` + onBucket("s3:GetBucketLocation") + `}`, id: "types-bucket"},
		piece{name: "Plain", typ: "AWS::S3::Bucket", properties: `{}`, updated: `{"VersioningConfiguration": {"Status": "Enabled"}}`, id: "types-plain-[a-z0-9]+"},
	)
}

// action is a policy of a resource that allows one action.
func action(name string) string { return strings.Replace(document, "ACTION", name, 1) }

// allow is a policy of an identity that allows one action.
func allow(name string) string {
	return `{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "` + name + `", "Resource": "*"}]}`
}

// onBucket is a policy of the bucket types-bucket that allows one action.
func onBucket(name string) string {
	return strings.Replace(action(name), `"*"`, `"arn:aws:s3:::types-bucket"`, 1)
}
