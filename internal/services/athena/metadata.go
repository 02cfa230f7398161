package athena

import (
	"context"
	"errors"
	"regexp"
	"strings"

	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/smithy-go"
)

// metadata is Glue for the caller of an operation, with the id of the catalog that the request names.
func (s *Service) metadata(ctx context.Context, name *string) (*glue.Client, *string, error) {
	call := wire.CallOf(ctx)
	id, err := s.glueCatalog(ctx, call.Account(), call.Region, aws.ToString(name))
	return glue.NewFromConfig(s.Clients(call.Principal, call.Region), once), &id, err
}

// once keeps calls within the server from being repeated: what fails there fails again.
func once(o *glue.Options) { o.Retryer = aws.NopRetryer{} }

// metadataFault answers Glue's error in the words of Athena.
func metadataFault(err error) error {
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() == "InternalFailure" {
		return err
	}
	return &types.MetadataException{Message: aws.String(e.ErrorMessage())}
}

func database(d glueTypes.Database) types.Database {
	return types.Database{Name: d.Name, Description: d.Description, Parameters: d.Parameters}
}

func tableMetadata(t *glueTypes.Table) *types.TableMetadata {
	out := &types.TableMetadata{Name: t.Name, CreateTime: t.CreateTime, LastAccessTime: t.LastAccessTime, TableType: t.TableType,
		PartitionKeys: columns(t.PartitionKeys), Columns: []types.Column{}, Parameters: map[string]string{}}
	for k, v := range t.Parameters {
		out.Parameters[k] = v
	}
	if d := t.StorageDescriptor; d != nil {
		out.Columns = columns(d.Columns)
		for k, v := range map[string]*string{"inputformat": d.InputFormat, "location": d.Location, "outputformat": d.OutputFormat} {
			if v != nil {
				out.Parameters[k] = *v
			}
		}
		if d.SerdeInfo != nil && d.SerdeInfo.SerializationLibrary != nil {
			out.Parameters["serde.serialization.lib"] = *d.SerdeInfo.SerializationLibrary
			for k, v := range d.SerdeInfo.Parameters {
				out.Parameters["serde.param."+k] = v
			}
		}
	}
	return out
}

func columns(list []glueTypes.Column) []types.Column {
	out := []types.Column{}
	for _, c := range list {
		out = append(out, types.Column{Name: c.Name, Type: c.Type, Comment: c.Comment})
	}
	return out
}

// ListDatabases lists the databases of a catalog that the caller may see.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListDatabases.html
func (s *Service) ListDatabases(ctx context.Context, in *athena.ListDatabasesInput) (*athena.ListDatabasesOutput, error) {
	client, id, err := s.metadata(ctx, in.CatalogName)
	if err != nil {
		return nil, err
	}
	found, err := client.GetDatabases(ctx, &glue.GetDatabasesInput{CatalogId: id, MaxResults: in.MaxResults, NextToken: in.NextToken})
	if err != nil {
		return nil, metadataFault(err)
	}
	out := &athena.ListDatabasesOutput{DatabaseList: []types.Database{}, NextToken: found.NextToken}
	for _, d := range found.DatabaseList {
		out.DatabaseList = append(out.DatabaseList, database(d))
	}
	return out, nil
}

func (s *Service) listDatabasesTargets(ctx context.Context, in *athena.ListDatabasesInput) ([]wire.Target, error) {
	return onCatalog(ctx, in.CatalogName)
}

// GetDatabase describes a database.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetDatabase.html
func (s *Service) GetDatabase(ctx context.Context, in *athena.GetDatabaseInput) (*athena.GetDatabaseOutput, error) {
	client, id, err := s.metadata(ctx, in.CatalogName)
	if err != nil {
		return nil, err
	}
	found, err := client.GetDatabase(ctx, &glue.GetDatabaseInput{CatalogId: id, Name: in.DatabaseName})
	if err != nil {
		return nil, metadataFault(err)
	}
	d := database(*found.Database)
	return &athena.GetDatabaseOutput{Database: &d}, nil
}

func (s *Service) getDatabaseTargets(ctx context.Context, in *athena.GetDatabaseInput) ([]wire.Target, error) {
	return onCatalog(ctx, in.CatalogName)
}

// GetTableMetadata describes a table, with the columns that the caller may see.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_GetTableMetadata.html
func (s *Service) GetTableMetadata(ctx context.Context, in *athena.GetTableMetadataInput) (*athena.GetTableMetadataOutput, error) {
	client, id, err := s.metadata(ctx, in.CatalogName)
	if err != nil {
		return nil, err
	}
	found, err := client.GetTable(ctx, &glue.GetTableInput{CatalogId: id, DatabaseName: in.DatabaseName, Name: in.TableName})
	if err != nil {
		return nil, metadataFault(err)
	}
	return &athena.GetTableMetadataOutput{TableMetadata: tableMetadata(found.Table)}, nil
}

func (s *Service) getTableMetadataTargets(ctx context.Context, in *athena.GetTableMetadataInput) ([]wire.Target, error) {
	return onCatalog(ctx, in.CatalogName)
}

// ListTableMetadata describes the tables of a database whose names match a regular expression.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListTableMetadata.html
func (s *Service) ListTableMetadata(ctx context.Context, in *athena.ListTableMetadataInput) (*athena.ListTableMetadataOutput, error) {
	client, id, err := s.metadata(ctx, in.CatalogName)
	if err != nil {
		return nil, err
	}
	expression := in.Expression
	if e := aws.ToString(expression); e != "" {
		expression = aws.String(hivePattern(e))
		if _, err := regexp.Compile(*expression); err != nil {
			return nil, invalid("Expression is not a regular expression.")
		}
	}
	found, err := client.GetTables(ctx, &glue.GetTablesInput{CatalogId: id, DatabaseName: in.DatabaseName, Expression: expression,
		MaxResults: in.MaxResults, NextToken: in.NextToken})
	if err != nil {
		return nil, metadataFault(err)
	}
	out := &athena.ListTableMetadataOutput{TableMetadataList: []types.TableMetadata{}, NextToken: found.NextToken}
	for _, t := range found.TableList {
		out.TableMetadataList = append(out.TableMetadataList, *tableMetadata(&t))
	}
	return out, nil
}

func (s *Service) listTableMetadataTargets(ctx context.Context, in *athena.ListTableMetadataInput) ([]wire.Target, error) {
	return onCatalog(ctx, in.CatalogName)
}

// hivePattern turns a pattern in which * alone stands for any characters into a regular expression.
func hivePattern(p string) string {
	if strings.Contains(p, "*") && !strings.Contains(p, ".*") {
		return strings.ReplaceAll(p, "*", ".*")
	}
	return p
}
