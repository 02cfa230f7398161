package fault

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

const crawled, crawledFolders = "crawled", 1200

// TestKillCrawl kills the server again and again while it crawls. The crawl comes to its end for all that, and makes everything once.
func TestKillCrawl(t *testing.T) {
	o := harness.Options{DataDir: t.TempDir()}
	s := start(t, o)
	ctx := t.Context()
	client := dial(s)
	if _, err := client.s3.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(crawled)}); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			for i := w; i < crawledFolders; i += writers {
				for _, table := range []string{"a", "b"} {
					key := fmt.Sprintf("%s/y=%d/a.csv", table, i)
					body := map[string]string{"a": "id,name\n1,x\n2,y\n", "b": "town;size;area\noslo;1;2.5\nrome;2;3.5\n"}[table]
					if _, err := client.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(crawled), Key: &key, Body: strings.NewReader(body)}); err != nil {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	all.Wait()
	role := aws.String("crawls")
	if _, err := client.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: role, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.iam.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: role, PolicyName: role, PolicyDocument: aws.String(harness.AllowAll)}); err != nil {
		t.Fatal(err)
	}
	data := glue.NewFromConfig(s.Root().Config())
	if _, err := data.CreateCrawler(ctx, &glue.CreateCrawlerInput{Name: aws.String("c"), Role: role, DatabaseName: aws.String("d"),
		Targets: &types.CrawlerTargets{S3Targets: []types.S3Target{{Path: aws.String("s3://" + crawled)}}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := data.StartCrawler(ctx, &glue.StartCrawlerInput{Name: aws.String("c")}); err != nil {
		t.Fatal(err)
	}
	amid := 0
	for _, life := range []time.Duration{150 * time.Millisecond, 600 * time.Millisecond, 1200 * time.Millisecond, 300 * time.Millisecond} {
		time.Sleep(life) // it is killed wherever it is then
		out, err := glue.NewFromConfig(s.Root().Config()).GetCrawler(ctx, &glue.GetCrawlerInput{Name: aws.String("c")})
		if err != nil {
			t.Fatal(err)
		}
		if out.Crawler.State == types.CrawlerStateRunning {
			amid++
		}
		s.Kill()
		s = start(t, o)
	}
	if t.Logf("killed %d times while it crawled", amid); amid == 0 {
		t.Error("it was never killed while it crawled")
	}
	data = glue.NewFromConfig(s.Root().Config())
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(20 * time.Millisecond) {
		out, err := data.GetCrawler(ctx, &glue.GetCrawlerInput{Name: aws.String("c")})
		if err != nil {
			t.Fatal(err)
		}
		if out.Crawler.State == types.CrawlerStateReady {
			if l := out.Crawler.LastCrawl; l.Status != types.LastCrawlStatusSucceeded {
				t.Fatalf("the crawl ended %s: %s", l.Status, aws.ToString(l.ErrorMessage))
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the crawl does not end\n%s", s.Log())
		}
	}
	history, err := data.ListCrawls(ctx, &glue.ListCrawlsInput{CrawlerName: aws.String("c")})
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`\"Count\":%d`, 2*crawledFolders)
	if len(history.Crawls) != 1 || !strings.Contains(*history.Crawls[0].Summary, want) || !strings.Contains(*history.Crawls[0].Summary, `{\"Details\":{\"names\":[\"a\",\"b\"]},\"Count\":2}`) {
		t.Errorf("%d crawls, the last with %s", len(history.Crawls), aws.ToString(history.Crawls[0].Summary))
	}
	for _, table := range []string{"a", "b"} {
		n := 0
		pages := glue.NewGetPartitionsPaginator(data, &glue.GetPartitionsInput{DatabaseName: aws.String("d"), TableName: &table})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			n += len(page.Partitions)
		}
		if n != crawledFolders {
			t.Errorf("table %s has %d partitions", table, n)
		}
	}
	made := 0
	trail := cloudtrail.NewLookupEventsPaginator(s.Root().CloudTrail(), &cloudtrail.LookupEventsInput{})
	for trail.HasMorePages() {
		page, err := trail.NextPage(ctx)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			if *e.EventName == "CreateTable" && !strings.Contains(*e.CloudTrailEvent, `"errorCode"`) {
				made++
			}
			if *e.EventName == "UpdateTable" {
				t.Error("a table was written twice")
			}
		}
	}
	if made != 2 {
		t.Errorf("%d tables were made", made)
	}
}
