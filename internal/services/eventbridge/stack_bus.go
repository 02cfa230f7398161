package eventbridge

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
)

// busReady gives a bus its policy.
func busReady(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	if !r.Changed("Policy") {
		return resource.State{}, true, nil
	}
	var err error
	if policy := r.Text("Policy"); policy != "" {
		_, err = client(r).PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: &r.ID, Policy: &policy})
	} else {
		_, err = client(r).RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: &r.ID, RemoveAllPermissions: true})
	}
	attributes := resource.Renamed(r.Attributes)
	attributes["Policy"] = r.Text("Policy")
	if attributes["Policy"] == "" {
		delete(attributes, "Policy")
	}
	return resource.State{ID: r.ID, Attributes: attributes}, true, err
}

func busPolicyID(r resource.Request) string { return busNameOf(r) + "|" + r.Text("StatementId") }

// busPolicy reads the policy of a bus.
func busPolicy(ctx context.Context, r resource.Request, bus string) (map[string]any, []map[string]any, error) {
	out, err := client(r).DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: &bus})
	if err != nil {
		return nil, nil, err
	}
	policy := map[string]any{"Version": "2012-10-17"}
	if text := aws.ToString(out.Policy); text != "" {
		if err := json.Unmarshal([]byte(text), &policy); err != nil {
			return nil, nil, err
		}
	}
	return policy, resource.Objects(policy["Statement"]), nil
}

// putBusPolicy gives a bus a statement, whole or by its parts.
func putBusPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	id, bus, sid := busPolicyID(r), busNameOf(r), r.Text("StatementId")
	statement, whole := r.Properties["Statement"].(map[string]any)
	if !whole {
		_, err := resource.Call(ctx, client(r).PutPermission, resource.Renamed(r.Properties, "EventBusName", ""), func(in *eventbridge.PutPermissionInput) { in.EventBusName = &bus })
		return resource.State{ID: id}, err
	}
	policy, statements, err := busPolicy(ctx, r, bus)
	if err != nil {
		return resource.State{}, err
	}
	statements = slices.DeleteFunc(statements, func(m map[string]any) bool { return resource.Text(m["Sid"]) == sid })
	statement = resource.Renamed(statement)
	statement["Sid"] = sid
	policy["Statement"] = append(statements, statement)
	_, err = client(r).PutPermission(ctx, &eventbridge.PutPermissionInput{EventBusName: &bus, Policy: aws.String(resource.Text(policy))})
	return resource.State{ID: id}, err
}

func deleteBusPolicy(ctx context.Context, r resource.Request) error {
	bus, sid, _ := strings.Cut(r.ID, "|")
	_, err := client(r).RemovePermission(ctx, &eventbridge.RemovePermissionInput{EventBusName: &bus, StatementId: &sid})
	return err
}

func readBusPolicy(ctx context.Context, r resource.Request) (resource.State, error) {
	bus, sid, _ := strings.Cut(r.ID, "|")
	_, statements, err := busPolicy(ctx, r, bus)
	if err != nil {
		return resource.State{}, err
	}
	for _, m := range statements {
		if resource.Text(m["Sid"]) != sid {
			continue
		}
		properties := map[string]any{"EventBusName": r.Properties["EventBusName"], "StatementId": sid}
		if wanted, ok := r.Properties["Statement"].(map[string]any); ok {
			if wanted["Sid"] == nil {
				delete(m, "Sid")
			}
			properties["Statement"] = m
		}
		if wanted := r.Properties["Action"]; wanted != nil {
			properties["Action"] = m["Action"]
		}
		return resource.State{ID: r.ID, Properties: properties}, nil
	}
	return resource.State{}, resource.ErrGone
}
