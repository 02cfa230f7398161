package glue_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	withMail    = "id,name,age,mail\n5,eve,50,e@x\n6,fay,60,f@x\n"
	mailColumns = peopleColumns + ", mail string"
)

// changes reads a summary as "TABLE ADD 1 t; PARTITION ADD 2 t/1 t/2".
func (f *field) changes(crawler string) string {
	f.Helper()
	text := f.summary(crawler)
	if text == "" {
		return ""
	}
	var kinds map[string]map[string]string
	f.must(json.Unmarshal([]byte(text), &kinds))
	var out []string
	for _, kind := range []string{"TABLE", "PARTITION"} {
		for _, word := range []string{"ADD", "UPDATE", "DELETE"} {
			inner, ok := kinds[kind][word]
			if !ok {
				continue
			}
			var d struct {
				Details struct{ Names []string }
				Count   int
			}
			f.must(json.Unmarshal([]byte(inner), &d))
			out = append(out, fmt.Sprintf("%s %s %d %s", kind, word, d.Count, strings.Join(d.Details.Names, " ")))
		}
	}
	return strings.Join(out, "; ")
}

// TestCrawlAgain holds what crawls after the first do, under each policy.
func TestCrawlAgain(t *testing.T) {
	base := newField(t, "again")
	policy := func(u types.UpdateBehavior, d types.DeleteBehavior) func(*glue.CreateCrawlerInput) {
		return func(in *glue.CreateCrawlerInput) {
			in.SchemaChangePolicy = &types.SchemaChangePolicy{UpdateBehavior: u, DeleteBehavior: d}
		}
	}
	both := func(list ...func(*glue.CreateCrawlerInput)) func(*glue.CreateCrawlerInput) {
		return func(in *glue.CreateCrawlerInput) {
			for _, f := range list {
				f(in)
			}
		}
	}
	configured := func(text string) func(*glue.CreateCrawlerInput) {
		return func(in *glue.CreateCrawlerInput) { in.Configuration = &text }
	}
	update, remove, deprecate, log := types.UpdateBehaviorUpdateInDatabase, types.DeleteBehaviorDeleteFromDatabase, types.DeleteBehaviorDeprecateInDatabase, types.DeleteBehaviorLog
	first := map[string]string{"t/y=1/a.csv": people, "t/y=2/a.csv": more, "u/a.csv": towns}
	const firstTables = "t csv (" + peopleColumns + ") by (y int): 1; 2"
	const townsTable = "\nu csv (" + townColumns + ")"
	newColumn := map[string]string{"t/y=3/a.csv": withMail}
	for i, c := range []struct {
		name    string
		change  func(*glue.CreateCrawlerInput)
		files   map[string]string
		erased  []string
		want    string
		changes string
		says    string
	}{
		{"nothing new", nil, nil, nil, firstTables + townsTable, "", ""},
		{"a new partition", nil, map[string]string{"t/y=3/a.csv": more}, nil, firstTables + "; 3" + townsTable, "PARTITION ADD 1 t/3", ""},
		{"a new table", nil, map[string]string{"v/a.json": lines}, nil, firstTables + townsTable + "\nv json (id int, name string)", "TABLE ADD 1 v", ""},
		{"a new column", policy(update, remove), newColumn, nil, "t csv (" + mailColumns + ") by (y int): 1; 2; 3" + townsTable, "TABLE UPDATE 1 t; PARTITION ADD 1 t/3", ""},
		{"a new column, logged", policy(types.UpdateBehaviorLog, log), newColumn, nil, firstTables + "; 3" + townsTable, "PARTITION ADD 1 t/3", "table t: its schema has changed"},
		{"a type that widens", nil, map[string]string{"t/y=2/a.csv": "id,name,age\n3,cid,50.5\n4,dan,60\n"}, nil,
			"t csv (id bigint, name string, age double) by (y int): 1; 2" + townsTable, "TABLE UPDATE 1 t; PARTITION UPDATE 1 t/2", ""},
		{"a type that widens, merged", configured(`{"Version":1.0,"CrawlerOutput":{"Tables":{"AddOrUpdateBehavior":"MergeNewColumns"},"Partitions":{"AddOrUpdateBehavior":"InheritFromTable"}}}`),
			map[string]string{"t/y=3/a.csv": "id,name,age,mail\n3,cid,50.5,c@x\n4,dan,60,d@x\n"}, nil, "t csv (" + mailColumns + ") by (y int): 1; 2; 3" + townsTable,
			"TABLE UPDATE 1 t; PARTITION ADD 1 t/3; PARTITION UPDATE 2 t/1 t/2", ""},
		{"data that is gone, deprecated", nil, nil, []string{"t/y=2/a.csv", "u/a.csv"}, "deprecated u csv (" + townColumns + ")\nt csv (" + peopleColumns + ") by (y int): 1; 2 deprecated",
			"TABLE UPDATE 1 u; PARTITION UPDATE 1 t/2", ""},
		{"data that is gone, deleted", policy(update, remove), nil, []string{"t/y=2/a.csv", "u/a.csv"}, "t csv (" + peopleColumns + ") by (y int): 1",
			"TABLE DELETE 1 u; PARTITION DELETE 1 t/2", ""},
		{"data that is gone, logged", policy(update, log), nil, []string{"t/y=2/a.csv", "u/a.csv"}, firstTables + townsTable, "", "table u: its data is gone"},
		{"data that cannot be read stays", policy(update, remove), map[string]string{"u/a.csv": "\x1f\x8b\x08broken"}, nil, firstTables + townsTable, "", "u/a.csv: the file is corrupt"},
		{"new folders only", both(policy(types.UpdateBehaviorLog, log), func(in *glue.CreateCrawlerInput) {
			in.RecrawlPolicy = &types.RecrawlPolicy{RecrawlBehavior: types.RecrawlBehaviorCrawlNewFoldersOnly}
		}), map[string]string{"t/y=3/a.csv": more, "t/y=1/b.csv": withMail}, []string{"u/a.csv"}, firstTables + "; 3" + townsTable, "PARTITION ADD 1 t/3", ""},
		{"folders of another depth", policy(update, deprecate), map[string]string{"t/y=1/m=1/a.csv": people, "t/y=2/m=1/a.csv": more}, []string{"t/y=1/a.csv", "t/y=2/a.csv"},
			"t csv (" + peopleColumns + ") by (y int, m int): 1/1; 2/1" + townsTable, "TABLE UPDATE 1 t; PARTITION ADD 2 t/1/1 t/2/1; PARTITION DELETE 2 t/1 t/2", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := *base
			f.T = t
			name := fmt.Sprintf("again%d", i)
			at := func(in map[string]string) map[string]string {
				out := map[string]string{}
				for key, body := range in {
					out[name+"/"+key] = body
				}
				return out
			}
			f.upload(at(first))
			f.crawler(name, name+"/", c.change)
			f.crawl(name)
			if got := f.tables(name); got != firstTables+townsTable {
				t.Fatalf("the first crawl found\n%s", got)
			}
			if got := f.changes(name); got != "TABLE ADD 2 t u; PARTITION ADD 2 t/1 t/2" {
				t.Errorf("the first crawl changed %s", got)
			}
			f.upload(at(c.files))
			for _, key := range c.erased {
				f.erase(name + "/" + key)
			}
			done := f.crawl(name)
			if done.LastCrawl.Status != types.LastCrawlStatusSucceeded || !strings.Contains(aws.ToString(done.LastCrawl.ErrorMessage), c.says) {
				t.Errorf("the crawl ended %s: %q", done.LastCrawl.Status, aws.ToString(done.LastCrawl.ErrorMessage))
			}
			if got := f.tables(name); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
			if got := f.changes(name); got != c.changes {
				t.Errorf("it changed %q, want %q", got, c.changes)
			}
			f.crawl(name)
			if got := f.tables(name); got != c.want {
				t.Errorf("a third crawl made it\n%s\nfrom\n%s", got, c.want)
			}
			if got := f.changes(name); got != "" {
				t.Errorf("a third crawl changed %s", got)
			}
		})
	}
}

// TestEventMode holds that a crawler looks only at folders that it was told of.
func TestEventMode(t *testing.T) {
	f := newField(t, "events")
	_, err := f.who.S3().PutBucketNotificationConfiguration(t.Context(), &s3.PutBucketNotificationConfigurationInput{Bucket: &f.bucket,
		NotificationConfiguration: &s3types.NotificationConfiguration{EventBridgeConfiguration: &s3types.EventBridgeConfiguration{}}})
	f.must(err)
	f.upload(map[string]string{"t/y=1/a.csv": people, "t/y=2/a.csv": more})
	f.crawler("events", "t/", func(in *glue.CreateCrawlerInput) {
		in.RecrawlPolicy = &types.RecrawlPolicy{RecrawlBehavior: types.RecrawlBehaviorCrawlEventMode}
		in.SchemaChangePolicy = &types.SchemaChangePolicy{DeleteBehavior: types.DeleteBehaviorDeleteFromDatabase}
		in.Targets.S3Targets[0].EventQueueArn = aws.String("arn:aws:sqs:us-east-1:123456789012:q")
	})
	f.crawl("events")
	want := "t csv (" + peopleColumns + ") by (y int): 1; 2"
	if got := f.tables("events"); got != want {
		t.Fatalf("got %s", got)
	}
	f.upload(map[string]string{"t/y=3/a.csv": more, "other/y=4/a.csv": more})
	f.erase("t/y=1/a.csv")
	// Events come a moment later; each crawl takes those that have come.
	var seen []string
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		f.crawl("events")
		if c := f.changes("events"); c != "" {
			seen = append(seen, c)
		}
		if f.tables("events") == "t csv ("+peopleColumns+") by (y int): 2; 3" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %s after %q", f.tables("events"), seen)
		}
	}
}
