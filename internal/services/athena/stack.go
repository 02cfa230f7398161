package athena

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Athena.html
func (s *Service) Stack() []resource.Type {
	group := resource.Plain{Name: "AWS::Athena::WorkGroup", NameProperty: "Name", NameMax: 128, Key: func(r resource.Request) map[string]any {
		return map[string]any{"WorkGroup": r.ID}
	}, Within: ",WorkGroup", Attributes: map[string]string{"CreationTime": "CreationTime",
		"WorkGroupConfiguration.EngineVersion.EffectiveEngineVersion": "Configuration.EngineVersion.EffectiveEngineVersion"},
		Apart: []string{"RecursiveDeleteOption", "State", "WorkGroupConfigurationUpdates"}, Untold: []string{"RecursiveDeleteOption"},
		Form: func(p map[string]any) map[string]any {
			return resource.Renamed(p, "WorkGroupConfiguration", "Configuration")
		},
		Create: do((*athena.Client).CreateWorkGroup), Get: do((*athena.Client).GetWorkGroup), Update: do((*athena.Client).GetWorkGroup),
		Retag: retagAs("workgroup/")}.Type()
	group.Ready, group.Delete = updateGroup, deleteGroup
	return resource.Types(
		resource.Plain{Name: "AWS::Athena::DataCatalog", NameProperty: "Name", NameMax: 128, Within: ",DataCatalog", Create: do((*athena.Client).CreateDataCatalog),
			Get: do((*athena.Client).GetDataCatalog), Update: do((*athena.Client).UpdateDataCatalog), Delete: do((*athena.Client).DeleteDataCatalog),
			Retag: retagAs("datacatalog/")}.Type(),
		resource.Plain{Name: "AWS::Athena::NamedQuery", ID: "NamedQueryId", Token: "ClientRequestToken", Within: ",NamedQuery", Attributes: map[string]string{"NamedQueryId": "NamedQueryId"},
			Create: nameQuery, Get: do((*athena.Client).GetNamedQuery), Update: do((*athena.Client).UpdateNamedQuery), Delete: do((*athena.Client).DeleteNamedQuery)}.Type(),
		resource.Plain{Name: "AWS::Athena::PreparedStatement", Identify: func(r resource.Request) string { return r.Text("StatementName") + "|" + r.Text("WorkGroup") },
			Key: func(r resource.Request) map[string]any {
				return map[string]any{"StatementName": r.Properties["StatementName"], "WorkGroup": r.Properties["WorkGroup"]}
			}, Within: ",PreparedStatement", Untold: []string{"WorkGroup"}, Create: do((*athena.Client).CreatePreparedStatement),
			Get: do((*athena.Client).GetPreparedStatement), Update: do((*athena.Client).UpdatePreparedStatement), Delete: do((*athena.Client).DeletePreparedStatement)}.Type(),
		group,
	)
}

func client(r resource.Request) *athena.Client { return athena.NewFromConfig(r.Config) }

func do[I, O any](method func(*athena.Client, context.Context, *I, ...func(*athena.Options)) (*O, error)) resource.Verb {
	return resource.Do(client, method)
}

func retagAs(path string) func(context.Context, resource.Request, map[string]string, []string) error {
	return func(ctx context.Context, r resource.Request, set map[string]string, remove []string) (err error) {
		arn := "arn:" + r.Partition + ":athena:" + r.Region + ":" + r.Account + ":" + path + r.ID
		if len(remove) > 0 {
			_, err = client(r).UntagResource(ctx, &athena.UntagResourceInput{ResourceARN: &arn, TagKeys: remove})
		} else {
			_, err = client(r).TagResource(ctx, &athena.TagResourceInput{ResourceARN: &arn,
				Tags: wire.TagList(set, func(k, v string) types.Tag { return types.Tag{Key: &k, Value: &v} })})
		}
		return err
	}
}

// nameQuery gives a query that has no name the stack's.
func nameQuery(ctx context.Context, r resource.Request, properties map[string]any, strict bool) (any, error) {
	if properties["Name"] == nil {
		properties = resource.Renamed(properties)
		properties["Name"] = r.Name
	}
	return do((*athena.Client).CreateNamedQuery)(ctx, r, properties, strict)
}

// updateGroup sets what a workgroup is not made with, and what an update changes.
func updateGroup(ctx context.Context, r resource.Request) (resource.State, bool, error) {
	in := &athena.UpdateWorkGroupInput{WorkGroup: &r.ID}
	if r.Changed("State") {
		in.State = types.WorkGroupStateEnabled
		if s := r.Text("State"); s != "" {
			in.State = types.WorkGroupState(s)
		}
	}
	if r.Old != nil {
		in.Description = aws.String(r.Text("Description"))
		given, _ := r.Properties["WorkGroupConfiguration"].(map[string]any)
		old, _ := r.Old["WorkGroupConfiguration"].(map[string]any)
		in.ConfigurationUpdates = &types.WorkGroupConfigurationUpdates{}
		updates := resource.Renamed(given, "ResultConfiguration", "ResultConfigurationUpdates", "ManagedQueryResultsConfiguration", "ManagedQueryResultsConfigurationUpdates")
		if old["BytesScannedCutoffPerQuery"] != nil && given["BytesScannedCutoffPerQuery"] == nil {
			updates["RemoveBytesScannedCutoffPerQuery"] = true
		}
		if old["ResultConfiguration"] != nil && given["ResultConfiguration"] == nil {
			updates["ResultConfigurationUpdates"] = map[string]any{"RemoveOutputLocation": true, "RemoveEncryptionConfiguration": true}
		}
		if err := resource.Fill(in.ConfigurationUpdates, updates); err != nil {
			return resource.State{}, false, err
		}
	} else if in.State == "" {
		return resource.State{}, true, nil
	}
	_, err := client(r).UpdateWorkGroup(ctx, in)
	return resource.State{}, true, err
}

func deleteGroup(ctx context.Context, r resource.Request) error {
	_, err := client(r).DeleteWorkGroup(ctx, &athena.DeleteWorkGroupInput{WorkGroup: &r.ID, RecursiveDeleteOption: aws.Bool(r.Text("RecursiveDeleteOption") == "true")})
	return err
}
