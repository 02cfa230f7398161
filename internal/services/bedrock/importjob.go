package bedrock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrock"
	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/atelier-studio/atelier/internal/engines/models/convert"
	"github.com/atelier-studio/atelier/internal/engines/models/gguf"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	jobImport   = "bedrock-import"
	importKind  = "model-import-job"
	importedDir = "imported"
	// maxModel bounds the file of a model, in bytes.
	maxModel = 200 << 30
)

// importJob brings a model in.
type importJob struct {
	ID, Name, Role, Source   string
	ModelName, ModelID       string
	Account, Region          string
	Status                   types.ModelImportJobStatus
	Failure                  string
	Created, Modified, Ended time.Time
	Tags, ModelTags          map[string]string
}

func (j *importJob) key() store.Key { return store.Key{Account: j.Account, Region: j.Region, ID: j.ID} }

func (j *importJob) modelARN() *string {
	return aws.String(arnOf(store.Key{Account: j.Account, Region: j.Region, ID: j.ModelID}, importedKind))
}

// CreateModelImportJob begins to bring a model in, a GGUF file in S3.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_CreateModelImportJob.html
func (s *Service) CreateModelImportJob(ctx context.Context, in *bedrock.CreateModelImportJobInput) (out *bedrock.CreateModelImportJobOutput, err error) {
	tags, err := tagMap(in.JobTags)
	if err != nil {
		return nil, err
	}
	modelTags, err := tagMap(in.ImportedModelTags)
	if err != nil {
		return nil, err
	}
	src, ok := in.ModelDataSource.(*types.ModelDataSourceMemberS3DataSource)
	if !ok {
		return nil, invalid("The model must be in S3.")
	}
	if _, _, err := place(aws.ToString(src.Value.S3Uri)); err != nil {
		return nil, err
	}
	k, now := here(ctx, newID()), s.Clock.Now()
	j := importJob{ID: k.ID, Name: aws.ToString(in.JobName), Role: aws.ToString(in.RoleArn), Source: aws.ToString(src.Value.S3Uri), ModelName: aws.ToString(in.ImportedModelName),
		ModelID: newID(), Account: k.Account, Region: k.Region, Status: types.ModelImportJobStatusInProgress, Created: now, Modified: now, Tags: tags, ModelTags: modelTags}
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, in, func() (*bedrock.CreateModelImportJobOutput, error) {
			rows, err := s.Shelf.Imported.List(tx, store.Range{Account: k.Account, Region: k.Region})
			for _, r := range rows {
				if r.Value.Name == j.ModelName {
					return nil, conflict("An imported model is already named %s.", j.ModelName)
				}
			}
			if err != nil {
				return nil, err
			}
			if err := s.imports.Insert(tx, k, j); err != nil {
				return nil, err
			}
			_, err = tx.Enqueue(jobImport, k)
			return &bedrock.CreateModelImportJobOutput{JobArn: aws.String(arnOf(k, importKind))}, err
		})
		return reused(err)
	})
	return out, err
}

func (s *Service) createModelImportJobTargets(_ context.Context, in *bedrock.CreateModelImportJobInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: "*"}, passRole(in.RoleArn)}, nil
}

// runImport fetches and checks the file, and makes it a model.
func (s *Service) runImport(ctx context.Context, k store.Key) error {
	var j importJob
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		j, err = s.imports.Get(tx, k)
		return err
	}); err != nil || j.Status != types.ModelImportJobStatusInProgress {
		return err
	}
	m, err := s.fetchModel(ctx, &j)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		j.Status, j.Modified = types.ModelImportJobStatusCompleted, s.Clock.Now()
		j.Ended = j.Modified
		if err != nil {
			j.Status, j.Failure = types.ModelImportJobStatusFailed, "The import failed because of an internal error."
			if f := (*failure)(nil); errors.As(err, &f) {
				j.Failure = f.text
			}
		} else if err := s.Shelf.Imported.Put(tx, store.Key{Account: j.Account, Region: j.Region, ID: m.ID}, m); err != nil {
			return err
		}
		return s.imports.Put(tx, k, j)
	})
}

func (s *Service) fetchModel(ctx context.Context, j *importJob) (foundation.Imported, error) {
	var none foundation.Imported
	c, err := s.Clients.Config(ctx, delivery.As{Service: principal, Source: arnOf(j.key(), importKind), Account: j.Account, RoleARN: j.Role}, j.Region)
	if err != nil {
		return none, &failure{"Bedrock could not assume the role " + j.Role + ": check that it trusts " + principal + "."}
	}
	client := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
	bucket, key, err := place(j.Source)
	if err != nil {
		return none, &failure{err.Error()}
	}
	published := "" // prefix of a model that has to be converted
	if !strings.HasSuffix(key, ".gguf") {
		if key, published, err = onlyModel(ctx, client, bucket, key); err != nil {
			return none, err
		}
	}
	file := filepath.Join(importedDir, j.Account, j.ModelID+".gguf")
	to := filepath.Join(s.Library.Dir, file)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return none, fmt.Errorf("cannot import model: %w", err)
	}
	if key == "" {
		err = convertModel(ctx, client, bucket, published, to)
	} else if err = download(ctx, client, bucket, key, to, maxModel); err != nil {
		err = unreadable("s3://"+bucket+"/"+key, err)
	}
	if err != nil {
		return none, err
	}
	h, err := gguf.Open(to)
	if err != nil {
		_ = os.Remove(to)
		return none, &failure{"The file " + path.Base(key) + " cannot be used: " + err.Error() + "."}
	}
	return foundation.Imported{ID: j.ModelID, Name: j.ModelName, Architecture: h.Architecture(), File: file, Family: familyOf(h), Job: arnOf(j.key(), importKind), JobName: j.Name,
		Source: j.Source, Instruct: h.Text("tokenizer.chat_template") != "", Created: s.Clock.Now(), Tags: j.ModelTags}, nil
}

// familyOf is whose bodies InvokeModel takes for an imported model.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/invoke-imported-model.html
func familyOf(h *gguf.Header) string {
	switch {
	case h.Embedding():
		return "titan-embed"
	case strings.HasPrefix(h.Architecture(), "mistral"):
		return "mistral"
	}
	return "llama"
}

// onlyModel finds the one GGUF file under a prefix, or gives the prefix back when the model is there as safetensors.
func onlyModel(ctx context.Context, client *s3.Client, bucket, prefix string) (key, published string, err error) {
	if prefix != "" {
		prefix = strings.TrimSuffix(prefix, "/") + "/"
	}
	other := false
	for p := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix}); p.HasMorePages(); {
		page, err := p.NextPage(ctx)
		if err != nil {
			return "", "", unreadable("s3://"+bucket+"/"+prefix, err)
		}
		for _, o := range page.Contents {
			other = other || *o.Key == prefix+"model.safetensors"
			if !strings.HasSuffix(*o.Key, ".gguf") {
				continue
			}
			if key != "" {
				return "", "", &failure{"There is more than one .gguf file in s3://" + bucket + "/" + prefix + "."}
			}
			key = *o.Key
		}
	}
	if key == "" && !other {
		return "", "", &failure{"There is neither a .gguf file nor model.safetensors in s3://" + bucket + "/" + prefix + "."}
	}
	return key, prefix, nil
}

// convertModel fetches a model as it is published, and makes a GGUF file of it.
func convertModel(ctx context.Context, client *s3.Client, bucket, prefix, to string) error {
	dir, err := os.MkdirTemp(filepath.Dir(to), ".convert-")
	if err != nil {
		return fmt.Errorf("cannot import model: %w", err)
	}
	defer os.RemoveAll(dir)
	if err := os.Mkdir(filepath.Join(dir, "1_Pooling"), 0o700); err != nil {
		return fmt.Errorf("cannot import model: %w", err)
	}
	for _, name := range []string{"config.json", "tokenizer.json", "vocab.txt", "1_Pooling/config.json", "model.safetensors"} {
		err := download(ctx, client, bucket, prefix+name, filepath.Join(dir, filepath.FromSlash(name)), maxModel)
		var none *s3types.NoSuchKey
		if errors.As(err, &none) {
			continue // the conversion tells what is missing
		}
		if err != nil {
			return unreadable("s3://"+bucket+"/"+prefix+name, err)
		}
	}
	if err := convert.Directory(dir, to); errors.Is(err, convert.ErrFormat) {
		return &failure{err.Error() + "."}
	} else if err != nil {
		return err
	}
	return nil
}

// GetModelImportJob tells how far an import is.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_GetModelImportJob.html
func (s *Service) GetModelImportJob(ctx context.Context, in *bedrock.GetModelImportJobInput) (out *bedrock.GetModelImportJobOutput, err error) {
	k := named(ctx, importKind, aws.ToString(in.JobIdentifier))
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		j, err := s.imports.Get(tx, k)
		if err != nil {
			return absent(err, missing("The model import job %s does not exist.", k.ID))
		}
		out = &bedrock.GetModelImportJobOutput{JobArn: aws.String(arnOf(k, importKind)), JobName: aws.String(j.Name), RoleArn: aws.String(j.Role), Status: j.Status,
			ImportedModelName: aws.String(j.ModelName), FailureMessage: filled(j.Failure), CreationTime: &j.Created, LastModifiedTime: &j.Modified,
			ModelDataSource: source(j.Source)}
		if j.Status == types.ModelImportJobStatusCompleted {
			out.ImportedModelArn = j.modelARN()
		}
		if !j.Ended.IsZero() {
			out.EndTime = &j.Ended
		}
		return nil
	})
	return out, err
}

func source(uri string) types.ModelDataSource {
	return &types.ModelDataSourceMemberS3DataSource{Value: types.S3DataSource{S3Uri: aws.String(uri)}}
}

func (s *Service) getModelImportJobTargets(ctx context.Context, in *bedrock.GetModelImportJobInput) ([]wire.Target, error) {
	return on(ctx, importKind, in.JobIdentifier)
}

// ListModelImportJobs lists imports.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListModelImportJobs.html
func (s *Service) ListModelImportJobs(ctx context.Context, in *bedrock.ListModelImportJobsInput) (*bedrock.ListModelImportJobsOutput, error) {
	of := here(ctx, "")
	var list []importJob
	if err := s.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := s.imports.List(tx, store.Range{Account: of.Account, Region: of.Region})
		for _, r := range rows {
			j := r.Value
			if (in.StatusEquals == "" || in.StatusEquals == j.Status) && strings.Contains(j.Name, aws.ToString(in.NameContains)) && between(j.Created, in.CreationTimeAfter, in.CreationTimeBefore) {
				list = append(list, j)
			}
		}
		return err
	}); err != nil {
		return nil, err
	}
	list, next, err := paged(ctx, list, func(j importJob) (time.Time, string) { return j.Created, j.ID }, in.SortOrder, in.MaxResults, in.NextToken)
	out := &bedrock.ListModelImportJobsOutput{ModelImportJobSummaries: []types.ModelImportJobSummary{}, NextToken: next}
	for _, j := range list {
		x := types.ModelImportJobSummary{JobArn: aws.String(arnOf(j.key(), importKind)), JobName: aws.String(j.Name), Status: j.Status, CreationTime: aws.Time(j.Created),
			LastModifiedTime: aws.Time(j.Modified), ImportedModelName: aws.String(j.ModelName)}
		if j.Status == types.ModelImportJobStatusCompleted {
			x.ImportedModelArn = j.modelARN()
		}
		if !j.Ended.IsZero() {
			x.EndTime = aws.Time(j.Ended)
		}
		out.ModelImportJobSummaries = append(out.ModelImportJobSummaries, x)
	}
	return out, err
}

func between(t time.Time, after, before *time.Time) bool {
	return (after == nil || t.After(*after)) && (before == nil || t.Before(*before))
}
