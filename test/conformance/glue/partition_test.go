package glue

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// parted is a server with table sales.orders, partitioned by day and hour.
type parted struct {
	*glue.Client
	t     *testing.T
	admin harness.Caller
	db    *string
	table *string
}

func openParted(t *testing.T) parted {
	t.Helper()
	server := harness.Start(t)
	admin := harness.Must(server.Admin(t.Context()))(t)
	p := parted{glue.NewFromConfig(admin.Config()), t, admin, aws.String("sales"), aws.String("orders")}
	harness.Must(p.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: p.db}}))(t)
	harness.Must(p.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: p.db, TableInput: &types.TableInput{Name: p.table,
		Parameters: map[string]string{"skip.header.line.count": "1"}, StorageDescriptor: csv("s3://lake/orders"),
		PartitionKeys: []types.Column{{Name: aws.String("day"), Type: aws.String("date")}, {Name: aws.String("hour"), Type: aws.String("int")}}}}))(t)
	return p
}

func csv(location string) *types.StorageDescriptor {
	return &types.StorageDescriptor{Location: &location, Columns: []types.Column{{Name: aws.String("id"), Type: aws.String("bigint")},
		{Name: aws.String("name"), Type: aws.String("string")}, {Name: aws.String("price"), Type: aws.String("decimal(10,2)")}},
		SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"), Parameters: map[string]string{"field.delim": ","}}}
}

func in(values ...string) types.PartitionInput {
	return types.PartitionInput{Values: values, StorageDescriptor: csv("s3://lake/orders/" + strings.Join(values, "/"))}
}

func (p parted) until(what string, f func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !f(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			p.t.Fatalf("%s: not in time", what)
		}
	}
}

func TestPartitions(t *testing.T) {
	p, ctx := openParted(t), t.Context()
	first, second := in("2024-01-01", "1"), in("2024-01-01", "2")
	harness.Must(p.CreatePartition(ctx, &glue.CreatePartitionInput{DatabaseName: p.db, TableName: p.table, PartitionInput: &first}))(t)
	var taken *types.AlreadyExistsException
	if _, err := p.CreatePartition(ctx, &glue.CreatePartitionInput{DatabaseName: p.db, TableName: p.table, PartitionInput: &first}); !errors.As(err, &taken) {
		t.Errorf("a second one: %v", err)
	}
	var many []types.PartitionInput
	for hour := range 50 {
		many = append(many, in("2024-01-02", fmt.Sprint(hour)))
	}
	made := harness.Must(p.BatchCreatePartition(ctx, &glue.BatchCreatePartitionInput{DatabaseName: p.db, TableName: p.table, PartitionInputList: append(many, first)}))(t)
	if len(made.Errors) != 1 || *made.Errors[0].ErrorDetail.ErrorCode != "AlreadyExistsException" {
		t.Errorf("batch: %+v", made.Errors)
	}
	harness.Must(p.CreatePartitionIndex(ctx, &glue.CreatePartitionIndexInput{DatabaseName: p.db, TableName: p.table,
		PartitionIndex: &types.PartitionIndex{IndexName: aws.String("byday"), Keys: []string{"day"}}}))(t)
	p.until("index", func() bool {
		out := harness.Must(p.GetPartitionIndexes(ctx, &glue.GetPartitionIndexesInput{DatabaseName: p.db, TableName: p.table}))(t)
		return out.PartitionIndexDescriptorList[0].IndexStatus == types.PartitionIndexStatusActive
	})
	count := func(expression string) (n int) {
		t.Helper()
		pages := glue.NewGetPartitionsPaginator(p, &glue.GetPartitionsInput{DatabaseName: p.db, TableName: p.table, Expression: &expression, MaxResults: aws.Int32(7)})
		for pages.HasMorePages() {
			n += len(harness.Must(pages.NextPage(ctx))(t).Partitions)
		}
		return n
	}
	for expression, want := range map[string]int{"": 51, "day = date '2024-01-02'": 50, "hour between 10 and 19": 10, "day > '2024-01-01' and hour in (1, '2')": 2,
		"not hour < 48 or day = '2024-01-01'": 3, "day is null": 0} {
		if got := count(expression); got != want {
			t.Errorf("%q keeps %d, want %d", expression, got, want)
		}
	}
	harness.Must(p.DeletePartitionIndex(ctx, &glue.DeletePartitionIndexInput{DatabaseName: p.db, TableName: p.table, IndexName: aws.String("byday")}))(t)

	harness.Must(p.UpdatePartition(ctx, &glue.UpdatePartitionInput{DatabaseName: p.db, TableName: p.table, PartitionValueList: first.Values, PartitionInput: &second}))(t)
	got := harness.Must(p.GetPartition(ctx, &glue.GetPartitionInput{DatabaseName: p.db, TableName: p.table, PartitionValues: second.Values}))(t)
	if *got.Partition.StorageDescriptor.Location != *second.StorageDescriptor.Location || !slices.Equal(got.Partition.Values, second.Values) {
		t.Errorf("updated: %+v", got.Partition)
	}
	updated := harness.Must(p.BatchUpdatePartition(ctx, &glue.BatchUpdatePartitionInput{DatabaseName: p.db, TableName: p.table,
		Entries: []types.BatchUpdatePartitionRequestEntry{{PartitionValueList: second.Values, PartitionInput: &first}, {PartitionValueList: second.Values, PartitionInput: &first}}}))(t)
	if len(updated.Errors) != 1 {
		t.Errorf("batch of updates: %+v", updated.Errors)
	}
	read := harness.Must(p.BatchGetPartition(ctx, &glue.BatchGetPartitionInput{DatabaseName: p.db, TableName: p.table,
		PartitionsToGet: []types.PartitionValueList{{Values: first.Values}, {Values: second.Values}}}))(t)
	if len(read.Partitions) != 1 {
		t.Errorf("batch of reads: %+v", read.Partitions)
	}
	deleted := harness.Must(p.BatchDeletePartition(ctx, &glue.BatchDeletePartitionInput{DatabaseName: p.db, TableName: p.table,
		PartitionsToDelete: []types.PartitionValueList{{Values: first.Values}, {Values: second.Values}}}))(t)
	if len(deleted.Errors) != 1 {
		t.Errorf("batch of deletions: %+v", deleted.Errors)
	}
	harness.Must(p.DeletePartition(ctx, &glue.DeletePartitionInput{DatabaseName: p.db, TableName: p.table, PartitionValues: many[0].Values}))(t)
	if got := count(""); got != 49 {
		t.Errorf("%d are left", got)
	}
}

func TestColumnStatistics(t *testing.T) {
	p, ctx := openParted(t), t.Context()
	part := in("2024-01-01", "1")
	harness.Must(p.CreatePartition(ctx, &glue.CreatePartitionInput{DatabaseName: p.db, TableName: p.table, PartitionInput: &part}))(t)
	list := []types.ColumnStatistics{{ColumnName: aws.String("id"), ColumnType: aws.String("bigint"), AnalyzedTime: aws.Time(time.Now().Truncate(time.Second)),
		StatisticsData: &types.ColumnStatisticsData{Type: types.ColumnStatisticsTypeLong, LongColumnStatisticsData: &types.LongColumnStatisticsData{MaximumValue: 9}}}}
	harness.Must(p.UpdateColumnStatisticsForTable(ctx, &glue.UpdateColumnStatisticsForTableInput{DatabaseName: p.db, TableName: p.table, ColumnStatisticsList: list}))(t)
	harness.Must(p.UpdateColumnStatisticsForPartition(ctx, &glue.UpdateColumnStatisticsForPartitionInput{DatabaseName: p.db, TableName: p.table, PartitionValues: part.Values, ColumnStatisticsList: list}))(t)
	of := harness.Must(p.GetColumnStatisticsForPartition(ctx, &glue.GetColumnStatisticsForPartitionInput{DatabaseName: p.db, TableName: p.table, PartitionValues: part.Values, ColumnNames: []string{"id", "name"}}))(t)
	if len(of.ColumnStatisticsList) != 1 || len(of.Errors) != 1 {
		t.Errorf("of the partition: %+v", of)
	}
	harness.Must(p.DeleteColumnStatisticsForPartition(ctx, &glue.DeleteColumnStatisticsForPartitionInput{DatabaseName: p.db, TableName: p.table, PartitionValues: part.Values, ColumnName: aws.String("id")}))(t)
	harness.Must(p.DeleteColumnStatisticsForTable(ctx, &glue.DeleteColumnStatisticsForTableInput{DatabaseName: p.db, TableName: p.table, ColumnName: aws.String("id")}))(t)

	// Computed out of the files, as a role.
	files := p.admin.S3()
	harness.Must(files.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("lake")}))(t)
	harness.Must(files.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("orders/2024-01-01/1/a.csv"),
		Body: strings.NewReader("id,name,price\n1,ann,2.00\n2,bo,\n5,ann,-0.01\n")}))(t)
	harness.Must(files.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("lake"), Key: aws.String("orders/elsewhere/b.csv"), Body: strings.NewReader("id,name,price\n99,x,1\n")}))(t)
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	run := func(role, policy string) *types.ColumnStatisticsTaskRun {
		t.Helper()
		harness.Must(p.admin.IAM().CreateRole(ctx, &iam.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: &trust}))(t)
		harness.Must(p.admin.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("p"), PolicyDocument: &policy}))(t)
		started := harness.Must(p.StartColumnStatisticsTaskRun(ctx, &glue.StartColumnStatisticsTaskRunInput{DatabaseName: p.db, TableName: p.table, Role: &role}))(t)
		var out *types.ColumnStatisticsTaskRun
		p.until("run", func() bool {
			got := harness.Must(p.GetColumnStatisticsTaskRun(ctx, &glue.GetColumnStatisticsTaskRunInput{ColumnStatisticsTaskRunId: started.ColumnStatisticsTaskRunId}))(t)
			out = got.ColumnStatisticsTaskRun
			return out.EndTime != nil
		})
		return out
	}
	if got := run("nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"glue:*","Resource":"*"}]}`); got.Status != types.ColumnStatisticsStateFailed ||
		!strings.Contains(*got.ErrorMessage, "AccessDenied") {
		t.Errorf("a role that may not read: %s %s", got.Status, aws.ToString(got.ErrorMessage))
	}
	if got := run("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`); got.Status != types.ColumnStatisticsStateSucceeded {
		t.Fatalf("%s %s", got.Status, aws.ToString(got.ErrorMessage))
	}
	got := harness.Must(p.GetColumnStatisticsForTable(ctx, &glue.GetColumnStatisticsForTableInput{DatabaseName: p.db, TableName: p.table, ColumnNames: []string{"id", "name", "price"}}))(t)
	if len(got.ColumnStatisticsList) != 3 {
		t.Fatalf("%+v", got)
	}
	id, name, price := got.ColumnStatisticsList[0].StatisticsData.LongColumnStatisticsData, got.ColumnStatisticsList[1].StatisticsData.StringColumnStatisticsData,
		got.ColumnStatisticsList[2].StatisticsData.DecimalColumnStatisticsData
	if id.MinimumValue != 1 || id.MaximumValue != 5 || id.NumberOfDistinctValues != 3 || name.NumberOfDistinctValues != 2 || name.MaximumLength != 3 ||
		price.NumberOfNulls != 1 || !slices.Equal(price.MinimumValue.UnscaledValue, []byte{0xff}) || price.MinimumValue.Scale != 2 {
		t.Errorf("%+v %+v %+v", id, name, price)
	}
	runs := harness.Must(p.GetColumnStatisticsTaskRuns(ctx, &glue.GetColumnStatisticsTaskRunsInput{DatabaseName: p.db, TableName: p.table}))(t)
	ids := harness.Must(p.ListColumnStatisticsTaskRuns(ctx, &glue.ListColumnStatisticsTaskRunsInput{}))(t)
	if len(runs.ColumnStatisticsTaskRuns) != 2 || len(ids.ColumnStatisticsTaskRunIds) != 2 {
		t.Errorf("%d runs, %d ids", len(runs.ColumnStatisticsTaskRuns), len(ids.ColumnStatisticsTaskRunIds))
	}
	var idle *types.ColumnStatisticsTaskNotRunningException
	if _, err := p.StopColumnStatisticsTaskRun(ctx, &glue.StopColumnStatisticsTaskRunInput{DatabaseName: p.db, TableName: p.table}); !errors.As(err, &idle) {
		t.Errorf("stop of none: %v", err)
	}
}

func TestStatisticsSettingsAndTrustedEngines(t *testing.T) {
	p, ctx := openParted(t), t.Context()
	harness.Must(p.CreateColumnStatisticsTaskSettings(ctx, &glue.CreateColumnStatisticsTaskSettingsInput{DatabaseName: p.db, TableName: p.table, Role: aws.String("reader"),
		Schedule: aws.String("cron(0 3 * * ? *)")}))(t)
	harness.Must(p.StopColumnStatisticsTaskRunSchedule(ctx, &glue.StopColumnStatisticsTaskRunScheduleInput{DatabaseName: p.db, TableName: p.table}))(t)
	harness.Must(p.StartColumnStatisticsTaskRunSchedule(ctx, &glue.StartColumnStatisticsTaskRunScheduleInput{DatabaseName: p.db, TableName: p.table}))(t)
	harness.Must(p.UpdateColumnStatisticsTaskSettings(ctx, &glue.UpdateColumnStatisticsTaskSettingsInput{DatabaseName: p.db, TableName: p.table, SampleSize: 5}))(t)
	got := harness.Must(p.GetColumnStatisticsTaskSettings(ctx, &glue.GetColumnStatisticsTaskSettingsInput{DatabaseName: p.db, TableName: p.table}))(t)
	if s := got.ColumnStatisticsTaskSettings; s.SampleSize != 5 || s.Schedule.State != types.ScheduleStateScheduled {
		t.Errorf("%+v", s)
	}
	harness.Must(p.DeleteColumnStatisticsTaskSettings(ctx, &glue.DeleteColumnStatisticsTaskSettingsInput{DatabaseName: p.db, TableName: p.table}))(t)

	// Without a setting of the data lake nobody is a trusted engine.
	columns := []types.PermissionType{types.PermissionTypeColumnPermission}
	var denied *types.AccessDeniedException
	if _, err := p.GetUnfilteredPartitionMetadata(ctx, &glue.GetUnfilteredPartitionMetadataInput{CatalogId: &p.admin.Account, DatabaseName: p.db, TableName: p.table,
		PartitionValues: []string{"2024-01-01", "1"}, SupportedPermissionTypes: columns}); !errors.As(err, &denied) {
		t.Errorf("one: %v", err)
	}
	if _, err := p.GetUnfilteredPartitionsMetadata(ctx, &glue.GetUnfilteredPartitionsMetadataInput{CatalogId: &p.admin.Account, DatabaseName: p.db, TableName: p.table,
		SupportedPermissionTypes: columns}); !errors.As(err, &denied) {
		t.Errorf("some: %v", err)
	}
}

func TestUserDefinedFunctions(t *testing.T) {
	p, ctx := openParted(t), t.Context()
	f := &types.UserDefinedFunctionInput{FunctionName: aws.String("tax"), ClassName: aws.String("org.example.Tax"), OwnerType: types.PrincipalTypeUser, OwnerName: aws.String("me")}
	harness.Must(p.CreateUserDefinedFunction(ctx, &glue.CreateUserDefinedFunctionInput{DatabaseName: p.db, FunctionInput: f}))(t)
	f.ClassName = aws.String("org.example.NewTax")
	harness.Must(p.UpdateUserDefinedFunction(ctx, &glue.UpdateUserDefinedFunctionInput{DatabaseName: p.db, FunctionName: f.FunctionName, FunctionInput: f}))(t)
	got := harness.Must(p.GetUserDefinedFunction(ctx, &glue.GetUserDefinedFunctionInput{DatabaseName: p.db, FunctionName: f.FunctionName}))(t)
	list := harness.Must(p.GetUserDefinedFunctions(ctx, &glue.GetUserDefinedFunctionsInput{DatabaseName: p.db, Pattern: aws.String("t*")}))(t)
	if *got.UserDefinedFunction.ClassName != *f.ClassName || len(list.UserDefinedFunctions) != 1 {
		t.Errorf("%+v %+v", got.UserDefinedFunction, list.UserDefinedFunctions)
	}
	harness.Must(p.DeleteUserDefinedFunction(ctx, &glue.DeleteUserDefinedFunctionInput{DatabaseName: p.db, FunctionName: f.FunctionName}))(t)
}
