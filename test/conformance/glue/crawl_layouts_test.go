package glue_test

import (
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

const (
	people = "id,name,age\n1,ann,30\n2,bob,40\n"
	more   = "id,name,age\n3,cid,50\n4,dan,60\n"
	towns  = "town;country;inhabitants;area\noslo;NO;700000;480.5\nrome;IT;2800000;1285.3\n"
	lines  = `{"id":1,"name":"ann"}` + "\n" + `{"id":2,"name":"bob"}` + "\n"

	peopleColumns = "id bigint, name string, age bigint"
	townColumns   = "town string, country string, inhabitants bigint, area double"
)

// TestLayouts holds what a first crawl of many layouts finds.
func TestLayouts(t *testing.T) {
	f := newField(t, "layouts")
	t.Cleanup(func() {
		if t.Failed() {
			t.Log(f.server.Log())
		}
	})
	whole := parquetText(t, map[string]arrow.DataType{"id": arrow.PrimitiveTypes.Int64, "price": &arrow.Decimal128Type{Precision: 12, Scale: 2}, "day": arrow.FixedWidthTypes.Date32,
		"place": arrow.StructOf(arrow.Field{Name: "lat", Type: arrow.PrimitiveTypes.Float64, Nullable: true})}, `[{"id":1,"price":"1.50","day":"2024-01-02","place":{"lat":1.5}}]`)
	const wholeColumns = "day date, id bigint, place struct<lat:double>, price decimal(12,2)"
	configured := func(text string) func(*glue.CreateCrawlerInput) {
		return func(in *glue.CreateCrawlerInput) { in.Configuration = &text }
	}
	for i, c := range []struct {
		name   string
		files  map[string]string
		change func(*glue.CreateCrawlerInput)
		want   []string
		says   string // in the crawl's messages
	}{
		{"one folder", map[string]string{"t/a.csv": people, "t/b.csv": more}, nil, []string{"t csv (" + peopleColumns + ")"}, ""},
		{"Hive's partitions", map[string]string{"t/year=2020/a.csv": people, "t/year=2021/a.csv": more}, nil, []string{"t csv (" + peopleColumns + ") by (year int): 2020; 2021"}, ""},
		{"partitions in partitions", map[string]string{"t/year=2020/month=01/a.csv": people, "t/year=2020/month=02/a.csv": more, "t/year=2021/month=01/a.csv": more}, nil,
			[]string{"t csv (" + peopleColumns + ") by (year int, month int): 2020/01; 2020/02; 2021/01"}, ""},
		{"types of keys", map[string]string{"t/day=2020-01-01/n=10000000000/s=x/a.csv": people, "t/day=2020-01-02/n=7/s=1/a.csv": more}, nil,
			[]string{"t csv (" + peopleColumns + ") by (day date, n bigint, s string): 2020-01-01/10000000000/x; 2020-01-02/7/1"}, ""},
		{"Hive's null and escapes", map[string]string{"t/s=__HIVE_DEFAULT_PARTITION__/a.csv": people, "t/s=a%2Fb/a.csv": more}, nil,
			[]string{"t csv (" + peopleColumns + ") by (s string): __HIVE_DEFAULT_PARTITION__; a/b"}, ""},
		{"folders that aren't Hive's", map[string]string{"t/2020/01/a.csv": people, "t/2020/02/a.csv": more, "t/2021/01/a.csv": more}, nil,
			[]string{"t csv (" + peopleColumns + ") by (partition_0 int, partition_1 int): 2020/01; 2020/02; 2021/01"}, ""},
		{"two tables side by side", map[string]string{"people/a.csv": people, "towns/a.csv": towns}, nil,
			[]string{"people csv (" + peopleColumns + ")", "towns csv (" + townColumns + ")"}, ""},
		{"two partitioned tables side by side", map[string]string{"people/y=1/a.csv": people, "people/y=2/a.csv": more, "towns/d=a/a.csv": towns, "towns/d=b/a.csv": towns}, nil,
			[]string{"people csv (" + peopleColumns + ") by (y int): 1; 2", "towns csv (" + townColumns + ") by (d string): a; b"}, ""},
		{"alike side by side", map[string]string{"t/north/a.csv": people, "t/south/a.csv": more}, nil,
			[]string{"t csv (" + peopleColumns + ") by (partition_0 string): north; south"}, ""},
		{"files of one folder that differ", map[string]string{"t/people.csv": people, "t/towns.csv": towns}, nil,
			[]string{"people_csv csv (" + peopleColumns + ")", "towns_csv csv (" + townColumns + ")"}, ""},
		{"a table beside a file", map[string]string{"settings.json": lines, "people/a.csv": people, "people/b.csv": more}, nil,
			[]string{"people csv (" + peopleColumns + ")", "settings_json json (id int, name string)"}, ""},
		{"one file as target", map[string]string{"t/a.csv": people, "t/a.csv2": towns}, func(in *glue.CreateCrawlerInput) {
			*in.Targets.S3Targets[0].Path += "t/a.csv"
		}, []string{"a_csv csv (" + peopleColumns + ")"}, ""},
		{"folder without slash, and its neighbour", map[string]string{"t/a.csv": people, "t2/a.csv": towns}, func(in *glue.CreateCrawlerInput) {
			*in.Targets.S3Targets[0].Path += "t"
		}, []string{"t csv (" + peopleColumns + ")"}, ""},
		{"headers in some files", map[string]string{"t/a.csv": people, "t/b.csv": "3,cid,50\n4,dan,60\n"}, nil, []string{"t csv (" + peopleColumns + ")"}, ""},
		{"no header", map[string]string{"t/a.csv": "1,ann\n2,bob\n"}, nil, []string{"t csv (col0 bigint, col1 string)"}, ""},
		{"ragged rows", map[string]string{"t/a.csv": "id,t,n\n1,x,3\n2,y\n3,z,4\n4,w,5,6\n5,v,7\n"}, nil, []string{"t csv (id bigint, t string, n bigint)"}, ""},
		{"byte order mark", map[string]string{"t/a.csv": "\ufeffid,n\n1,é\n2,x\n"}, nil, []string{"t csv (id bigint, n string)"}, ""},
		{"Latin-1", map[string]string{"t/a.csv": "id,n\n1,caf\xe9\n2,M\xfcller\n"}, nil, []string{"t csv (id bigint, n string)"}, ""},
		{"quotes", map[string]string{"t/a.csv": "id,t,at\n1,\"a,b\",2024-01-01 10:00:00\n2,c,2024-01-02 11:00:00\n"}, nil, []string{"t csv (id bigint, t string, at string)"}, ""},
		{"tabs and dates", map[string]string{"t/a.tsv": "id\td\tb\n1\t2024-01-01\ttrue\n2\t2024-01-02\tfalse\n"}, nil, []string{"t csv (id bigint, d date, b boolean)"}, ""},
		{"JSON lines", map[string]string{"t/a.json": lines}, nil, []string{"t json (id int, name string)"}, ""},
		{"nested JSON", map[string]string{"t/a.json": `{"Id":1,"who":{"name":"ann","tags":["a","b"]},"items":[{"sku":"x","n":1.5}]}` + "\n"}, nil,
			[]string{"t json (id int, who struct<name:string,tags:array<string>>, items array<struct<sku:string,n:double>>)"}, ""},
		{"JSON with an array and a classifier", map[string]string{"t/a.json": `[{"id":1,"x":"a"},{"id":2,"x":"b"}]`}, func(in *glue.CreateCrawlerInput) {
			in.Classifiers = []string{"rows"}
		}, []string{"t json (id int, x string)"}, ""},
		{"Parquet, nested too", map[string]string{"t/a.parquet": whole}, nil, []string{"t parquet (" + wholeColumns + ")"}, ""},
		{"a corrupt Parquet file among good ones", map[string]string{"t/a.parquet": whole, "t/b.parquet": whole[:len(whole)/2], "t/c.parquet": whole}, nil,
			[]string{"t parquet (" + wholeColumns + ")"}, "t/b.parquet: the file is corrupt"},
		{"gzip", map[string]string{"t/a.csv.gz": gzipText(people), "t/b.csv.gz": gzipText(more)}, nil, []string{"t csv (" + peopleColumns + ")"}, ""},
		{"zstd", map[string]string{"t/a.json.zst": zstdText(lines)}, nil, []string{"t json (id int, name string)"}, ""},
		{"empty files", map[string]string{"t/a.csv": "", "t/b.csv": people, "t/_SUCCESS": "", "u/x.csv": ""}, nil, []string{"t csv (" + peopleColumns + ")"}, ""},
		{"hidden files", map[string]string{"t/_temporary/0/a.csv": towns, "t/.part.crc": "x,y\n1,2\n", "t/a.csv": people}, nil, []string{"t csv (" + peopleColumns + ")"}, ""},
		{"rubbish beside", map[string]string{"t/a.csv": people, "t/logo.png": "\x89PNG\r\n\x1a\n\x00\x00\x00"}, nil, []string{"t csv (" + peopleColumns + ")"}, "t/logo.png: its format"},
		{"drift between partitions", map[string]string{"t/y=1/a.csv": people, "t/y=2/a.csv": "id,name,age,mail\n3,cid,50,c@x\n4,dan,60,d@x\n", "t/y=3/a.csv": "id,name,age\n5,eve,50.5\n6,fay,60\n"}, nil,
			[]string{"t csv (id bigint, name string, age double, mail string) by (y int): 1; 2; 3"}, ""},
		{"partitions of another format", map[string]string{"t/y=1/a.csv": people, "t/y=2/a.csv": more, "t/y=3/a.json": lines}, nil,
			[]string{"t csv (" + peopleColumns + ") by (y int): 1; 2; 3"}, ""},
		{"a column that is a key too", map[string]string{"t/id=1/a.json": lines, "t/id=2/a.json": lines}, nil, []string{"t json (name string) by (id int): 1; 2"}, ""},
		{"exclusions", map[string]string{"t/a.csv": people, "t/skip/b.csv": towns, "t/x.tmp": towns}, func(in *glue.CreateCrawlerInput) {
			in.Targets.S3Targets[0].Exclusions = []string{"t/skip/**", "**.tmp"}
		}, []string{"t csv (" + peopleColumns + ")"}, ""},
		{"a prefix", map[string]string{"My-Table.1/a.csv": people}, func(in *glue.CreateCrawlerInput) { in.TablePrefix = aws.String("raw_") },
			[]string{"raw_my_table_1 csv (" + peopleColumns + ")"}, ""},
		{"a sample of a folder", map[string]string{"t/a.csv": people, "t/b.csv": more, "t/c.csv": "id,name,age,z\n7,x,1,2\n8,y,3,4\n"}, func(in *glue.CreateCrawlerInput) {
			in.Targets.S3Targets[0].SampleSize = aws.Int32(1)
		}, []string{"t csv (" + peopleColumns + ")"}, ""},
		{"compatible schemas combined", map[string]string{"t/a/x.csv": people, "t/b/x.csv": "town,country\noslo,1\nrome,2\n"},
			configured(`{"Version":1.0,"Grouping":{"TableGroupingPolicy":"CombineCompatibleSchemas"}}`),
			[]string{"t csv (" + peopleColumns + ", town string, country bigint) by (partition_0 string): a; b"}, ""},
		{"tables on a level", map[string]string{"a/north/x.csv": people, "a/south/x.csv": more, "b/north/x.csv": people, "b/south/x.csv": more},
			configured(`{"Version":1.0,"Grouping":{"TableLevelConfiguration":3}}`),
			[]string{"a csv (" + peopleColumns + ") by (partition_0 string): north; south", "b csv (" + peopleColumns + ") by (partition_0 string): north; south"}, ""},
		{"two targets", map[string]string{"x/t/a.csv": people, "y/t/a.csv": towns}, func(in *glue.CreateCrawlerInput) {
			base := *in.Targets.S3Targets[0].Path
			in.Targets.S3Targets = []types.S3Target{{Path: aws.String(base + "x/t/")}, {Path: aws.String(base + "y/t/")}}
		}, []string{"t csv (" + peopleColumns + ")", "t_* csv (" + townColumns + ")"}, ""},
		{"lines that grok reads", map[string]string{"t/a.log": "2024-01-01 INFO started\n2024-01-02 WARN slow\n"}, func(in *glue.CreateCrawlerInput) {
			in.Classifiers = []string{"journal"}
		}, []string{"t journal (day string, level string, text string)"}, ""},
		{"one column, and a classifier", map[string]string{"t/a.csv": "ann\nbob\n"}, func(in *glue.CreateCrawlerInput) { in.Classifiers = []string{"single"} },
			[]string{"t csv (name string)"}, ""},
		{"nothing", map[string]string{"t/a.csv": ""}, nil, nil, ""},
	} {
		name := "c" + strings.Map(func(r rune) rune {
			if r >= 'a' && r <= 'z' {
				return r
			}
			return '_'
		}, strings.ToLower(c.name))
		t.Run(c.name, func(t *testing.T) {
			f := *f
			f.T = t
			if i == 0 {
				f.makeClassifiers()
			}
			files := map[string]string{}
			for key, body := range c.files {
				files[name+"/"+key] = body
			}
			f.upload(files)
			f.crawler(name, name+"/", c.change)
			done := f.crawl(name)
			if done.LastCrawl.Status != types.LastCrawlStatusSucceeded || !strings.Contains(aws.ToString(done.LastCrawl.ErrorMessage), c.says) ||
				c.says == "" && done.LastCrawl.ErrorMessage != nil {
				t.Errorf("the crawl ended %s: %q", done.LastCrawl.Status, aws.ToString(done.LastCrawl.ErrorMessage))
			}
			got := f.tables(name)
			if want := strings.Join(c.want, "\n"); !like(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// like compares, where a * stands for a hash.
func like(got, want string) bool {
	before, after, star := strings.Cut(want, "*")
	if !star {
		return got == want
	}
	const hash = 32
	return strings.HasPrefix(got, before) && len(got) >= len(before)+hash && got[len(before)+hash:] == after
}

func (f *field) makeClassifiers() {
	f.Helper()
	for _, in := range []*glue.CreateClassifierInput{
		{JsonClassifier: &types.CreateJsonClassifierRequest{Name: aws.String("rows"), JsonPath: aws.String("$[*]")}},
		{GrokClassifier: &types.CreateGrokClassifierRequest{Name: aws.String("journal"), Classification: aws.String("journal"),
			GrokPattern: aws.String("%{DAY:day} %{WORD:level} %{GREEDYDATA:text}"), CustomPatterns: aws.String(`DAY \d{4}-\d\d-\d\d`)}},
		{CsvClassifier: &types.CreateCsvClassifierRequest{Name: aws.String("single"), AllowSingleColumn: aws.Bool(true), Delimiter: aws.String(","), Header: []string{"name"},
			ContainsHeader: types.CsvHeaderOptionAbsent}},
	} {
		_, err := f.CreateClassifier(f.Context(), in)
		f.must(err)
	}
}
