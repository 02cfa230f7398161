package athena

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/athena/statement"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func (q *session) showCreate(ctx context.Context, st statement.ShowCreate) ([]types.ColumnInfo, []string, error) {
	t, err := q.table(ctx, st.Table)
	if err != nil {
		return nil, nil, err
	}
	if view := aws.ToString(t.TableType) == virtualView; view || st.View {
		if !view {
			return nil, nil, failure(userError, "INVALID_VIEW: line %d:%d: Relation '%s' is not a view", st.Table.Pos.Line, st.Table.Pos.Column, st.Table)
		}
		if definerOf(t) != "" {
			return showDefined(t)
		}
		v, err := viewOf(t)
		if err != nil {
			return nil, nil, err
		}
		lines := append([]string{"CREATE VIEW " + aws.ToString(t.DatabaseName) + "." + aws.ToString(t.Name) + " AS "}, strings.Split(v.SQL, "\n")...)
		return said("Create View"), lines, nil
	}
	return said("createtab_stmt"), strings.Split(definition(t), "\n"), nil
}

// definition is the statement that makes a table.
func definition(t *glueTypes.Table) string {
	var b strings.Builder
	literal := func(s string) string {
		return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`, "\n", `\n`, "\t", `\t`, "\x01", `\u0001`).Replace(s) + "'"
	}
	list := func(columns []glueTypes.Column) {
		for i, c := range columns {
			if i > 0 {
				b.WriteString(", \n")
			}
			b.WriteString("  `" + aws.ToString(c.Name) + "` " + aws.ToString(c.Type))
			if aws.ToString(c.Comment) != "" {
				b.WriteString(" COMMENT " + literal(*c.Comment))
			}
		}
		b.WriteString(")\n")
	}
	properties := func(m map[string]string) {
		for i, k := range slices.Sorted(maps.Keys(m)) {
			if i > 0 {
				b.WriteString(", \n")
			}
			b.WriteString("  " + literal(k) + "=" + literal(m[k]))
		}
		b.WriteString(")")
	}
	d := t.StorageDescriptor
	if d == nil {
		d = &glueTypes.StorageDescriptor{}
	}
	b.WriteString("CREATE EXTERNAL TABLE `" + aws.ToString(t.DatabaseName) + "." + aws.ToString(t.Name) + "`(\n")
	list(d.Columns)
	if c := t.Parameters["comment"]; c != "" {
		b.WriteString("COMMENT " + literal(c) + "\n")
	}
	if len(t.PartitionKeys) > 0 {
		b.WriteString("PARTITIONED BY ( \n")
		list(t.PartitionKeys)
	}
	if s := d.SerdeInfo; s != nil {
		b.WriteString("ROW FORMAT SERDE \n  " + literal(aws.ToString(s.SerializationLibrary)) + " \n")
		if len(s.Parameters) > 0 && !(len(s.Parameters) == 1 && s.Parameters["serialization.format"] == "1") {
			b.WriteString("WITH SERDEPROPERTIES ( \n")
			properties(s.Parameters)
			b.WriteString(" \n")
		}
	}
	b.WriteString("STORED AS INPUTFORMAT \n  " + literal(aws.ToString(d.InputFormat)) + " \nOUTPUTFORMAT \n  " + literal(aws.ToString(d.OutputFormat)) +
		"\nLOCATION\n  " + literal(aws.ToString(d.Location)))
	shown := maps.Clone(t.Parameters)
	delete(shown, "EXTERNAL")
	delete(shown, "comment")
	if len(shown) > 0 {
		b.WriteString("\nTBLPROPERTIES (\n")
		properties(shown)
	}
	return b.String()
}
