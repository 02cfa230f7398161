package lambda_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// TestVersions publishes, names and weighs versions.
func TestVersions(t *testing.T) {
	f := open(t)
	name := aws.String("versions")
	f.create(*name, inGo(), func(in *lambda.CreateFunctionInput) {
		in.Environment = &types.Environment{Variables: map[string]string{"COLOUR": "one"}}
	})
	publish := func() *lambda.PublishVersionOutput {
		t.Helper()
		out, err := f.PublishVersion(f.ctx, &lambda.PublishVersionInput{FunctionName: name})
		f.ok(err)
		return out
	}
	one := publish()
	if *one.Version != "1" || *one.FunctionArn != "arn:aws:lambda:us-east-1:"+f.admin.Account+":function:versions:1" {
		t.Errorf("published %s as %s", *one.Version, *one.FunctionArn)
	}
	if again := publish(); *again.Version != "1" {
		t.Errorf("published %s of nothing new", *again.Version)
	}
	_, err := f.UpdateFunctionConfiguration(f.ctx, &lambda.UpdateFunctionConfigurationInput{FunctionName: name,
		Environment: &types.Environment{Variables: map[string]string{"COLOUR": "two"}}})
	f.ok(err)
	f.updated(*name)
	if two := publish(); *two.Version != "2" {
		t.Errorf("published %s", *two.Version)
	}
	colour := func(qualifier, want string) {
		t.Helper()
		if out := f.call("versions:"+qualifier, "env", "COLOUR"); string(out.Payload) != `"`+want+`"` {
			t.Errorf("%s: %s, want %s", qualifier, out.Payload, want)
		}
	}
	colour("1", "one")
	colour("2", "two")
	colour("$LATEST", "two")

	_, err = f.CreateAlias(f.ctx, &lambda.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("3")})
	f.fails(err, "ResourceNotFoundException", "versions:3")
	a, err := f.CreateAlias(f.ctx, &lambda.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	f.ok(err)
	_, err = f.CreateAlias(f.ctx, &lambda.CreateAliasInput{FunctionName: name, Name: aws.String("live"), FunctionVersion: aws.String("1")})
	f.fails(err, "ResourceConflictException", "Alias already exists: "+*a.AliasArn)
	colour("live", "one")
	_, err = f.UpdateAlias(f.ctx, &lambda.UpdateAliasInput{FunctionName: name, Name: aws.String("live"), RevisionId: aws.String("other")})
	f.fails(err, "PreconditionFailedException", "")
	_, err = f.UpdateAlias(f.ctx, &lambda.UpdateAliasInput{FunctionName: name, Name: aws.String("live"), RevisionId: a.RevisionId,
		RoutingConfig: &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{"2": 0.5}}})
	f.ok(err)
	got := map[string]int{}
	for range 60 {
		out := f.call("versions:live", "env", "COLOUR")
		got[*out.ExecutedVersion+string(out.Payload)]++
	}
	if got[`1"one"`] < 10 || got[`2"two"`] < 10 || got[`1"one"`]+got[`2"two"`] != 60 {
		t.Errorf("of sixty went %v", got)
	}
	_, err = f.DeleteFunction(f.ctx, &lambda.DeleteFunctionInput{FunctionName: name, Qualifier: aws.String("2")})
	f.fails(err, "ResourceConflictException", "live")
	_, err = f.DeleteAlias(f.ctx, &lambda.DeleteAliasInput{FunctionName: name, Name: aws.String("live")})
	f.ok(err)
	_, err = f.DeleteFunction(f.ctx, &lambda.DeleteFunctionInput{FunctionName: name, Qualifier: aws.String("1")})
	f.ok(err)
	list, err := f.ListVersionsByFunction(f.ctx, &lambda.ListVersionsByFunctionInput{FunctionName: name})
	f.ok(err)
	if len(list.Versions) != 2 || *list.Versions[0].Version != "$LATEST" || *list.Versions[1].Version != "2" {
		t.Errorf("listed %d versions", len(list.Versions))
	}
	_, err = f.GetAlias(f.ctx, &lambda.GetAliasInput{FunctionName: name, Name: aws.String("live")})
	f.fails(err, "ResourceNotFoundException", "Cannot find alias arn: "+*a.AliasArn)
}

// TestLayers puts files under /opt, also those of another account.
func TestLayers(t *testing.T) {
	f := open(t)
	publish := func(c *lambda.Client, name, text string) *lambda.PublishLayerVersionOutput {
		t.Helper()
		out, err := c.PublishLayerVersion(f.ctx, &lambda.PublishLayerVersionInput{LayerName: &name, Description: &text, CompatibleRuntimes: []types.Runtime{"provided.al2023"},
			Content: &types.LayerVersionContentInput{ZipFile: packed(t, map[string][]byte{"data/" + name: []byte(text), "data/last": []byte(name)})}})
		f.ok(err)
		return out
	}
	publish(f.Client, "base", "old")
	base := publish(f.Client, "base", "new")
	if base.Version != 2 {
		t.Errorf("version %d", base.Version)
	}
	other, err := f.server.Account(f.ctx, "other")
	f.ok(err)
	theirs := lambda.NewFromConfig(other.Config())
	extra := publish(theirs, "extra", "theirs")
	layered := func(in *lambda.CreateFunctionInput) {
		in.Layers = []string{*base.LayerVersionArn, *extra.LayerVersionArn}
	}
	l := inGo()
	_, err = f.CreateFunction(f.ctx, &lambda.CreateFunctionInput{FunctionName: aws.String("layered"), Role: &f.role, Runtime: l.runtime, Handler: &l.handler,
		Code: &types.FunctionCode{ZipFile: codeOf(t)}, Layers: []string{*extra.LayerVersionArn}})
	f.fails(err, "AccessDeniedException", "lambda:GetLayerVersion")
	_, err = theirs.AddLayerVersionPermission(f.ctx, &lambda.AddLayerVersionPermissionInput{LayerName: aws.String("extra"), VersionNumber: aws.Int64(1),
		StatementId: aws.String("all"), Action: aws.String("lambda:GetLayerVersion"), Principal: aws.String(f.admin.Account)})
	f.ok(err)
	f.create("layered", l, layered)
	for file, want := range map[string]string{"base": "new", "extra": "theirs", "last": "extra"} {
		if out := f.call("layered", "read", "/opt/data/"+file); string(out.Payload) != fmt.Sprintf("%q", want) {
			t.Errorf("%s: %s, want %s", file, out.Payload, want)
		}
	}
	_, err = theirs.DeleteLayerVersion(f.ctx, &lambda.DeleteLayerVersionInput{LayerName: aws.String("extra"), VersionNumber: aws.Int64(1)})
	f.ok(err)
	f.server.Kill()
	f.restart()
	if out := f.call("layered", "read", "/opt/data/extra"); string(out.Payload) != `"theirs"` {
		t.Errorf("after the layer was deleted: %s", out.Payload)
	}
	list, err := f.ListLayers(f.ctx, &lambda.ListLayersInput{})
	f.ok(err)
	if len(list.Layers) != 1 || list.Layers[0].LatestMatchingVersion.Version != 2 {
		t.Errorf("layers %+v", list.Layers)
	}
}

// TestConcurrency has a function refuse more than it may do at a time, and holds processes ready.
func TestConcurrency(t *testing.T) {
	f := open(t)
	f.create("busy", inGo())
	reserve := func(n int32) error {
		_, err := f.PutFunctionConcurrency(f.ctx, &lambda.PutFunctionConcurrencyInput{FunctionName: aws.String("busy"), ReservedConcurrentExecutions: &n})
		return err
	}
	f.fails(reserve(901), "InvalidParameterValueException", "below its minimum value of [100]")
	f.ok(reserve(0))
	throttled := func() {
		t.Helper()
		_, err := f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("busy"), Payload: doing("echo", "")}, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
		f.fails(err, "TooManyRequestsException", "Rate Exceeded.")
	}
	throttled()
	f.ok(reserve(1))
	done := make(chan error)
	go func() {
		_, err := f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("busy"), Payload: []byte(`{"Do":"sleep","MS":3000}`)})
		done <- err
	}()
	f.soon("a throttle", func() bool {
		_, err := f.Invoke(f.ctx, &lambda.InvokeInput{FunctionName: aws.String("busy"), Payload: doing("echo", "")}, func(o *lambda.Options) { o.RetryMaxAttempts = 1 })
		return err != nil
	})
	throttled()
	f.ok(<-done)
	f.call("busy", "echo", "")
	settings, err := f.GetAccountSettings(f.ctx, &lambda.GetAccountSettingsInput{})
	f.ok(err)
	if *settings.AccountLimit.UnreservedConcurrentExecutions != 999 || settings.AccountUsage.FunctionCount != 1 {
		t.Errorf("settings %+v %+v", settings.AccountLimit, settings.AccountUsage)
	}
	_, err = f.DeleteFunctionConcurrency(f.ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: aws.String("busy")})
	f.ok(err)

	provision := func(qualifier string) error {
		_, err := f.PutProvisionedConcurrencyConfig(f.ctx, &lambda.PutProvisionedConcurrencyConfigInput{FunctionName: aws.String("busy"), Qualifier: &qualifier,
			ProvisionedConcurrentExecutions: aws.Int32(2)})
		return err
	}
	f.fails(provision("$LATEST"), "InvalidParameterValueException", "unpublished")
	_, err = f.PublishVersion(f.ctx, &lambda.PublishVersionInput{FunctionName: aws.String("busy")})
	f.ok(err)
	f.ok(provision("1"))
	ready := func() bool {
		out, err := f.GetProvisionedConcurrencyConfig(f.ctx, &lambda.GetProvisionedConcurrencyConfigInput{FunctionName: aws.String("busy"), Qualifier: aws.String("1")})
		f.ok(err)
		return out.Status == types.ProvisionedConcurrencyStatusEnumReady && *out.AllocatedProvisionedConcurrentExecutions == 2
	}
	f.soon("provisioned concurrency", ready)
	f.server.Kill()
	f.restart()
	f.soon("provisioned concurrency after a restart", ready)
	_, err = f.DeleteProvisionedConcurrencyConfig(f.ctx, &lambda.DeleteProvisionedConcurrencyConfigInput{FunctionName: aws.String("busy"), Qualifier: aws.String("1")})
	f.ok(err)
	_, err = f.GetProvisionedConcurrencyConfig(f.ctx, &lambda.GetProvisionedConcurrencyConfigInput{FunctionName: aws.String("busy"), Qualifier: aws.String("1")})
	f.fails(err, "ProvisionedConcurrencyConfigNotFoundException", "")
}
