package glue_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

// statistics are of every type there is.
func statistics(at time.Time) (list []types.ColumnStatistics) {
	add := func(name, typ string, d types.ColumnStatisticsData) {
		list = append(list, types.ColumnStatistics{ColumnName: &name, ColumnType: &typ, AnalyzedTime: &at, StatisticsData: &d})
	}
	add("b", "boolean", types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeBoolean,
		BooleanColumnStatisticsData: &types.BooleanColumnStatisticsData{NumberOfFalses: 1, NumberOfTrues: 2}})
	add("d", "date", types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeDate, DateColumnStatisticsData: &types.DateColumnStatisticsData{
		MinimumValue: &at, MaximumValue: &at, NumberOfDistinctValues: 1}})
	add("dec", "decimal(10,2)", types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeDecimal, DecimalColumnStatisticsData: &types.DecimalColumnStatisticsData{
		MinimumValue: &types.DecimalNumber{Scale: 2, UnscaledValue: []byte{0, 200}}, NumberOfNulls: 4}})
	add("f", "double", types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeDouble, DoubleColumnStatisticsData: &types.DoubleColumnStatisticsData{MaximumValue: 1.5}})
	add("l", "bigint", types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeLong, LongColumnStatisticsData: &types.LongColumnStatisticsData{MinimumValue: -3}})
	add("s", "string", types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeString, StringColumnStatisticsData: &types.StringColumnStatisticsData{
		AverageLength: 0.25, MaximumLength: 3}})
	add("bin", "binary", types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeBinary, BinaryColumnStatisticsData: &types.BinaryColumnStatisticsData{MaximumLength: 9}})
	return list
}

func TestColumnStatistics(t *testing.T) {
	f := open(t)
	f.database("sales")
	list := statistics(f.clock.Now())
	in := input("orders")
	in.PartitionKeys = []types.Column{{Name: aws.String("day"), Type: aws.String("string")}}
	var columns []string
	for _, c := range list {
		in.StorageDescriptor.Columns = append(in.StorageDescriptor.Columns, types.Column{Name: c.ColumnName, Type: c.ColumnType})
		columns = append(columns, *c.ColumnName)
	}
	_, err := f.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String("sales"), TableInput: in})
	f.ok(err)
	db, table, values := aws.String("sales"), aws.String("orders"), []string{"a"}
	f.parts(part("a"), part("b"))

	wrong := list[4]
	wrong.ColumnType = aws.String("int")
	mixed := list[5]
	mixed.StatisticsData = &types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeLong, StringColumnStatisticsData: list[5].StatisticsData.StringColumnStatisticsData}
	none := list[5]
	none.ColumnName = aws.String("none")
	written, err := f.UpdateColumnStatisticsForTable(t.Context(), &glue.UpdateColumnStatisticsForTableInput{DatabaseName: db, TableName: table,
		ColumnStatisticsList: append([]types.ColumnStatistics{wrong, mixed, none}, list...)})
	f.ok(err)
	var codes []string
	for _, e := range written.Errors {
		codes = append(codes, *e.ColumnStatistics.ColumnName+" "+*e.Error.ErrorCode)
	}
	if got := strings.Join(codes, ", "); got != "l InvalidInputException, s InvalidInputException, none EntityNotFoundException" {
		t.Errorf("errors: %s", got)
	}
	read, err := f.GetColumnStatisticsForTable(t.Context(), &glue.GetColumnStatisticsForTableInput{DatabaseName: db, TableName: table, ColumnNames: append(columns, "none")})
	f.ok(err)
	if !reflect.DeepEqual(read.ColumnStatisticsList, list) {
		t.Errorf("read %+v", read.ColumnStatisticsList)
	}
	if len(read.Errors) != 1 || *read.Errors[0].ColumnName != "none" || *read.Errors[0].Error.ErrorCode != "EntityNotFoundException" {
		t.Errorf("errors %+v", read.Errors)
	}
	_, err = f.DeleteColumnStatisticsForTable(t.Context(), &glue.DeleteColumnStatisticsForTableInput{DatabaseName: db, TableName: table, ColumnName: aws.String("l")})
	f.ok(err)
	_, err = f.DeleteColumnStatisticsForTable(t.Context(), &glue.DeleteColumnStatisticsForTableInput{DatabaseName: db, TableName: table, ColumnName: aws.String("l")})
	f.fails("delete of none", err, "EntityNotFoundException", "")

	// Of partitions.
	of := func(values []string) int {
		t.Helper()
		out, err := f.GetColumnStatisticsForPartition(t.Context(), &glue.GetColumnStatisticsForPartitionInput{DatabaseName: db, TableName: table, PartitionValues: values, ColumnNames: columns})
		f.ok(err)
		return len(out.ColumnStatisticsList)
	}
	_, err = f.UpdateColumnStatisticsForPartition(t.Context(), &glue.UpdateColumnStatisticsForPartitionInput{DatabaseName: db, TableName: table, PartitionValues: []string{"x"}, ColumnStatisticsList: list})
	f.fails("no partition", err, "EntityNotFoundException", "Cannot find partition.")
	_, err = f.UpdateColumnStatisticsForPartition(t.Context(), &glue.UpdateColumnStatisticsForPartitionInput{DatabaseName: db, TableName: table, PartitionValues: values, ColumnStatisticsList: list})
	f.ok(err)
	if of(values) != 7 || of([]string{"b"}) != 0 {
		t.Errorf("%d and %d", of(values), of([]string{"b"}))
	}
	_, err = f.DeleteColumnStatisticsForPartition(t.Context(), &glue.DeleteColumnStatisticsForPartitionInput{DatabaseName: db, TableName: table, PartitionValues: values, ColumnName: aws.String("s")})
	f.ok(err)
	if n := of(values); n != 6 {
		t.Errorf("%d are left", n)
	}
	_, err = f.DeletePartition(t.Context(), &glue.DeletePartitionInput{DatabaseName: db, TableName: table, PartitionValues: values})
	f.ok(err)
	f.parts(part("a"))
	if n := of(values); n != 0 {
		t.Errorf("a new partition has %d", n)
	}
}

// Minima and maxima are values: who may not select has no statistics.
func TestStatisticsAreGoverned(t *testing.T) {
	f := open(t)
	f.govern()
	f.database("sales")
	f.table("sales", "orders", "id", "total")
	c := types.ColumnStatistics{ColumnName: aws.String("id"), ColumnType: aws.String("string"), AnalyzedTime: aws.Time(f.clock.Now()), StatisticsData: &types.ColumnStatisticsData{
		Type: types.ColumnStatisticsTypeString, StringColumnStatisticsData: &types.StringColumnStatisticsData{MaximumLength: 3}}}
	other := c
	other.ColumnName = aws.String("total")
	_, err := f.UpdateColumnStatisticsForTable(t.Context(), &glue.UpdateColumnStatisticsForTableInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders"),
		ColumnStatisticsList: []types.ColumnStatistics{c, other}})
	f.ok(err)
	u := f.user("reader", all)
	read := func(want string) {
		t.Helper()
		out, err := f.as(u).GetColumnStatisticsForTable(t.Context(), &glue.GetColumnStatisticsForTableInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders"), ColumnNames: []string{"id", "total"}})
		f.ok(err)
		if got := names(out.ColumnStatisticsList, func(c types.ColumnStatistics) *string { return c.ColumnName }); got != want {
			t.Errorf("sees %q, want %q", got, want)
		}
	}
	f.grant(governance.Grant{Principal: u.ARN, Resource: f.res("sales", "orders"), Permissions: governance.Describe})
	read("")
	f.grant(governance.Grant{Principal: u.ARN, Resource: f.res("sales", "orders"), Permissions: governance.Select, Columns: &governance.Columns{Names: []string{"id"}}})
	read("id")
}
