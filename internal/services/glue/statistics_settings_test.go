package glue_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestStatisticsSettings(t *testing.T) {
	f, ctx := open(t), t.Context()
	config := f.chain.AWSConfig(f.root, region)
	config.Credentials, config.RetryMaxAttempts = credentials.NewStaticCredentialsProvider(f.key.AccessKeyID, f.key.SecretAccessKey, ""), 1
	f.Client = glue.NewFromConfig(config) // sessions pass no roles on
	f.database("sales")
	f.table("sales", "orders", "id")
	f.clock.Advance(f.clock.Now().Truncate(time.Minute).Add(time.Minute - 200*time.Millisecond).Sub(f.clock.Now())) // soon it is a full minute
	db, table := aws.String("sales"), aws.String("orders")
	create := &glue.CreateColumnStatisticsTaskSettingsInput{DatabaseName: db, TableName: table, Role: aws.String("reader"), Schedule: aws.String("cron(x)")}
	f.fails("schedule", ok(f.CreateColumnStatisticsTaskSettings(ctx, create)), "InvalidInputException", "Schedule")
	create.Schedule, create.ColumnNameList = aws.String("cron(* * * * ? *)"), []string{"none"}
	f.fails("column", ok(f.CreateColumnStatisticsTaskSettings(ctx, create)), "InvalidInputException", "not a column")
	create.ColumnNameList = nil
	f.ok(ok(f.CreateColumnStatisticsTaskSettings(ctx, create)))
	f.fails("again", ok(f.CreateColumnStatisticsTaskSettings(ctx, create)), "AlreadyExistsException", "already exist")
	get := func() *types.ColumnStatisticsTaskSettings {
		t.Helper()
		out, err := f.GetColumnStatisticsTaskSettings(ctx, &glue.GetColumnStatisticsTaskSettingsInput{DatabaseName: db, TableName: table})
		f.ok(err)
		return out.ColumnStatisticsTaskSettings
	}
	if g := get(); *g.Role != "arn:aws:iam::"+f.account+":role/reader" || g.Schedule.State != types.ScheduleStateScheduled {
		t.Errorf("%+v", g)
	}
	deadline := time.Now().Add(20 * time.Second)
	for get().LastExecutionAttempt == nil {
		if time.Now().After(deadline) {
			t.Fatal("nothing was started by the schedule")
		}
		time.Sleep(10 * time.Millisecond)
	}
	f.ok(ok(f.StopColumnStatisticsTaskRunSchedule(ctx, &glue.StopColumnStatisticsTaskRunScheduleInput{DatabaseName: db, TableName: table})))
	if g := get(); g.Schedule.State != types.ScheduleStateNotScheduled {
		t.Errorf("%+v", g.Schedule)
	}
	var run *types.ColumnStatisticsTaskRun
	for run == nil || run.EndTime == nil {
		out, err := f.GetColumnStatisticsTaskRuns(ctx, &glue.GetColumnStatisticsTaskRunsInput{DatabaseName: db, TableName: table})
		f.ok(err)
		if run = &out.ColumnStatisticsTaskRuns[0]; time.Now().After(deadline) {
			t.Fatal("the run doesn't end")
		}
		time.Sleep(10 * time.Millisecond)
	}
	if run.Status != types.ColumnStatisticsStateFailed || *run.ErrorMessage != "Role arn:aws:iam::"+f.account+":role/reader cannot be assumed by glue.amazonaws.com." {
		t.Errorf("%s %s", run.Status, aws.ToString(run.ErrorMessage))
	}
	f.ok(ok(f.UpdateColumnStatisticsTaskSettings(ctx, &glue.UpdateColumnStatisticsTaskSettingsInput{DatabaseName: db, TableName: table, SampleSize: 10, Schedule: aws.String("cron(0 3 * * ? *)")})))
	if g := get(); g.SampleSize != 10 || *g.Schedule.ScheduleExpression != "cron(0 3 * * ? *)" || g.Schedule.State != types.ScheduleStateNotScheduled {
		t.Errorf("%+v", g)
	}
	f.ok(ok(f.StartColumnStatisticsTaskRunSchedule(ctx, &glue.StartColumnStatisticsTaskRunScheduleInput{DatabaseName: db, TableName: table})))
	f.ok(ok(f.DeleteColumnStatisticsTaskSettings(ctx, &glue.DeleteColumnStatisticsTaskSettingsInput{DatabaseName: db, TableName: table})))
	f.fails("gone", ok(f.DeleteColumnStatisticsTaskSettings(ctx, &glue.DeleteColumnStatisticsTaskSettingsInput{DatabaseName: db, TableName: table})), "EntityNotFoundException", "not found")
}
