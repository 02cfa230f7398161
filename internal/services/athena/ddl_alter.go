package athena

import (
	"context"
	"slices"

	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func (q *session) alterTable(ctx context.Context, st statement.AlterTable) error {
	t, err := q.table(ctx, st.Table)
	if err != nil {
		return err
	}
	if aws.ToString(t.TableType) == virtualView {
		return ddlFault("SemanticException [Error 10131]: To alter a view you need to use the ALTER VIEW command.")
	}
	if isIceberg(t.Parameters) {
		return q.alterIceberg(ctx, st)
	}
	switch a := st.Action.(type) {
	case statement.AddPartitions:
		return q.addPartitions(ctx, t, a)
	case statement.DropPartitions:
		return q.dropPartitions(ctx, t, a)
	}
	if st.Spec != nil {
		return q.alterPartition(ctx, t, st)
	}
	in := inputOf(t)
	if err := alter(in, st.Action); err != nil {
		return err
	}
	_, err = q.glue.UpdateTable(ctx, &glue.UpdateTableInput{CatalogId: t.CatalogId, DatabaseName: t.DatabaseName, TableInput: in, VersionId: t.VersionId})
	return glueFault(err)
}

// inputOf describes a table as it is.
func inputOf(t *glueTypes.Table) *glueTypes.TableInput {
	in := &glueTypes.TableInput{Name: t.Name, Description: t.Description, LastAccessTime: t.LastAccessTime, LastAnalyzedTime: t.LastAnalyzedTime,
		Owner: t.Owner, Parameters: merge(t.Parameters, nil), PartitionKeys: t.PartitionKeys, Retention: t.Retention, TableType: t.TableType,
		TargetTable: t.TargetTable, ViewExpandedText: t.ViewExpandedText, ViewOriginalText: t.ViewOriginalText}
	if t.StorageDescriptor != nil {
		d := *t.StorageDescriptor
		in.StorageDescriptor = &d
	}
	return in
}

// alter changes the description of a table.
func alter(in *glueTypes.TableInput, action any) error {
	if in.StorageDescriptor == nil {
		in.StorageDescriptor = &glueTypes.StorageDescriptor{}
	}
	d := in.StorageDescriptor
	switch a := action.(type) {
	case statement.SetLocation:
		if checkOutput(a.Location) != nil {
			return ddlFault("SemanticException LOCATION is not a path of S3 (s3://bucket/prefix/): %s", a.Location)
		}
		d.Location = &a.Location
	case statement.SetProperties:
		if a.Unset {
			for _, p := range a.Properties {
				delete(in.Parameters, p.Key)
			}
			return nil
		}
		in.Parameters = merge(in.Parameters, a.Properties)
	case statement.AddColumns:
		for _, c := range a.Columns {
			if at(d.Columns, c.Name) >= 0 || at(in.PartitionKeys, c.Name) >= 0 {
				return ddlFault("SemanticException [Error 10036]: Duplicate column name: %s", c.Name)
			}
			d.Columns = append(slices.Clone(d.Columns), glueColumn(c))
		}
	case statement.ReplaceColumns:
		d.Columns = glueColumns(a.Columns)
	case statement.DropColumn:
		i := at(d.Columns, a.Name)
		if i < 0 {
			return ddlFault("SemanticException [Error 10002]: Invalid column reference %s", a.Name)
		}
		d.Columns = slices.Delete(slices.Clone(d.Columns), i, i+1)
	case statement.ChangeColumn:
		return changeColumn(in, a)
	default:
		return notSupported("this form of ALTER TABLE")
	}
	return nil
}

func changeColumn(in *glueTypes.TableInput, a statement.ChangeColumn) error {
	d := in.StorageDescriptor
	i := at(d.Columns, a.Old)
	if i < 0 {
		return ddlFault("SemanticException [Error 10002]: Invalid column reference %s", a.Old)
	}
	if a.New.Name != a.Old && (at(d.Columns, a.New.Name) >= 0 || at(in.PartitionKeys, a.New.Name) >= 0) {
		return ddlFault("SemanticException [Error 10036]: Duplicate column name: %s", a.New.Name)
	}
	list := slices.Clone(d.Columns)
	c := glueColumn(a.New)
	if c.Comment == nil {
		c.Comment = list[i].Comment
	}
	switch {
	case a.First:
		list = slices.Insert(slices.Delete(list, i, i+1), 0, c)
	case a.After != "":
		list = slices.Delete(list, i, i+1)
		j := at(list, a.After)
		if j < 0 {
			return ddlFault("SemanticException [Error 10002]: Invalid column reference %s", a.After)
		}
		list = slices.Insert(list, j+1, c)
	default:
		list[i] = c
	}
	d.Columns = list
	return nil
}

// at is the index of a column, -1 when it is not there.
func at(list []glueTypes.Column, name string) int {
	return slices.IndexFunc(list, func(c glueTypes.Column) bool { return aws.ToString(c.Name) == name })
}
