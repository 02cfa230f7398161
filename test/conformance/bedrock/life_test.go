package bedrock

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	runtimetypes "github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestLife makes, reads, changes and removes everything but batches.
func TestLife(t *testing.T) {
	srv := harness.StartWith(t, harness.Options{Args: catalog(t)})
	s := set(t, srv)
	ctx := t.Context()
	models, err := s.ListFoundationModels(ctx, &bedrock.ListFoundationModelsInput{})
	if err != nil || len(models.ModelSummaries) != 1 || *models.ModelSummaries[0].ModelId != model || *models.ModelSummaries[0].ModelName != "Small" {
		t.Fatalf("models: %+v %v", models, err)
	}
	if m, err := s.GetFoundationModel(ctx, &bedrock.GetFoundationModelInput{ModelIdentifier: models.ModelSummaries[0].ModelArn}); err != nil || *m.ModelDetails.ProviderName != "Meta" {
		t.Errorf("model: %+v %v", m, err)
	}
	_, err = s.GetFoundationModel(ctx, &bedrock.GetFoundationModelInput{ModelIdentifier: aws.String("no.model")})
	tells(t, err, "ValidationException")
	profiles, err := s.ListInferenceProfiles(ctx, &bedrock.ListInferenceProfilesInput{})
	if err != nil || len(profiles.InferenceProfileSummaries) != 1 || *profiles.InferenceProfileSummaries[0].InferenceProfileId != "us."+model {
		t.Errorf("profiles: %+v %v", profiles, err)
	}
	own, err := s.CreateInferenceProfile(ctx, &bedrock.CreateInferenceProfileInput{InferenceProfileName: aws.String("mine"),
		ModelSource: &types.InferenceProfileModelSourceMemberCopyFrom{Value: *models.ModelSummaries[0].ModelArn}, Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a")}}})
	if err != nil {
		t.Fatal(err)
	}
	throughput, err := s.CreateProvisionedModelThroughput(ctx, &bedrock.CreateProvisionedModelThroughputInput{ModelId: aws.String(model), ModelUnits: aws.Int32(1), ProvisionedModelName: aws.String("fast")})
	if err != nil {
		t.Fatal(err)
	}
	runtime := bedrockruntime.NewFromConfig(s.who.Config())
	says := func(id string) error {
		_, err := runtime.Converse(ctx, &bedrockruntime.ConverseInput{ModelId: &id, InferenceConfig: &runtimetypes.InferenceConfiguration{MaxTokens: aws.Int32(1)},
			Messages: []runtimetypes.Message{{Role: runtimetypes.ConversationRoleUser, Content: []runtimetypes.ContentBlock{&runtimetypes.ContentBlockMemberText{Value: "hi"}}}}})
		return err
	}
	for _, id := range []string{*own.InferenceProfileArn, *throughput.ProvisionedModelArn} {
		if err := says(id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
		tags, err := s.ListTagsForResource(ctx, &bedrock.ListTagsForResourceInput{ResourceARN: &id})
		if err != nil || len(tags.Tags) > 1 {
			t.Errorf("tags of %s: %v %v", id, tags, err)
		}
		if _, err := s.TagResource(ctx, &bedrock.TagResourceInput{ResourceARN: &id, Tags: []types.Tag{{Key: aws.String("b"), Value: aws.String("c")}}}); err != nil {
			t.Error(err)
		}
		if _, err := s.UntagResource(ctx, &bedrock.UntagResourceInput{ResourceARN: &id, TagKeys: []string{"b"}}); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.DeleteProvisionedModelThroughput(ctx, &bedrock.DeleteProvisionedModelThroughputInput{ProvisionedModelId: aws.String("fast")}); err != nil {
		t.Error(err)
	}
	tells(t, says(*throughput.ProvisionedModelArn), "ResourceNotFoundException")
	if _, err := s.DeleteInferenceProfile(ctx, &bedrock.DeleteInferenceProfileInput{InferenceProfileIdentifier: own.InferenceProfileArn}); err != nil {
		t.Error(err)
	}
	s.guardrails(t)
	s.imports(t, says)
	s.logs(t, says)
}

func (s stage) guardrails(t *testing.T) {
	ctx := t.Context()
	in := &bedrock.CreateGuardrailInput{Name: aws.String("rail"), BlockedInputMessaging: aws.String("no"), BlockedOutputsMessaging: aws.String("no"),
		WordPolicyConfig: &types.GuardrailWordPolicyConfig{WordsConfig: []types.GuardrailWordConfig{{Text: aws.String("falcon")}}}}
	made, err := s.CreateGuardrail(ctx, in)
	if err != nil {
		t.Fatal(err)
	}
	in.ClientRequestToken = aws.String("another-request") // the SDK put one into in, which makes the call the same one
	_, err = s.CreateGuardrail(ctx, in)
	tells(t, err, "ConflictException")
	in.Name, in.WordPolicyConfig, in.ClientRequestToken = aws.String("other"), nil, nil
	_, err = s.CreateGuardrail(ctx, in)
	tells(t, err, "ValidationException")
	in.SensitiveInformationPolicyConfig = &types.GuardrailSensitiveInformationPolicyConfig{RegexesConfig: []types.GuardrailRegexConfig{{Name: aws.String("r"), Pattern: aws.String("("),
		Action: types.GuardrailSensitiveInformationActionBlock}}}
	_, err = s.CreateGuardrail(ctx, in)
	tells(t, err, "ValidationException")
	version, err := s.CreateGuardrailVersion(ctx, &bedrock.CreateGuardrailVersionInput{GuardrailIdentifier: made.GuardrailArn})
	if err != nil || *version.Version != "1" {
		t.Fatalf("%+v %v", version, err)
	}
	if _, err := s.UpdateGuardrail(ctx, &bedrock.UpdateGuardrailInput{GuardrailIdentifier: made.GuardrailId, Name: aws.String("rail"), BlockedInputMessaging: aws.String("never"),
		BlockedOutputsMessaging: aws.String("no"), WordPolicyConfig: &types.GuardrailWordPolicyConfig{WordsConfig: []types.GuardrailWordConfig{{Text: aws.String("eagle")}}}}); err != nil {
		t.Fatal(err)
	}
	for version, want := range map[string]string{"DRAFT": "eagle", "1": "falcon"} {
		g, err := s.GetGuardrail(ctx, &bedrock.GetGuardrailInput{GuardrailIdentifier: made.GuardrailId, GuardrailVersion: &version})
		if err != nil || *g.WordPolicy.Words[0].Text != want {
			t.Errorf("version %s: %+v %v", version, g, err)
		}
	}
	list, err := s.ListGuardrails(ctx, &bedrock.ListGuardrailsInput{GuardrailIdentifier: made.GuardrailId})
	if err != nil || len(list.Guardrails) != 2 {
		t.Errorf("%+v %v", list, err)
	}
	if _, err := s.DeleteGuardrail(ctx, &bedrock.DeleteGuardrailInput{GuardrailIdentifier: made.GuardrailId}); err != nil {
		t.Error(err)
	}
	_, err = s.GetGuardrail(ctx, &bedrock.GetGuardrailInput{GuardrailIdentifier: made.GuardrailId})
	tells(t, err, "ResourceNotFoundException")
}

// imports brings SmolLM2 in from S3, and what is no model.
func (s stage) imports(t *testing.T, says func(string) error) {
	ctx := t.Context()
	b, err := os.ReadFile(harness.Must(harness.SmolLM2())(t))
	if err != nil {
		t.Fatal(err)
	}
	s.put(t, "model/smol.gguf", string(b))
	s.put(t, "wrong/x.gguf", "this is no model")
	job := func(name, uri string) *bedrock.GetModelImportJobOutput {
		made, err := s.CreateModelImportJob(ctx, &bedrock.CreateModelImportJobInput{JobName: &name, ImportedModelName: &name, RoleArn: &s.role,
			ModelDataSource: &types.ModelDataSourceMemberS3DataSource{Value: types.S3DataSource{S3Uri: &uri}}})
		if err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			out, err := s.GetModelImportJob(ctx, &bedrock.GetModelImportJobInput{JobIdentifier: made.JobArn})
			if err != nil {
				t.Fatal(err)
			}
			if out.Status != types.ModelImportJobStatusInProgress {
				return out
			}
			if time.Now().After(deadline) {
				t.Fatal("the import does not end")
			}
		}
	}
	done := job("smol", "s3://batch/model/")
	if done.Status != types.ModelImportJobStatusCompleted {
		t.Fatalf("import: %s %s", done.Status, aws.ToString(done.FailureMessage))
	}
	if err := says(*done.ImportedModelArn); err != nil {
		t.Errorf("the imported model: %v", err)
	}
	m, err := s.GetImportedModel(ctx, &bedrock.GetImportedModelInput{ModelIdentifier: aws.String("smol")})
	if err != nil || *m.ModelArchitecture != "llama" || !*m.InstructSupported {
		t.Errorf("%+v %v", m, err)
	}
	for uri, want := range map[string]string{"s3://batch/wrong/": "not a GGUF file", "s3://batch/nothing/": "neither a .gguf file", "s3://nobody-has-this/": "NoSuchBucket"} {
		if out := job("bad"+strings.ReplaceAll(uri[5:12], "/", "-"), uri); out.Status != types.ModelImportJobStatusFailed || !strings.Contains(aws.ToString(out.FailureMessage), want) &&
			!strings.Contains(aws.ToString(out.FailureMessage), "AccessDenied") {
			t.Errorf("%s: %s %s", uri, out.Status, aws.ToString(out.FailureMessage))
		}
	}
	if _, err := s.DeleteImportedModel(ctx, &bedrock.DeleteImportedModelInput{ModelIdentifier: done.ImportedModelArn}); err != nil {
		t.Error(err)
	}
	tells(t, says(*done.ImportedModelArn), "ResourceNotFoundException")
}

// logs has calls logged into S3.
func (s stage) logs(t *testing.T, says func(string) error) {
	ctx := t.Context()
	if _, err := s.s3.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(bucket),
		Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"bedrock.amazonaws.com"},"Action":"s3:PutObject","Resource":"arn:aws:s3:::batch/*"}]}`)}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutModelInvocationLoggingConfiguration(ctx, &bedrock.PutModelInvocationLoggingConfigurationInput{LoggingConfig: &types.LoggingConfig{
		S3Config: &types.S3Config{BucketName: aws.String(bucket), KeyPrefix: aws.String("logs")}, TextDataDeliveryEnabled: aws.Bool(true)}}); err != nil {
		t.Fatal(err)
	}
	if err := says(model); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		out, err := s.s3.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: aws.String(bucket), Prefix: aws.String("logs/AWSLogs/" + s.who.Account + "/BedrockModelInvocationLogs/us-east-1/")})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Contents) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no log came")
		}
	}
	if _, err := s.DeleteModelInvocationLoggingConfiguration(ctx, &bedrock.DeleteModelInvocationLoggingConfigurationInput{}); err != nil {
		t.Error(err)
	}
	if out, err := s.GetModelInvocationLoggingConfiguration(ctx, &bedrock.GetModelInvocationLoggingConfigurationInput{}); err != nil || out.LoggingConfig != nil {
		t.Errorf("%+v %v", out, err)
	}
}
