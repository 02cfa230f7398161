package glue_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	lakeformationtypes "github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

// measuring is an account with a table that Data Quality measures.
type measuring struct {
	*testing.T
	*glue.Client
	who  harness.Caller
	role string
}

func (m *measuring) must(err error) {
	m.Helper()
	if err != nil {
		m.Fatal(err)
	}
}

// refused wants an error of a code.
func (m *measuring) refused(err error, code string) {
	m.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code {
		m.Errorf("got %v, want %s", err, code)
	}
}

func setUp(t *testing.T) *measuring {
	ctx := t.Context()
	server := harness.Start(t)
	who := harness.Must(server.Admin(ctx))(t)
	m := &measuring{T: t, Client: glue.NewFromConfig(who.Config()), who: who}
	_, err := who.S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("lake")})
	m.must(err)
	for key, body := range map[string]string{
		"orders/country=DE/a.csv": "1,10.50\n2,20\n3,1.25\n",
		"orders/country=FR/a.csv": "4,7\n5,\n",
		"orders2/x.csv":           "never to be read\n",
	} {
		_, err := who.S3().PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("lake"), Key: &key, Body: strings.NewReader(body)})
		m.must(err)
	}
	m.role = m.makeRole("quality", harness.AllowAll)
	_, err = m.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("sales")}})
	m.must(err)
	descriptor := func(location string) *types.StorageDescriptor {
		return &types.StorageDescriptor{Location: &location,
			Columns:   []types.Column{{Name: aws.String("id"), Type: aws.String("int")}, {Name: aws.String("amount"), Type: aws.String("double")}},
			SerdeInfo: &types.SerDeInfo{SerializationLibrary: aws.String("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"), Parameters: map[string]string{"field.delim": ","}}}
	}
	_, err = m.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("sales"), TableInput: &types.TableInput{Name: aws.String("orders"),
		TableType: aws.String("EXTERNAL_TABLE"), PartitionKeys: []types.Column{{Name: aws.String("country"), Type: aws.String("string")}},
		StorageDescriptor: descriptor("s3://lake/orders")}})
	m.must(err)
	for _, country := range []string{"DE", "FR"} {
		_, err := m.CreatePartition(ctx, &glue.CreatePartitionInput{DatabaseName: aws.String("sales"), TableName: aws.String("orders"),
			PartitionInput: &types.PartitionInput{Values: []string{country}, StorageDescriptor: descriptor("s3://lake/orders/country=" + country)}})
		m.must(err)
	}
	return m
}

// makeRole makes a role for Glue and Lake Formation.
func (m *measuring) makeRole(name, policy string) string {
	m.Helper()
	out, err := m.who.IAM().CreateRole(m.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":["glue.amazonaws.com","lakeformation.amazonaws.com"]},"Action":"sts:AssumeRole"}]}`)})
	m.must(err)
	_, err = m.who.IAM().PutRolePolicy(m.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
	m.must(err)
	return *out.Role.Arn
}

func source() *types.DataSource {
	return &types.DataSource{GlueTable: &types.GlueTable{DatabaseName: aws.String("sales"), TableName: aws.String("orders")}}
}

func (m *measuring) ruleset(name, text string) {
	m.Helper()
	_, err := m.CreateDataQualityRuleset(m.Context(), &glue.CreateDataQualityRulesetInput{Name: &name, Ruleset: &text,
		TargetTable: &types.DataQualityTargetTable{DatabaseName: aws.String("sales"), TableName: aws.String("orders")}})
	m.must(err)
}

// evaluate runs rulesets to the end.
func (m *measuring) evaluate(in *glue.StartDataQualityRulesetEvaluationRunInput) *glue.GetDataQualityRulesetEvaluationRunOutput {
	m.Helper()
	if in.Role == nil {
		in.Role = &m.role
	}
	if in.DataSource == nil {
		in.DataSource = source()
	}
	started, err := m.StartDataQualityRulesetEvaluationRun(m.Context(), in)
	m.must(err)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		out, err := m.GetDataQualityRulesetEvaluationRun(m.Context(), &glue.GetDataQualityRulesetEvaluationRunInput{RunId: started.RunId})
		m.must(err)
		if out.CompletedOn != nil {
			return out
		}
		if time.Now().After(deadline) {
			m.Fatalf("the run is still %s", out.Status)
		}
	}
}

// results are the results of a run's only ruleset, with what is said of those that didn't pass.
func (m *measuring) results(run *glue.GetDataQualityRulesetEvaluationRunOutput) (string, *glue.GetDataQualityResultOutput) {
	m.Helper()
	if run.Status != types.TaskStatusTypeSucceeded || len(run.ResultIds) != 1 {
		m.Fatalf("run is %s: %s", run.Status, aws.ToString(run.ErrorString))
	}
	out, err := m.GetDataQualityResult(m.Context(), &glue.GetDataQualityResultInput{ResultId: &run.ResultIds[0]})
	m.must(err)
	var list []string
	for _, r := range out.RuleResults {
		list = append(list, strings.TrimSpace(string(r.Result)+" "+aws.ToString(r.EvaluationMessage)))
	}
	return strings.Join(list, "; "), out
}

func (m *measuring) equal(what, got, want string) {
	m.Helper()
	if got != want {
		m.Errorf("%s: got %s, want %s", what, got, want)
	}
}

func TestRulesets(t *testing.T) {
	m := setUp(t)
	ctx := t.Context()
	in := &glue.CreateDataQualityRulesetInput{Name: aws.String("a"), Ruleset: aws.String(`Rules = [ RowCount > 1, IsComplete "id" ]`),
		Description: aws.String("d"), Tags: map[string]string{"team": "x"}, ClientToken: aws.String("once"),
		TargetTable: &types.DataQualityTargetTable{DatabaseName: aws.String("sales"), TableName: aws.String("orders")}}
	for range 2 { // the token makes them one
		_, err := m.CreateDataQualityRuleset(ctx, in)
		m.must(err)
	}
	in.ClientToken = nil
	_, err := m.CreateDataQualityRuleset(ctx, in)
	m.refused(err, "AlreadyExistsException")
	in.ClientToken, in.Description = aws.String("once"), aws.String("other")
	_, err = m.CreateDataQualityRuleset(ctx, in)
	m.refused(err, "IdempotentParameterMismatchException")
	_, err = m.CreateDataQualityRuleset(ctx, &glue.CreateDataQualityRulesetInput{Name: aws.String("b"), Ruleset: aws.String("Rules = [ Banana ]")})
	m.refused(err, "InvalidInputException")
	for _, name := range []string{"b", "c"} {
		m.ruleset(name, "Rules = [ RowCount > 1 ]")
	}
	var names []string
	pages := glue.NewListDataQualityRulesetsPaginator(m, &glue.ListDataQualityRulesetsInput{MaxResults: aws.Int32(1)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		m.must(err)
		for _, r := range page.Rulesets {
			names = append(names, *r.Name)
		}
	}
	m.equal("names", strings.Join(names, " "), "a b c")
	tagged, err := m.ListDataQualityRulesets(ctx, &glue.ListDataQualityRulesetsInput{Tags: map[string]string{"team": "x"}})
	m.must(err)
	if len(tagged.Rulesets) != 1 || *tagged.Rulesets[0].RuleCount != 2 {
		t.Errorf("tagged: %+v", tagged.Rulesets)
	}
	tags, err := m.GetTags(ctx, &glue.GetTagsInput{ResourceArn: aws.String("arn:aws:glue:" + harness.Region + ":" + m.who.Account + ":dataQualityRuleset/a")})
	m.must(err)
	m.equal("tag", tags.Tags["team"], "x")
	_, err = m.UpdateDataQualityRuleset(ctx, &glue.UpdateDataQualityRulesetInput{Name: aws.String("a"), Ruleset: aws.String("Rules = [ ColumnCount > 1 ]")})
	m.must(err)
	got, err := m.GetDataQualityRuleset(ctx, &glue.GetDataQualityRulesetInput{Name: aws.String("a")})
	m.must(err)
	m.equal("rules", *got.Ruleset+" "+*got.Description, "Rules = [ ColumnCount > 1 ] d")
	_, err = m.DeleteDataQualityRuleset(ctx, &glue.DeleteDataQualityRulesetInput{Name: aws.String("a")})
	m.must(err)
	_, err = m.GetDataQualityRuleset(ctx, &glue.GetDataQualityRulesetInput{Name: aws.String("a")})
	m.refused(err, "EntityNotFoundException")
}

func TestEvaluation(t *testing.T) {
	m := setUp(t)
	ctx := t.Context()
	m.ruleset("checks", `Rules = [ RowCount = 5, IsComplete "id", IsComplete "amount", ColumnValues "country" in ["DE", "FR"], Mean "nothing" > 1,
		CustomSql "select count(*) from primary where amount > 5" = 3, RowCountMatch "other" = 1 ] Analyzers = [ AllStatistics "id" ]`)
	run := m.evaluate(&glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"checks"},
		AdditionalDataSources: map[string]types.DataSource{"other": *source()},
		AdditionalRunOptions:  &types.DataQualityEvaluationRunAdditionalRunOptions{ResultsS3Prefix: aws.String("s3://lake/results/")}})
	got, result := m.results(run)
	m.equal("results", got, "PASS; PASS; FAIL Value: 0.8 does not meet the constraint requirement!; PASS; FAIL Input data does not include column nothing!; PASS; PASS")
	if *result.Score != 5.0/7 || *result.AggregatedMetrics.TotalRulesPassed != 5 || *result.AggregatedMetrics.TotalRowsPassed != 4 {
		t.Errorf("score %v, %+v", *result.Score, result.AggregatedMetrics)
	}
	if v := result.RuleResults[0].EvaluatedMetrics["Dataset.*.RowCount"]; v != 5 || *result.RuleResults[0].Description != "RowCount = 5" {
		t.Errorf("first rule: %+v", result.RuleResults[0])
	}
	if v := result.AnalyzerResults[0].EvaluatedMetrics["Column.id.Maximum"]; v != 5 {
		t.Errorf("analyzer: %+v", result.AnalyzerResults[0])
	}
	object, err := m.who.S3().GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("results/" + *result.ResultId + ".json")})
	m.must(err)
	body, _ := io.ReadAll(object.Body)
	var written struct{ ResultId string }
	if err := json.Unmarshal(body, &written); err != nil || written.ResultId != *result.ResultId {
		t.Errorf("written: %s %v", body, err)
	}

	// One partition only, and what was measured before.
	m.ruleset("few", `Rules = [ RowCount = 3, RowCount < last(1) ]`)
	d := source()
	d.GlueTable.AdditionalOptions = map[string]string{"catalogPartitionPredicate": "country = 'DE'"}
	got, few := m.results(m.evaluate(&glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"few"}, DataSource: d}))
	m.equal("of one partition", got, "PASS; PASS")
	d.GlueTable.AdditionalOptions = map[string]string{"pushDownPredicate": "country = 'FR'"}
	m.ruleset("fewer", `Rules = [ RowCount = 2 ]`)
	got, _ = m.results(m.evaluate(&glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"fewer"}, DataSource: d}))
	m.equal("pushed down", got, "PASS")
	m.ruleset("sum", `Rules = [ Sum "total" = 38.75, ColumnCount = 2 ]`)
	got, _ = m.results(m.evaluate(&glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"sum"}, DataSource: &types.DataSource{
		DataQualityGlueTable: &types.DataQualityGlueTable{DatabaseName: aws.String("sales"), TableName: aws.String("orders"),
			PreProcessingQuery: aws.String("select country, sum(amount) total from sales.orders group by country")}}}))
	m.equal("prepared", got, "PASS; PASS")

	list, err := m.ListDataQualityResults(ctx, &glue.ListDataQualityResultsInput{Filter: &types.DataQualityResultFilterCriteria{DataSource: source()}})
	m.must(err)
	if len(list.Results) != 4 || *list.Results[3].ResultId != *result.ResultId {
		t.Errorf("results: %+v", list.Results)
	}
	many, err := m.BatchGetDataQualityResult(ctx, &glue.BatchGetDataQualityResultInput{ResultIds: []string{*few.ResultId, "none"}})
	m.must(err)
	if len(many.Results) != 1 || len(many.ResultsNotFound) != 1 {
		t.Errorf("batch: %+v", many)
	}
	runs, err := m.BatchGetDataQualityRulesetEvaluationRun(ctx, &glue.BatchGetDataQualityRulesetEvaluationRunInput{RunIds: []string{*run.RunId, "none"}})
	m.must(err)
	if len(runs.Runs) != 1 || len(runs.RunsNotFound) != 1 {
		t.Errorf("runs: %+v", runs)
	}
	statistics, err := m.ListDataQualityStatistics(ctx, &glue.ListDataQualityStatisticsInput{ProfileId: few.ProfileId})
	m.must(err)
	if len(statistics.Statistics) != 1 || statistics.Statistics[0].DoubleValue != 3 || *statistics.Statistics[0].StatisticName != "RowCount" {
		t.Fatalf("statistics: %+v", statistics.Statistics)
	}
	put, err := m.BatchPutDataQualityStatisticAnnotation(ctx, &glue.BatchPutDataQualityStatisticAnnotationInput{InclusionAnnotations: []types.DatapointInclusionAnnotation{
		{ProfileId: few.ProfileId, StatisticId: statistics.Statistics[0].StatisticId, InclusionAnnotation: types.InclusionAnnotationValueExclude},
		{ProfileId: few.ProfileId, StatisticId: aws.String("none"), InclusionAnnotation: types.InclusionAnnotationValueExclude}}})
	m.must(err)
	noted, err := m.ListDataQualityStatisticAnnotations(ctx, &glue.ListDataQualityStatisticAnnotationsInput{ProfileId: few.ProfileId})
	m.must(err)
	if len(put.FailedInclusionAnnotations) != 1 || len(noted.Annotations) != 1 {
		t.Errorf("annotations: %+v %+v", put, noted)
	}

	// What can't be begun, and what fails.
	_, err = m.StartDataQualityRulesetEvaluationRun(ctx, &glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"none"}, Role: &m.role, DataSource: source()})
	m.refused(err, "EntityNotFoundException")
	_, err = m.StartDataQualityRulesetEvaluationRun(ctx, &glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"few"}, Role: aws.String("nobody"), DataSource: source()})
	m.refused(err, "InvalidInputException")
	_, err = m.CancelDataQualityRulesetEvaluationRun(ctx, &glue.CancelDataQualityRulesetEvaluationRunInput{RunId: run.RunId})
	m.refused(err, "InvalidInputException")
	blind := m.makeRole("blind", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"glue:*","Resource":"*"}]}`)
	failed := m.evaluate(&glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"few"}, Role: &blind})
	if failed.Status == types.TaskStatusTypeSucceeded {
		if got, _ := m.results(failed); strings.Contains(got, "PASS") {
			t.Errorf("a role without rights in S3 read the table: %s", got)
		}
	}
	powerless := m.makeRole("powerless", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`)
	if out := m.evaluate(&glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"few"}, Role: &powerless}); out.Status != types.TaskStatusTypeFailed ||
		!strings.Contains(aws.ToString(out.ErrorString), "glue:GetTable") {
		t.Errorf("without glue:GetTable: %s %s", out.Status, aws.ToString(out.ErrorString))
	}
}

func TestRecommendation(t *testing.T) {
	m := setUp(t)
	ctx := t.Context()
	started, err := m.StartDataQualityRuleRecommendationRun(ctx, &glue.StartDataQualityRuleRecommendationRunInput{Role: &m.role, DataSource: source(),
		CreatedRulesetName: aws.String("found")})
	m.must(err)
	var out *glue.GetDataQualityRuleRecommendationRunOutput
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		out, err = m.GetDataQualityRuleRecommendationRun(ctx, &glue.GetDataQualityRuleRecommendationRunInput{RunId: started.RunId})
		m.must(err)
		if out.CompletedOn != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the run is still %s", out.Status)
		}
	}
	if out.Status != types.TaskStatusTypeSucceeded || !strings.Contains(aws.ToString(out.RecommendedRuleset), `IsUnique "id"`) {
		t.Fatalf("%s %s %s", out.Status, aws.ToString(out.ErrorString), aws.ToString(out.RecommendedRuleset))
	}
	made, err := m.GetDataQualityRuleset(ctx, &glue.GetDataQualityRulesetInput{Name: aws.String("found")})
	m.must(err)
	m.equal("made", *made.Ruleset+*made.RecommendationRunId, *out.RecommendedRuleset+*started.RunId)
	got, _ := m.results(m.evaluate(&glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"found"}}))
	if strings.Contains(got, "FAIL") || strings.Contains(got, "ERROR") {
		t.Errorf("what was recommended does not hold: %s\n%s", got, *made.Ruleset)
	}
}

// TestCancel holds that a run that would take hours ends when it is asked to.
func TestCancel(t *testing.T) {
	m := setUp(t)
	ctx := t.Context()
	from := "primary p0"
	for i := range 15 {
		from += fmt.Sprintf(" cross join primary q%d", i)
	}
	m.ruleset("long", `Rules = [ CustomSql "select sum(p0.id * q3.id + q9.id) from `+from+`" > 1 ]`)
	started, err := m.StartDataQualityRulesetEvaluationRun(ctx, &glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"long"}, Role: &m.role, DataSource: source()})
	m.must(err)
	asked := false
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		out, err := m.GetDataQualityRulesetEvaluationRun(ctx, &glue.GetDataQualityRulesetEvaluationRunInput{RunId: started.RunId})
		m.must(err)
		if out.CompletedOn != nil {
			if out.Status != types.TaskStatusTypeStopped || len(out.ResultIds) > 0 {
				t.Errorf("the run is %s with %v: %s", out.Status, out.ResultIds, aws.ToString(out.ErrorString))
			}
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the run is still %s", out.Status)
		}
		if out.Status == types.TaskStatusTypeRunning && !asked {
			asked = true
			_, err := m.CancelDataQualityRulesetEvaluationRun(ctx, &glue.CancelDataQualityRulesetEvaluationRunInput{RunId: started.RunId})
			m.must(err)
		}
	}
}

// TestGoverned holds that a run sees what Lake Formation granted its role, and no more.
func TestGoverned(t *testing.T) {
	m := setUp(t)
	ctx := t.Context()
	lake := lakeformation.NewFromConfig(m.who.Config())
	_, err := lake.PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: &lakeformationtypes.DataLakeSettings{
		DataLakeAdmins: []lakeformationtypes.DataLakePrincipal{{DataLakePrincipalIdentifier: &m.who.ARN}}}})
	m.must(err)
	keeper := m.makeRole("keeper", harness.AllowAll)
	_, err = lake.RegisterResource(ctx, &lakeformation.RegisterResourceInput{ResourceArn: aws.String("arn:aws:s3:::lake/orders"), RoleArn: &keeper})
	m.must(err)
	everybody := &lakeformationtypes.DataLakePrincipal{DataLakePrincipalIdentifier: aws.String("IAM_ALLOWED_PRINCIPALS")}
	for _, r := range []*lakeformationtypes.Resource{
		{Table: &lakeformationtypes.TableResource{DatabaseName: aws.String("sales"), Name: aws.String("orders")}},
		{Database: &lakeformationtypes.DatabaseResource{Name: aws.String("sales")}}} {
		_, err = lake.RevokePermissions(ctx, &lakeformation.RevokePermissionsInput{Principal: everybody, Resource: r,
			Permissions: []lakeformationtypes.Permission{lakeformationtypes.PermissionAll}})
		m.must(err)
	}
	reader := m.makeRole("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["glue:*","lakeformation:GetDataAccess"],"Resource":"*"}]}`)
	m.ruleset("seen", `Rules = [ RowCount = 3, ColumnCount = 2, IsComplete "id", Sum "amount" > 0, CustomSql "select count(*) from primary where country = 'FR'" = 0 ]`)
	in := &glue.StartDataQualityRulesetEvaluationRunInput{RulesetNames: []string{"seen"}, Role: &reader}
	if out := m.evaluate(in); out.Status != types.TaskStatusTypeFailed || !strings.Contains(aws.ToString(out.ErrorString), "Lake Formation") {
		t.Errorf("without a grant: %s %s", out.Status, aws.ToString(out.ErrorString))
	}
	_, err = lake.CreateDataCellsFilter(ctx, &lakeformation.CreateDataCellsFilterInput{TableData: &lakeformationtypes.DataCellsFilter{
		TableCatalogId: &m.who.Account, DatabaseName: aws.String("sales"), TableName: aws.String("orders"), Name: aws.String("german"),
		ColumnNames: []string{"id", "country"}, RowFilter: &lakeformationtypes.RowFilter{FilterExpression: aws.String("country = 'DE'")}}})
	m.must(err)
	_, err = lake.GrantPermissions(ctx, &lakeformation.GrantPermissionsInput{Principal: &lakeformationtypes.DataLakePrincipal{DataLakePrincipalIdentifier: &reader},
		Resource: &lakeformationtypes.Resource{DataCellsFilter: &lakeformationtypes.DataCellsFilterResource{TableCatalogId: &m.who.Account,
			DatabaseName: aws.String("sales"), TableName: aws.String("orders"), Name: aws.String("german")}},
		Permissions: []lakeformationtypes.Permission{lakeformationtypes.PermissionSelect}})
	m.must(err)
	got, _ := m.results(m.evaluate(in))
	m.equal("what the role may see", got, "PASS; PASS; PASS; FAIL Input data does not include column amount!; PASS")
}
