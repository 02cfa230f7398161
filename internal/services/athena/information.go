package athena

import (
	"context"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// describeCatalog gives the columns and rows of a table of information_schema, nil when there is none of the name. What it
// lists Glue was asked for as the caller.
// Source: https://docs.aws.amazon.com/athena/latest/ug/querying-glue-catalog.html
func (q *session) describeCatalog(ctx context.Context, id string, n sql.Name) (names []string, rows [][]string, err error) {
	c := strings.ToLower(n.Catalog)
	switch n.Table {
	case "schemata":
		databases, err := q.databases(ctx, id)
		for _, d := range append(databases, informationSchema) {
			rows = append(rows, []string{c, d})
		}
		return []string{"catalog_name", "schema_name"}, rows, err
	case "tables":
		err = q.everyTable(ctx, id, func(t glueTypes.Table) {
			kind := "BASE TABLE"
			if aws.ToString(t.TableType) == virtualView {
				kind = "VIEW"
			}
			rows = append(rows, []string{c, aws.ToString(t.DatabaseName), aws.ToString(t.Name), kind})
		})
		return []string{"table_catalog", "table_schema", "table_name", "table_type"}, rows, err
	case "views":
		err = q.everyTable(ctx, id, func(t glueTypes.Table) {
			if v, err := viewOf(&t); err == nil {
				rows = append(rows, []string{c, aws.ToString(t.DatabaseName), aws.ToString(t.Name), v.SQL})
			}
		})
		return []string{"table_catalog", "table_schema", "table_name", "view_definition"}, rows, err
	case "columns":
		err = q.everyTable(ctx, id, func(t glueTypes.Table) {
			keys := len(columnsOf(&t)) - len(t.PartitionKeys)
			for i, column := range columnsOf(&t) {
				extra := "\x00"
				if i >= keys {
					extra = "partition key"
				}
				kind := aws.ToString(column.Type)
				if parsed, err := dialect.ParseHive(kind); err == nil {
					kind = parsed.String()
				}
				rows = append(rows, []string{c, aws.ToString(t.DatabaseName), aws.ToString(t.Name), aws.ToString(column.Name), strconv.Itoa(i + 1), "\x00",
					"YES", kind, aws.ToString(column.Comment), extra})
			}
		})
		return []string{"table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default", "is_nullable", "data_type",
			"comment", "extra_info"}, rows, err
	}
	return nil, nil, nil
}

func (q *session) databases(ctx context.Context, id string) (out []string, err error) {
	pages := glue.NewGetDatabasesPaginator(q.glue, &glue.GetDatabasesInput{CatalogId: &id})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, d := range p.DatabaseList {
			out = append(out, aws.ToString(d.Name))
		}
	}
	return out, nil
}

func (q *session) everyTable(ctx context.Context, id string, f func(glueTypes.Table)) error {
	databases, err := q.databases(ctx, id)
	if err != nil {
		return err
	}
	for _, d := range databases {
		pages := glue.NewGetTablesPaginator(q.glue, &glue.GetTablesInput{CatalogId: &id, DatabaseName: &d})
		for pages.HasMorePages() {
			p, err := pages.NextPage(ctx)
			if isMissing(err) {
				break
			}
			if err != nil {
				return err
			}
			for _, t := range p.TableList {
				f(t)
			}
		}
	}
	return nil
}
