package lambda

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// layerVersionOf parts a layer version's ARN.
func layerVersionOf(arn string) (layer *string, number *int64) {
	name, text := qualified(arn)
	n, _ := strconv.ParseInt(text, 10, 64) // 0 is refused
	return &name, &n
}

func layerResource(arn string) resource.State {
	return resource.State{ID: arn, Attributes: map[string]any{"LayerVersionArn": arn}}
}

func publishLayer(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := resource.Call(ctx, client(r).PublishLayerVersion, r.Properties, func(in *lambda.PublishLayerVersionInput) { in.LayerName = aws.String(r.Named("LayerName")) })
	if err != nil {
		return resource.State{}, err
	}
	return layerResource(*out.LayerVersionArn), nil
}

func deleteLayer(ctx context.Context, r resource.Request) error {
	layer, number := layerVersionOf(r.ID)
	_, err := client(r).DeleteLayerVersion(ctx, &lambda.DeleteLayerVersionInput{LayerName: layer, VersionNumber: number})
	return err
}

func readLayer(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetLayerVersionByArn(ctx, &lambda.GetLayerVersionByArnInput{Arn: &r.ID})
	if err != nil {
		return resource.State{}, err
	}
	state := layerResource(r.ID)
	state.Properties = resource.Tell(out, resource.Renamed(r.Properties, "Content", ""))
	name := *out.LayerArn
	state.Properties["LayerName"] = name[strings.LastIndexByte(name, ':')+1:]
	return state, nil
}

// sids are the statements of a policy by their IDs.
func sids(policy *string) (map[string]map[string]any, error) {
	var d struct{ Statement []map[string]any }
	if err := json.Unmarshal([]byte(aws.ToString(policy)), &d); err != nil {
		return nil, err
	}
	out := map[string]map[string]any{}
	for _, st := range d.Statement {
		out[resource.Text(st["Sid"])] = st
	}
	return out, nil
}

func layerPermissionID(r resource.Request) string { return r.Text("LayerVersionArn") + "#" + r.Name }

func addLayerPermission(ctx context.Context, r resource.Request) (resource.State, error) {
	layer, number := layerVersionOf(r.Text("LayerVersionArn"))
	_, err := resource.Call(ctx, client(r).AddLayerVersionPermission, r.Properties, func(in *lambda.AddLayerVersionPermissionInput) {
		in.LayerName, in.VersionNumber, in.StatementId = layer, number, &r.Name
	}, "LayerVersionArn")
	id := layerPermissionID(r)
	return resource.State{ID: id, Attributes: map[string]any{"Id": id}}, err
}

func removeLayerPermission(ctx context.Context, r resource.Request) error {
	arn, sid, _ := strings.Cut(r.ID, "#")
	layer, number := layerVersionOf(arn)
	_, err := client(r).RemoveLayerVersionPermission(ctx, &lambda.RemoveLayerVersionPermissionInput{LayerName: layer, VersionNumber: number, StatementId: &sid})
	return err
}

func readLayerPermission(ctx context.Context, r resource.Request) (resource.State, error) {
	arn, sid, _ := strings.Cut(r.ID, "#")
	layer, number := layerVersionOf(arn)
	out, err := client(r).GetLayerVersionPolicy(ctx, &lambda.GetLayerVersionPolicyInput{LayerName: layer, VersionNumber: number})
	if err != nil {
		return resource.State{}, err
	}
	statements, err := sids(out.Policy)
	if err == nil && statements[sid] == nil {
		err = resource.ErrGone
	}
	return resource.State{ID: r.ID, Attributes: map[string]any{"Id": r.ID},
		Properties: map[string]any{"LayerVersionArn": arn, "Action": statements[sid]["Action"]}}, err
}

func addPermission(ctx context.Context, r resource.Request) (resource.State, error) {
	_, err := resource.Call(ctx, client(r).AddPermission, r.Properties, func(in *lambda.AddPermissionInput) { in.StatementId = &r.Name })
	return resource.State{ID: r.Name, Attributes: map[string]any{"Id": r.Name}}, err
}

func removePermission(ctx context.Context, r resource.Request) error {
	_, err := client(r).RemovePermission(ctx, &lambda.RemovePermissionInput{FunctionName: aws.String(r.Text("FunctionName")), StatementId: &r.ID})
	return err
}

func readPermission(ctx context.Context, r resource.Request) (resource.State, error) {
	out, err := client(r).GetPolicy(ctx, &lambda.GetPolicyInput{FunctionName: aws.String(r.Text("FunctionName"))})
	if err != nil {
		return resource.State{}, err
	}
	statements, err := sids(out.Policy)
	if err == nil && statements[r.ID] == nil {
		err = resource.ErrGone
	}
	return resource.State{ID: r.ID, Attributes: map[string]any{"Id": r.ID},
		Properties: map[string]any{"FunctionName": r.Properties["FunctionName"], "Action": statements[r.ID]["Action"]}}, err
}
