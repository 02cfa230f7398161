package lambda

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

func mappingResource(id, arn *string) resource.State {
	return resource.State{ID: *id, Attributes: map[string]any{"Id": *id, "EventSourceMappingArn": *arn}}
}

// findMapping finds the mapping of a function and a source: there is but one.
func findMapping(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	function := functionNamed(r, r.Text("FunctionName"))
	pages := lambda.NewListEventSourceMappingsPaginator(client(r), &lambda.ListEventSourceMappingsInput{EventSourceArn: aws.String(r.Text("EventSourceArn"))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return resource.State{}, false, err
		}
		for _, m := range page.EventSourceMappings {
			if aws.ToString(m.FunctionArn) == function && aws.ToString(m.State) != "Deleting" {
				return mappingResource(m.UUID, m.EventSourceMappingArn), true, nil
			}
		}
	}
	return resource.State{}, false, nil
}

func createMapping(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := resource.Call(ctx, client(r).CreateEventSourceMapping, resource.Renamed(r.Properties, "KmsKeyArn", "KMSKeyArn"), nil)
	if err != nil {
		return resource.State{}, err
	}
	return mappingResource(out.UUID, out.EventSourceMappingArn), nil
}

func mappingReady(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	out, err := client(r).GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &r.ID})
	if err != nil {
		return resource.State{}, false, err
	}
	state := aws.ToString(out.State)
	return resource.State{}, state == "Enabled" || state == "Disabled", nil
}

func updateMapping(ctx context.Context, r resource.Request) (resource.State, error) {
	properties := resource.Renamed(r.Properties, "KmsKeyArn", "KMSKeyArn", "EventSourceArn", "", "Tags", "")
	for name, v := range map[string]any{"Enabled": true, "BatchSize": 10, "MaximumBatchingWindowInSeconds": 0, "FilterCriteria": map[string]any{},
		"FunctionResponseTypes": []any{}, "ScalingConfig": map[string]any{}} {
		if r.Old[name] != nil && properties[name] == nil {
			properties[name] = v
		}
	}
	out, err := resource.Call(ctx, client(r).UpdateEventSourceMapping, properties, func(in *lambda.UpdateEventSourceMappingInput) { in.UUID = &r.ID })
	if err != nil {
		return resource.State{ID: r.ID, Attributes: r.Attributes}, err
	}
	return mappingResource(out.UUID, out.EventSourceMappingArn), r.Retag("Tags", func(tags map[string]string) error {
		_, err := client(r).TagResource(ctx, &lambda.TagResourceInput{Resource: out.EventSourceMappingArn, Tags: tags})
		return err
	}, func(keys []string) error {
		_, err := client(r).UntagResource(ctx, &lambda.UntagResourceInput{Resource: out.EventSourceMappingArn, TagKeys: keys})
		return err
	})
}

func deleteMapping(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{UUID: &r.ID})
	return err
}

func mappingGone(ctx context.Context, r resource.Request) (bool, error) {
	_, err := client(r).GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &r.ID})
	if resource.Gone(err) {
		return true, nil
	}
	return false, err
}

func readMapping(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	state := mappingResource(out.UUID, out.EventSourceMappingArn)
	state.Properties = resource.Tell(out, resource.Renamed(r.Properties, "FunctionName", "", "KmsKeyArn", ""))
	state.Properties["FunctionName"] = r.Properties["FunctionName"]
	if aws.ToString(out.FunctionArn) != functionNamed(r, r.Text("FunctionName")) {
		state.Properties["FunctionName"] = aws.ToString(out.FunctionArn)
	}
	state.Properties["Enabled"] = aws.ToString(out.State) != "Disabled"
	return state, nil
}

func urlID(r resource.Request) string {
	id := functionNamed(r, r.Text("TargetFunctionArn"))
	if q := r.Text("Qualifier"); q != "" {
		id += ":" + q
	}
	return id
}

func urlResource(arn, url *string) resource.State {
	return resource.State{ID: *arn, Attributes: map[string]any{"FunctionArn": *arn, "FunctionUrl": *url}}
}

func createURL(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := resource.Call(ctx, client(r).CreateFunctionUrlConfig, resource.Renamed(r.Properties, "TargetFunctionArn", "FunctionName"), nil)
	if err != nil {
		return resource.State{}, err
	}
	return urlResource(out.FunctionArn, out.FunctionUrl), nil
}

func updateURL(ctx context.Context, r resource.Request) (resource.State, error) {
	properties := resource.Renamed(r.Properties, "TargetFunctionArn", "FunctionName")
	for name, v := range map[string]any{"Cors": map[string]any{}, "InvokeMode": "BUFFERED"} {
		if r.Old[name] != nil && properties[name] == nil {
			properties[name] = v
		}
	}
	out, err := resource.Call(ctx, client(r).UpdateFunctionUrlConfig, properties, nil)
	if err != nil {
		return resource.State{ID: r.ID, Attributes: r.Attributes}, err
	}
	return urlResource(out.FunctionArn, out.FunctionUrl), nil
}

// functionAndQualifier parts the ID of what hangs on a function or on an alias of it.
func functionAndQualifier(id string) (function, qualifier *string) {
	if strings.Count(id, ":") > 6 {
		f, q := qualified(id)
		return &f, &q
	}
	return &id, nil
}

func deleteURL(ctx context.Context, r resource.Request) error {
	function, qualifier := functionAndQualifier(r.ID)
	_, err := client(r).DeleteFunctionUrlConfig(ctx, &lambda.DeleteFunctionUrlConfigInput{FunctionName: function, Qualifier: qualifier})
	return err
}

func readURL(ctx context.Context, r resource.Request) (resource.State, error) {
	function, qualifier := functionAndQualifier(r.ID)
	out, err := client(r).GetFunctionUrlConfig(ctx, &lambda.GetFunctionUrlConfigInput{FunctionName: function, Qualifier: qualifier})
	if err != nil {
		return resource.State{}, err
	}
	state := urlResource(out.FunctionArn, out.FunctionUrl)
	state.Properties = resource.Tell(out, r.Properties)
	state.Properties["TargetFunctionArn"] = r.Properties["TargetFunctionArn"]
	return state, nil
}

func invokeConfigID(r resource.Request) string {
	return r.Text("FunctionName") + "|" + r.Text("Qualifier")
}

func invokeConfigOf(id string) (function, qualifier *string) {
	f, q, _ := strings.Cut(id, "|")
	return &f, &q
}

func putInvokeConfig(ctx context.Context, r resource.Request) (resource.State, error) {
	_, err := resource.Call(ctx, client(r).PutFunctionEventInvokeConfig, r.Properties, nil)
	return resource.State{ID: invokeConfigID(r)}, err
}

func deleteInvokeConfig(ctx context.Context, r resource.Request) error {
	function, qualifier := invokeConfigOf(r.ID)
	_, err := client(r).DeleteFunctionEventInvokeConfig(ctx, &lambda.DeleteFunctionEventInvokeConfigInput{FunctionName: function, Qualifier: qualifier})
	return err
}

func readInvokeConfig(ctx context.Context, r resource.Request) (resource.State, error) {
	function, qualifier := invokeConfigOf(r.ID)
	out, err := client(r).GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{FunctionName: function, Qualifier: qualifier})
	if err != nil {
		return resource.State{}, err
	}
	properties := resource.Tell(out, r.Properties)
	properties["FunctionName"], properties["Qualifier"] = r.Properties["FunctionName"], r.Properties["Qualifier"]
	return resource.State{ID: r.ID, Properties: properties}, nil
}
