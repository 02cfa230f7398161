package glue

import (
	"context"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/aws/aws-sdk-go-v2/service/glue"
)

// Stack lists the types of CloudFormation's resources.
// Source: https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/AWS_Glue.html
func (s *Service) Stack() []resource.Type {
	crawler := func(p map[string]any) map[string]any {
		out := resource.Renamed(p)
		if schedule, ok := p["Schedule"].(map[string]any); ok {
			out["Schedule"] = schedule["ScheduleExpression"]
		}
		return out
	}
	database, table, connection := keptIn("DatabaseInput"), keptIn("TableInput"), keptIn("ConnectionInput")
	return resource.Types(
		resource.Plain{Name: "AWS::Glue::Classifier", Identify: classifierName, Key: func(r resource.Request) map[string]any { return map[string]any{"Name": r.ID} },
			Within: "Classifier", Untold: kinds, Attributes: map[string]string{"Name": ""}, Create: classify((*glue.Client).CreateClassifier), Get: do((*glue.Client).GetClassifier),
			Update: classify((*glue.Client).UpdateClassifier), Delete: do((*glue.Client).DeleteClassifier)}.Type(),
		resource.Plain{Name: "AWS::Glue::Connection", Identify: connection.name, Key: connection.key, Within: "Connection", Attributes: map[string]string{"Name": "Name"},
			Untold: []string{"CatalogId", "ConnectionInput"},
			Create: connection.put(do((*glue.Client).CreateConnection)), Get: do((*glue.Client).GetConnection), Update: connection.put(do((*glue.Client).UpdateConnection)),
			Delete: connection.del("ConnectionName", do((*glue.Client).DeleteConnection))}.Type(),
		resource.Plain{Name: "AWS::Glue::Crawler", NameProperty: "Name", NameMax: 255, Within: "Crawler", Form: crawler, Untold: []string{"Schedule", "Tags"},
			Reset:  map[string]any{"Description": "", "Schedule": map[string]any{"ScheduleExpression": ""}, "TablePrefix": "", "Classifiers": []any{}, "Configuration": ""},
			Create: do((*glue.Client).CreateCrawler), Get: do((*glue.Client).GetCrawler), Update: do((*glue.Client).UpdateCrawler), Delete: do((*glue.Client).DeleteCrawler),
			Retag: retagAs("crawler/")}.Type(),
		resource.Plain{Name: "AWS::Glue::DataQualityRuleset", NameProperty: "Name", NameMax: 255, Reset: map[string]any{"Description": ""}, Untold: []string{"Tags", "ClientToken"},
			Create: do((*glue.Client).CreateDataQualityRuleset), Get: do((*glue.Client).GetDataQualityRuleset), Update: do((*glue.Client).UpdateDataQualityRuleset),
			Delete: do((*glue.Client).DeleteDataQualityRuleset), Retag: retagAs("dataQualityRuleset/")}.Type(),
		resource.Plain{Name: "AWS::Glue::Database", Identify: database.name, Key: database.key, Within: "Database", Apart: []string{"DatabaseName"},
			Form: database.open, Create: database.put(do((*glue.Client).CreateDatabase)), Get: do((*glue.Client).GetDatabase), Update: database.put(do((*glue.Client).UpdateDatabase)),
			Delete: do((*glue.Client).DeleteDatabase)}.Type(),
		resource.Plain{Name: "AWS::Glue::Partition", Identify: func(r resource.Request) string {
			return strings.Join(resource.Texts(resource.At(r.Properties, "PartitionInput.Values")), "|")
		}, Key: func(r resource.Request) map[string]any {
			values := resource.At(r.Properties, "PartitionInput.Values")
			return map[string]any{"CatalogId": r.Properties["CatalogId"], "DatabaseName": r.Properties["DatabaseName"], "TableName": r.Properties["TableName"],
				"PartitionValues": values, "PartitionValueList": values}
		}, Within: "Partition", Form: keptIn("PartitionInput").open, Create: keptIn("PartitionInput").whole(do((*glue.Client).CreatePartition)),
			Get: do((*glue.Client).GetPartition), Update: keptIn("PartitionInput").whole(do((*glue.Client).UpdatePartition)), Delete: do((*glue.Client).DeletePartition)}.Type(),
		resource.Plain{Name: "AWS::Glue::Table", Identify: table.name, Key: table.key, Within: "Table", Form: table.open, Untold: []string{"OpenTableFormatInput"},
			Create: table.put(do((*glue.Client).CreateTable)), Get: do((*glue.Client).GetTable), Update: table.put(do((*glue.Client).UpdateTable)), Delete: do((*glue.Client).DeleteTable)}.Type(),
	)
}

func client(r resource.Request) *glue.Client { return glue.NewFromConfig(r.Config) }

func do[I, O any](method func(*glue.Client, context.Context, *I, ...func(*glue.Options)) (*O, error)) resource.Verb {
	return resource.Do(client, method)
}

func retagAs(path string) func(context.Context, resource.Request, map[string]string, []string) error {
	return func(ctx context.Context, r resource.Request, set map[string]string, remove []string) (err error) {
		arn := "arn:" + r.Partition + ":glue:" + r.Region + ":" + r.Account + ":" + path + r.ID
		if len(remove) > 0 {
			_, err = client(r).UntagResource(ctx, &glue.UntagResourceInput{ResourceArn: &arn, TagsToRemove: remove})
		} else {
			_, err = client(r).TagResource(ctx, &glue.TagResourceInput{ResourceArn: &arn, TagsToAdd: set})
		}
		return err
	}
}

// keptIn is the property that holds what is kept of a resource, its name too.
type keptIn string

func (w keptIn) name(r resource.Request) string {
	if name := resource.Text(resource.At(r.Properties, string(w)+".Name")); name != "" {
		return name
	}
	if name := r.Text("DatabaseName"); name != "" && w == "DatabaseInput" {
		return name
	}
	return strings.ToLower(r.Name)
}

func (w keptIn) key(r resource.Request) map[string]any {
	key := map[string]any{"CatalogId": r.Properties["CatalogId"], "Name": r.ID}
	if w == "TableInput" {
		key["DatabaseName"] = r.Properties["DatabaseName"]
	}
	return key
}

// open gives the fields of what is kept beside the others, as they are read.
func (w keptIn) open(p map[string]any) map[string]any {
	inner, ok := p[string(w)].(map[string]any)
	if !ok {
		return p
	}
	out := resource.Renamed(p, string(w), "")
	for name, v := range inner {
		out[name] = v
	}
	return out
}

// whole has a verb take the properties as they are in the template, with the key.
func (w keptIn) whole(verb resource.Verb) resource.Verb {
	return func(ctx context.Context, r resource.Request, properties map[string]any, _ bool) (any, error) {
		all := resource.Renamed(r.Properties)
		for name, v := range properties {
			if strings.HasPrefix(name, "PartitionValue") {
				all[name] = v
			}
		}
		return verb(ctx, r, all, r.ID == "")
	}
}

// put is whole, with the name in its place.
func (w keptIn) put(verb resource.Verb) resource.Verb {
	return func(ctx context.Context, r resource.Request, _ map[string]any, _ bool) (any, error) {
		inner, _ := r.Properties[string(w)].(map[string]any)
		inner = resource.Renamed(inner)
		inner["Name"] = w.name(r)
		all := resource.Renamed(r.Properties, "DatabaseName", "")
		all[string(w)] = inner
		if w == "TableInput" {
			all["DatabaseName"] = r.Properties["DatabaseName"]
		}
		if w != "TableInput" && r.ID != "" {
			all["Name"] = r.ID
		}
		return verb(ctx, r, all, r.ID == "")
	}
}

// del has a verb take the name in another field.
func (w keptIn) del(field string, verb resource.Verb) resource.Verb {
	return func(ctx context.Context, r resource.Request, properties map[string]any, strict bool) (any, error) {
		return verb(ctx, r, resource.Renamed(properties, "Name", field), strict)
	}
}

// kinds are the properties of a classifier, of which it has one.
var kinds = []string{"CsvClassifier", "GrokClassifier", "JsonClassifier", "XMLClassifier"}

func classifierName(r resource.Request) string {
	for _, kind := range kinds {
		if name := resource.Text(resource.At(r.Properties, kind+".Name")); name != "" {
			return name
		}
	}
	return r.Name
}

// classify has a classifier without a name have the stack's.
func classify[I, O any](method func(*glue.Client, context.Context, *I, ...func(*glue.Options)) (*O, error)) resource.Verb {
	return func(ctx context.Context, r resource.Request, _ map[string]any, _ bool) (any, error) {
		all := map[string]any{}
		for name, v := range r.Properties {
			inner, _ := v.(map[string]any)
			inner = resource.Renamed(inner)
			inner["Name"] = classifierName(r)
			all[name] = inner
		}
		return do(method)(ctx, r, all, true)
	}
}
