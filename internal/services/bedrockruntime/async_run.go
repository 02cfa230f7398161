package bedrockruntime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

const (
	jobAsync = "bedrock-async"
	// asyncAttempts is how often the model is asked when it is busy or failed, and the output written.
	asyncAttempts = 4
	// asyncWidth is how many invocations are under way at a time.
	asyncWidth = 16
)

// asyncFailure ends an invocation; its text is for the caller.
type asyncFailure struct{ text string }

// Error is the text.
func (f *asyncFailure) Error() string { return f.text }

// runAsync carries an invocation out in its caller's name, who must still be allowed to ask the model. The answer is a step of its own:
// after a crash the model isn't asked again.
func (s *Service) runAsync(ctx context.Context, k store.Key) error {
	select {
	case s.asyncs <- struct{}{}:
		defer func() { <-s.asyncs }()
	case <-ctx.Done():
		return ctx.Err()
	}
	var a foundation.Async
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		a, err = s.Shelf.Asyncs.Get(tx, k)
		return err
	}); err != nil || !a.Ended.IsZero() {
		return err
	}
	err := s.answerAsync(ctx, k, a)
	if ctx.Err() != nil {
		return ctx.Err() // the server stops: the next run goes on
	}
	var failed *asyncFailure
	status, text := types.AsyncInvokeStatusCompleted, ""
	if errors.As(err, &failed) {
		status, text = types.AsyncInvokeStatusFailed, failed.text
		err = nil
	} else if err != nil {
		status, text = types.AsyncInvokeStatusFailed, "The invocation failed because of an internal error."
	}
	return errors.Join(err, s.Store.Update(ctx, func(tx *store.Tx) error {
		a, err := s.Shelf.Asyncs.Get(tx, k)
		if err != nil {
			return err
		}
		a.Status, a.Failure, a.Input = string(status), text, nil
		a.Ended = s.Clock.Now()
		a.Modified = a.Ended
		return s.Shelf.Asyncs.Put(tx, k, a)
	}))
}

// asked is what came of asking the model.
type asked struct {
	Body    json.RawMessage
	Failure string
}

func (s *Service) answerAsync(ctx context.Context, k store.Key, a foundation.Async) error {
	config := s.Clients.Configure(a.Caller, k.Region)
	answer, err := jobs.Step(ctx, "ask", func(ctx context.Context) (asked, error) {
		client := bedrockruntime.NewFromConfig(config, func(o *bedrockruntime.Options) { o.RetryMaxAttempts = asyncAttempts })
		out, err := client.InvokeModel(ctx, &bedrockruntime.InvokeModelInput{ModelId: &a.Model, Body: a.Input})
		if err != nil {
			if ctx.Err() != nil {
				return asked{}, ctx.Err()
			}
			return asked{Failure: told(err)}, nil
		}
		return asked{Body: out.Body}, nil
	})
	if err != nil {
		return err
	}
	if answer.Failure != "" {
		return &asyncFailure{answer.Failure}
	}
	bucket, prefix, err := bucketOf(a.Output)
	if err != nil {
		return err
	}
	prefix += a.ID + "/"
	manifest, err := json.Marshal(map[string]any{"version": "1.0", "invocationId": a.ID, "invocationArn": asyncARN(k), "modelId": a.Model,
		"submitTime": a.Submitted.UTC().Format(time.RFC3339), "outputs": []map[string]string{{"type": "output", "uri": "s3://" + bucket + "/" + prefix + "output.json"}}})
	if err != nil {
		return fmt.Errorf("cannot write manifest: %w", err)
	}
	objects := s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle, o.RetryMaxAttempts = true, asyncAttempts })
	for _, o := range []struct {
		name string
		body []byte
	}{{"output.json", answer.Body}, {"manifest.json", manifest}} { // who sees the manifest finds the output
		in := &s3.PutObjectInput{Bucket: &bucket, Key: aws.String(prefix + o.name), Body: bytes.NewReader(o.body), ContentType: aws.String(jsonType)}
		if a.BucketOwner != "" {
			in.ExpectedBucketOwner = &a.BucketOwner
		}
		if _, err := objects.PutObject(ctx, in); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return &asyncFailure{"The output could not be written to s3://" + bucket + "/" + prefix + o.name + ": " + told(err)}
		}
	}
	return nil
}

// told is an error of a call in words for the caller.
func told(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode() + ": " + api.ErrorMessage()
	}
	return "The call did not arrive."
}
