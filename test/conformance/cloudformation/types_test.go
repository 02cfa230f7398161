package cloudformation_test

import (
	"strconv"
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
	cases(who, func(name string, pieces ...piece) {
		t.Run(name, func(t *testing.T) { tell(t, who, pieces...) })
	})
}

// cases gives f the resources of each service that a template may have.
func cases(who harness.Caller, f func(name string, pieces ...piece)) {
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
			attributes: map[string]string{"Type": "String", "Value": "[56]", "Arn": "arn:aws:ssm:us-east-1:${Account}:parameter/app/size"}, unseen: []string{"Description", "Tags"}},
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
				"EventBridgeConfiguration": {"EventBridgeEnabled": true}}, ` + tags + `}`,
			updated: `{"BucketName": "types-bucket", "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": true}},
				"LifecycleConfiguration": {"Rules": [{"Id": "all", "Status": "Disabled", "ExpirationInDays": 3}]}, ` + retagged + `}`, id: "types-bucket",
			attributes: map[string]string{"Arn": "arn:aws:s3:::types-bucket", "DomainName": "types-bucket.s3.amazonaws.com", "RegionalDomainName": "types-bucket.s3.us-east-1.amazonaws.com"}},
		piece{name: "Policy", typ: "AWS::S3::BucketPolicy", properties: `{"Bucket": "${Bucket}", "PolicyDocument": ` + onBucket("s3:ListBucket") + `}`,
			updated: `{"Bucket": "${Bucket}", "PolicyDocument": ` + onBucket("s3:GetBucketLocation") + `}`, id: "types-bucket"},
		piece{name: "Plain", typ: "AWS::S3::Bucket", properties: `{}`, updated: `{"VersioningConfiguration": {"Status": "Enabled"}}`, id: "types-plain-[a-z0-9]+"},
	)
	f("Logs",
		piece{name: "Group", typ: "AWS::Logs::LogGroup", properties: `{"LogGroupName": "/types/app", "RetentionInDays": 7, ` + tags + `}`,
			updated: `{"LogGroupName": "/types/app", "KmsKeyId": "arn:aws:kms:us-east-1:${Account}:key/x", ` + retagged + `}`, id: "/types/app",
			attributes: map[string]string{"Arn": `arn:aws:logs:us-east-1:${Account}:log-group:/types/app:\*`}},
		piece{name: "Stream", typ: "AWS::Logs::LogStream", properties: `{"LogGroupName": "${Group}", "LogStreamName": "s"}`, id: "s"},
		piece{name: "Metric", typ: "AWS::Logs::MetricFilter", properties: `{"LogGroupName": "${Group}", "FilterPattern": "ERROR", "MetricTransformations": [{"MetricName": "errors",
			"MetricNamespace": "App", "MetricValue": "1", "DefaultValue": 0}]}`, updated: `{"LogGroupName": "${Group}", "FilterPattern": "{ $.level = \"error\" }",
			"MetricTransformations": [{"MetricName": "errors", "MetricNamespace": "App", "MetricValue": "1", "Dimensions": [{"Key": "code", "Value": "$.code"}]}]}`},
		piece{name: "Query", typ: "AWS::Logs::QueryDefinition", properties: `{"Name": "q", "QueryString": "fields @message", "LogGroupNames": ["${Group}"]}`,
			updated: `{"Name": "q", "QueryString": "fields @timestamp"}`, attributes: map[string]string{"QueryDefinitionId": "[0-9a-f-]{36}"}},
		piece{name: "Policy", typ: "AWS::Logs::ResourcePolicy", properties: `{"PolicyName": "p", "PolicyDocument": ` + inText(action("logs:PutLogEvents")) + `}`,
			updated: `{"PolicyName": "p", "PolicyDocument": ` + inText(action("logs:CreateLogStream")) + `}`, id: "p"},
	)
	role := piece{name: "Role", typ: "AWS::IAM::Role", properties: `{"AssumeRolePolicyDocument": ` + trust + `, "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}`}
	f("Lambda", role,
		piece{name: "Queue", typ: "AWS::SQS::Queue", properties: `{}`},
		piece{name: "Function", typ: "AWS::Lambda::Function", properties: `{"FunctionName": "types-fn", "Runtime": "python3.12", "Handler": "index.handler", "Role": "${Role.Arn}",
			"Code": {"ZipFile": "import cfnresponse\ndef handler(event, context):\n    return cfnresponse.SUCCESS"}, "Environment": {"Variables": {"KEY": "1"}}, "MemorySize": "256",
			"ReservedConcurrentExecutions": 2, "LoggingConfig": {"LogFormat": "JSON"}, ` + tags + `}`,
			updated: `{"FunctionName": "types-fn", "Runtime": "python3.12", "Handler": "index.main", "Role": "${Role.Arn}",
			"Code": {"ZipFile": "def main(event, context):\n    return 2"}, "Timeout": 9, ` + retagged + `}`, id: "types-fn",
			attributes: map[string]string{"Arn": "arn:aws:lambda:us-east-1:${Account}:function:types-fn"}, unseen: []string{"Code"}},
		piece{name: "Node", typ: "AWS::Lambda::Function", properties: `{"Runtime": "nodejs20.x", "Handler": "index.handler", "Role": "${Role.Arn}",
			"Code": {"ZipFile": "const r = require('cfn-response'); exports.handler = async () => r.SUCCESS"}}`, unseen: []string{"Code"}},
		piece{name: "Version", typ: "AWS::Lambda::Version", properties: `{"FunctionName": "${Function}", "Description": "one"}`, id: "${Function.Arn}:1",
			attributes: map[string]string{"Version": "1", "FunctionArn": "${Function.Arn}:1"}},
		piece{name: "Alias", typ: "AWS::Lambda::Alias", properties: `{"FunctionName": "${Function}", "FunctionVersion": "${Version.Version}", "Name": "live", "Description": "d"}`,
			updated: `{"FunctionName": "${Function}", "FunctionVersion": "$LATEST", "Name": "live"}`, id: "${Function.Arn}:live", attributes: map[string]string{"AliasArn": "${Function.Arn}:live"}},
		piece{name: "Permission", typ: "AWS::Lambda::Permission", properties: `{"FunctionName": "${Function.Arn}", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}`,
			attributes: map[string]string{"Id": "types-permission-.*"}, unseen: []string{"Principal"}},
		piece{name: "Mapping", typ: "AWS::Lambda::EventSourceMapping", properties: `{"FunctionName": "${Function}", "EventSourceArn": "${Queue.Arn}", "BatchSize": 5, "Enabled": false}`,
			updated: `{"FunctionName": "${Function}", "EventSourceArn": "${Queue.Arn}"}`, attributes: map[string]string{"Id": "[0-9a-f-]{36}", "EventSourceMappingArn": "arn:.*"}},
		piece{name: "Url", typ: "AWS::Lambda::Url", properties: `{"TargetFunctionArn": "${Function}", "AuthType": "NONE", "Cors": {"AllowOrigins": ["*"]}}`,
			updated: `{"TargetFunctionArn": "${Function}", "AuthType": "AWS_IAM"}`, id: "${Function.Arn}", attributes: map[string]string{"FunctionUrl": "http://.*"}},
		piece{name: "Invoke", typ: "AWS::Lambda::EventInvokeConfig", properties: `{"FunctionName": "${Function}", "Qualifier": "$LATEST", "MaximumRetryAttempts": 0,
			"DestinationConfig": {"OnFailure": {"Destination": "${Queue.Arn}"}}}`, updated: `{"FunctionName": "${Function}", "Qualifier": "$LATEST", "MaximumEventAgeInSeconds": 60}`},
		piece{name: "Group", typ: "AWS::Logs::LogGroup", properties: `{}`},
		piece{name: "Logs", typ: "AWS::Lambda::Permission", properties: `{"FunctionName": "${Function}", "Action": "lambda:InvokeFunction", "Principal": "logs.amazonaws.com"}`, unseen: []string{"Principal"}},
		piece{name: "Subscription", typ: "AWS::Logs::SubscriptionFilter", properties: `{"LogGroupName": "${Group}", "FilterPattern": "", "DestinationArn": "${Function.Arn}"}`},
	)
	f("ApiGatewayV2", role,
		piece{name: "Function", typ: "AWS::Lambda::Function", properties: `{"Runtime": "python3.12", "Handler": "index.handler", "Role": "${Role.Arn}",
			"Code": {"ZipFile": "def handler(event, context):\n    return 1"}}`, unseen: []string{"Code"}},
		piece{name: "Group", typ: "AWS::Logs::LogGroup", properties: `{}`},
		piece{name: "Quick", typ: "AWS::ApiGatewayV2::Api", properties: `{"Name": "quick", "ProtocolType": "HTTP", "Target": "${Function.Arn}"}`, unseen: []string{"Target"}},
		piece{name: "Api", typ: "AWS::ApiGatewayV2::Api", properties: `{"Name": "api", "ProtocolType": "HTTP", "Description": "d", "CorsConfiguration": {"AllowOrigins": ["*"], "AllowMethods": ["GET"], "MaxAge": 5},
			"Tags": {"a": "1", "b": "2"}}`, updated: `{"Name": "api2", "ProtocolType": "HTTP", "Tags": {"a": "3"}}`, id: "[a-z0-9]{10}",
			attributes: map[string]string{"ApiId": "[a-z0-9]{10}", "ApiEndpoint": "http://127.0.0.1:[0-9]+/_atelier/execute-api/[a-z0-9]{10}"}},
		piece{name: "Imported", typ: "AWS::ApiGatewayV2::Api", properties: `{"Body": {"openapi": "3.0.1", "info": {"title": "t", "version": "1"}, "paths": {}}, "Tags": {"a": "1"}}`,
			updated: `{"Body": {"openapi": "3.0.1", "info": {"title": "t2", "version": "1"}, "paths": {}}}`, unseen: []string{"Body"}},
		piece{name: "Integration", typ: "AWS::ApiGatewayV2::Integration", properties: `{"ApiId": "${Api}", "IntegrationType": "AWS_PROXY", "IntegrationUri": "${Function.Arn}", "PayloadFormatVersion": "2.0",
			"Description": "d", "ResponseParameters": {"200": {"ResponseParameters": [{"Destination": "append:header.x", "Source": "y"}]}}}`,
			updated: `{"ApiId": "${Api}", "IntegrationType": "AWS_PROXY", "IntegrationUri": "${Function.Arn}", "PayloadFormatVersion": "1.0", "TimeoutInMillis": 5000}`, unseen: []string{"ApiId"}},
		piece{name: "Authorizer", typ: "AWS::ApiGatewayV2::Authorizer", properties: `{"ApiId": "${Api}", "Name": "a", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"],
			"JwtConfiguration": {"Audience": ["x"], "Issuer": "https://example.com"}}`, updated: `{"ApiId": "${Api}", "Name": "b", "AuthorizerType": "JWT", "IdentitySource": ["$request.header.Authorization"],
			"JwtConfiguration": {"Audience": ["y"], "Issuer": "https://example.com"}}`, unseen: []string{"ApiId"}},
		piece{name: "Route", typ: "AWS::ApiGatewayV2::Route", properties: `{"ApiId": "${Api}", "RouteKey": "POST /invoke", "Target": "integrations/${Integration}", "AuthorizationType": "JWT", "AuthorizerId": "${Authorizer}"}`,
			updated: `{"ApiId": "${Api}", "RouteKey": "GET /invoke", "Target": "integrations/${Integration}"}`, unseen: []string{"ApiId"}},
		piece{name: "Deployment", typ: "AWS::ApiGatewayV2::Deployment", properties: `{"ApiId": "${Api}", "Description": "d"}`, updated: `{"ApiId": "${Api}"}`, unseen: []string{"ApiId"}},
		piece{name: "Stage", typ: "AWS::ApiGatewayV2::Stage", properties: `{"ApiId": "${Api}", "StageName": "$default", "AutoDeploy": true, "StageVariables": {"v": "1"},
			"AccessLogSettings": {"DestinationArn": "${Group.Arn}", "Format": "$context.requestId"}, "Tags": {"a": "1"}}`,
			updated: `{"ApiId": "${Api}", "StageName": "$default", "AutoDeploy": true, "Description": "x"}`, id: `\$default`, unseen: []string{"ApiId"}},
		piece{name: "Fixed", typ: "AWS::ApiGatewayV2::Stage", properties: `{"ApiId": "${Api}", "StageName": "prod", "DeploymentId": "${Deployment}"}`, id: "prod", unseen: []string{"ApiId"}},
	)
	f("CloudWatch",
		piece{name: "Alarm", typ: "AWS::CloudWatch::Alarm", properties: `{"AlarmName": "al", "AlarmDescription": "d", "Namespace": "App", "MetricName": "errors", "Statistic": "Sum", "Period": 60,
			"EvaluationPeriods": 1, "Threshold": "1", "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching", "Dimensions": [{"Name": "a", "Value": "b"}]}`,
			updated: `{"AlarmName": "al", "EvaluationPeriods": 2, "Threshold": 2, "ComparisonOperator": "LessThanThreshold", "Metrics": [{"Id": "m", "ReturnData": true,
			"MetricStat": {"Metric": {"Namespace": "App", "MetricName": "x"}, "Period": 60, "Stat": "p90"}}]}`, id: "al", attributes: map[string]string{"Arn": "arn:aws:cloudwatch:us-east-1:${Account}:alarm:al"}},
		piece{name: "Composite", typ: "AWS::CloudWatch::CompositeAlarm", properties: `{"AlarmRule": "ALARM(al)", "ActionsEnabled": false}`, updated: `{"AlarmRule": "NOT ALARM(al)"}`},
		piece{name: "Dashboard", typ: "AWS::CloudWatch::Dashboard", properties: `{"DashboardName": "board", "DashboardBody": "{\"widgets\":[]}"}`,
			updated: `{"DashboardName": "board", "DashboardBody": "{\"widgets\":[],\"start\":\"-PT1H\"}"}`, id: "board"},
	)
	f("Events", role,
		piece{name: "Queue", typ: "AWS::SQS::Queue", properties: `{}`},
		piece{name: "Bus", typ: "AWS::Events::EventBus", properties: `{"Name": "orders", "Description": "d", ` + tags + `}`, updated: `{"Name": "orders", ` + retagged + `}`, id: "orders",
			attributes: map[string]string{"Arn": "arn:aws:events:us-east-1:${Account}:event-bus/orders", "Name": "orders"}, unseen: []string{"Tags"}},
		piece{name: "Policy", typ: "AWS::Events::EventBusPolicy", properties: `{"EventBusName": "${Bus}", "StatementId": "s", "Statement": {"Effect": "Allow", "Principal": "*", "Action": "events:PutEvents",
			"Resource": "${Bus.Arn}"}}`, id: `orders\|s`},
		piece{name: "Rule", typ: "AWS::Events::Rule", properties: `{"EventPattern": {"source": ["a"]}, "Targets": [{"Id": "b", "Arn": "${Queue.Arn}", "InputTransformer":
			{"InputPathsMap": {"x": "$.id"}, "InputTemplate": "\"<x>\""}}, {"Id": "a", "Arn": "${Queue.Arn}", "RetryPolicy": {"MaximumRetryAttempts": 3}}]}`,
			updated:    `{"ScheduleExpression": "rate(1 hour)", "State": "DISABLED", "Targets": [{"Id": "a", "Arn": "${Queue.Arn}", "Input": "{}"}]}`,
			attributes: map[string]string{"Arn": "arn:aws:events:us-east-1:${Account}:rule/types-rule-.*"}},
		piece{name: "OnBus", typ: "AWS::Events::Rule", properties: `{"Name": "r", "EventBusName": "${Bus.Arn}", "EventPattern": {"source": ["a"]}}`, id: `orders\|r`,
			attributes: map[string]string{"Arn": ".*:rule/orders/r"}, unseen: []string{"EventBusName"}},
		piece{name: "Archive", typ: "AWS::Events::Archive", properties: `{"SourceArn": "${Bus.Arn}", "EventPattern": {"source": ["a"]}, "RetentionDays": 3}`, updated: `{"SourceArn": "${Bus.Arn}"}`},
		piece{name: "Connection", typ: "AWS::Events::Connection", properties: `{"AuthorizationType": "API_KEY", "AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}}}`,
			updated: `{"AuthorizationType": "BASIC", "AuthParameters": {"BasicAuthParameters": {"Username": "u", "Password": "p"}}}`, attributes: map[string]string{"Arn": "arn:.*:connection/.*"}, unseen: []string{"AuthParameters"}},
		piece{name: "Destination", typ: "AWS::Events::ApiDestination", properties: `{"ConnectionArn": "${Connection.Arn}", "HttpMethod": "POST", "InvocationEndpoint": "https://example.com/a"}`,
			updated: `{"ConnectionArn": "${Connection.Arn}", "HttpMethod": "PUT", "InvocationEndpoint": "https://example.com/b"}`, attributes: map[string]string{"Arn": "arn:.*:api-destination/.*"}},
	)
	f("Scheduler",
		piece{name: "Role", typ: "AWS::IAM::Role", properties: `{"AssumeRolePolicyDocument": ` + strings.Replace(trust, "lambda", "scheduler", 1) + `}`},
		piece{name: "Queue", typ: "AWS::SQS::Queue", properties: `{}`},
		piece{name: "Group", typ: "AWS::Scheduler::ScheduleGroup", properties: `{` + tags + `}`, updated: `{` + retagged + `}`, attributes: map[string]string{"Arn": "arn:.*:schedule-group/.*", "State": "ACTIVE"},
			unseen: []string{"Tags"}},
		piece{name: "Schedule", typ: "AWS::Scheduler::Schedule", properties: `{"GroupName": "${Group}", "ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"},
			"Target": {"Arn": "${Queue.Arn}", "RoleArn": "${Role.Arn}"}}`, updated: `{"GroupName": "${Group}", "ScheduleExpression": "rate(2 hours)", "State": "DISABLED",
			"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": "5"}, "Target": {"Arn": "${Queue.Arn}", "RoleArn": "${Role.Arn}", "Input": "{}"}}`,
			attributes: map[string]string{"Arn": "arn:.*:schedule/${Group}/.*"}},
	)
	f("ApplicationAutoScaling", role,
		piece{name: "Function", typ: "AWS::Lambda::Function", properties: `{"FunctionName": "scaled", "Runtime": "python3.12", "Handler": "index.handler", "Role": "${Role.Arn}",
			"Code": {"ZipFile": "def handler(event, context):\n    return 1"}}`, unseen: []string{"Code"}},
		piece{name: "Version", typ: "AWS::Lambda::Version", properties: `{"FunctionName": "${Function}"}`},
		piece{name: "Alias", typ: "AWS::Lambda::Alias", properties: `{"FunctionName": "${Function}", "FunctionVersion": "${Version.Version}", "Name": "live"}`},
		piece{name: "Target", typ: "AWS::ApplicationAutoScaling::ScalableTarget", properties: `{"MinCapacity": 1, "MaxCapacity": 2, "ResourceId": "function:scaled:live", "ServiceNamespace": "lambda",
			"ScalableDimension": "lambda:function:ProvisionedConcurrency", "ScheduledActions": [{"ScheduledActionName": "s", "Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 2}}]}`,
			updated: `{"MinCapacity": 1, "MaxCapacity": "3", "ResourceId": "function:scaled:live", "ServiceNamespace": "lambda", "ScalableDimension": "lambda:function:ProvisionedConcurrency"}`,
			id:      `function:scaled:live\|lambda:function:ProvisionedConcurrency\|lambda`, unseen: []string{"ScheduledActions"}},
		piece{name: "Policy", typ: "AWS::ApplicationAutoScaling::ScalingPolicy", properties: `{"PolicyName": "p", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": "${Target}",
			"TargetTrackingScalingPolicyConfiguration": {"TargetValue": "0.7", "PredefinedMetricSpecification": {"PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"}}}`,
			updated: `{"PolicyName": "p", "PolicyType": "TargetTrackingScaling", "ScalingTargetId": "${Target}", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 0.5, "ScaleInCooldown": 5,
			"PredefinedMetricSpecification": {"PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"}}}`, id: "arn:aws:autoscaling:.*", attributes: map[string]string{"Arn": "arn:.*"},
			unseen: []string{"ScalingTargetId"}},
	)
	f("SageMaker",
		piece{name: "Role", typ: "AWS::IAM::Role", properties: `{"AssumeRolePolicyDocument": ` + strings.Replace(trust, "lambda", "sagemaker", 1) + `,
			"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}`},
		piece{name: "Model", typ: "AWS::SageMaker::Model", properties: `{"ExecutionRoleArn": "${Role.Arn}", "PrimaryContainer": {"Image": "${Account}.dkr.ecr.us-east-1.amazonaws.com/bedrock-proxy:latest",
			"Environment": {"BEDROCK_MODEL_ID": "amazon.nova-lite-v1:0"}}, ` + tags + `}`, id: "arn:aws:sagemaker:us-east-1:${Account}:model/types-model-.*",
			attributes: map[string]string{"ModelName": "types-model-.*"}, unseen: []string{"Tags"}},
		piece{name: "Config", typ: "AWS::SageMaker::EndpointConfig", properties: `{"EndpointConfigName": "types-config", "ProductionVariants": [{"VariantName": "a", "ModelName": "${Model.ModelName}",
			"InitialInstanceCount": "1", "InstanceType": "ml.m5.large"}]}`, id: ".*:endpoint-config/types-config", attributes: map[string]string{"EndpointConfigName": "types-config"}},
		piece{name: "Other", typ: "AWS::SageMaker::EndpointConfig", properties: `{"ProductionVariants": [{"VariantName": "a", "ModelName": "${Model.ModelName}",
			"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 2}}]}`},
		piece{name: "Endpoint", typ: "AWS::SageMaker::Endpoint", properties: `{"EndpointConfigName": "${Config.EndpointConfigName}"}`, updated: `{"EndpointConfigName": "${Other.EndpointConfigName}"}`,
			id: ".*:endpoint/types-endpoint-.*", attributes: map[string]string{"EndpointName": "types-endpoint-.*"}},
		piece{name: "Group", typ: "AWS::SageMaker::ModelPackageGroup", properties: `{"ModelPackageGroupName": "types-group", "ModelPackageGroupDescription": "d"}`,
			attributes: map[string]string{"ModelPackageGroupStatus": "Completed"}, id: ".*:model-package-group/types-group"},
		piece{name: "Package", typ: "AWS::SageMaker::ModelPackage", properties: `{"ModelPackageGroupName": "types-group", "ModelApprovalStatus": "PendingManualApproval", "InferenceSpecification": {"Containers":
			[{"Image": "${Account}.dkr.ecr.us-east-1.amazonaws.com/bedrock-proxy:latest"}], "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}}`,
			updated: `{"ModelPackageGroupName": "types-group", "ModelApprovalStatus": "Approved", "InferenceSpecification": {"Containers":
			[{"Image": "${Account}.dkr.ecr.us-east-1.amazonaws.com/bedrock-proxy:latest"}], "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}}`,
			attributes: map[string]string{"ModelPackageStatus": "Completed"}},
		piece{name: "Features", typ: "AWS::SageMaker::FeatureGroup", properties: `{"FeatureGroupName": "types-features", "RecordIdentifierFeatureName": "id", "EventTimeFeatureName": "at",
			"FeatureDefinitions": [{"FeatureName": "id", "FeatureType": "String"}, {"FeatureName": "at", "FeatureType": "String"}], "OnlineStoreConfig": {"EnableOnlineStore": true}, "RoleArn": "${Role.Arn}"}`,
			updated: `{"FeatureGroupName": "types-features", "RecordIdentifierFeatureName": "id", "EventTimeFeatureName": "at", "FeatureDefinitions": [{"FeatureName": "id", "FeatureType": "String"},
			{"FeatureName": "at", "FeatureType": "String"}, {"FeatureName": "n", "FeatureType": "Integral"}], "OnlineStoreConfig": {"EnableOnlineStore": true}, "RoleArn": "${Role.Arn}"}`,
			id: "types-features", attributes: map[string]string{"FeatureGroupStatus": "Created"}},
		piece{name: "Domain", typ: "AWS::SageMaker::Domain", properties: `{"DomainName": "types-domain", "AuthMode": "IAM", "VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "DefaultUserSettings": {"ExecutionRole": "${Role.Arn}"}}`,
			updated: `{"DomainName": "types-domain", "AuthMode": "IAM", "VpcId": "vpc-1", "SubnetIds": ["subnet-1"], "DefaultUserSettings": {"ExecutionRole": "${Role.Arn}", "SecurityGroups": ["sg-1"]}}`,
			id:      "d-.*", attributes: map[string]string{"DomainArn": "arn:.*:domain/d-.*", "DomainId": "d-.*"}},
		piece{name: "Profile", typ: "AWS::SageMaker::UserProfile", properties: `{"DomainId": "${Domain}", "UserProfileName": "ann"}`, updated: `{"DomainId": "${Domain}", "UserProfileName": "ann",
			"UserSettings": {"SecurityGroups": ["sg-2"]}}`, id: `ann\|d-.*`, attributes: map[string]string{"UserProfileArn": "arn:.*"}},
	)
	f("Bedrock",
		piece{name: "Guardrail", typ: "AWS::Bedrock::Guardrail", properties: `{"Name": "g", "BlockedInputMessaging": "no", "BlockedOutputsMessaging": "no", "Description": "d",
			"WordPolicyConfig": {"WordsConfig": [{"Text": "bad"}]}, ` + tags + `}`, updated: `{"Name": "g", "BlockedInputMessaging": "never", "BlockedOutputsMessaging": "no",
			"WordPolicyConfig": {"WordsConfig": [{"Text": "worse"}]}, ` + retagged + `}`, id: "arn:aws:bedrock:us-east-1:${Account}:guardrail/.*",
			attributes: map[string]string{"GuardrailId": "[a-z0-9]+", "Version": "DRAFT", "Status": "READY"}, unseen: []string{"WordPolicyConfig", "Tags"}},
		piece{name: "Version", typ: "AWS::Bedrock::GuardrailVersion", properties: `{"GuardrailIdentifier": "${Guardrail.GuardrailId}", "Description": "one"}`, id: `${Guardrail.GuardrailId}\|1`,
			attributes: map[string]string{"Version": "1"}, unseen: []string{"Description"}},
	)
	f("Glue",
		piece{name: "Role", typ: "AWS::IAM::Role", properties: `{"AssumeRolePolicyDocument": ` + strings.Replace(trust, "lambda", "glue", 1) + `,
			"ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"]}`},
		piece{name: "Database", typ: "AWS::Glue::Database", properties: `{"CatalogId": "${Account}", "DatabaseInput": {"Name": "shop", "Description": "d"}}`,
			updated: `{"CatalogId": "${Account}", "DatabaseInput": {"Name": "shop", "Parameters": {"a": "b"}}}`, id: "shop"},
		piece{name: "Unnamed", typ: "AWS::Glue::Database", properties: `{"CatalogId": "${Account}", "DatabaseInput": {}}`, id: "types-unnamed-.*", unseen: []string{"DatabaseInput"}},
		piece{name: "Table", typ: "AWS::Glue::Table", properties: `{"CatalogId": "${Account}", "DatabaseName": "${Database}", "TableInput": {"Name": "orders", "TableType": "EXTERNAL_TABLE",
			"PartitionKeys": [{"Name": "day", "Type": "string"}], "Parameters": {"classification": "csv"}, "StorageDescriptor": {"Columns": [{"Name": "id", "Type": "bigint"}], "Location": "s3://b/orders/",
			"SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", "Parameters": {"field.delim": ","}}}}}`,
			updated: `{"CatalogId": "${Account}", "DatabaseName": "${Database}", "TableInput": {"Name": "orders", "PartitionKeys": [{"Name": "day", "Type": "string"}],
			"StorageDescriptor": {"Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "n", "Type": "int"}], "Location": "s3://b/orders/"}}}`, id: "orders"},
		piece{name: "Partition", typ: "AWS::Glue::Partition", properties: `{"CatalogId": "${Account}", "DatabaseName": "${Database}", "TableName": "${Table}", "PartitionInput": {"Values": ["1"],
			"StorageDescriptor": {"Location": "s3://b/orders/1/"}}}`, updated: `{"CatalogId": "${Account}", "DatabaseName": "${Database}", "TableName": "${Table}", "PartitionInput": {"Values": ["1"],
			"StorageDescriptor": {"Location": "s3://b/orders/one/"}}}`, id: "1"},
		piece{name: "Classifier", typ: "AWS::Glue::Classifier", properties: `{"CsvClassifier": {"Delimiter": ";", "ContainsHeader": "PRESENT"}}`, updated: `{"CsvClassifier": {"Delimiter": ","}}`,
			unseen: []string{"CsvClassifier"}},
		piece{name: "Crawler", typ: "AWS::Glue::Crawler", properties: `{"Name": "c", "Role": "${Role}", "DatabaseName": "${Database}", "Targets": {"S3Targets": [{"Path": "s3://b/orders/"}]},
			"Schedule": {"ScheduleExpression": "cron(0 1 * * ? *)"}, "Classifiers": ["${Classifier}"], "Tags": {"a": "1"}}`,
			updated: `{"Name": "c", "Role": "${Role}", "DatabaseName": "${Database}", "Targets": {"S3Targets": [{"Path": "s3://b/other/"}]}, "Description": "d", "Tags": {"a": "2"}}`, id: "c",
			unseen: []string{"Schedule", "Tags"}},
		piece{name: "Ruleset", typ: "AWS::Glue::DataQualityRuleset", properties: `{"Name": "r", "Ruleset": "Rules = [ RowCount > 0 ]", "TargetTable": {"DatabaseName": "${Database}", "TableName": "${Table}"}}`,
			updated: `{"Name": "r", "Ruleset": "Rules = [ RowCount > 1 ]", "TargetTable": {"DatabaseName": "${Database}", "TableName": "${Table}"}}`, id: "r"},
		piece{name: "Connection", typ: "AWS::Glue::Connection", properties: `{"CatalogId": "${Account}", "ConnectionInput": {"Name": "db", "ConnectionType": "JDBC", "ConnectionProperties":
			{"JDBC_CONNECTION_URL": "jdbc:postgresql://h/d", "USERNAME": "u", "PASSWORD": "p"}}}`, id: "db", unseen: []string{"CatalogId", "ConnectionInput"}},
	)
	f("LakeFormation", role,
		piece{name: "Admins", typ: "AWS::LakeFormation::DataLakeSettings", properties: `{"Admins": [{"DataLakePrincipalIdentifier": "` + who.ARN + `"}], "MutationType": "APPEND"}`,
			updated: `{"Admins": [{"DataLakePrincipalIdentifier": "` + who.ARN + `"}, {"DataLakePrincipalIdentifier": "${Role.Arn}"}], "MutationType": "APPEND"}`, unseen: []string{"MutationType"}},
		piece{name: "Bucket", typ: "AWS::S3::Bucket", properties: `{}`},
		piece{name: "Location", typ: "AWS::LakeFormation::Resource", properties: `{"ResourceArn": "${Bucket.Arn}", "RoleArn": "${Role.Arn}", "UseServiceLinkedRole": false}`,
			updated: `{"ResourceArn": "${Bucket.Arn}", "RoleArn": "${Role.Arn}", "UseServiceLinkedRole": false, "HybridAccessEnabled": true}`, id: "${Bucket.Arn}", unseen: []string{"UseServiceLinkedRole"}},
		piece{name: "Database", typ: "AWS::Glue::Database", properties: `{"CatalogId": "${Account}", "DatabaseInput": {"Name": "lake"}}`},
		piece{name: "Table", typ: "AWS::Glue::Table", properties: `{"CatalogId": "${Account}", "DatabaseName": "${Database}", "TableInput": {"Name": "sales", "StorageDescriptor":
			{"Columns": [{"Name": "id", "Type": "bigint"}, {"Name": "region", "Type": "string"}], "Location": "s3://${Bucket}/sales/"}}}`},
		piece{name: "Filter", typ: "AWS::LakeFormation::DataCellsFilter", properties: `{"TableCatalogId": "${Account}", "DatabaseName": "${Database}", "TableName": "${Table}", "Name": "eu",
			"RowFilter": {"FilterExpression": "region = 'eu'"}, "ColumnNames": ["id"]}`, id: `${Account}\|lake\|sales\|eu`},
		piece{name: "Grant", typ: "AWS::LakeFormation::PrincipalPermissions", properties: `{"Principal": {"DataLakePrincipalIdentifier": "${Role.Arn}"}, "Resource": {"Table":
			{"CatalogId": "${Account}", "DatabaseName": "${Database}", "Name": "${Table}"}}, "Permissions": ["SELECT", "DESCRIBE"], "PermissionsWithGrantOption": []}`,
			attributes: map[string]string{"PrincipalIdentifier": ".*", "ResourceIdentifier": ".*"}, unseen: []string{"Principal", "PermissionsWithGrantOption"}},
		piece{name: "Older", typ: "AWS::LakeFormation::Permissions", properties: `{"DataLakePrincipal": {"DataLakePrincipalIdentifier": "${Role.Arn}"}, "Resource": {"DatabaseResource":
			{"CatalogId": "${Account}", "Name": "${Database}"}}, "Permissions": ["DESCRIBE", "CREATE_TABLE"]}`, updated: `{"DataLakePrincipal": {"DataLakePrincipalIdentifier": "${Role.Arn}"},
			"Resource": {"DatabaseResource": {"CatalogId": "${Account}", "Name": "${Database}"}}, "Permissions": ["DESCRIBE"]}`, id: "types-older-.*", unseen: []string{"DataLakePrincipal"}},
		piece{name: "Tag", typ: "AWS::LakeFormation::Tag", properties: `{"TagKey": "level", "TagValues": ["low", "high"]}`, updated: `{"TagKey": "level", "TagValues": ["low", "top"]}`, id: "level",
			drifts: []string{"TagValues"}},
		piece{name: "Tagged", typ: "AWS::LakeFormation::TagAssociation", properties: `{"LFTags": [{"CatalogId": "${Account}", "TagKey": "${Tag}", "TagValues": ["low"]}], "Resource": {"Database":
			{"CatalogId": "${Account}", "Name": "${Database}"}}}`},
	)
	f("Athena",
		piece{name: "Group", typ: "AWS::Athena::WorkGroup", properties: `{"Name": "team", "Description": "d", "WorkGroupConfiguration": {"EnforceWorkGroupConfiguration": true, "BytesScannedCutoffPerQuery": 10000000,
			"ResultConfiguration": {"OutputLocation": "s3://b/results/"}}, "RecursiveDeleteOption": true, ` + tags + `}`, updated: `{"Name": "team", "State": "DISABLED", "WorkGroupConfiguration":
			{"EnforceWorkGroupConfiguration": false, "ResultConfiguration": {"OutputLocation": "s3://b/other/"}}, "RecursiveDeleteOption": true, ` + retagged + `}`, id: "team",
			unseen: []string{"RecursiveDeleteOption", "Tags"}},
		piece{name: "Other", typ: "AWS::Athena::WorkGroup", properties: `{"Name": "rest"}`},
		piece{name: "Query", typ: "AWS::Athena::NamedQuery", properties: `{"Database": "shop", "QueryString": "SELECT 1", "WorkGroup": "${Other}"}`, attributes: map[string]string{"NamedQueryId": "[0-9a-f-]{36}"}},
		piece{name: "Statement", typ: "AWS::Athena::PreparedStatement", properties: `{"StatementName": "st", "WorkGroup": "${Other}", "QueryStatement": "SELECT ?", "Description": "d"}`,
			updated: `{"StatementName": "st", "WorkGroup": "${Other}", "QueryStatement": "SELECT ? + 1"}`, id: `st\|rest`, drifts: []string{"WorkGroup"}, unseen: []string{"WorkGroup"}},
		piece{name: "Catalog", typ: "AWS::Athena::DataCatalog", properties: `{"Name": "cat", "Type": "GLUE", "Parameters": {"catalog-id": "${Account}"}, "Description": "d"}`,
			updated: `{"Name": "cat", "Type": "GLUE", "Parameters": {"catalog-id": "${Account}"}}`, id: "cat"},
	)
	f("ECR",
		piece{name: "Repository", typ: "AWS::ECR::Repository", properties: `{"RepositoryName": "models/app", "ImageScanningConfiguration": {"ScanOnPush": true}, "LifecyclePolicy": {"LifecyclePolicyText":
			"{\"rules\":[{\"rulePriority\":1,\"selection\":{\"tagStatus\":\"untagged\",\"countType\":\"imageCountMoreThan\",\"countNumber\":3},\"action\":{\"type\":\"expire\"}}]}"}}`,
			updated: `{"RepositoryName": "models/app", "ImageTagMutability": "IMMUTABLE", "EmptyOnDelete": true}`, id: "models/app",
			attributes: map[string]string{"Arn": "arn:aws:ecr:us-east-1:${Account}:repository/models/app", "RepositoryUri": ".*models/app"}, unseen: []string{"LifecyclePolicy", "EmptyOnDelete"}},
	)
	f("RAM",
		piece{name: "Database", typ: "AWS::Glue::Database", properties: `{"CatalogId": "${Account}", "DatabaseInput": {"Name": "shared"}}`},
		piece{name: "Share", typ: "AWS::RAM::ResourceShare", properties: `{"Name": "s", "AllowExternalPrincipals": true, "Principals": ["123456789012"],
			"ResourceArns": ["arn:aws:glue:us-east-1:${Account}:database/shared", "arn:aws:glue:us-east-1:${Account}:catalog"], ` + tags + `}`,
			updated: `{"Name": "s2", "AllowExternalPrincipals": true, "ResourceArns": ["arn:aws:glue:us-east-1:${Account}:catalog"], ` + retagged + `}`, id: "arn:aws:ram:us-east-1:${Account}:resource-share/.*",
			attributes: map[string]string{"Status": "ACTIVE", "OwningAccountId": "${Account}"}, unseen: []string{"Principals", "ResourceArns"}},
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

// inText is a document as a string within JSON.
func inText(document string) string { return strconv.Quote(document) }
