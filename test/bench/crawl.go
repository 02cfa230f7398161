package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// What is crawled: CSV files of about 2 KB under year=, month= and day=.
const (
	crawlFolders = 1000
	crawlFiles   = 10 // in each folder
)

// crawl measures a crawl of 10,000 objects in 1,000 partitions. moto's crawlers read nothing, so there is nothing to compare with.
func crawl(ctx context.Context, o options) (section, error) {
	servers, err := o.start(ctx, shared)
	defer func() { stopAll(servers) }()
	if err != nil {
		return section{}, err
	}
	cfg := aws.Config{Region: "us-east-1", BaseEndpoint: aws.String(servers[0].url), Credentials: credentials.NewStaticCredentialsProvider(rootKey, rootSecret, "")}
	role, err := fillBucket(ctx, cfg)
	if err != nil {
		return section{}, err
	}
	var b strings.Builder
	b.WriteString("| Case | seconds | aim |\n|---|---:|---:|\n")
	client := glue.NewFromConfig(cfg)
	for i, name := range []string{"the first crawl", "a crawl that finds nothing new"} {
		if i == 0 {
			if _, err := client.CreateCrawler(ctx, &glue.CreateCrawlerInput{Name: aws.String("c"), Role: &role, DatabaseName: aws.String("crawled"),
				Targets: &types.CrawlerTargets{S3Targets: []types.S3Target{{Path: aws.String("s3://crawled/orders/")}}}}); err != nil {
				return section{}, err
			}
		}
		took, err := crawlOnce(ctx, client)
		if err != nil {
			return section{}, err
		}
		fmt.Fprintf(&b, "| %s | %.2f | 10 |\n", name, took.Seconds())
	}
	var n int
	for pages := glue.NewGetPartitionsPaginator(client, &glue.GetPartitionsInput{DatabaseName: aws.String("crawled"), TableName: aws.String("orders")}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return section{}, err
		}
		n += len(page.Partitions)
	}
	if n != crawlFolders {
		return section{}, fmt.Errorf("the crawl found %d partitions", n)
	}
	return section{"Crawl", b.String() + fmt.Sprintf("\nA crawl of %d CSV objects in %d partitions, each of which is read.\n", crawlFolders*crawlFiles, crawlFolders)}, nil
}

func crawlOnce(ctx context.Context, client *glue.Client) (time.Duration, error) {
	began := time.Now()
	if _, err := client.StartCrawler(ctx, &glue.StartCrawlerInput{Name: aws.String("c")}); err != nil {
		return 0, err
	}
	for {
		out, err := client.GetCrawler(ctx, &glue.GetCrawlerInput{Name: aws.String("c")})
		if err != nil {
			return 0, err
		}
		if c := out.Crawler; c.State == types.CrawlerStateReady {
			if c.LastCrawl.Status != types.LastCrawlStatusSucceeded {
				return 0, fmt.Errorf("the crawl ended %s: %s", c.LastCrawl.Status, aws.ToString(c.LastCrawl.ErrorMessage))
			}
			return time.Since(began), nil
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// fillBucket makes the objects, and the role that crawls.
func fillBucket(ctx context.Context, cfg aws.Config) (role string, err error) {
	objects := s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })
	if _, err := objects.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("crawled")}); err != nil {
		return "", err
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	failed := make(chan error, loaders)
	for range loaders {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < crawlFolders*crawlFiles && ctx.Err() == nil; i = next.Add(1) - 1 {
				day := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, int(i/crawlFiles))
				key := fmt.Sprintf("orders/%s/part-%d.csv", day.Format("year=2006/month=01/day=02"), i%crawlFiles)
				if _, err := objects.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String("crawled"), Key: &key, Body: strings.NewReader(orderLines(int(i)))}); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	wg.Wait()
	close(failed)
	if err := errors.Join(<-failed, ctx.Err()); err != nil {
		return "", err
	}
	people := iam.NewFromConfig(cfg)
	made, err := people.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("crawls"), AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	if err != nil {
		return "", err
	}
	_, err = people.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("crawls"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","glue:*","lakeformation:*"],"Resource":"*"}]}`)})
	return *made.Role.Arn, err
}

func orderLines(i int) string {
	var b strings.Builder
	b.WriteString("order_id,product,quantity,order_time,unit_price,country\n")
	for n := range 40 {
		fmt.Fprintf(&b, "%d,P%05d,%d,2020-01-01 10:%02d:00,%d.%02d,%s\n", i*40+n, n*37, 1+n%24, n, n%20, n, places[n%len(places)])
	}
	return b.String()
}
