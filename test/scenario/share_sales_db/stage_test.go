// Package share_sales_db plays the seed's sharing of a table: the producer P has files crawled into a table, and grants it
// to M, which grants it on to C without a column and with some rows only.
package share_sales_db

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/atelier-studio/atelier/test/scenario"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// stage is three accounts, each with an administrator, and what the producer has before it shares.
type stage struct {
	p, m, c harness.Caller
	analyst harness.Caller // of C: may read, and is nobody's administrator
	bucket  string
	orders  scenario.Orders
	crawler string // ARN of the role that crawls
	keeper  string // ARN of the role that Lake Formation reads the location as
}

// analystPolicy lets ask for tables and their data, and even for objects, wherever they are: what must keep C's analyst from
// P's objects is P, not C.
const analystPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
	"Action":["glue:Get*","glue:SearchTables","lakeformation:GetDataAccess","lakeformation:GetTemporary*","athena:*","s3:*","cloudtrail:LookupEvents"],"Resource":"*"}]}`

func setStage(t *testing.T, name string) *stage {
	t.Helper()
	s, ctx := harness.Start(t), t.Context()
	st := &stage{bucket: "sales-" + name}
	st.p, st.m, st.c = harness.Must(s.Account(ctx, "producer"))(t), harness.Must(s.Account(ctx, "middle"))(t), harness.Must(s.Account(ctx, "consumer"))(t)
	st.analyst = harness.Must(s.User(ctx, st.c, "ana", analystPolicy))(t)
	st.orders = harness.Must(scenario.LoadOrders())(t)
	if len(st.orders) != 4 && len(st.orders) != 5 {
		t.Fatalf("%d files of orders", len(st.orders))
	}
	st.crawler = st.role(t, "crawls", "glue.amazonaws.com", map[string][]string{"*": {"glue:*", "lakeformation:GetDataAccess", "logs:*"},
		"arn:aws:s3:::" + st.bucket: {"s3:ListBucket"}, "arn:aws:s3:::" + st.bucket + "/*": {"s3:GetObject"}})
	st.keeper = st.role(t, "keeps", "lakeformation.amazonaws.com", map[string][]string{"arn:aws:s3:::" + st.bucket: {"s3:ListBucket"},
		"arn:aws:s3:::" + st.bucket + "/*": {"s3:GetObject", "s3:PutObject"}})
	return st
}

// role makes a role of P that a service may assume.
func (st *stage) role(t *testing.T, name, service string, allow map[string][]string) string {
	t.Helper()
	trust := document(t, map[string]any{"Effect": "Allow", "Principal": map[string]string{"Service": service}, "Action": "sts:AssumeRole"})
	var statements []any
	for resource, actions := range allow {
		statements = append(statements, map[string]any{"Effect": "Allow", "Action": actions, "Resource": resource})
	}
	ctx := t.Context()
	made, err := st.p.IAM().CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := st.p.IAM().PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("p"),
		PolicyDocument: aws.String(document(t, statements...))}); err != nil {
		t.Fatal(err)
	}
	return *made.Role.Arn
}

func document(t *testing.T, statements ...any) string {
	t.Helper()
	b, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": statements})
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// upload puts the orders under data/orders/ of P's bucket, and something beside it that nobody is granted.
func (st *stage) upload(ctx context.Context, t *testing.T) {
	t.Helper()
	if _, err := st.p.S3().CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &st.bucket}); err != nil {
		t.Fatal(err)
	}
	put := func(key string, body []byte) {
		t.Helper()
		if _, err := st.p.S3().PutObject(ctx, &s3.PutObjectInput{Bucket: &st.bucket, Key: &key, Body: bytes.NewReader(body)}); err != nil {
			t.Fatal(err)
		}
	}
	for name, body := range st.orders {
		put("data/orders/"+name, body)
	}
	put("data/orders-internal/secret.csv", []byte("a,b\n1,2\n"))
	put("configs/settings.json", []byte("{}"))
}

// object is one object of the orders.
func (st *stage) object() string {
	for name := range st.orders {
		if strings.HasSuffix(name, ".csv") {
			return "data/orders/" + name
		}
	}
	return ""
}
