package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation"
	"github.com/aws/aws-sdk-go-v2/service/lakeformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ram"
	ramtypes "github.com/aws/aws-sdk-go-v2/service/ram/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const (
	salesBucket = "producer-sales"
	location    = "arn:aws:s3:::" + salesBucket + "/orders"
	results     = "results-of-c"
)

// crawl has P's orders crawled into a table that Lake Formation governs.
func (d *demo) crawl(ctx context.Context) (string, error) {
	files, lines, _, _ := orders()
	if _, err := d.p.s3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(salesBucket)}); err != nil {
		return "", err
	}
	for name, body := range files {
		if _, err := d.p.s3().PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(salesBucket), Key: aws.String("orders/" + name), Body: strings.NewReader(body)}); err != nil {
			return "", err
		}
	}
	for _, who := range []caller{d.p, d.m, d.c} {
		if _, err := lakeformation.NewFromConfig(who.config()).PutDataLakeSettings(ctx, &lakeformation.PutDataLakeSettingsInput{DataLakeSettings: &types.DataLakeSettings{
			DataLakeAdmins:                   []types.DataLakePrincipal{{DataLakePrincipalIdentifier: &who.arn}},
			CreateDatabaseDefaultPermissions: []types.PrincipalPermissions{}, CreateTableDefaultPermissions: []types.PrincipalPermissions{}}}); err != nil {
			return "", err
		}
	}
	objects := `{"Effect":"Allow","Action":"s3:ListBucket","Resource":"arn:aws:s3:::` + salesBucket + `"},{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::` + salesBucket + `/*"}`
	crawler, err := d.p.role(ctx, "crawler", "glue.amazonaws.com", `{"Effect":"Allow","Action":["glue:*","lakeformation:GetDataAccess","logs:*"],"Resource":"*"},`+objects)
	if err != nil {
		return "", err
	}
	keeper, err := d.p.role(ctx, "keeper", "lakeformation.amazonaws.com", objects)
	if err != nil {
		return "", err
	}
	g, l := glue.NewFromConfig(d.p.config()), lakeformation.NewFromConfig(d.p.config())
	if _, err := l.RegisterResource(ctx, &lakeformation.RegisterResourceInput{ResourceArn: aws.String(location), RoleArn: &keeper}); err != nil {
		return "", err
	}
	if _, err := g.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("sales_db")}}); err != nil {
		return "", err
	}
	if err := errors.Join(grant(ctx, d.p, crawler, &types.Resource{Database: &types.DatabaseResource{Name: aws.String("sales_db")}}, nil, types.PermissionCreateTable, types.PermissionAlter, types.PermissionDescribe),
		grant(ctx, d.p, crawler, &types.Resource{DataLocation: &types.DataLocationResource{ResourceArn: aws.String(location)}}, nil, types.PermissionDataLocationAccess)); err != nil {
		return "", err
	}
	if _, err := g.CreateCrawler(ctx, &glue.CreateCrawlerInput{Name: aws.String("orders"), Role: &crawler, DatabaseName: aws.String("sales_db"),
		Targets: &gluetypes.CrawlerTargets{S3Targets: []gluetypes.S3Target{{Path: aws.String("s3://" + salesBucket + "/orders/")}}}}); err != nil {
		return "", err
	}
	if _, err := g.StartCrawler(ctx, &glue.StartCrawlerInput{Name: aws.String("orders")}); err != nil {
		return "", err
	}
	if err := until(ctx, time.Minute, func() (bool, error) {
		out, err := g.GetCrawler(ctx, &glue.GetCrawlerInput{Name: aws.String("orders")})
		if err != nil || out.Crawler.State != gluetypes.CrawlerStateReady || out.Crawler.LastCrawl == nil {
			return false, err
		}
		if out.Crawler.LastCrawl.Status != gluetypes.LastCrawlStatusSucceeded {
			return false, errors.New(aws.ToString(out.Crawler.LastCrawl.ErrorMessage))
		}
		return true, nil
	}); err != nil {
		return "", err
	}
	table, err := g.GetTable(ctx, &glue.GetTableInput{DatabaseName: aws.String("sales_db"), Name: aws.String("orders")})
	if err != nil {
		return "", err
	}
	parts, err := g.GetPartitions(ctx, &glue.GetPartitionsInput{DatabaseName: aws.String("sales_db"), TableName: aws.String("orders")})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d made-up order lines became sales_db.orders: %d columns, %d partitions", lines, len(table.Table.StorageDescriptor.Columns), len(parts.Partitions)), nil
}

func grant(ctx context.Context, by caller, to string, r *types.Resource, pass []types.Permission, permissions ...types.Permission) error {
	_, err := lakeformation.NewFromConfig(by.config()).GrantPermissions(ctx, &lakeformation.GrantPermissionsInput{Principal: &types.DataLakePrincipal{DataLakePrincipalIdentifier: &to},
		Resource: r, Permissions: permissions, PermissionsWithGrantOption: pass})
	return err
}

// accept takes the invitation that waits.
func accept(ctx context.Context, who caller) error {
	shares := ram.NewFromConfig(who.config())
	list, err := shares.GetResourceShareInvitations(ctx, &ram.GetResourceShareInvitationsInput{})
	if err != nil {
		return err
	}
	for _, i := range list.ResourceShareInvitations {
		if i.Status == ramtypes.ResourceShareInvitationStatusPending {
			if _, err := shares.AcceptResourceShareInvitation(ctx, &ram.AcceptResourceShareInvitationInput{ResourceShareInvitationArn: i.ResourceShareInvitationArn}); err != nil {
				return err
			}
		}
	}
	return nil
}

// share has P grant its table to M, which grants some rows and columns of it to C, where an analyst gets them.
func (d *demo) share(ctx context.Context) (string, error) {
	both := []types.Permission{types.PermissionSelect, types.PermissionDescribe}
	if err := grant(ctx, d.p, d.m.account, &types.Resource{Table: &types.TableResource{CatalogId: &d.p.account, DatabaseName: aws.String("sales_db"), Name: aws.String("orders")}}, both, both...); err != nil {
		return "", err
	}
	if err := accept(ctx, d.m); err != nil {
		return "", err
	}
	if _, err := lakeformation.NewFromConfig(d.m.config()).CreateDataCellsFilter(ctx, &lakeformation.CreateDataCellsFilterInput{TableData: &types.DataCellsFilter{
		TableCatalogId: &d.p.account, DatabaseName: aws.String("sales_db"), TableName: aws.String("orders"), Name: aws.String("uk"),
		RowFilter: &types.RowFilter{FilterExpression: aws.String("country='" + country + "'")}, ColumnWildcard: &types.ColumnWildcard{ExcludedColumnNames: []string{"customer_id"}}}}); err != nil {
		return "", err
	}
	cut := &types.Resource{DataCellsFilter: &types.DataCellsFilterResource{TableCatalogId: &d.p.account, DatabaseName: aws.String("sales_db"), TableName: aws.String("orders"), Name: aws.String("uk")}}
	if err := grant(ctx, d.m, d.c.account, cut, []types.Permission{types.PermissionSelect}, types.PermissionSelect); err != nil {
		return "", err
	}
	if err := accept(ctx, d.c); err != nil {
		return "", err
	}
	g := glue.NewFromConfig(d.c.config())
	if _, err := g.CreateDatabase(ctx, &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String("shared")}}); err != nil {
		return "", err
	}
	if _, err := g.CreateTable(ctx, &glue.CreateTableInput{DatabaseName: aws.String("shared"), TableInput: &gluetypes.TableInput{Name: aws.String("orders"),
		TargetTable: &gluetypes.TableIdentifier{CatalogId: &d.p.account, DatabaseName: aws.String("sales_db"), Name: aws.String("orders")}}}); err != nil {
		return "", err
	}
	return "P granted the table to M, M granted C the rows of " + country + " without customer_id", errors.Join(
		grant(ctx, d.c, d.analyst.arn, &types.Resource{Database: &types.DatabaseResource{Name: aws.String("shared")}}, nil, types.PermissionDescribe),
		grant(ctx, d.c, d.analyst.arn, &types.Resource{Table: &types.TableResource{DatabaseName: aws.String("shared"), Name: aws.String("orders")}}, nil, types.PermissionDescribe),
		grant(ctx, d.c, d.analyst.arn, cut, nil, types.PermissionSelect))
}

// query has C's analyst ask, and checks what is seen against what was made.
func (d *demo) query(ctx context.Context) (string, error) {
	if _, err := d.c.s3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(results)}); err != nil {
		return "", err
	}
	_, lines, visible, seen := orders()
	rows, err := d.ask(ctx, "SELECT country, count(*) AS n, sum(quantity) AS quantity FROM shared.orders GROUP BY country")
	if err != nil {
		return "", err
	}
	if want := []string{country, strconv.Itoa(visible), strconv.Itoa(seen)}; len(rows) != 2 || !slices.Equal(rows[1], want) {
		return "", fmt.Errorf("the analyst sees %v, want %v", rows, want)
	}
	if _, err := d.ask(ctx, "SELECT customer_id FROM shared.orders"); err == nil {
		return "", errors.New("the analyst sees the hidden column")
	}
	return fmt.Sprintf("C's analyst sees %d of %d lines, quantity %d; customer_id cannot be resolved", visible, lines, seen), nil
}

func (d *demo) ask(ctx context.Context, sql string) ([][]string, error) {
	client := athena.NewFromConfig(d.analyst.config())
	out, err := client.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{QueryString: &sql, ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://" + results + "/")}})
	if err != nil {
		return nil, err
	}
	if err := until(ctx, time.Minute, func() (bool, error) {
		got, err := client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: out.QueryExecutionId})
		if err != nil {
			return false, err
		}
		if s := got.QueryExecution.Status; s.State == athenatypes.QueryExecutionStateFailed {
			return false, errors.New(aws.ToString(s.StateChangeReason))
		}
		return got.QueryExecution.Status.State == athenatypes.QueryExecutionStateSucceeded, nil
	}); err != nil {
		return nil, err
	}
	object, err := d.analyst.s3().GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(results), Key: aws.String(*out.QueryExecutionId + ".csv")})
	if err != nil {
		return nil, err
	}
	defer object.Body.Close()
	return csv.NewReader(object.Body).ReadAll()
}

// until asks until something is so.
func until(ctx context.Context, limit time.Duration, so func() (bool, error)) error {
	for end := time.Now().Add(limit); ; {
		yes, err := so()
		if yes || err != nil {
			return err
		}
		if time.Now().After(end) {
			return fmt.Errorf("not done after %v", limit)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}
