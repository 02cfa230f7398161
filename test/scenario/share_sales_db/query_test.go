package share_sales_db

import (
	"encoding/csv"
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	athenatypes "github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// results is C's bucket for what its analyst asks.
const results = "results-of-c"

// ask runs a query as C's analyst and gives its result, of which the first row is the names of its columns.
func (p *play) ask(text string) ([][]string, error) {
	ctx, client := p.Context(), athena.NewFromConfig(p.analyst.Config())
	out, err := client.StartQueryExecution(ctx, &athena.StartQueryExecutionInput{QueryString: &text,
		ResultConfiguration: &athenatypes.ResultConfiguration{OutputLocation: aws.String("s3://" + results + "/")}})
	p.must("start", err)
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		got, err := client.GetQueryExecution(ctx, &athena.GetQueryExecutionInput{QueryExecutionId: out.QueryExecutionId})
		p.must("execution", err)
		switch status := got.QueryExecution.Status; status.State {
		case athenatypes.QueryExecutionStateSucceeded:
			object, err := p.analyst.S3().GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(results), Key: aws.String(*out.QueryExecutionId + ".csv")})
			p.must("result", err)
			defer object.Body.Close()
			return csv.NewReader(object.Body).ReadAll()
		case athenatypes.QueryExecutionStateFailed, athenatypes.QueryExecutionStateCancelled:
			return nil, errors.New(aws.ToString(status.StateChangeReason))
		}
		if time.Now().After(end) {
			p.Fatalf("%s does not end", text)
		}
	}
}

// queries has C's analyst ask for everything through the link, and gets its own part.
func (p *play) queries() {
	_, err := p.c.S3().CreateBucket(p.Context(), &s3.CreateBucketInput{Bucket: aws.String(results)})
	p.must("bucket", err)
	want := p.visible()
	got, err := p.ask("SELECT * FROM linked.sales")
	p.must("SELECT *", err)
	if names := slices.Concat(without(all, "customer_id"), []string{"year", "month", "day"}); !slices.Equal(got[0], names) {
		p.Errorf("the analyst gets the columns %v", got[0])
	}
	var lines []string
	for _, row := range got[1:] {
		if row[slices.Index(got[0], "country")] != country {
			p.Fatalf("the analyst gets %v", row)
		}
		lines = append(lines, line(row[0], row[1], row[2], row[3]))
	}
	slices.Sort(lines)
	if !slices.Equal(lines, want) {
		p.Errorf("the analyst gets %d rows, of %d", len(lines), len(want))
		for i := range min(len(lines), len(want)) {
			if lines[i] != want[i] {
				p.Errorf("row %d is %q, want %q", i, lines[i], want[i])
				break
			}
		}
	}

	sums, err := p.orders.Sums(func(c string) bool { return c == country })
	p.must("sums", err)
	got, err = p.ask("SELECT country, sum(quantity) AS n FROM linked.sales GROUP BY country")
	p.must("sums", err)
	if len(got) != 2 || got[1][0] != country || got[1][1] != strconv.Itoa(sums[country]) {
		p.Errorf("sums are %v, want %v", got, sums)
	}
	if _, err := p.ask("SELECT customer_id FROM linked.sales"); err == nil || !strings.Contains(err.Error(), "Column 'customer_id' cannot be resolved") {
		p.Errorf("the hidden column: %v", err)
	}
}

func line(parts ...string) string { return strings.Join(parts, "|") }

// visible are order, product, description and quantity of the lines that the analyst may see, by the files.
func (p *play) visible() (lines []string) {
	for _, body := range p.orders {
		rows, err := csv.NewReader(strings.NewReader(string(body))).ReadAll()
		p.must("orders", err)
		for _, row := range rows[1:] {
			if row[7] == country {
				lines = append(lines, line(row[0], row[1], row[2], row[3]))
			}
		}
	}
	slices.Sort(lines)
	return lines
}
