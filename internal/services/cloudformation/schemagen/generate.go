package main

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/wire/factsgen/wheel"
)

// types are those that Atelier knows, service by service.
const types = `
ApiGatewayV2: Api ApiMapping Authorizer Deployment DomainName Integration IntegrationResponse Model Route RouteResponse Stage VpcLink
ApplicationAutoScaling: ScalableTarget ScalingPolicy
Athena: DataCatalog NamedQuery PreparedStatement WorkGroup
Bedrock: ApplicationInferenceProfile Guardrail GuardrailVersion
CloudFormation: CustomResource Stack WaitCondition WaitConditionHandle
CloudWatch: Alarm CompositeAlarm Dashboard
ECR: Repository
Events: ApiDestination Archive Connection EventBus EventBusPolicy Rule
Glue: Classifier Connection Crawler DataQualityRuleset Database Job Partition Registry Schema SecurityConfiguration Table Trigger Workflow
IAM: AccessKey Group GroupPolicy InstanceProfile ManagedPolicy Policy Role RolePolicy ServiceLinkedRole User UserPolicy
LakeFormation: DataCellsFilter DataLakeSettings Permissions PrincipalPermissions Resource Tag TagAssociation
Lambda: Alias EventInvokeConfig EventSourceMapping Function LayerVersion LayerVersionPermission Permission Url Version
Logs: LogGroup LogStream MetricFilter QueryDefinition ResourcePolicy SubscriptionFilter
RAM: ResourceShare
S3: Bucket BucketPolicy
SNS: Subscription Topic TopicInlinePolicy TopicPolicy
SQS: Queue QueueInlinePolicy QueuePolicy
SSM: Parameter
SageMaker: Domain Endpoint EndpointConfig FeatureGroup InferenceComponent Model ModelPackage ModelPackageGroup UserProfile
Scheduler: Schedule ScheduleGroup
`

// kept are the keywords that say something about properties; the rest describes or is about AWS's own handlers.
var kept = strings.Fields(`$ref additionalProperties allOf anyOf conditionalCreateOnlyProperties const createOnlyProperties definitions dependentExcluded dependentRequired
	enum items maxItems maxLength maximum minItems minLength minimum oneOf pattern patternProperties properties readOnlyProperties required requiredOr
	requiredXor tagging tagProperty type uniqueItems`)

const dir = "cfnlint/data/schemas/"

// generate is the file: one gzipped JSON object of schemas by type.
func generate(z *zip.Reader) ([]byte, error) {
	var index map[string]string
	b, err := wheel.Read(z, dir+"providers/us-east-1.json")
	if err == nil {
		err = json.Unmarshal(b, &index)
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read the index of types: %w", err)
	}
	all := map[string]any{}
	for line := range strings.Lines(types) {
		service, names, _ := strings.Cut(line, ":")
		for _, n := range strings.Fields(names) {
			typ := "AWS::" + service + "::" + n
			b, err := wheel.Read(z, dir+"resources/"+index[typ]+".json")
			if err != nil {
				return nil, fmt.Errorf("cannot read the schema of %s: %w", typ, err)
			}
			var s map[string]any
			if err := json.Unmarshal(b, &s); err != nil {
				return nil, fmt.Errorf("cannot decode the schema of %s: %w", typ, err)
			}
			all[typ] = trim(s)
		}
	}
	if b, err = json.Marshal(all); err != nil {
		return nil, err
	}
	return wheel.Compress(b)
}

// trim leaves the keywords that are kept. What is under properties has names of its own.
func trim(schema map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range schema {
		if !slices.Contains(kept, k) {
			continue
		}
		switch k {
		case "properties", "patternProperties", "definitions":
			named := map[string]any{}
			for n, s := range v.(map[string]any) {
				named[n] = part(s)
			}
			v = named
		case "dependentRequired", "dependentExcluded", "enum", "const", "required":
		default:
			v = part(v)
		}
		out[k] = v
	}
	return out
}

func part(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return trim(v)
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = part(e)
		}
		return list
	}
	return v
}
