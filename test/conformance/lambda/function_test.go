package lambda_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestLife takes a function from its making to its end.
func TestLife(t *testing.T) {
	f := open(t)
	code := inGo().code(t)
	made := f.create("life", inGo(), func(in *lambda.CreateFunctionInput) { in.Tags = map[string]string{"team": "blue"} })
	sum := sha256.Sum256(code)
	if *made.CodeSha256 != base64.StdEncoding.EncodeToString(sum[:]) || made.CodeSize != int64(len(code)) || *made.MemorySize != 128 || made.PackageType != types.PackageTypeZip {
		t.Errorf("made %+v", made)
	}
	got, err := f.GetFunction(f.ctx, &lambda.GetFunctionInput{FunctionName: aws.String("life")})
	f.ok(err)
	if got.Tags["team"] != "blue" || got.Configuration.State != types.StateActive || got.Configuration.LastUpdateStatus != types.LastUpdateStatusSuccessful {
		t.Errorf("got %+v", got.Configuration)
	}
	if b := download(t, *got.Code.Location); !bytes.Equal(b, code) {
		t.Errorf("downloaded %d bytes of code", len(b))
	}
	if r, err := http.Get(strings.Replace(*got.Code.Location, "Signature=", "Signature=0", 1)); err != nil || r.StatusCode != http.StatusForbidden {
		t.Errorf("code without a right: %v %v", r.StatusCode, err)
	}

	_, err = f.UpdateFunctionConfiguration(f.ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("life"), RevisionId: aws.String("other")})
	f.fails(err, "PreconditionFailedException", "Revision Id")
	updated, err := f.UpdateFunctionConfiguration(f.ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: aws.String("life"), RevisionId: got.Configuration.RevisionId,
		Environment: &types.Environment{Variables: map[string]string{"COLOUR": "red"}}, Timeout: aws.Int32(7), Description: aws.String("lives")})
	f.ok(err)
	if updated.LastUpdateStatus != types.LastUpdateStatusInProgress || *updated.Timeout != 7 {
		t.Errorf("updated %+v", updated)
	}
	f.updated("life")
	if out := f.call("life", "env", "COLOUR"); string(out.Payload) != `"red"` {
		t.Errorf("after the update: %s", out.Payload)
	}
	other := packed(t, map[string][]byte{"bootstrap": []byte("#!/bin/sh\nexit 9\n")})
	_, err = f.UpdateFunctionCode(f.ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("life"), ZipFile: other, DryRun: true})
	f.ok(err)
	if out := f.call("life", "env", "COLOUR"); string(out.Payload) != `"red"` {
		t.Errorf("after a dry run: %s", out.Payload)
	}
	_, err = f.UpdateFunctionCode(f.ctx, &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("life"), ZipFile: other})
	f.ok(err)
	f.updated("life")
	if out := f.call("life", "env", "COLOUR"); aws.ToString(out.FunctionError) != "Unhandled" || !strings.Contains(string(out.Payload), "Runtime.ExitError") {
		t.Errorf("code that exits: %s %v", out.Payload, out.FunctionError)
	}
	list, err := f.ListFunctions(f.ctx, &lambda.ListFunctionsInput{})
	f.ok(err)
	if len(list.Functions) != 1 || *list.Functions[0].Description != "lives" {
		t.Errorf("list %+v", list.Functions)
	}
	_, err = f.DeleteFunction(f.ctx, &lambda.DeleteFunctionInput{FunctionName: made.FunctionArn})
	f.ok(err)
	_, err = f.GetFunction(f.ctx, &lambda.GetFunctionInput{FunctionName: aws.String("life")})
	f.fails(err, "ResourceNotFoundException", "Function not found: "+*made.FunctionArn)
	_, err = f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("life")})
	f.fails(err, "ResourceNotFoundException", "Function not found: "+*made.FunctionArn)
}

func download(t *testing.T, url string) []byte {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("%d %v", r.StatusCode, err)
	}
	return b
}

// updated waits until a change of a function is done.
func (f *fixture) updated(name string) {
	f.t.Helper()
	f.ok(lambda.NewFunctionUpdatedV2Waiter(f.Client, func(o *lambda.FunctionUpdatedV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 50*time.Millisecond, time.Second
	}).
		Wait(f.ctx, &lambda.GetFunctionInput{FunctionName: &name}, 20*time.Second))
}

// TestRefusals asks for what must not be.
func TestRefusals(t *testing.T) {
	f := open(t)
	try := func(code, part string, change func(*lambda.CreateFunctionInput)) {
		t.Helper()
		in := &lambda.CreateFunctionInput{FunctionName: aws.String("refused"), Role: &f.role, Runtime: types.RuntimeProvidedal2023, Handler: aws.String("bootstrap"),
			Code: &types.FunctionCode{ZipFile: codeOf(t)}}
		change(in)
		_, err := f.CreateFunction(f.ctx, in)
		f.fails(err, code, part)
	}
	const bad = "InvalidParameterValueException"
	closed, err := f.admin.IAM().CreateRole(f.ctx, &iam.CreateRoleInput{RoleName: aws.String("closed"), AssumeRolePolicyDocument: aws.String(strings.Replace(trust, "lambda", "glue", 1))})
	f.ok(err)
	try(bad, "cannot be assumed by Lambda", func(in *lambda.CreateFunctionInput) { in.Role = closed.Role.Arn })
	try(bad, "cannot be assumed by Lambda", func(in *lambda.CreateFunctionInput) {
		in.Role = aws.String("arn:aws:iam::" + f.admin.Account + ":role/none")
	})
	try(bad, "Could not unzip", func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = []byte("no archive") })
	try(bad, "Could not unzip", func(in *lambda.CreateFunctionInput) { in.Code.ZipFile = packed(t, map[string][]byte{"../evil": nil}) })
	try(bad, "Unzipped size must be smaller", func(in *lambda.CreateFunctionInput) {
		in.Code.ZipFile = packed(t, map[string][]byte{"bomb": make([]byte, 262144001)})
	})
	try(bad, "Reserved keys used in this request: AWS_REGION", func(in *lambda.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"AWS_REGION": "x", "AA": "b"}}
	})
	try(bad, "exceeded the 4KB limit", func(in *lambda.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"AA": strings.Repeat("x", 4096)}}
	})
	try(bad, "mandatory", func(in *lambda.CreateFunctionInput) { in.Handler = nil })
	try(bad, "java21 cannot be used", func(in *lambda.CreateFunctionInput) { in.Runtime = types.RuntimeJava21 })
	try(bad, "PackageType Image is not implemented", func(in *lambda.CreateFunctionInput) { in.PackageType = types.PackageTypeImage })
	try(bad, "SnapStart is not implemented", func(in *lambda.CreateFunctionInput) {
		in.SnapStart = &types.SnapStart{ApplyOn: types.SnapStartApplyOnPublishedVersions}
	})
	try(bad, "does not exist", func(in *lambda.CreateFunctionInput) {
		in.Layers = []string{"arn:aws:lambda:us-east-1:" + f.admin.Account + ":layer:none:1"}
	})
	try("ValidationException", "", func(in *lambda.CreateFunctionInput) { in.MemorySize = aws.Int32(127) })
	try("ValidationException", "", func(in *lambda.CreateFunctionInput) { in.Timeout = aws.Int32(901) })
	try(bad, "GetObject", func(in *lambda.CreateFunctionInput) {
		in.Code = &types.FunctionCode{S3Bucket: aws.String("no-such-bucket"), S3Key: aws.String("k")}
	})
	f.create("taken", inGo())
	try("ResourceConflictException", "Function already exist: taken", func(in *lambda.CreateFunctionInput) { in.FunctionName = aws.String("taken") })

	_, err = f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("taken"), Payload: []byte("{")})
	f.fails(err, "InvalidRequestContentException", "Could not parse request body into json")
	_, err = f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("taken"), Payload: bytes.Repeat([]byte(" "), 6291457)})
	f.fails(err, "RequestTooLargeException", "6291456")
	_, err = f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("taken"), InvocationType: types.InvocationTypeEvent, Payload: bytes.Repeat([]byte(" "), 1048577)})
	f.fails(err, "RequestTooLargeException", "1048576")
	_, err = f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("taken"), Qualifier: aws.String("none")})
	f.fails(err, "ResourceNotFoundException", "taken:none")
	out, err := f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("taken"), InvocationType: types.InvocationTypeDryRun})
	f.ok(err)
	if out.StatusCode != http.StatusNoContent {
		t.Errorf("dry run: %d", out.StatusCode)
	}
}

// codeOf is an archive that is well.
func codeOf(t *testing.T) []byte {
	return packed(t, map[string][]byte{"bootstrap": []byte("#!/bin/sh\n")})
}

// TestRights has others do what they may, and nothing more.
func TestRights(t *testing.T) {
	f := open(t)
	f.create("guarded", inGo())
	nobody := f.user("nobody", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["lambda:*"],"Resource":"*"},{"Effect":"Deny","Action":"lambda:InvokeFunction","Resource":"*"}]}`)
	_, err := nobody.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("guarded")})
	f.fails(err, "AccessDeniedException", "is not authorized to perform: lambda:InvokeFunction on resource")
	_, err = nobody.CreateFunction(f.ctx, &lambda.CreateFunctionInput{FunctionName: aws.String("more"), Role: &f.role, Runtime: types.RuntimeProvidedal2023,
		Handler: aws.String("bootstrap"), Code: &types.FunctionCode{ZipFile: codeOf(t)}})
	f.fails(err, "AccessDeniedException", "iam:PassRole")

	bucket := aws.String("code-of-functions")
	_, err = f.admin.S3().CreateBucket(f.ctx, &s3.CreateBucketInput{Bucket: bucket})
	f.ok(err)
	_, err = f.admin.S3().PutObject(f.ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("f.zip"), Body: bytes.NewReader(inGo().code(t))})
	f.ok(err)
	update := &lambda.UpdateFunctionCodeInput{FunctionName: aws.String("guarded"), S3Bucket: bucket, S3Key: aws.String("f.zip")}
	_, err = nobody.UpdateFunctionCode(f.ctx, update)
	f.fails(err, "AccessDeniedException", "denied by S3")
	_, err = f.UpdateFunctionCode(f.ctx, update)
	f.ok(err)
	f.updated("guarded")
	if out := f.call("guarded", "echo", "x"); string(out.Payload) != `{"text":"x"}` {
		t.Errorf("code of S3: %s", out.Payload)
	}

	// Another account comes in by the function's policy.
	other, err := f.server.Account(f.ctx, "other")
	f.ok(err)
	theirs := lambda.NewFromConfig(other.Config())
	arn := aws.String("arn:aws:lambda:us-east-1:" + f.admin.Account + ":function:guarded")
	_, err = theirs.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: arn, Payload: doing("echo", "y")})
	f.fails(err, "AccessDeniedException", "no resource-based policy allows")
	allowed := &lambda.AddPermissionInput{FunctionName: arn, StatementId: aws.String("s1"), Action: aws.String("lambda:InvokeFunction"), Principal: aws.String(other.Account)}
	added, err := f.AddPermission(f.ctx, allowed)
	f.ok(err)
	if !strings.Contains(*added.Statement, `"AWS":"arn:aws:iam::`+other.Account+`:root"`) {
		t.Errorf("statement %s", *added.Statement)
	}
	_, err = f.AddPermission(f.ctx, allowed)
	f.fails(err, "ResourceConflictException", "The statement id (s1) provided already exists")
	out, err := theirs.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: arn, Payload: doing("echo", "y")})
	f.ok(err)
	if string(out.Payload) != `{"text":"y"}` {
		t.Errorf("across accounts: %s", out.Payload)
	}
	_, err = f.RemovePermission(f.ctx, &lambda.RemovePermissionInput{FunctionName: arn, StatementId: aws.String("s2")})
	f.fails(err, "ResourceNotFoundException", "Statement s2 is not found")
	_, err = f.RemovePermission(f.ctx, &lambda.RemovePermissionInput{FunctionName: arn, StatementId: aws.String("s1")})
	f.ok(err)
	_, err = theirs.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: arn})
	f.fails(err, "AccessDeniedException", "")
	_, err = f.GetPolicy(f.ctx, &lambda.GetPolicyInput{FunctionName: arn})
	f.fails(err, "ResourceNotFoundException", "")
}

func (f *fixture) user(name, policy string) *lambda.Client {
	f.t.Helper()
	c, err := f.server.User(f.ctx, f.admin, name, policy)
	f.ok(err)
	return lambda.NewFromConfig(c.Config())
}

// TestRestart has functions outlive the server.
func TestRestart(t *testing.T) {
	f := open(t)
	f.create("kept", inGo())
	f.call("kept", "echo", "x")
	f.server.Kill()
	f.restart()
	if out := f.call("kept", "echo", "x"); string(out.Payload) != `{"text":"x"}` {
		t.Errorf("after the restart: %s", out.Payload)
	}
}
