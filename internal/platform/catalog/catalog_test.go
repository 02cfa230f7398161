package catalog

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func TestCompact(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got, err := Compact([]byte(in), nil); err != nil || string(got) != want {
			t.Errorf("%s: %s %v, want %s", in, got, err, want)
		}
	}
	f(`{}`, `{}`)
	f(`{"A":null}`, `{}`)
	f(`{"A":null,"B":1}`, `{"B":1}`)
	f(`{"A":1,"B":null}`, `{"A":1}`)
	f(`{"A":1,"B":null,"C":false,"D":0}`, `{"A":1}`)
	f(`{"A":{"B":null},"C":[{"D":false},{"E":"x\",\"F\":null"}]}`, `{"A":{},"C":[{},{"E":"x\",\"F\":null"}]}`)
	f(`{"A":"null","B":0.5,"C":[null,0]}`, `{"A":"null","B":0.5,"C":[null,0]}`)
	f(`null`, `null`)
}

func TestTableSurvivesJSON(t *testing.T) {
	in := Table{ID: "x", LastVersion: 3, Table: types.Table{Name: aws.String("orders"), Retention: 4, Parameters: map[string]string{"a": "0", "b": "null"},
		StorageDescriptor: &types.StorageDescriptor{Columns: []types.Column{{Name: aws.String("id"), Type: aws.String("bigint")}}, Compressed: true},
		PartitionKeys:     []types.Column{}}}
	b, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out Table
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(in, out) {
		t.Errorf("%s became %+v", b, out)
	}
	if len(b) > 250 {
		t.Errorf("%d bytes: %s", len(b), b)
	}
}
