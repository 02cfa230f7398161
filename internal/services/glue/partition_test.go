package glue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// partitioned makes table sales.orders (id, total) partitioned by day (string) and hour (int).
func (f *fixture) partitioned() {
	f.t.Helper()
	f.database("sales")
	in := input("orders", "id", "total")
	in.PartitionKeys = []types.Column{{Name: aws.String("day"), Type: aws.String("string")}, {Name: aws.String("hour"), Type: aws.String("int")}}
	_, err := f.CreateTable(f.t.Context(), &glue.CreateTableInput{DatabaseName: aws.String("sales"), TableInput: in})
	f.ok(err)
}

func part(values ...string) types.PartitionInput {
	d := *input("orders", "id", "total").StorageDescriptor
	d.Location = aws.String("s3://lake/orders/" + strings.Join(values, "/"))
	return types.PartitionInput{Values: values, StorageDescriptor: &d}
}

func (f *fixture) parts(list ...types.PartitionInput) {
	f.t.Helper()
	out, err := f.BatchCreatePartition(f.t.Context(), &glue.BatchCreatePartitionInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders"), PartitionInputList: list})
	f.ok(err)
	if len(out.Errors) > 0 {
		f.t.Fatalf("%+v", out.Errors)
	}
}

// list asks for partitions, and gives their values as "a/b c/d".
func (f *fixture) list(c *glue.Client, in glue.GetPartitionsInput) (string, *string) {
	f.t.Helper()
	in.DatabaseName, in.TableName = aws.String("sales"), aws.String("orders")
	out, err := c.GetPartitions(f.t.Context(), &in)
	f.ok(err)
	var got []string
	for _, p := range out.Partitions {
		got = append(got, strings.Join(p.Values, "/"))
	}
	return strings.Join(got, " "), out.NextToken
}

func TestPartition(t *testing.T) {
	f := open(t)
	f.partitioned()
	db, table := aws.String("sales"), aws.String("Orders")
	_, err := f.CreatePartition(t.Context(), &glue.CreatePartitionInput{DatabaseName: db, TableName: table, PartitionInput: &types.PartitionInput{}})
	f.fails("no values", err, "InvalidInputException", "The number of partition keys do not match the number of partition values")
	p := part("2024-01-01", "1")
	p.Parameters = map[string]string{"recordCount": "7"}
	create := &glue.CreatePartitionInput{DatabaseName: db, TableName: table, PartitionInput: &p}
	_, err = f.CreatePartition(t.Context(), create)
	f.ok(err)
	_, err = f.CreatePartition(t.Context(), create)
	f.fails("again", err, "AlreadyExistsException", "Partition already exists.")
	create.TableName = aws.String("nothing")
	_, err = f.CreatePartition(t.Context(), create)
	f.fails("no table", err, "EntityNotFoundException", "Table nothing not found.")

	got, err := f.GetPartition(t.Context(), &glue.GetPartitionInput{DatabaseName: db, TableName: table, PartitionValues: p.Values})
	f.ok(err)
	if g := got.Partition; *g.DatabaseName != "sales" || *g.TableName != "orders" || *g.CatalogId != f.account || g.Parameters["recordCount"] != "7" ||
		!g.CreationTime.Equal(f.clock.Now()) || *g.StorageDescriptor.Location != "s3://lake/orders/2024-01-01/1" || len(g.StorageDescriptor.Columns) != 2 {
		t.Errorf("%+v", g)
	}
	_, err = f.GetPartition(t.Context(), &glue.GetPartitionInput{DatabaseName: db, TableName: table, PartitionValues: []string{"x", "1"}})
	f.fails("missing", err, "EntityNotFoundException", "Cannot find partition.")

	q := part("2024-01-01", "2")
	_, err = f.UpdatePartition(t.Context(), &glue.UpdatePartitionInput{DatabaseName: db, TableName: table, PartitionValueList: p.Values, PartitionInput: &q})
	f.ok(err)
	_, err = f.UpdatePartition(t.Context(), &glue.UpdatePartitionInput{DatabaseName: db, TableName: table, PartitionValueList: p.Values, PartitionInput: &q})
	f.fails("update of none", err, "EntityNotFoundException", "Cannot find partition.")
	f.parts(p)
	_, err = f.UpdatePartition(t.Context(), &glue.UpdatePartitionInput{DatabaseName: db, TableName: table, PartitionValueList: p.Values, PartitionInput: &q})
	f.fails("update to another's values", err, "AlreadyExistsException", "Partition already exists.")

	_, err = f.DeletePartition(t.Context(), &glue.DeletePartitionInput{DatabaseName: db, TableName: table, PartitionValues: p.Values})
	f.ok(err)
	_, err = f.DeletePartition(t.Context(), &glue.DeletePartitionInput{DatabaseName: db, TableName: table, PartitionValues: p.Values})
	f.fails("delete of none", err, "EntityNotFoundException", "Cannot find partition.")
	if got, _ := f.list(f.Client, glue.GetPartitionsInput{}); got != "2024-01-01/2" {
		t.Errorf("left: %s", got)
	}
	var told []string
	for _, e := range f.events(7) {
		if d := detail(e); d["changedPartitions"] != nil {
			told = append(told, fmt.Sprint(d["typeOfChange"], d["changedPartitions"]))
		}
	}
	want := []string{"CreatePartition[[2024-01-01, 1]]", "UpdatePartition[[2024-01-01, 1]]", "BatchCreatePartition[[2024-01-01, 1]]", "DeletePartition[[2024-01-01, 1]]"}
	if !slices.Equal(told, want) {
		t.Errorf("told %q, want %q", told, want)
	}
}

func TestPartitionBatches(t *testing.T) {
	f := open(t)
	f.partitioned()
	db, table := aws.String("sales"), aws.String("orders")
	errs := func(list []types.PartitionError) string {
		var out []string
		for _, e := range list {
			out = append(out, strings.Join(e.PartitionValues, "/")+" "+*e.ErrorDetail.ErrorCode)
		}
		return strings.Join(out, "; ")
	}
	created, err := f.BatchCreatePartition(t.Context(), &glue.BatchCreatePartitionInput{DatabaseName: db, TableName: table,
		PartitionInputList: []types.PartitionInput{part("a", "1"), part("a", "1"), part("b"), part("b", "2")}})
	f.ok(err)
	if got := errs(created.Errors); got != "a/1 AlreadyExistsException; b InvalidInputException" {
		t.Errorf("create: %s", got)
	}
	list := []types.PartitionValueList{{Values: []string{"b", "2"}}, {Values: []string{"x", "1"}}, {Values: []string{"a", "1"}}}
	read, err := f.BatchGetPartition(t.Context(), &glue.BatchGetPartitionInput{DatabaseName: db, TableName: table, PartitionsToGet: list})
	f.ok(err)
	if len(read.Partitions) != 2 || len(read.UnprocessedKeys) != 0 || read.Partitions[0].Values[0] != "b" {
		t.Errorf("get: %+v", read)
	}
	entry := func(to types.PartitionInput, from ...string) types.BatchUpdatePartitionRequestEntry {
		return types.BatchUpdatePartitionRequestEntry{PartitionValueList: from, PartitionInput: &to}
	}
	updated, err := f.BatchUpdatePartition(t.Context(), &glue.BatchUpdatePartitionInput{DatabaseName: db, TableName: table,
		Entries: []types.BatchUpdatePartitionRequestEntry{entry(part("c", "3"), "a", "1"), entry(part("x", "1"), "y", "1"), entry(part("b", "2"), "c", "3")}})
	f.ok(err)
	var got []string
	for _, e := range updated.Errors {
		got = append(got, strings.Join(e.PartitionValueList, "/")+" "+*e.ErrorDetail.ErrorCode)
	}
	if !slices.Equal(got, []string{"y/1 EntityNotFoundException", "c/3 AlreadyExistsException"}) {
		t.Errorf("update: %q", got)
	}
	deleted, err := f.BatchDeletePartition(t.Context(), &glue.BatchDeletePartitionInput{DatabaseName: db, TableName: table, PartitionsToDelete: list})
	f.ok(err)
	if got := errs(deleted.Errors); got != "x/1 EntityNotFoundException; a/1 EntityNotFoundException" {
		t.Errorf("delete: %s", got)
	}
	if got, _ := f.list(f.Client, glue.GetPartitionsInput{}); got != "c/3" {
		t.Errorf("left: %s", got)
	}
}

func TestGetPartitions(t *testing.T) {
	f := open(t)
	f.partitioned()
	for _, d := range []string{"a", "b", "c"} {
		f.parts(part(d, "1"), part(d, "2"), part(d, "10"))
	}
	all := "a/1 a/10 a/2 b/1 b/10 b/2 c/1 c/10 c/2"
	ask := func(in glue.GetPartitionsInput, want string, more bool) {
		t.Helper()
		if got, token := f.list(f.Client, in); got != want || (token != nil) != more {
			t.Errorf("%s: %s, token %v; want %s", aws.ToString(in.Expression), got, token, want)
		}
	}
	ask(glue.GetPartitionsInput{}, all, false)
	ask(glue.GetPartitionsInput{Expression: aws.String(" ")}, all, false)
	ask(glue.GetPartitionsInput{Expression: aws.String("hour > 9")}, "a/10 b/10 c/10", false)
	ask(glue.GetPartitionsInput{Expression: aws.String("Day = 'b' AND hour IN (1, 2)")}, "b/1 b/2", false)
	ask(glue.GetPartitionsInput{MaxResults: aws.Int32(9)}, all, false)
	ask(glue.GetPartitionsInput{MaxResults: aws.Int32(2)}, "a/1 a/10", true)
	ask(glue.GetPartitionsInput{MaxResults: aws.Int32(2), Expression: aws.String("hour = 1")}, "a/1 b/1", true)
	ask(glue.GetPartitionsInput{MaxResults: aws.Int32(3), Expression: aws.String("hour = 1")}, "a/1 b/1 c/1", false)

	both := []string{}
	for n := range int32(3) {
		got, _ := f.list(f.Client, glue.GetPartitionsInput{Segment: &types.Segment{SegmentNumber: n, TotalSegments: aws.Int32(3)}})
		both = append(both, strings.Fields(got)...)
	}
	slices.Sort(both)
	if got := strings.Join(both, " "); got != all {
		t.Errorf("segments: %s", got)
	}

	in := glue.GetPartitionsInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders")}
	refuse := func(what string, change func(in *glue.GetPartitionsInput), code, text string) {
		t.Helper()
		q := in
		change(&q)
		_, err := f.GetPartitions(t.Context(), &q)
		f.fails(what, err, code, text)
	}
	refuse("expression", func(in *glue.GetPartitionsInput) { in.Expression = aws.String("hour = ") }, "InvalidInputException", "Unsupported expression 'hour = ' at position 8")
	refuse("column", func(in *glue.GetPartitionsInput) { in.Expression = aws.String("id = 1") }, "InvalidInputException", "Invalid partition expression!")
	refuse("segment", func(in *glue.GetPartitionsInput) {
		in.Segment = &types.Segment{SegmentNumber: 3, TotalSegments: aws.Int32(3)}
	}, "InvalidInputException", "SegmentNumber")
	refuse("token", func(in *glue.GetPartitionsInput) { in.NextToken = aws.String("x") }, "InvalidInputException", "token")
	f.parts(part("d", "noon"))
	refuse("value", func(in *glue.GetPartitionsInput) { in.Expression = aws.String("hour = 1") }, "InvalidStateException", `"noon" is not an integer.`)

	in.ExcludeColumnSchema = aws.Bool(true)
	out, err := f.GetPartitions(t.Context(), &in)
	f.ok(err)
	if d := out.Partitions[0].StorageDescriptor; len(d.Columns) != 0 || d.Location == nil {
		t.Errorf("without columns: %+v", d)
	}
}

// What comes and goes between pages neither hides nor repeats what stays.
func TestPagesHoldStill(t *testing.T) {
	for _, expression := range []*string{nil, aws.String("hour = 1")} {
		f := open(t)
		f.partitioned()
		for i := range 20 {
			f.parts(part(fmt.Sprintf("d%02d", i), "1"))
		}
		seen := map[string]int{}
		in := glue.GetPartitionsInput{MaxResults: aws.Int32(3), Expression: expression}
		for i := 0; ; i++ {
			got, token := f.list(f.Client, in)
			for _, p := range strings.Fields(got) {
				seen[p]++
			}
			if token == nil {
				break
			}
			in.NextToken = token
			f.parts(part(fmt.Sprintf("a%d", i), "1")) // before what was read
			_, err := f.DeletePartition(t.Context(), &glue.DeletePartitionInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders"),
				PartitionValues: []string{fmt.Sprintf("d%02d", 3*i), "1"}}) // of what was read
			f.ok(err)
		}
		for i := range 20 {
			if n := seen[fmt.Sprintf("d%02d/1", i)]; n != 1 {
				t.Errorf("d%02d was shown %d times", i, n)
			}
		}
		if len(seen) != 20 {
			t.Errorf("%d were shown", len(seen))
		}
	}
}

func TestPartitionsAreGoverned(t *testing.T) {
	f := open(t)
	f.govern()
	f.partitioned()
	f.parts(part("a", "1"))
	u := f.user("reader", all)
	c := f.as(u)
	db, table := aws.String("sales"), aws.String("orders")
	get := &glue.GetPartitionInput{DatabaseName: db, TableName: table, PartitionValues: []string{"a", "1"}}
	p := part("b", "1")
	create := &glue.CreatePartitionInput{DatabaseName: db, TableName: table, PartitionInput: &p}
	_, err := c.GetPartition(t.Context(), get)
	f.fails("read without grants", err, "AccessDeniedException", "Insufficient Lake Formation permission(s): Required Describe on orders")
	_, err = c.CreatePartition(t.Context(), create)
	f.fails("write without grants", err, "AccessDeniedException", "Insufficient Lake Formation permission(s)")

	f.grant(governance.Grant{Principal: u.ARN, Resource: f.res("sales", "orders"), Permissions: governance.Select, Columns: &governance.Columns{Names: []string{"id"}}})
	out, err := c.GetPartition(t.Context(), get)
	f.ok(err)
	if cols := out.Partition.StorageDescriptor.Columns; len(cols) != 1 || *cols[0].Name != "id" {
		t.Errorf("columns %+v", cols)
	}
	listed, err := c.GetPartitions(t.Context(), &glue.GetPartitionsInput{DatabaseName: db, TableName: table, Expression: aws.String("hour = 1")})
	f.ok(err)
	if len(listed.Partitions) != 1 || len(listed.Partitions[0].StorageDescriptor.Columns) != 1 {
		t.Errorf("%+v", listed.Partitions)
	}
	_, err = c.CreatePartition(t.Context(), create)
	f.fails("write with SELECT", err, "AccessDeniedException", "Insufficient Lake Formation permission(s): Required Insert on orders")
	f.grant(governance.Grant{Principal: u.ARN, Resource: f.res("sales", "orders"), Permissions: governance.Insert})
	_, err = c.CreatePartition(t.Context(), create)
	f.ok(err)
	// An IAM policy that leaves the database out is not enough.
	narrow := f.user("narrow", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"glue:*","Resource":["arn:aws:glue:*:*:catalog","arn:aws:glue:*:*:table/*"]}]}`)
	_, err = f.as(narrow).GetPartition(t.Context(), get)
	f.fails("IAM", err, "AccessDeniedException", "database/sales")
}

func TestPartitionIndexes(t *testing.T) {
	f := open(t)
	f.partitioned()
	f.parts(part("a", "1"), part("b", "1"), part("b", "2"))
	db, table := aws.String("sales"), aws.String("orders")
	create := func(name string, keys ...string) error {
		_, err := f.CreatePartitionIndex(t.Context(), &glue.CreatePartitionIndexInput{DatabaseName: db, TableName: table,
			PartitionIndex: &types.PartitionIndex{IndexName: &name, Keys: keys}})
		return err
	}
	states := func() string {
		out, err := f.GetPartitionIndexes(t.Context(), &glue.GetPartitionIndexesInput{DatabaseName: db, TableName: table})
		f.ok(err)
		var got []string
		for _, i := range out.PartitionIndexDescriptorList {
			got = append(got, *i.IndexName+" "+string(i.IndexStatus))
		}
		return strings.Join(got, ", ")
	}
	until := func(want string) {
		t.Helper()
		for deadline := time.Now().Add(20 * time.Second); states() != want; time.Sleep(5 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%s, want %s", states(), want)
			}
		}
	}
	f.fails("no such key", create("i", "id"), "InvalidInputException", "not a partition key")
	f.ok(create("byday", "day"))
	f.fails("same name", create("byday", "hour"), "AlreadyExistsException", "already exists")
	f.fails("same keys", create("other", "DAY"), "AlreadyExistsException", "already exists")
	until("byday ACTIVE")
	if got, _ := f.list(f.Client, glue.GetPartitionsInput{Expression: aws.String("day = 'b'")}); got != "b/1 b/2" {
		t.Errorf("by index: %s", got)
	}
	f.parts(part("c", "noon"))
	f.ok(create("byhour", "hour"))
	until("byday ACTIVE, byhour FAILED")
	out, err := f.GetPartitionIndexes(t.Context(), &glue.GetPartitionIndexesInput{DatabaseName: db, TableName: table})
	f.ok(err)
	if e := out.PartitionIndexDescriptorList[1].BackfillErrors; len(e) != 1 || e[0].Code != types.BackfillErrorCodeInvalidPartitionTypeDataError || e[0].Partitions[0].Values[0] != "c" {
		t.Errorf("%+v", e)
	}
	f.ok(create("both", "hour", "day"))
	f.fails("a fourth", create("more", "day", "hour"), "ResourceNumberLimitExceededException", "3")
	_, err = f.DeletePartitionIndex(t.Context(), &glue.DeletePartitionIndexInput{DatabaseName: db, TableName: table, IndexName: aws.String("byhour")})
	f.ok(err)
	until("both FAILED, byday ACTIVE")
	_, err = f.DeletePartitionIndex(t.Context(), &glue.DeletePartitionIndexInput{DatabaseName: db, TableName: table, IndexName: aws.String("byhour")})
	f.fails("delete of none", err, "EntityNotFoundException", "not found")
}

func TestDroppedTableTakesItsPartitions(t *testing.T) {
	f := open(t)
	f.partitioned()
	f.parts(part("a", "1"))
	if got, _ := f.list(f.Client, glue.GetPartitionsInput{Expression: aws.String("hour = 1")}); got != "a/1" {
		t.Errorf("before: %s", got)
	}
	_, err := f.DeleteTable(t.Context(), &glue.DeleteTableInput{DatabaseName: aws.String("sales"), Name: aws.String("orders")})
	f.ok(err)
	in := input("orders", "id")
	in.PartitionKeys = []types.Column{{Name: aws.String("day"), Type: aws.String("string")}, {Name: aws.String("hour"), Type: aws.String("int")}}
	_, err = f.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String("sales"), TableInput: in,
		PartitionIndexes: []types.PartitionIndex{{IndexName: aws.String("i"), Keys: []string{"day"}}}})
	f.ok(err)
	for _, e := range []*string{nil, aws.String("hour = 1"), aws.String("day = 'a'")} {
		if got, _ := f.list(f.Client, glue.GetPartitionsInput{Expression: e}); got != "" {
			t.Errorf("a new table of the same name has %s", got)
		}
	}
	out, err := f.GetPartitionIndexes(t.Context(), &glue.GetPartitionIndexesInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders")})
	f.ok(err)
	if l := out.PartitionIndexDescriptorList; len(l) != 1 || l[0].IndexStatus != types.PartitionIndexStatusActive {
		t.Errorf("%+v", l)
	}
}
