package lake

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/aws/aws-sdk-go-v2/aws"
	glueTypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestProject(t *testing.T) {
	now := time.Date(2024, 3, 1, 12, 0, 0, 0, time.UTC)
	f := func(parameters map[string]string, keys string, want ...string) {
		t.Helper()
		table := glueTypes.Table{Name: aws.String("t"), Parameters: parameters, StorageDescriptor: &glueTypes.StorageDescriptor{Location: aws.String("s3://b/t/")}}
		for _, k := range strings.Split(keys, ",") {
			table.PartitionKeys = append(table.PartitionKeys, glueTypes.Column{Name: aws.String(k)})
		}
		list, err := project(t.Context(), table, now, sql.Keys{})
		var got []string
		for _, p := range list {
			got = append(got, p.location)
		}
		if (err != nil) != (want == nil) || !reflect.DeepEqual(got, want) {
			t.Errorf("%v: %q %v", parameters, got, err)
		}
	}
	p := func(s ...string) map[string]string {
		out := map[string]string{}
		for i := 0; i < len(s); i += 2 {
			out["projection.d."+s[i]] = s[i+1]
		}
		return out
	}
	f(p("type", "enum", "values", "a, b:c"), "d", "s3://b/t/d=a", "s3://b/t/d=b%3Ac")
	f(p("type", "integer", "range", "8,10", "digits", "2"), "d", "s3://b/t/d=08", "s3://b/t/d=09", "s3://b/t/d=10")
	f(p("type", "integer", "range", "0,9", "interval", "5"), "d", "s3://b/t/d=0", "s3://b/t/d=5")
	f(p("type", "date", "format", "yyyy/MM/dd", "range", "NOW-1DAYS,NOW"), "d", "s3://b/t/d=2024%2F02%2F29", "s3://b/t/d=2024%2F03%2F01")
	f(p("type", "date", "format", "yyyy-MM", "range", "2023-12,NOW"), "d", "s3://b/t/d=2023-12", "s3://b/t/d=2024-01", "s3://b/t/d=2024-02", "s3://b/t/d=2024-03")
	f(p("type", "date", "format", "yyyy-MM-dd", "range", "2024-01-01,2024-01-08", "interval", "1", "interval.unit", "WEEKS"), "d", "s3://b/t/d=2024-01-01", "s3://b/t/d=2024-01-08")
	f(p("type", "integer", "range", "1,99999999999"), "d")
	f(p("type", "integer", "range", "1"), "d")
	f(p("type", "date", "format", "QQQ", "range", "1,2"), "d")
	f(p("type", "injected"), "d")
	f(p("type", "nothing"), "d")
	f(map[string]string{}, "d")
}
