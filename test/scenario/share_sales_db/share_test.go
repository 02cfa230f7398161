package share_sales_db

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	trailtypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	ramtypes "github.com/aws/aws-sdk-go-v2/service/ram/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
)

const (
	database = "sales_db"
	table    = "orders"
	filter   = "uk_without_customers"
	country  = "United Kingdom"
)

// all are the columns of the orders; the partition keys come behind.
var all = []string{"order_id", "product_id", "description", "quantity", "order_time", "unit_price", "customer_id", "country"}

func lake(c harness.Caller) *lakeformation.Client { return lakeformation.NewFromConfig(c.Config()) }
func data(c harness.Caller) *glue.Client          { return glue.NewFromConfig(c.Config()) }

// play is a test with what every step of it needs.
type play struct {
	*testing.T
	*stage
}

func (p *play) must(what string, err error) {
	p.Helper()
	if err != nil {
		p.Fatalf("%s: %v", what, err)
	}
}

// refused wants an error with one of the codes.
func (p *play) refused(what string, err error, codes ...string) {
	p.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || !slices.Contains(codes, e.ErrorCode()) {
		p.Errorf("%s: got %v, want one of %v", what, err, codes)
	}
}

func TestGo(t *testing.T) {
	p := &play{t, setStage(t, "go")}
	p.produce()
	p.grantToMiddle()
	p.grantToConsumer()
	p.consume()
	p.queries()
	p.staysOut()
	p.vends()
	p.ends()
	p.audited()
}

// produce has the files crawled into a table that Lake Formation governs.
func (p *play) produce() {
	ctx := p.Context()
	p.upload(ctx, p.T)
	for _, who := range []harness.Caller{p.p, p.m, p.c} {
		_, err := lake(who).PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: &types.DataLakeSettings{
			DataLakeAdmins:                   []types.DataLakePrincipal{{DataLakePrincipalIdentifier: &who.ARN}},
			CreateDatabaseDefaultPermissions: []types.PrincipalPermissions{}, CreateTableDefaultPermissions: []types.PrincipalPermissions{},
			AllowFullTableExternalDataAccess: aws.Bool(true)}})
		p.must("settings", err)
	}
	location := "arn:aws:s3:::" + p.bucket + "/data/orders"
	_, err := lake(p.p).RegisterResource(ctx, &lakeformation.RegisterResourceInput{ResourceArn: &location, RoleArn: &p.keeper})
	p.must("register", err)
	_, err = data(p.p).CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String(database)}})
	p.must("database", err)
	p.grant(p.p, p.crawler, &types.Resource{Database: &types.DatabaseResource{Name: aws.String(database)}}, nil,
		types.PermissionCreateTable, types.PermissionAlter, types.PermissionDescribe)
	p.grant(p.p, p.crawler, &types.Resource{DataLocation: &types.DataLocationResource{ResourceArn: &location}}, nil, types.PermissionDataLocationAccess)
	_, err = data(p.p).CreateCrawler(ctx, &glue.CreateCrawlerInput{Name: aws.String("orders"), Role: &p.crawler, DatabaseName: aws.String(database),
		Targets: &gluetypes.CrawlerTargets{S3Targets: []gluetypes.S3Target{{Path: aws.String("s3://" + p.bucket + "/data/orders/")}}}})
	p.must("crawler", err)
	_, err = data(p.p).StartCrawler(ctx, &glue.StartCrawlerInput{Name: aws.String("orders")})
	p.must("crawl", err)
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		out, err := data(p.p).GetCrawler(ctx, &glue.GetCrawlerInput{Name: aws.String("orders")})
		p.must("crawler", err)
		if out.Crawler.State == gluetypes.CrawlerStateReady && out.Crawler.LastCrawl != nil {
			if out.Crawler.LastCrawl.Status != gluetypes.LastCrawlStatusSucceeded {
				p.Fatalf("the crawl ended %s: %s", out.Crawler.LastCrawl.Status, aws.ToString(out.Crawler.LastCrawl.ErrorMessage))
			}
			break
		}
		if time.Now().After(end) {
			p.Fatalf("the crawl does not end: %s", out.Crawler.State)
		}
	}
	got, err := data(p.p).GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String(database), Name: aws.String(table)})
	p.must("table", err)
	if names := columns(got.Table); !slices.Equal(names, all) {
		p.Fatalf("the crawler found %v", names)
	}
	if !got.Table.IsRegisteredWithLakeFormation {
		p.Error("the table's location is not known to be registered")
	}
	parts, err := data(p.p).GetPartitions(ctx, &glue.GetPartitionsInput{DatabaseName: aws.String(database), TableName: aws.String(table)})
	p.must("partitions", err)
	if len(parts.Partitions) != len(p.orders) {
		p.Errorf("%d partitions of %d files", len(parts.Partitions), len(p.orders))
	}
}

func columns(t *gluetypes.Table) (names []string) {
	for _, c := range t.StorageDescriptor.Columns {
		names = append(names, *c.Name)
	}
	return names
}

func (p *play) grant(by harness.Caller, to string, r *types.Resource, pass []types.Permission, permissions ...types.Permission) {
	p.Helper()
	_, err := lake(by).GrantPermissions(p.Context(), &lakeformation.GrantPermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &to},
		Resource: r, Permissions: permissions, PermissionsWithGrantOption: pass})
	p.must(fmt.Sprintf("grant of %v", permissions), err)
}

// whole is P's table for grants.
func (p *play) whole() *types.Resource {
	return &types.Resource{Table: &types.TableResource{CatalogId: &p.p.Account, DatabaseName: aws.String(database), Name: aws.String(table)}}
}

// cut is the filter on P's table for grants.
func (p *play) cut() *types.Resource {
	return &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: &p.p.Account, DatabaseName: aws.String(database),
		TableName: aws.String(table), Name: aws.String(filter)}}
}

func (p *play) grantToMiddle() {
	ctx := p.Context()
	both := []types.Permission{types.PermissionSelect, types.PermissionDescribe}
	p.grant(p.p, p.m.Account, p.whole(), both, both...)
	theirs := &glue.GetTableInput{CatalogId: &p.p.Account, DatabaseName: aws.String(database), Name: aws.String(table)}
	_, err := data(p.m).GetTable(ctx, theirs)
	p.refused("M before it accepted", err, "AccessDeniedException")
	p.accept(p.m, p.p.Account)
	got, err := data(p.m).GetTable(ctx, theirs)
	p.must("M's look at the table", err)
	if names := columns(got.Table); !slices.Equal(names, all) {
		p.Errorf("M sees %v", names)
	}
}

// accept takes the one invitation that waits.
func (p *play) accept(who harness.Caller, from string) {
	p.Helper()
	shares := ram.NewFromConfig(who.Config())
	list, err := shares.GetResourceShareInvitations(p.Context(), &ram.GetResourceShareInvitationsInput{})
	p.must("invitations", err)
	list.ResourceShareInvitations = slices.DeleteFunc(list.ResourceShareInvitations, func(i ramtypes.ResourceShareInvitation) bool {
		return i.Status != ramtypes.ResourceShareInvitationStatusPending
	})
	if len(list.ResourceShareInvitations) != 1 || *list.ResourceShareInvitations[0].SenderAccountId != from {
		p.Fatalf("invitations: %+v", list.ResourceShareInvitations)
	}
	_, err = shares.AcceptResourceShareInvitation(p.Context(),
		&ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: list.ResourceShareInvitations[0].ResourceShareInvitationArn})
	p.must("accept", err)
}

func (p *play) grantToConsumer() {
	_, err := lake(p.m).CreateDataCellsFilter(p.Context(), &lakeformation.CreateDataCellsFilterInput{TableData: &types.DataCellsFilter{
		TableCatalogId: &p.p.Account, DatabaseName: aws.String(database), TableName: aws.String(table), Name: aws.String(filter),
		RowFilter:      &types.RowFilter{FilterExpression: aws.String("country='" + country + "'")},
		ColumnWildcard: &types.ColumnWildcard{ExcludedColumnNames: []string{"customer_id"}}}})
	p.must("filter", err)
	p.grant(p.m, p.c.Account, p.cut(), []types.Permission{types.PermissionSelect}, types.PermissionSelect)
	p.accept(p.c, p.m.Account)
}

// consume makes a link in C's own catalog, through which C's analyst sees what was granted.
func (p *play) consume() {
	ctx := p.Context()
	_, err := data(p.c).CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("linked")}})
	p.must("database of C", err)
	_, err = data(p.c).CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("linked"), TableInput: &gluetypes.TableInput{Name: aws.String("sales"),
		TargetTable: &gluetypes.TableIdentifier{CatalogId: &p.p.Account, DatabaseName: aws.String(database), Name: aws.String(table)}}})
	p.must("link", err)
	link := &glue.GetTableInput{DatabaseName: aws.String("linked"), Name: aws.String("sales")}
	_, err = data(p.analyst).GetTable(ctx, link)
	p.refused("the analyst before it was granted", err, "AccessDeniedException")
	p.grant(p.c, p.analyst.ARN, &types.Resource{Database: &types.DatabaseResource{Name: aws.String("linked")}}, nil, types.PermissionDescribe)
	p.grant(p.c, p.analyst.ARN, &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("linked"), Name: aws.String("sales")}}, nil,
		types.PermissionDescribe)
	p.grant(p.c, p.analyst.ARN, p.cut(), nil, types.PermissionSelect)
	got, err := data(p.analyst).GetTable(ctx, link)
	p.must("the analyst's look at the link", err)
	if names := columns(got.Table); !slices.Equal(names, without(all, "customer_id")) {
		p.Errorf("the analyst sees %v", names)
	}
	list, err := data(p.analyst).GetTables(ctx, &glue.GetTablesInput{DatabaseName: aws.String("linked")})
	p.must("tables", err)
	if len(list.TableList) != 1 || slices.Contains(columns(&list.TableList[0]), "customer_id") {
		p.Errorf("GetTables shows the analyst %+v", list.TableList)
	}
	found, err := data(p.analyst).SearchTables(ctx, &glue.SearchTablesInput{SearchText: aws.String("customer_id"),
		ResourceShareType: gluetypes.ResourceShareTypeAll})
	p.must("search", err)
	if len(found.TableList) != 0 {
		p.Errorf("a search for the hidden column finds %+v", found.TableList)
	}
}

func without(list []string, one string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == one })
}

// staysOut tries P's objects with plain S3.
func (p *play) staysOut() {
	ctx, key := p.Context(), p.object()
	for name, who := range map[string]harness.Caller{"analyst": p.analyst, "C's administrator": p.c, "M's administrator": p.m} {
		_, err := who.S3().GetObject(ctx, &s3.GetObjectInput{Bucket: &p.bucket, Key: &key})
		p.refused(name+" gets", err, "AccessDenied")
		_, err = who.S3().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &p.bucket, Prefix: aws.String("data/orders/")})
		p.refused(name+" lists", err, "AccessDenied")
		signed, err := s3.NewPresignClient(who.S3()).PresignGetObject(ctx, &s3.GetObjectInput{Bucket: &p.bucket, Key: &key})
		p.must("presign", err)
		resp, err := http.Get(signed.URL)
		p.must("presigned get", err)
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusForbidden {
			p.Errorf("%s's presigned get: %s", name, resp.Status)
		}
	}
}

// vends has M's administrator, who may see all of the table, given credentials for its files.
func (p *play) vends() {
	ctx := p.Context()
	arn := "arn:aws:glue:" + harness.Region + ":" + p.p.Account + ":table/" + database + "/" + table
	in := &lakeformation.GetTemporaryGlueTableCredentialsInput{TableArn: &arn, Permissions: []types.Permission{types.PermissionSelect},
		DurationSeconds: aws.Int32(900), SupportedPermissionTypes: []types.PermissionType{types.PermissionTypeColumnPermission}}
	_, err := lake(p.analyst).GetTemporaryGlueTableCredentials(ctx, in)
	p.refused("credentials for who is cut to rows", err, "AccessDeniedException", "PermissionTypeMismatchException")
	out, err := lake(p.m).GetTemporaryGlueTableCredentials(ctx, in)
	p.must("credentials", err)
	if left := time.Until(*out.Expiration); left > 15*time.Minute || left < 14*time.Minute {
		p.Errorf("the credentials hold for %v", left)
	}
	s := harness.Server{URL: *p.p.Config().BaseEndpoint}
	who := s.Caller(*out.AccessKeyId, *out.SecretAccessKey, *out.SessionToken)
	key := p.object()
	got, err := who.S3().GetObject(ctx, &s3.GetObjectInput{Bucket: &p.bucket, Key: &key})
	p.must("get with credentials", err)
	body, err := io.ReadAll(got.Body)
	p.must("get with credentials", errors.Join(err, got.Body.Close()))
	if string(body) != string(p.orders[strings.TrimPrefix(key, "data/orders/")]) {
		p.Error("another object came")
	}
	list, err := who.S3().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &p.bucket, Prefix: aws.String("data/orders/")})
	p.must("list with credentials", err)
	if len(list.Contents) != len(p.orders) {
		p.Errorf("%d objects listed", len(list.Contents))
	}
	for _, outside := range []string{"configs/settings.json", "data/orders-internal/secret.csv"} {
		_, err = who.S3().GetObject(ctx, &s3.GetObjectInput{Bucket: &p.bucket, Key: &outside})
		p.refused("get of "+outside, err, "AccessDenied")
	}
	for _, prefix := range []string{"", "data/", "data/orders-internal/", "configs/"} {
		_, err = who.S3().ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &p.bucket, Prefix: &prefix})
		p.refused("list of "+prefix, err, "AccessDenied")
	}
	_, err = who.S3().PutObject(ctx, &s3.PutObjectInput{Bucket: &p.bucket, Key: &key, Body: strings.NewReader("x")})
	p.refused("put", err, "AccessDenied")
	_, err = who.S3().DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &p.bucket, Key: &key})
	p.refused("delete", err, "AccessDenied")
	_, err = who.S3().ListBuckets(ctx, &s3.ListBucketsInput{})
	p.refused("list of buckets", err, "AccessDenied")
	_, err = data(who).GetDatabases(ctx, &glue.GetDatabasesInput{})
	p.refused("databases", err, "AccessDeniedException")
}

// ends has P take back what it granted M: all that was built on it ends too.
func (p *play) ends() {
	ctx := p.Context()
	both := []types.Permission{types.PermissionSelect, types.PermissionDescribe}
	_, err := lake(p.p).RevokePermissions(ctx, &lakeformation.RevokePermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &p.m.Account},
		Resource: p.whole(), Permissions: both, PermissionsWithGrantOption: both})
	p.must("revoke", err)
	for name, who := range map[string]harness.Caller{"M": p.m, "C": p.c, "the analyst": p.analyst} {
		_, err := data(who).GetTable(ctx, &glue.GetTableInput{CatalogId: &p.p.Account, DatabaseName: aws.String(database), Name: aws.String(table)})
		p.refused(name+" after the revoke", err, "AccessDeniedException")
		arn := "arn:aws:glue:" + harness.Region + ":" + p.p.Account + ":table/" + database + "/" + table
		_, err = lake(who).GetTemporaryGlueTableCredentials(ctx, &lakeformation.GetTemporaryGlueTableCredentialsInput{TableArn: &arn})
		p.refused(name+"'s credentials after the revoke", err, "AccessDeniedException")
	}
	if _, err := p.ask("SELECT * FROM linked.sales"); err == nil || !strings.HasPrefix(err.Error(), "PERMISSION_DENIED: ") {
		p.Errorf("the query after the revoke: %v", err)
	}
	// The link is C's own and stays, but shows nothing of P's table any more.
	got, err := data(p.analyst).GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("linked"), Name: aws.String("sales")})
	if err == nil && got.Table.StorageDescriptor != nil && len(got.Table.StorageDescriptor.Columns) > 0 {
		p.Errorf("after the revoke the link shows %v", columns(got.Table))
	}
}

// audited looks for what happened in the trails of both sides.
func (p *play) audited() {
	for _, want := range []struct {
		who  harness.Caller
		name string
		of   string // account of who called
	}{
		{p.p, "GrantPermissions", p.p.Account}, {p.p, "RevokePermissions", p.p.Account},
		{p.p, "CreateDataCellsFilter", p.m.Account}, {p.m, "CreateDataCellsFilter", p.m.Account},
		{p.p, "GrantPermissions", p.m.Account}, {p.m, "GrantPermissions", p.m.Account},
		{p.m, "AcceptResourceShareInvitation", p.m.Account}, {p.p, "AcceptResourceShareInvitation", p.m.Account},
		{p.c, "AcceptResourceShareInvitation", p.c.Account}, {p.m, "AcceptResourceShareInvitation", p.c.Account},
		{p.p, "GetTemporaryGlueTableCredentials", p.m.Account}, {p.m, "GetTemporaryGlueTableCredentials", p.m.Account},
		{p.c, "CreateTable", p.c.Account},
	} {
		if !p.trail(want.who, want.name, want.of) {
			p.Errorf("the trail of %s has no %s by %s", want.who.Account, want.name, want.of)
		}
	}
}

func (p *play) trail(of harness.Caller, name, by string) bool {
	pages := cloudtrail.NewLookupEventsPaginator(of.CloudTrail(), &cloudtrail.LookupEventsInput{
		LookupAttributes: []trailtypes.LookupAttribute{{AttributeKey: trailtypes.LookupAttributeKeyEventName, AttributeValue: &name}}})
	for pages.HasMorePages() {
		page, err := pages.NextPage(p.Context())
		p.must("trail", err)
		for _, e := range page.Events {
			if strings.Contains(*e.CloudTrailEvent, `"accountId":"`+by+`"`) && !strings.Contains(*e.CloudTrailEvent, `"errorCode"`) {
				return true
			}
		}
	}
	return false
}
