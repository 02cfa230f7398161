package apigatewayv2

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
)

func apiResource(r resource.Request, id, endpoint *string) resource.State {
	return resource.State{ID: *id, Attributes: map[string]any{"ApiId": *id, "ApiEndpoint": aws.ToString(endpoint),
		"ExecuteApiArn": "arn:" + r.Partition + ":execute-api:" + r.Region + ":" + r.Account + ":" + *id}}
}

// imported are the properties of an API that is made of a definition.
var imported = []string{"Body", "BasePath", "FailOnWarnings"}

func createAPI(ctx context.Context, r resource.Request) (resource.State, error) {
	c := client(r.Once())
	if body := r.Text("Body"); body != "" {
		out, err := c.ImportApi(ctx, &apigatewayv2.ImportApiInput{Body: &body, Basepath: optional(r, "BasePath"), FailOnWarnings: aws.Bool(r.Text("FailOnWarnings") == "true")})
		if err != nil {
			return resource.State{}, err
		}
		r.ID, r.Old = *out.ApiId, map[string]any{}
		return updateImported(ctx, r)
	}
	out, err := resource.Call(ctx, c.CreateApi, r.Properties, nil)
	if err != nil {
		return resource.State{}, err
	}
	return apiResource(r, out.ApiId, out.ApiEndpoint), nil
}

func optional(r resource.Request, property string) *string {
	if v := r.Text(property); v != "" {
		return &v
	}
	return nil
}

// updateImported sets what the properties say beside a definition.
func updateImported(ctx context.Context, r resource.Request) (resource.State, error) {
	given := resource.Renamed(r.Properties, "Body", "", "BasePath", "", "FailOnWarnings", "", "Tags", "", "ProtocolType", "")
	out, err := resource.Call(ctx, client(r).UpdateApi, given, func(in *apigatewayv2.UpdateApiInput) { in.ApiId = &r.ID })
	if err != nil {
		return resource.State{ID: r.ID}, err
	}
	return apiResource(r, out.ApiId, out.ApiEndpoint), retagAPI(ctx, r)
}

func retagAPI(ctx context.Context, r resource.Request) error {
	return r.Retag("Tags", func(tags map[string]string) error { return retag(ctx, r, "/apis/"+r.ID, tags, nil) },
		func(keys []string) error { return retag(ctx, r, "/apis/"+r.ID, nil, keys) })
}

func updateAPI(ctx context.Context, r resource.Request) (resource.State, error) {
	if body := r.Text("Body"); body != "" {
		if r.Changed(imported...) {
			if _, err := client(r).ReimportApi(ctx, &apigatewayv2.ReimportApiInput{ApiId: &r.ID, Body: &body, Basepath: optional(r, "BasePath"),
				FailOnWarnings: aws.Bool(r.Text("FailOnWarnings") == "true")}); err != nil {
				return resource.State{ID: r.ID, Attributes: r.Attributes}, err
			}
		}
		return updateImported(ctx, r)
	}
	given := resource.Renamed(r.Properties, "Tags", "", "ProtocolType", "")
	for name, v := range map[string]any{"Description": "", "DisableExecuteApiEndpoint": false, "Version": ""} {
		if r.Old[name] != nil && given[name] == nil {
			given[name] = v
		}
	}
	out, err := resource.Call(ctx, client(r).UpdateApi, given, func(in *apigatewayv2.UpdateApiInput) { in.ApiId = &r.ID })
	if err != nil {
		return resource.State{ID: r.ID, Attributes: r.Attributes}, err
	}
	return apiResource(r, out.ApiId, out.ApiEndpoint), retagAPI(ctx, r)
}

// trimAPI takes away what an update cannot by its call.
func trimAPI(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	if r.Old["CorsConfiguration"] == nil || r.Properties["CorsConfiguration"] != nil {
		return resource.State{}, true, nil
	}
	_, err := client(r).DeleteCorsConfiguration(ctx, &apigatewayv2.DeleteCorsConfigurationInput{ApiId: &r.ID})
	if resource.Gone(err) {
		err = nil
	}
	return resource.State{}, true, err
}

func deleteAPI(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteApi(ctx, &apigatewayv2.DeleteApiInput{ApiId: &r.ID})
	return err
}

func readAPI(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetApi(ctx, &apigatewayv2.GetApiInput{ApiId: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	state := apiResource(r, out.ApiId, out.ApiEndpoint)
	state.Properties = resource.Tell(out, r.Properties)
	return state, nil
}
