// Package ssm_test drives Parameter Store with boto3, the AWS CLI and the Go SDK.
package ssm_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "ssm.py")
}

// TestRights lets a user read one path, and write only what is new.
func TestRights(t *testing.T) {
	s, ctx := harness.Start(t), t.Context()
	admin := harness.Must(s.Admin(ctx))(t)
	user := harness.Must(s.User(ctx, admin, "reader", `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["ssm:GetParameter","ssm:GetParametersByPath"],"Resource":"arn:aws:ssm:*:*:parameter/mine*"},
		{"Effect":"Allow","Action":"ssm:PutParameter","Resource":"arn:aws:ssm:*:*:parameter/mine/*","Condition":{"StringEquals":{"ssm:Overwrite":"false"}}}]}`))(t)
	c := ssm.NewFromConfig(user.Config())
	put := func(name string, overwrite bool) error {
		_, err := c.PutParameter(ctx, &ssm.PutParameterInput{Name: &name, Value: aws.String("v"), Type: types.ParameterTypeString, Overwrite: &overwrite})
		return err
	}
	refused := func(err error) {
		t.Helper()
		var api smithy.APIError
		if !errors.As(err, &api) || api.ErrorCode() != "AccessDeniedException" {
			t.Errorf("got %v, not a refusal", err)
		}
	}
	if err := put("/mine/a", false); err != nil {
		t.Fatal(err)
	}
	refused(put("/mine/a", true))
	refused(put("/other/a", false))
	list, err := c.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/mine")})
	if err != nil || len(list.Parameters) != 1 || !strings.HasSuffix(*list.Parameters[0].ARN, ":parameter/mine/a") {
		t.Errorf("got %+v %v", list, err)
	}
	_, err = c.GetParametersByPath(ctx, &ssm.GetParametersByPathInput{Path: aws.String("/")})
	refused(err)
	_, err = c.GetParameter(ctx, &ssm.GetParameterInput{Name: aws.String("/other/a")})
	refused(err)
}
