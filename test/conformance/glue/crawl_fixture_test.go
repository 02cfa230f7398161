package glue_test

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/klauspost/compress/zstd"
)

// field is a test with an account that crawls.
type field struct {
	*testing.T
	*glue.Client
	server *harness.Server
	who    harness.Caller
	bucket string
	role   string
}

func newField(t *testing.T, bucket string) *field {
	t.Helper()
	server := harness.Start(t)
	return openField(t, server, harness.Must(server.Admin(t.Context()))(t), bucket)
}

func openField(t *testing.T, server *harness.Server, who harness.Caller, bucket string) *field {
	t.Helper()
	f := &field{T: t, Client: glue.NewFromConfig(who.Config()), server: server, who: who, bucket: bucket}
	_, err := who.S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket})
	f.must(err)
	f.role = f.makeRole("crawls", harness.AllowAll)
	return f
}

func (f *field) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatal(err)
	}
}

// refused wants an error of a code that says text.
func (f *field) refused(what string, err error, code, text string) {
	f.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) || e.ErrorCode() != code || !strings.Contains(e.ErrorMessage(), text) {
		f.Errorf("%s: got %v, want %s with %q", what, err, code, text)
	}
}

// makeRole makes a role that Glue may assume.
func (f *field) makeRole(name, policy string) string {
	f.Helper()
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"glue.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
	made, err := f.who.IAM().CreateRole(f.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	f.must(err)
	_, err = f.who.IAM().PutRolePolicy(f.Context(), &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"), PolicyDocument: &policy})
	f.must(err)
	return *made.Role.Arn
}

func (f *field) upload(files map[string]string) {
	f.Helper()
	for key, body := range files {
		_, err := f.who.S3().PutObject(f.Context(), &s3.PutObjectInput{Bucket: &f.bucket, Key: &key, Body: strings.NewReader(body)})
		f.must(err)
	}
}

func (f *field) erase(keys ...string) {
	f.Helper()
	for _, key := range keys {
		_, err := f.who.S3().DeleteObject(f.Context(), &s3.DeleteObjectInput{Bucket: &f.bucket, Key: &key})
		f.must(err)
	}
}

// crawler makes a crawler of the path, whose tables go to a database of its name.
func (f *field) crawler(name, path string, change func(*glue.CreateCrawlerInput)) {
	f.Helper()
	in := &glue.CreateCrawlerInput{Name: &name, Role: &f.role, DatabaseName: &name,
		Targets: &types.CrawlerTargets{S3Targets: []types.S3Target{{Path: aws.String("s3://" + f.bucket + "/" + path)}}}}
	if change != nil {
		change(in)
	}
	_, err := f.CreateCrawler(f.Context(), in)
	f.must(err)
}

// crawl runs a crawler to its end.
func (f *field) crawl(name string) *types.Crawler {
	f.Helper()
	_, err := f.StartCrawler(f.Context(), &glue.StartCrawlerInput{Name: &name})
	f.must(err)
	return f.await(name)
}

func (f *field) await(name string) *types.Crawler {
	f.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		out, err := f.GetCrawler(f.Context(), &glue.GetCrawlerInput{Name: &name})
		f.must(err)
		if out.Crawler.State == types.CrawlerStateReady {
			return out.Crawler
		}
		if time.Now().After(deadline) {
			f.Fatalf("crawler %s is still %s\n%s", name, out.Crawler.State, f.server.Log())
		}
	}
}

// tables tells what is in a database: a line for each table, as "name csv (id bigint) by (year int): 2020; 2021".
func (f *field) tables(database string) string {
	f.Helper()
	var out []string
	pages := glue.NewGetTablesPaginator(f, &glue.GetTablesInput{DatabaseName: &database})
	for pages.HasMorePages() {
		page, err := pages.NextPage(f.Context())
		var none *types.EntityNotFoundException
		if errors.As(err, &none) {
			return ""
		}
		f.must(err)
		for _, t := range page.TableList {
			line := fmt.Sprintf("%s %s (%s)", *t.Name, t.Parameters["classification"], columnsText(t.StorageDescriptor.Columns))
			if t.Parameters["DEPRECATED_BY_CRAWLER"] != "" {
				line = "deprecated " + line
			}
			if len(t.PartitionKeys) > 0 {
				line += " by (" + columnsText(t.PartitionKeys) + "): " + f.partitions(database, *t.Name)
			}
			out = append(out, line)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}

func (f *field) partitions(database, table string) string {
	f.Helper()
	var values []string
	pages := glue.NewGetPartitionsPaginator(f, &glue.GetPartitionsInput{DatabaseName: &database, TableName: &table})
	for pages.HasMorePages() {
		page, err := pages.NextPage(f.Context())
		f.must(err)
		for _, p := range page.Partitions {
			text := strings.Join(p.Values, "/")
			if p.Parameters["DEPRECATED_BY_CRAWLER"] != "" {
				text += " deprecated"
			}
			values = append(values, text)
		}
	}
	slices.Sort(values)
	return strings.Join(values, "; ")
}

func columnsText(list []types.Column) string {
	var out []string
	for _, c := range list {
		out = append(out, *c.Name+" "+*c.Type)
	}
	return strings.Join(out, ", ")
}

// summary is what the last crawl changed: Glue's document.
func (f *field) summary(crawler string) string {
	f.Helper()
	out, err := f.ListCrawls(f.Context(), &glue.ListCrawlsInput{CrawlerName: &crawler, MaxResults: aws.Int32(1)})
	f.must(err)
	return aws.ToString(out.Crawls[0].Summary)
}

func gzipText(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // to memory
	_ = z.Close()
	return b.String()
}

func zstdText(text string) string {
	z, _ := zstd.NewWriter(nil)
	return string(z.EncodeAll([]byte(text), nil))
}

// parquetText makes a Parquet file of columns, given with a row each as JSON.
func parquetText(t testing.TB, columns map[string]arrow.DataType, rows string) string {
	t.Helper()
	var fields []arrow.Field
	for _, name := range slices.Sorted(maps.Keys(columns)) {
		fields = append(fields, arrow.Field{Name: name, Type: columns[name], Nullable: true})
	}
	schema := arrow.NewSchema(fields, nil)
	rec, _, err := array.RecordFromJSON(memory.DefaultAllocator, schema, strings.NewReader(rows))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &b, nil, pqarrow.DefaultWriterProps())
	if err == nil {
		err = errors.Join(w.Write(rec), w.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// retire removes a role.
func (f *field) retire(name string) {
	f.Helper()
	_, err := f.who.IAM().DeleteRolePolicy(f.Context(), &iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: aws.String("p")})
	f.must(err)
	_, err = f.who.IAM().DeleteRole(f.Context(), &iam.DeleteRoleInput{RoleName: &name})
	f.must(err)
}
