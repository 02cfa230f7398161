package glue_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	iamsdk "github.com/aws/aws-sdk-go-v2/service/iam"
)

// crawler makes a crawler of a bucket that is not there.
func (f *fixture) crawler(name, schedule string) {
	f.t.Helper()
	role := "crawls"
	_, err := f.iam().CreateRole(f.t.Context(), &iamsdk.CreateRoleInput{RoleName: &role, AssumeRolePolicyDocument: aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	f.ok(err)
	_, err = f.iam().PutRolePolicy(f.t.Context(), &iamsdk.PutRolePolicyInput{RoleName: &role, PolicyName: &role, PolicyDocument: aws.String(all)})
	f.ok(err)
	config := f.chain.AWSConfig(f.root, region) // no session of the root user may pass roles
	config.Credentials = credentials.NewStaticCredentialsProvider(f.key.AccessKeyID, f.key.SecretAccessKey, "")
	_, err = glue.NewFromConfig(config).CreateCrawler(f.t.Context(), &glue.CreateCrawlerInput{Name: &name, Role: &role, DatabaseName: aws.String("d"), Schedule: &schedule,
		Targets: &types.CrawlerTargets{S3Targets: []types.S3Target{{Path: aws.String("s3://nowhere/t")}}}})
	f.ok(err)
}

func (f *fixture) crawled(name string) *types.Crawler {
	f.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		out, err := f.GetCrawler(f.t.Context(), &glue.GetCrawlerInput{Name: &name})
		f.ok(err)
		if out.Crawler.State == types.CrawlerStateReady {
			return out.Crawler
		}
		if time.Now().After(deadline) {
			f.t.Fatalf("crawler %s is still %s", name, out.Crawler.State)
		}
	}
}

// TestCrawlerIsDue holds that a schedule starts one crawl at each of its times, however often it is looked at. Clients sign with the day's time, so it is moved by minutes.
func TestCrawlerIsDue(t *testing.T) {
	f := open(t)
	ctx := t.Context()
	f.crawler("c", "cron(* * * * ? *)")
	minute := f.clock.Now().Truncate(time.Minute)
	crawls := func() int {
		t.Helper()
		out, err := f.ListCrawls(ctx, &glue.ListCrawlsInput{CrawlerName: aws.String("c")})
		f.ok(err)
		return len(out.Crawls)
	}
	look := func(want int, next time.Time) {
		t.Helper()
		for range 3 {
			got, err := f.glue.StartDue(ctx)
			f.ok(err)
			if !got.Equal(next) {
				t.Errorf("next is %v, want %v", got, next)
			}
		}
		f.crawled("c")
		if n := crawls(); n != want {
			t.Errorf("%d crawls, want %d", n, want)
		}
	}
	look(0, minute.Add(time.Minute))
	f.clock.Advance(minute.Add(time.Minute).Sub(f.clock.Now()))
	look(1, minute.Add(2*time.Minute))
	f.clock.Advance(5 * time.Minute) // times that were slept through are made up for once
	look(2, minute.Add(7*time.Minute))
	_, err := f.StopCrawlerSchedule(ctx, &glue.StopCrawlerScheduleInput{CrawlerName: aws.String("c")})
	f.ok(err)
	f.clock.Advance(5 * time.Minute)
	look(2, time.Time{})
}

// TestCrawlerEvents holds what is told of a crawl.
func TestCrawlerEvents(t *testing.T) {
	f := open(t)
	f.crawler("c", "")
	_, err := f.StartCrawler(t.Context(), &glue.StartCrawlerInput{Name: aws.String("c")})
	f.ok(err)
	c := f.crawled("c")
	if c.LastCrawl.Status != types.LastCrawlStatusFailed || !strings.Contains(*c.LastCrawl.ErrorMessage, "cannot list s3://nowhere/t") {
		t.Errorf("it ended %s: %s", c.LastCrawl.Status, aws.ToString(c.LastCrawl.ErrorMessage))
	}
	var got []string
	for _, e := range f.events(2) {
		d := detail(e)
		got = append(got, fmt.Sprint(e.Source, " ", e.DetailType, " ", e.Account == f.account, " ", d["crawlerName"], " ", d["state"], " ", d["tablesCreated"]))
	}
	want := "[aws.glue Glue Crawler State Change true c Started <nil> aws.glue Glue Crawler State Change true c Failed 0]"
	if fmt.Sprint(got) != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
