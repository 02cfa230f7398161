package lambda

import (
	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Lambda.html
func (s *Service) Stack() []resource.Type {
	return resource.Types(
		resource.Type{Name: "AWS::Lambda::Alias", NameProperty: "Name", Identify: aliasID, Create: createAlias, Ready: provisionAlias, Update: updateAlias, Delete: deleteAlias,
			Read: readAlias},
		resource.Type{Name: "AWS::Lambda::EventInvokeConfig", Identify: invokeConfigID, Create: putInvokeConfig, Update: putInvokeConfig, Delete: deleteInvokeConfig,
			Read: readInvokeConfig},
		resource.Type{Name: "AWS::Lambda::EventSourceMapping", Find: findMapping, Create: createMapping, Ready: mappingReady, Update: updateMapping, Delete: deleteMapping,
			Gone: mappingGone, Read: readMapping},
		resource.Type{Name: "AWS::Lambda::Function", NameProperty: "FunctionName", NameMax: 64, Identify: func(r resource.Request) string { return r.Named("FunctionName") },
			Create: createFunction, Ready: functionReady, Update: updateFunction, Delete: deleteFunction, Read: readFunction},
		resource.Type{Name: "AWS::Lambda::LayerVersion", Create: publishLayer, Delete: deleteLayer, Read: readLayer},
		resource.Type{Name: "AWS::Lambda::LayerVersionPermission", Identify: layerPermissionID, Create: addLayerPermission, Delete: removeLayerPermission, Read: readLayerPermission},
		resource.Type{Name: "AWS::Lambda::Permission", Identify: func(r resource.Request) string { return r.Name }, Create: addPermission, Delete: removePermission,
			Read: readPermission},
		resource.Type{Name: "AWS::Lambda::Url", Identify: urlID, Create: createURL, Update: updateURL, Delete: deleteURL, Read: readURL},
		resource.Type{Name: "AWS::Lambda::Version", Create: publishFunction, Ready: versionReady, Update: keepVersion, Delete: deleteVersion, Read: readVersion},
	)
}

func client(r resource.Request) *lambda.Client { return lambda.NewFromConfig(r.Config) }

// functionNamed is the ARN of what a property names: by name, partial ARN or ARN, perhaps with a qualifier.
func functionNamed(r resource.Request, given string) string {
	switch {
	case len(given) > 4 && given[:4] == "arn:":
		return given
	case len(given) > 13 && given[12] == ':': // <account>:function:<name>
		return "arn:" + r.Partition + ":lambda:" + r.Region + ":" + given
	}
	return "arn:" + r.Partition + ":lambda:" + r.Region + ":" + r.Account + ":function:" + given
}
