package athena

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/lake"
	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// likeHive makes a test of a pattern of SHOW: * stands for any characters, | for or.
func likeHive(pattern string) (func(string) bool, error) {
	if pattern == "" {
		return func(string) bool { return true }, nil
	}
	var parts []string
	for _, p := range strings.Split(pattern, "|") {
		parts = append(parts, hivePattern(strings.TrimSpace(p)))
	}
	r, err := regexp.Compile("^(?i:" + strings.Join(parts, "|") + ")$")
	if err != nil {
		return nil, ddlFault("SemanticException Pattern %s is not a regular expression", pattern)
	}
	return r.MatchString, nil
}

func (q *session) showDatabases(ctx context.Context, st statement.ShowDatabases) ([]types.ColumnInfo, []string, error) {
	match, err := likeHive(st.Like)
	if err != nil {
		return nil, nil, err
	}
	id, err := q.catalogID(ctx, "")
	if err != nil {
		return nil, nil, err
	}
	var lines []string
	pages := glue.NewGetDatabasesPaginator(q.glue, &glue.GetDatabasesInput{CatalogId: id})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if err != nil {
			return nil, nil, glueFault(err)
		}
		for _, d := range p.DatabaseList {
			if match(aws.ToString(d.Name)) {
				lines = append(lines, aws.ToString(d.Name))
			}
		}
	}
	slices.Sort(lines)
	return said("database_name"), lines, nil
}

func (q *session) showTables(ctx context.Context, st statement.ShowTables) ([]types.ColumnInfo, []string, error) {
	match, err := likeHive(st.Like)
	if err != nil {
		return nil, nil, err
	}
	id, err := q.catalogID(ctx, st.Database.Catalog)
	if err != nil {
		return nil, nil, err
	}
	database := q.database(st.Database.Name)
	var lines []string
	pages := glue.NewGetTablesPaginator(q.glue, &glue.GetTablesInput{CatalogId: id, DatabaseName: &database,
		AttributesToGet: nil})
	for pages.HasMorePages() {
		p, err := pages.NextPage(ctx)
		if isMissing(err) {
			return nil, nil, ddlFault("SemanticException [Error 10072]: Database does not exist: %s", database)
		}
		if err != nil {
			return nil, nil, glueFault(err)
		}
		for _, t := range p.TableList {
			if match(aws.ToString(t.Name)) && (!st.Views || aws.ToString(t.TableType) == virtualView) {
				lines = append(lines, aws.ToString(t.Name))
			}
		}
	}
	slices.Sort(lines)
	if st.Views {
		return said("views"), lines, nil
	}
	return said("tab_name"), lines, nil
}

func (q *session) showColumns(ctx context.Context, st statement.ShowColumns) ([]types.ColumnInfo, []string, error) {
	t, err := q.table(ctx, st.Table)
	if err != nil {
		return nil, nil, err
	}
	var lines []string
	for _, c := range columnsOf(t) {
		lines = append(lines, fmt.Sprintf("%-20s", aws.ToString(c.Name)))
	}
	return said("field"), lines, nil
}

// columnsOf are a table's columns and partition keys.
func columnsOf(t *glueTypes.Table) []glueTypes.Column {
	if t.StorageDescriptor == nil {
		return t.PartitionKeys
	}
	return append(slices.Clone(t.StorageDescriptor.Columns), t.PartitionKeys...)
}

func (q *session) showPartitions(ctx context.Context, st statement.ShowPartitions) ([]types.ColumnInfo, []string, error) {
	t, err := q.table(ctx, st.Table)
	if err != nil {
		return nil, nil, err
	}
	found, err := q.partitions(ctx, t, st.Spec)
	if err != nil {
		return nil, nil, err
	}
	var lines []string
	for _, p := range found {
		lines = append(lines, lake.Folder(t.PartitionKeys, p.Values))
	}
	slices.Sort(lines)
	return said("partition"), lines, nil
}

func (q *session) showProperties(ctx context.Context, st statement.ShowProperties) ([]types.ColumnInfo, []string, error) {
	t, err := q.table(ctx, st.Table)
	if err != nil {
		return nil, nil, err
	}
	if st.Key != "" {
		v, ok := t.Parameters[st.Key]
		if !ok {
			return said("prpt_name"), []string{fmt.Sprintf("Table %s does not have property: %s", st.Table, st.Key)}, nil
		}
		return said("prpt_name", "prpt_value"), []string{v}, nil
	}
	var lines []string
	for _, k := range slices.Sorted(maps.Keys(t.Parameters)) {
		lines = append(lines, k+"\t"+t.Parameters[k])
	}
	return said("prpt_name", "prpt_value"), lines, nil
}

func (q *session) describe(ctx context.Context, st statement.Describe) ([]types.ColumnInfo, []string, error) {
	t, err := q.table(ctx, st.Table)
	if err != nil {
		return nil, nil, err
	}
	line := func(c glueTypes.Column) string {
		return fmt.Sprintf("%-20s\t%-20s\t%-20s", aws.ToString(c.Name), aws.ToString(c.Type), aws.ToString(c.Comment))
	}
	var lines []string
	all := columnsOf(t)
	if st.Column != "" {
		i := at(all, st.Column)
		if i < 0 {
			return nil, nil, ddlFault("Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. cannot find field %s from %s",
				st.Column, aws.ToString(t.Name))
		}
		all, t.PartitionKeys = all[i:i+1], nil
	}
	for _, c := range all {
		lines = append(lines, line(c))
	}
	if len(t.PartitionKeys) > 0 {
		lines = append(lines, "\t \t ", "# Partition Information\t \t ", fmt.Sprintf("%-20s\t%-20s\t%-20s", "# col_name", "data_type", "comment"), "\t \t ")
		for _, c := range t.PartitionKeys {
			lines = append(lines, line(c))
		}
	}
	if st.Extended {
		lines = append(lines, detailed(t)...)
	}
	return said("col_name", "data_type", "comment"), lines, nil
}

// detailed are the lines that DESCRIBE FORMATTED adds.
func detailed(t *glueTypes.Table) []string {
	row := func(k, v string) string { return fmt.Sprintf("%-20s\t%-20s\t%-20s", k, v, "") }
	lines := []string{"\t \t ", "# Detailed Table Information\t \t ", row("Database:", aws.ToString(t.DatabaseName)), row("Owner:", aws.ToString(t.Owner)),
		row("CreateTime:", aws.ToTime(t.CreateTime).UTC().Format("Mon Jan 02 15:04:05 UTC 2006")), row("Location:", lake.Location(t)),
		row("Table Type:", aws.ToString(t.TableType)), "Table Parameters:\t \t "}
	for _, k := range slices.Sorted(maps.Keys(t.Parameters)) {
		lines = append(lines, fmt.Sprintf("\t%-20s\t%-20s", k, t.Parameters[k]))
	}
	if d := t.StorageDescriptor; d != nil {
		lines = append(lines, "\t \t ", "# Storage Information\t \t ")
		if d.SerdeInfo != nil {
			lines = append(lines, row("SerDe Library:", aws.ToString(d.SerdeInfo.SerializationLibrary)))
		}
		lines = append(lines, row("InputFormat:", aws.ToString(d.InputFormat)), row("OutputFormat:", aws.ToString(d.OutputFormat)))
	}
	return lines
}
