package apigatewayv2

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_ApiGatewayV2.html
func (s *Service) Stack() []resource.Type {
	domain := resource.Plain{Name: "AWS::ApiGatewayV2::DomainName", NameProperty: "DomainName", Create: do((*apigatewayv2.Client).CreateDomainName),
		Get: do((*apigatewayv2.Client).GetDomainName), Update: do((*apigatewayv2.Client).UpdateDomainName), Delete: do((*apigatewayv2.Client).DeleteDomainName),
		Attributes: map[string]string{"RegionalDomainName": "DomainNameConfigurations.ApiGatewayDomainName", "RegionalHostedZoneId": "DomainNameConfigurations.HostedZoneId",
			"DomainNameArn": "DomainNameArn"}}
	stage := resource.Plain{Name: "AWS::ApiGatewayV2::Stage", NameProperty: "StageName", Key: func(r resource.Request) map[string]any {
		return map[string]any{"ApiId": r.Properties["ApiId"], "StageName": r.ID}
	}, Create: do((*apigatewayv2.Client).CreateStage), Get: do((*apigatewayv2.Client).GetStage), Update: do((*apigatewayv2.Client).UpdateStage),
		Delete: do((*apigatewayv2.Client).DeleteStage), Retag: func(ctx context.Context, r resource.Request, set map[string]string, remove []string) error {
			return retag(ctx, r, "/apis/"+r.Text("ApiId")+"/stages/"+r.ID, set, remove)
		}, Reset: map[string]any{"Description": "", "AutoDeploy": false, "DefaultRouteSettings": map[string]any{}}}.Type()
	stage.Ready = trimStage
	return resource.Types(
		resource.Type{Name: "AWS::ApiGatewayV2::Api", Create: createAPI, Ready: trimAPI, Update: updateAPI, Delete: deleteAPI, Read: readAPI},
		part("AWS::ApiGatewayV2::ApiMapping", "DomainName", "ApiMappingId", resource.Plain{Create: do((*apigatewayv2.Client).CreateApiMapping), Get: do((*apigatewayv2.Client).GetApiMapping),
			Update: do((*apigatewayv2.Client).UpdateApiMapping), Delete: do((*apigatewayv2.Client).DeleteApiMapping)}),
		part("AWS::ApiGatewayV2::Authorizer", "ApiId", "AuthorizerId", resource.Plain{Create: do((*apigatewayv2.Client).CreateAuthorizer), Get: do((*apigatewayv2.Client).GetAuthorizer),
			Update: do((*apigatewayv2.Client).UpdateAuthorizer), Delete: do((*apigatewayv2.Client).DeleteAuthorizer)}),
		part("AWS::ApiGatewayV2::Deployment", "ApiId", "DeploymentId", resource.Plain{Create: do((*apigatewayv2.Client).CreateDeployment), Get: do((*apigatewayv2.Client).GetDeployment),
			Update: do((*apigatewayv2.Client).UpdateDeployment), Delete: do((*apigatewayv2.Client).DeleteDeployment)}),
		domain.Type(),
		part("AWS::ApiGatewayV2::Integration", "ApiId", "IntegrationId", resource.Plain{Create: do((*apigatewayv2.Client).CreateIntegration), Get: do((*apigatewayv2.Client).GetIntegration),
			Update: do((*apigatewayv2.Client).UpdateIntegration), Delete: do((*apigatewayv2.Client).DeleteIntegration), Form: responses}),
		part("AWS::ApiGatewayV2::Route", "ApiId", "RouteId", resource.Plain{Create: do((*apigatewayv2.Client).CreateRoute), Get: do((*apigatewayv2.Client).GetRoute),
			Update: do((*apigatewayv2.Client).UpdateRoute), Delete: do((*apigatewayv2.Client).DeleteRoute)}),
		stage,
	)
}

func client(r resource.Request) *apigatewayv2.Client { return apigatewayv2.NewFromConfig(r.Config) }

func do[I, O any](method func(*apigatewayv2.Client, context.Context, *I, ...func(*apigatewayv2.Options)) (*O, error)) resource.Verb {
	return resource.Do(client, method)
}

// part is a type of what lies within an API or a domain name, and has an ID.
func part(name, parent, id string, p resource.Plain) resource.Type {
	p.Name, p.ID, p.Attributes = name, id, map[string]string{id: id}
	p.Key = func(r resource.Request) map[string]any {
		return map[string]any{parent: r.Properties[parent], id: r.ID}
	}
	p.Reset = map[string]any{"Description": "", "RequestParameters": map[string]any{}, "AuthorizationScopes": []any{}, "AuthorizationType": "NONE", "CredentialsArn": ""}
	return p.Type()
}

// responses gives the changes of an integration's responses the SDK's form.
func responses(properties map[string]any) map[string]any {
	given, ok := properties["ResponseParameters"].(map[string]any)
	if !ok {
		return resource.Renamed(properties)
	}
	statuses := map[string]any{}
	for status, v := range given {
		changes := map[string]any{}
		m, _ := v.(map[string]any)
		for _, change := range resource.Objects(m["ResponseParameters"]) {
			changes[resource.Text(change["Destination"])] = change["Source"]
		}
		statuses[status] = changes
	}
	out := resource.Renamed(properties)
	out["ResponseParameters"] = statuses
	return out
}

func retag(ctx context.Context, r resource.Request, path string, set map[string]string, remove []string) (err error) {
	arn := "arn:" + r.Partition + ":apigateway:" + r.Region + "::" + path
	if len(remove) > 0 {
		_, err = client(r).UntagResource(ctx, &apigatewayv2.UntagResourceInput{ResourceArn: &arn, TagKeys: remove})
	} else {
		_, err = client(r).TagResource(ctx, &apigatewayv2.TagResourceInput{ResourceArn: &arn, Tags: set})
	}
	return err
}

// trimStage takes away what an update cannot by its call.
func trimStage(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	if r.Old["AccessLogSettings"] == nil || r.Properties["AccessLogSettings"] != nil {
		return resource.State{}, true, nil
	}
	_, err := client(r).DeleteAccessLogSettings(ctx, &apigatewayv2.DeleteAccessLogSettingsInput{ApiId: aws.String(r.Text("ApiId")), StageName: &r.ID})
	if resource.Gone(err) {
		err = nil
	}
	return resource.State{}, true, err
}
