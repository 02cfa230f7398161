package glue_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	lakeformationtypes "github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
)

func TestCrawlers(t *testing.T) {
	f := newField(t, "crawlers")
	ctx := t.Context()
	f.upload(map[string]string{"t/y=1/a.csv": people, "t/y=2/a.csv": more})
	f.crawler("orders", "t/", func(in *glue.CreateCrawlerInput) {
		in.Tags, in.Description = map[string]string{"team": "a"}, aws.String("of orders")
	})
	f.crawler("other", "t/", nil)
	_, err := f.CreateCrawler(ctx, &glue.CreateCrawlerInput{Name: aws.String("orders"), Role: &f.role, DatabaseName: aws.String("d"),
		Targets: &types.CrawlerTargets{S3Targets: []types.S3Target{{Path: aws.String("s3://crawlers/t/")}}}})
	f.refused("the same name", err, "AlreadyExistsException", "orders already exists")
	_, err = f.GetCrawler(ctx, &glue.GetCrawlerInput{Name: aws.String("none")})
	f.refused("none", err, "EntityNotFoundException", "Crawler entry with name none does not exist")

	got, err := f.GetCrawler(ctx, &glue.GetCrawlerInput{Name: aws.String("orders")})
	f.must(err)
	c := got.Crawler
	f.equal("as made", fmt.Sprint(c.State, *c.Role, c.SchemaChangePolicy.UpdateBehavior, c.SchemaChangePolicy.DeleteBehavior, c.RecrawlPolicy.RecrawlBehavior,
		c.LineageConfiguration.CrawlerLineageSettings, c.Version, c.LastCrawl == nil, c.Schedule == nil, *c.Description),
		fmt.Sprint("READY", "crawls", "UPDATE_IN_DATABASE", "DEPRECATE_IN_DATABASE", "CRAWL_EVERYTHING", "DISABLE", 1, true, true, "of orders"))
	_, err = f.StopCrawler(ctx, &glue.StopCrawlerInput{Name: aws.String("orders")})
	f.refused("stop of one that stands", err, "CrawlerNotRunningException", "isn't running")
	done := f.crawl("orders")
	f.equal("last crawl", fmt.Sprint(done.LastCrawl.Status, *done.LastCrawl.LogGroup, *done.LastCrawl.LogStream, done.LastCrawl.ErrorMessage == nil, done.CrawlElapsedTime),
		"SUCCEEDED/aws-glue/crawlersorderstrue 0")

	table, err := f.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("orders"), Name: aws.String("t")})
	f.must(err)
	d := table.Table.StorageDescriptor
	f.equal("descriptor", fmt.Sprint(*d.Location, " ", *d.InputFormat, " ", *d.OutputFormat, " ", *d.SerdeInfo.SerializationLibrary, d.SerdeInfo.Parameters, d.NumberOfBuckets, *table.Table.TableType, " ", *table.Table.Owner),
		"s3://crawlers/t/ org.apache.hadoop.mapred.TextInputFormat org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat "+
			"org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDemap[field.delim:,] -1EXTERNAL_TABLE owner")
	f.equal("parameters", fmt.Sprint(table.Table.Parameters), "map[CrawlerSchemaDeserializerVersion:1.0 CrawlerSchemaSerializerVersion:1.0 UPDATED_BY_CRAWLER:orders "+
		"areColumnsQuoted:false averageRecordSize:10 classification:csv columnsOrdered:true compressionType:none delimiter:, objectCount:2 partition_filtering.enabled:true "+
		"recordCount:4 sizeKey:60 skip.header.line.count:1 typeOfData:file]")
	part, err := f.GetPartition(ctx, &glue.GetPartitionInput{DatabaseName: aws.String("orders"), TableName: aws.String("t"), PartitionValues: []string{"1"}})
	f.must(err)
	f.equal("partition", *part.Partition.StorageDescriptor.Location+" "+part.Partition.Parameters["recordCount"], "s3://crawlers/t/y=1/ 2")

	list, err := f.ListCrawlers(ctx, &glue.ListCrawlersInput{Tags: map[string]string{"team": "a"}})
	f.must(err)
	f.equal("by tag", fmt.Sprint(list.CrawlerNames), "[orders]")
	all, err := f.GetCrawlers(ctx, &glue.GetCrawlersInput{MaxResults: aws.Int32(1)})
	f.must(err)
	f.equal("a page", fmt.Sprint(len(all.Crawlers), *all.Crawlers[0].Name, all.NextToken != nil), "1orderstrue")
	some, err := f.BatchGetCrawlers(ctx, &glue.BatchGetCrawlersInput{CrawlerNames: []string{"other", "none"}})
	f.must(err)
	f.equal("batch", fmt.Sprint(len(some.Crawlers), some.CrawlersNotFound), "1 [none]")
	tags, err := f.GetTags(ctx, &glue.GetTagsInput{ResourceArn: aws.String("arn:aws:glue:us-east-1:" + f.who.Account + ":crawler/orders")})
	f.must(err)
	f.equal("tags", fmt.Sprint(tags.Tags), "map[team:a]")

	_, err = f.UpdateCrawler(ctx, &glue.UpdateCrawlerInput{Name: aws.String("orders"), TablePrefix: aws.String("raw_"), DatabaseName: aws.String("second")})
	f.must(err)
	f.crawl("orders")
	f.equal("with a prefix", f.tables("second"), "raw_t csv ("+peopleColumns+") by (y int): 1; 2")
	f.history("orders")
	metrics, err := f.GetCrawlerMetrics(ctx, &glue.GetCrawlerMetricsInput{CrawlerNameList: []string{"orders"}})
	f.must(err)
	m := metrics.CrawlerMetricsList[0]
	f.equal("metrics", fmt.Sprint(len(metrics.CrawlerMetricsList), *m.CrawlerName, m.TablesCreated, m.TablesDeleted, m.LastRuntimeSeconds > 0, m.StillEstimating), "1orders2 0 true false")
	_, err = f.DeleteCrawler(ctx, &glue.DeleteCrawlerInput{Name: aws.String("orders")})
	f.must(err)
	_, err = f.DeleteCrawler(ctx, &glue.DeleteCrawlerInput{Name: aws.String("orders")})
	f.refused("deleted twice", err, "EntityNotFoundException", "orders does not exist")
}

func (f *field) equal(what, got, want string) {
	f.Helper()
	if got != want {
		f.Errorf("%s:\n got %s\nwant %s", what, got, want)
	}
}

// history looks at the two crawls of a crawler.
func (f *field) history(name string) {
	f.Helper()
	ctx := f.Context()
	ask := func(filters ...types.CrawlsFilter) []types.CrawlerHistory {
		f.Helper()
		out, err := f.ListCrawls(ctx, &glue.ListCrawlsInput{CrawlerName: &name, Filters: filters})
		f.must(err)
		return out.Crawls
	}
	all := ask()
	if len(all) != 2 || all[0].StartTime.Before(*all[1].StartTime) || all[0].State != types.CrawlerHistoryStateCompleted || all[0].EndTime == nil {
		f.Fatalf("history: %+v", all)
	}
	by := func(field types.FieldName, op types.FilterOperator, value string) types.CrawlsFilter {
		return types.CrawlsFilter{FieldName: field, FilterOperator: op, FieldValue: &value}
	}
	for _, c := range []struct {
		filter types.CrawlsFilter
		want   int
	}{
		{by(types.FieldNameCrawlId, types.FilterOperatorEq, *all[1].CrawlId), 1},
		{by(types.FieldNameState, types.FilterOperatorEq, "COMPLETED"), 2},
		{by(types.FieldNameState, types.FilterOperatorNe, "COMPLETED"), 0},
		{by(types.FieldNameStartTime, types.FilterOperatorGe, fmt.Sprint(all[0].StartTime.UnixMilli())), 1},
		{by(types.FieldNameEndTime, types.FilterOperatorLt, fmt.Sprint(all[0].EndTime.UnixMilli())), 1},
		{by(types.FieldNameDpuHour, types.FilterOperatorGt, "100"), 0},
	} {
		if got := ask(c.filter); len(got) != c.want {
			f.Errorf("%s %s %s: %d crawls, want %d", c.filter.FieldName, c.filter.FilterOperator, *c.filter.FieldValue, len(got), c.want)
		}
	}
	_, err := f.ListCrawls(ctx, &glue.ListCrawlsInput{CrawlerName: &name, Filters: []types.CrawlsFilter{by(types.FieldNameStartTime, types.FilterOperatorGt, "x")}})
	f.refused("no number", err, "InvalidInputException", "number")
	page, err := f.ListCrawls(ctx, &glue.ListCrawlsInput{CrawlerName: &name, MaxResults: aws.Int32(1)})
	f.must(err)
	next, err := f.ListCrawls(ctx, &glue.ListCrawlsInput{CrawlerName: &name, MaxResults: aws.Int32(1), NextToken: page.NextToken})
	f.must(err)
	f.equal("pages", *page.Crawls[0].CrawlId+*next.Crawls[0].CrawlId, *all[0].CrawlId+*all[1].CrawlId)
}

// TestCrawlerRefusals holds what cannot be a crawler.
func TestCrawlerRefusals(t *testing.T) {
	f := newField(t, "refusals")
	ctx := t.Context()
	path := []types.S3Target{{Path: aws.String("s3://refusals/t/")}}
	for _, c := range []struct {
		name string
		text string
		set  func(*glue.CreateCrawlerInput)
	}{
		{"JDBC", "JdbcTargets", func(in *glue.CreateCrawlerInput) {
			in.Targets.JdbcTargets = []types.JdbcTarget{{ConnectionName: aws.String("c"), Path: aws.String("p")}}
		}},
		{"DynamoDB", "DynamoDBTargets", func(in *glue.CreateCrawlerInput) {
			in.Targets.DynamoDBTargets = []types.DynamoDBTarget{{Path: aws.String("p")}}
		}},
		{"MongoDB", "MongoDBTargets", func(in *glue.CreateCrawlerInput) {
			in.Targets.MongoDBTargets = []types.MongoDBTarget{{Path: aws.String("p")}}
		}},
		{"Delta", "DeltaTargets", func(in *glue.CreateCrawlerInput) { in.Targets.DeltaTargets = []types.DeltaTarget{{}} }},
		{"Hudi", "HudiTargets", func(in *glue.CreateCrawlerInput) { in.Targets.HudiTargets = []types.HudiTarget{{}} }},
		{"Iceberg", "IcebergTargets", func(in *glue.CreateCrawlerInput) { in.Targets.IcebergTargets = []types.IcebergTarget{{}} }},
		{"no target", "target", func(in *glue.CreateCrawlerInput) { in.Targets.S3Targets = nil }},
		{"no database", "DatabaseName", func(in *glue.CreateCrawlerInput) { in.DatabaseName = nil }},
		{"path", "s3://", func(in *glue.CreateCrawlerInput) { in.Targets.S3Targets[0].Path = aws.String("/etc/passwd") }},
		{"exclusion", "glob", func(in *glue.CreateCrawlerInput) { in.Targets.S3Targets[0].Exclusions = []string{"{a,{b}}"} }},
		{"sample", "SampleSize", func(in *glue.CreateCrawlerInput) { in.Targets.S3Targets[0].SampleSize = aws.Int32(250) }},
		{"connection", "ConnectionName", func(in *glue.CreateCrawlerInput) { in.Targets.S3Targets[0].ConnectionName = aws.String("vpc") }},
		{"configuration", "Configuration", func(in *glue.CreateCrawlerInput) { in.Configuration = aws.String(`{"Version":2}`) }},
		{"configuration, no JSON", "Configuration", func(in *glue.CreateCrawlerInput) { in.Configuration = aws.String(`{`) }},
		{"schedule", "schedule expression", func(in *glue.CreateCrawlerInput) { in.Schedule = aws.String("rate(1 day)") }},
		{"new folders, not logged", "LOG", func(in *glue.CreateCrawlerInput) {
			in.RecrawlPolicy = &types.RecrawlPolicy{RecrawlBehavior: types.RecrawlBehaviorCrawlNewFoldersOnly}
		}},
		{"catalog, not logged", "LOG", func(in *glue.CreateCrawlerInput) {
			in.Targets = &types.CrawlerTargets{CatalogTargets: []types.CatalogTarget{{DatabaseName: aws.String("d"), Tables: []string{"t"}}}}
		}},
		{"role", "unable to assume provided role", func(in *glue.CreateCrawlerInput) { in.Role = aws.String("nobody") }},
	} {
		in := &glue.CreateCrawlerInput{Name: aws.String("c"), Role: &f.role, DatabaseName: aws.String("d"), Targets: &types.CrawlerTargets{S3Targets: append([]types.S3Target{}, path...)}}
		c.set(in)
		_, err := f.CreateCrawler(ctx, in)
		f.refused(c.name, err, "InvalidInputException", c.text)
	}
	_, err := f.CreateCrawler(ctx, &glue.CreateCrawlerInput{Name: aws.String("c"), Role: &f.role, DatabaseName: aws.String("d"), Classifiers: []string{"none"},
		Targets: &types.CrawlerTargets{S3Targets: path}})
	f.refused("classifier", err, "EntityNotFoundException", "none")
	_, err = f.CreateCrawler(ctx, &glue.CreateCrawlerInput{Name: aws.String("c"), Role: aws.String("arn:aws:iam::999999999999:role/r"), DatabaseName: aws.String("d"),
		Targets: &types.CrawlerTargets{S3Targets: path}})
	f.refused("role of another account", err, "AccessDeniedException", "iam:PassRole")
	weak := harness.Must(f.server.User(ctx, f.who, "weak", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"glue:*","Resource":"arn:aws:glue:*:*:crawler/mine*"}]}`))(t)
	as := glue.NewFromConfig(weak.Config())
	make := func(name string) error {
		_, err := as.CreateCrawler(ctx, &glue.CreateCrawlerInput{Name: &name, Role: &f.role, DatabaseName: aws.String("d"), Targets: &types.CrawlerTargets{S3Targets: path}})
		return err
	}
	f.refused("without iam:PassRole", make("mine"), "AccessDeniedException", "iam:PassRole")
	f.crawler("theirs", "t/", nil)
	_, err = as.StartCrawler(ctx, &glue.StartCrawlerInput{Name: aws.String("theirs")})
	f.refused("start of another's", err, "AccessDeniedException", "glue:StartCrawler")
}

// TestCrawlsThatFail holds what ends a crawl and what does not.
func TestCrawlsThatFail(t *testing.T) {
	f := newField(t, "failing")
	ctx := t.Context()
	f.upload(map[string]string{"t/a.csv": people, "t/secret.csv": more})
	statement := func(list ...string) string {
		return `{"Version":"2012-10-17","Statement":[` + strings.Join(list, ",") + `]}`
	}
	const catalog, list, get = `{"Effect":"Allow","Action":"glue:*","Resource":"*"}`, `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::failing"}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::failing/*"}`
	for i, c := range []struct {
		name, policy string
		status       types.LastCrawlStatus
		says, tables string
	}{
		{"may not list", statement(catalog, get), types.LastCrawlStatusFailed, "cannot list s3://failing/t/: AccessDenied", ""},
		{"may not read one", statement(catalog, list, get, `{"Effect":"Deny","Action":"s3:GetObject","Resource":"arn:aws:s3:::failing/t/secret.csv"}`),
			types.LastCrawlStatusSucceeded, "s3://failing/t/secret.csv: AccessDenied", "t csv (" + peopleColumns + ")"},
		{"may not make tables", statement(list, get, `{"Effect":"Allow","NotAction":"glue:CreateTable","Resource":"*"}`, `{"Effect":"Deny","Action":"glue:CreateTable","Resource":"*"}`),
			types.LastCrawlStatusFailed, "cannot make table t: AccessDeniedException", ""},
	} {
		name := fmt.Sprintf("failing%d", i)
		role := f.makeRole(name, c.policy)
		f.crawler(name, "t/", func(in *glue.CreateCrawlerInput) { in.Role = &role })
		done := f.crawl(name)
		if done.LastCrawl.Status != c.status || !strings.Contains(aws.ToString(done.LastCrawl.ErrorMessage), c.says) {
			t.Errorf("%s: %s %s", c.name, done.LastCrawl.Status, aws.ToString(done.LastCrawl.ErrorMessage))
		}
		f.equal(c.name, f.tables(name), c.tables)
	}
	role := f.makeRole("gone", harness.AllowAll)
	f.crawler("gone", "t/", func(in *glue.CreateCrawlerInput) { in.Role = &role })
	f.retire("gone")
	if done := f.crawl("gone"); done.LastCrawl.Status != types.LastCrawlStatusFailed || !strings.Contains(*done.LastCrawl.ErrorMessage, "unable to assume role") {
		t.Errorf("a role that is gone: %+v", done.LastCrawl)
	}
	out, err := f.ListCrawls(ctx, &glue.ListCrawlsInput{CrawlerName: aws.String("gone")})
	f.must(err)
	if len(out.Crawls) != 1 || out.Crawls[0].State != types.CrawlerHistoryStateFailed || out.Crawls[0].Summary != nil {
		t.Errorf("its history: %+v", out.Crawls)
	}
}

// TestCatalogTarget holds that a table that is there is brought up to date, wherever its name comes from.
func TestCatalogTarget(t *testing.T) {
	f := newField(t, "targets")
	ctx := t.Context()
	f.upload(map[string]string{"deep/er/y=1/a.csv": people, "deep/er/y=2/a.csv": withMail})
	_, err := f.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("d")}})
	f.must(err)
	_, err = f.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("d"), TableInput: &types.TableInput{Name: aws.String("mine"), Description: aws.String("kept"),
		Parameters: map[string]string{"owner": "me"}, StorageDescriptor: &types.StorageDescriptor{Location: aws.String("s3://targets/deep/er")}}})
	f.must(err)
	f.crawler("catalog", "", func(in *glue.CreateCrawlerInput) {
		in.DatabaseName, in.SchemaChangePolicy = nil, &types.SchemaChangePolicy{DeleteBehavior: types.DeleteBehaviorLog}
		in.Targets = &types.CrawlerTargets{CatalogTargets: []types.CatalogTarget{{DatabaseName: aws.String("d"), Tables: []string{"mine"}}}}
	})
	if done := f.crawl("catalog"); done.LastCrawl.Status != types.LastCrawlStatusSucceeded {
		t.Fatalf("%s", aws.ToString(done.LastCrawl.ErrorMessage))
	}
	f.equal("table", f.tables("d"), "mine csv ("+mailColumns+") by (y int): 1; 2")
	got, err := f.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("d"), Name: aws.String("mine")})
	f.must(err)
	f.equal("kept", *got.Table.Description+got.Table.Parameters["owner"]+*got.Table.StorageDescriptor.Location, "keptmes3://targets/deep/er")
}

// TestCrawlGoverned holds that a crawl is the role's: Lake Formation may refuse it, can vend it the files, and the trail names it.
func TestCrawlGoverned(t *testing.T) {
	f := newField(t, "governed")
	ctx := t.Context()
	f.upload(map[string]string{"t/y=1/a.csv": people})
	lake := lakeformation.NewFromConfig(f.who.Config())
	_, err := lake.PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: &lakeformationtypes.DataLakeSettings{
		DataLakeAdmins: []lakeformationtypes.DataLakePrincipal{{DataLakePrincipalIdentifier: &f.who.ARN}}}})
	f.must(err)
	_, err = f.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("governed")}})
	f.must(err)
	role := f.makeRole("reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["glue:*","s3:*","lakeformation:GetDataAccess"],"Resource":"*"}]}`)
	f.crawler("governed", "t/", func(in *glue.CreateCrawlerInput) { in.Role = &role })
	if done := f.crawl("governed"); done.LastCrawl.Status != types.LastCrawlStatusFailed || !strings.Contains(*done.LastCrawl.ErrorMessage, "Lake Formation") {
		t.Errorf("without a grant: %s %s", done.LastCrawl.Status, aws.ToString(done.LastCrawl.ErrorMessage))
	}
	_, err = lake.GrantPermissions(ctx, &lakeformation.GrantPermissionsInput{Principal: &lakeformationtypes.DataLakePrincipal{DataLakePrincipalIdentifier: &role},
		Resource:    &lakeformationtypes.Resource{Database: &lakeformationtypes.DatabaseResource{Name: aws.String("governed")}},
		Permissions: []lakeformationtypes.Permission{lakeformationtypes.PermissionCreateTable, lakeformationtypes.PermissionDescribe}})
	f.must(err)
	if done := f.crawl("governed"); done.LastCrawl.Status != types.LastCrawlStatusSucceeded {
		t.Errorf("with a grant: %s", aws.ToString(done.LastCrawl.ErrorMessage))
	}
	f.vended(lake)
	pages := cloudtrail.NewLookupEventsPaginator(f.who.CloudTrail(), &cloudtrail.LookupEventsInput{})
	found := map[string]bool{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		f.must(err)
		for _, e := range page.Events {
			if strings.Contains(*e.CloudTrailEvent, "assumed-role/reader/AWS-Crawler") && !strings.Contains(*e.CloudTrailEvent, `"errorCode"`) {
				found[*e.EventName] = true
			}
		}
	}
	if !found["CreateTable"] || !found["BatchCreatePartition"] {
		t.Errorf("the trail names the role for %v", found)
	}
}

// vended has a role that may not read S3 crawl with what Lake Formation gives it.
func (f *field) vended(lake *lakeformation.Client) {
	f.Helper()
	ctx := f.Context()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lakeformation.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	keeper, err := f.who.IAM().CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("keeps"), AssumeRolePolicyDocument: &trust})
	f.must(err)
	_, err = f.who.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("keeps"), PolicyName: aws.String("p"), PolicyDocument: aws.String(harness.AllowAll)})
	f.must(err)
	_, err = lake.RegisterResource(ctx, &lakeformation.RegisterResourceInput{ResourceArn: aws.String("arn:aws:s3:::governed/t"), RoleArn: keeper.Role.Arn})
	f.must(err)
	_, err = lake.PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: &lakeformationtypes.DataLakeSettings{
		DataLakeAdmins: []lakeformationtypes.DataLakePrincipal{{DataLakePrincipalIdentifier: &f.who.ARN}}, AllowFullTableExternalDataAccess: aws.Bool(true)}})
	f.must(err)
	role := f.makeRole("poor", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["glue:*","lakeformation:GetDataAccess","lakeformation:GetTemporaryDataLocationCredentials"],"Resource":"*"}]}`)
	for _, g := range []struct {
		on  *lakeformationtypes.Resource
		may []lakeformationtypes.Permission
	}{
		{&lakeformationtypes.Resource{Table: &lakeformationtypes.TableResource{DatabaseName: aws.String("governed"), Name: aws.String("t")}},
			[]lakeformationtypes.Permission{lakeformationtypes.PermissionSelect, lakeformationtypes.PermissionAlter, lakeformationtypes.PermissionDescribe, lakeformationtypes.PermissionInsert}},
		{&lakeformationtypes.Resource{Database: &lakeformationtypes.DatabaseResource{Name: aws.String("governed")}}, []lakeformationtypes.Permission{lakeformationtypes.PermissionDescribe}},
		{&lakeformationtypes.Resource{DataLocation: &lakeformationtypes.DataLocationResource{ResourceArn: aws.String("arn:aws:s3:::governed/t")}},
			[]lakeformationtypes.Permission{lakeformationtypes.PermissionDataLocationAccess}},
	} {
		_, err = lake.GrantPermissions(ctx, &lakeformation.GrantPermissionsInput{Principal: &lakeformationtypes.DataLakePrincipal{DataLakePrincipalIdentifier: &role},
			Resource: g.on, Permissions: g.may})
		f.must(err)
	}
	f.upload(map[string]string{"t/y=2/a.csv": more})
	_, err = f.UpdateCrawler(ctx, &glue.UpdateCrawlerInput{Name: aws.String("governed"), Role: &role})
	f.must(err)
	if done := f.crawl("governed"); done.LastCrawl.Status != types.LastCrawlStatusFailed || !strings.Contains(*done.LastCrawl.ErrorMessage, "cannot list") {
		f.Errorf("without S3: %s %s", done.LastCrawl.Status, aws.ToString(done.LastCrawl.ErrorMessage))
	}
	_, err = f.UpdateCrawler(ctx, &glue.UpdateCrawlerInput{Name: aws.String("governed"),
		LakeFormationConfiguration: &types.LakeFormationConfiguration{UseLakeFormationCredentials: aws.Bool(true)}})
	f.must(err)
	if done := f.crawl("governed"); done.LastCrawl.Status != types.LastCrawlStatusSucceeded {
		f.Errorf("with vended credentials: %s", aws.ToString(done.LastCrawl.ErrorMessage))
	}
	f.equal("partitions", f.partitions("governed", "t"), "1; 2")
}

func TestCrawlerSchedules(t *testing.T) {
	f := newField(t, "schedules")
	ctx := t.Context()
	f.crawler("s", "t/", nil)
	name := aws.String("s")
	_, err := f.StartCrawlerSchedule(ctx, &glue.StartCrawlerScheduleInput{CrawlerName: name})
	f.refused("none", err, "NoScheduleException", "schedule")
	_, err = f.StopCrawlerSchedule(ctx, &glue.StopCrawlerScheduleInput{CrawlerName: name})
	f.refused("none to stop", err, "SchedulerNotRunningException", "")
	_, err = f.UpdateCrawlerSchedule(ctx, &glue.UpdateCrawlerScheduleInput{CrawlerName: name, Schedule: aws.String("cron(0 12 * * ? *)")})
	f.must(err)
	state := func() string {
		t.Helper()
		out, err := f.GetCrawler(ctx, &glue.GetCrawlerInput{Name: name})
		f.must(err)
		if out.Crawler.Schedule == nil {
			return "none"
		}
		return string(out.Crawler.Schedule.State) + " " + *out.Crawler.Schedule.ScheduleExpression
	}
	f.equal("updated", state(), "SCHEDULED cron(0 12 * * ? *)")
	_, err = f.StartCrawlerSchedule(ctx, &glue.StartCrawlerScheduleInput{CrawlerName: name})
	f.refused("started", err, "SchedulerRunningException", "")
	_, err = f.StopCrawlerSchedule(ctx, &glue.StopCrawlerScheduleInput{CrawlerName: name})
	f.must(err)
	f.equal("stopped", state(), "NOT_SCHEDULED cron(0 12 * * ? *)")
	_, err = f.StartCrawlerSchedule(ctx, &glue.StartCrawlerScheduleInput{CrawlerName: name})
	f.must(err)
	f.equal("started again", state(), "SCHEDULED cron(0 12 * * ? *)")
	_, err = f.UpdateCrawlerSchedule(ctx, &glue.UpdateCrawlerScheduleInput{CrawlerName: name, Schedule: aws.String("")})
	f.must(err)
	f.equal("taken", state(), "none")
}

func TestClassifiers(t *testing.T) {
	f := newField(t, "classifiers")
	ctx := t.Context()
	f.makeClassifiers()
	list, err := f.GetClassifiers(ctx, &glue.GetClassifiersInput{})
	f.must(err)
	f.equal("all", fmt.Sprint(len(list.Classifiers)), "3")
	_, err = f.UpdateClassifier(ctx, &glue.UpdateClassifierInput{CsvClassifier: &types.UpdateCsvClassifierRequest{Name: aws.String("single"), Delimiter: aws.String("|")}})
	f.must(err)
	got, err := f.GetClassifier(ctx, &glue.GetClassifierInput{Name: aws.String("single")})
	f.must(err)
	c := got.Classifier.CsvClassifier
	f.equal("updated", fmt.Sprint(*c.Delimiter, c.Version, c.Header, *c.AllowSingleColumn), "|2 [name] true")
	for _, r := range []struct {
		name, text string
		in         *glue.CreateClassifierInput
	}{
		{"XML", "XML classifiers are not supported", &glue.CreateClassifierInput{XMLClassifier: &types.CreateXMLClassifierRequest{Name: aws.String("x"), Classification: aws.String("x")}}},
		{"none", "Exactly one", &glue.CreateClassifierInput{}},
		{"grok", "GrokPattern", &glue.CreateClassifierInput{GrokClassifier: &types.CreateGrokClassifierRequest{Name: aws.String("x"), Classification: aws.String("x"), GrokPattern: aws.String("%{NOPE:x}")}}},
		{"JSON path", "JsonPath", &glue.CreateClassifierInput{JsonClassifier: &types.CreateJsonClassifierRequest{Name: aws.String("x"), JsonPath: aws.String("a b")}}},
		{"quote", "different", &glue.CreateClassifierInput{CsvClassifier: &types.CreateCsvClassifierRequest{Name: aws.String("x"), Delimiter: aws.String(","), QuoteSymbol: aws.String(",")}}},
	} {
		_, err := f.CreateClassifier(ctx, r.in)
		f.refused(r.name, err, "InvalidInputException", r.text)
	}
	_, err = f.CreateClassifier(ctx, &glue.CreateClassifierInput{JsonClassifier: &types.CreateJsonClassifierRequest{Name: aws.String("single"), JsonPath: aws.String("$[*]")}})
	f.refused("twice", err, "AlreadyExistsException", "single")
	_, err = f.UpdateClassifier(ctx, &glue.UpdateClassifierInput{JsonClassifier: &types.UpdateJsonClassifierRequest{Name: aws.String("single")}})
	f.refused("another kind", err, "InvalidInputException", "kind")
	_, err = f.DeleteClassifier(ctx, &glue.DeleteClassifierInput{Name: aws.String("rows")})
	f.must(err)
	_, err = f.GetClassifier(ctx, &glue.GetClassifierInput{Name: aws.String("rows")})
	f.refused("deleted", err, "EntityNotFoundException", "rows")
}

// TestStopCrawler stops a crawl that has much to read.
func TestStopCrawler(t *testing.T) {
	f := newField(t, "stopping")
	ctx := t.Context()
	files := map[string]string{}
	for i := range 1500 {
		files[fmt.Sprintf("t/y=%d/a.csv", i)] = people
	}
	f.upload(files)
	f.crawler("s", "t/", nil)
	_, err := f.StartCrawler(ctx, &glue.StartCrawlerInput{Name: aws.String("s")})
	f.must(err)
	_, err = f.StartCrawler(ctx, &glue.StartCrawlerInput{Name: aws.String("s")})
	f.refused("started twice", err, "CrawlerRunningException", "already started")
	_, err = f.UpdateCrawler(ctx, &glue.UpdateCrawlerInput{Name: aws.String("s")})
	f.refused("updated while it runs", err, "CrawlerRunningException", "running")
	_, err = f.DeleteCrawler(ctx, &glue.DeleteCrawlerInput{Name: aws.String("s")})
	f.refused("deleted while it runs", err, "CrawlerRunningException", "running")
	_, err = f.StopCrawler(ctx, &glue.StopCrawlerInput{Name: aws.String("s")})
	f.must(err)
	done := f.await("s")
	if done.LastCrawl.Status != types.LastCrawlStatusCancelled {
		t.Errorf("it ended %s", done.LastCrawl.Status)
	}
	f.equal("tables", f.tables("s"), "")
	if done := f.crawl("s"); done.LastCrawl.Status != types.LastCrawlStatusSucceeded {
		t.Errorf("the next ended %s", done.LastCrawl.Status)
	}
	f.equal("partitions", fmt.Sprint(strings.Count(f.partitions("s", "t"), ";")), "1499")
}
