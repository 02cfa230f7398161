package bedrockruntime

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/foundation"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/bedrockruntime/native"
	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	// maxAsync is the most that an asynchronous invocation may be given, in bytes: it waits in the database.
	maxAsync = 4 << 20
	pageSize = 100
)

// StartAsyncInvoke takes an invocation up whose answer will lie in S3.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_StartAsyncInvoke.html
func (s *Service) StartAsyncInvoke(ctx context.Context, in *bedrockruntime.StartAsyncInvokeInput) (out *bedrockruntime.StartAsyncInvokeOutput, err error) {
	tags, err := wire.TagMap(in.Tags, func(t types.Tag) (key, value *string) { return t.Key, t.Value })
	if err != nil {
		return nil, invalid("%s", err)
	}
	to, ok := in.OutputDataConfig.(*types.AsyncInvokeOutputDataConfigMemberS3OutputDataConfig)
	if !ok {
		return nil, invalid("The output must be in S3.")
	}
	m, err := s.choose(ctx, in.ModelId)
	if err != nil {
		return nil, err
	}
	input, err := in.ModelInput.MarshalSmithyDocument()
	if err != nil || len(input) > maxAsync {
		return nil, invalid("The modelInput is not valid, or larger than %d bytes.", maxAsync)
	}
	if v := native.VectorsOf(m.family); v != nil {
		if _, err := v.Texts(input); err != nil {
			return nil, invalid("%s", err)
		}
	} else if _, _, err := s.decode(m, input); err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	a := foundation.Async{ID: strings.ToLower(rand.Text()[:12]), Model: aws.ToString(in.ModelId), Input: input, Output: aws.ToString(to.Value.S3Uri),
		KMSKey: aws.ToString(to.Value.KmsKeyId), BucketOwner: aws.ToString(to.Value.BucketOwner), Caller: call.Principal, Token: aws.ToString(in.ClientRequestToken),
		Status: string(types.AsyncInvokeStatusInProgress), Submitted: s.Clock.Now(), Modified: s.Clock.Now(), Tags: tags}
	a.Caller.Session, a.Caller.AccessKeyID = nil, "" // what was given with the session stays, and counts again
	if _, _, err := bucketOf(a.Output); err != nil {
		return nil, err
	}
	k := store.Key{Account: call.Account(), Region: call.Region, ID: a.ID}
	asked := a // what makes two calls the same one; in holds a document, which JSON doesn't show
	asked.ID, asked.Caller, asked.Submitted, asked.Modified = "", authz.Principal{}, time.Time{}, time.Time{}
	err = s.Store.Update(ctx, func(tx *store.Tx) (err error) {
		out, err = wire.Once(ctx, s.tokens, tx, in.ClientRequestToken, asked, func() (*bedrockruntime.StartAsyncInvokeOutput, error) {
			if a.ModelARN, err = s.modelARN(tx, k, a.Model); err != nil {
				return nil, err
			}
			if err := s.Shelf.Asyncs.Insert(tx, k, a); err != nil {
				return nil, err
			}
			_, err := tx.Enqueue(jobAsync, k)
			return &bedrockruntime.StartAsyncInvokeOutput{InvocationArn: aws.String(asyncARN(k))}, err
		})
		return err
	})
	if errors.Is(err, wire.ErrTokenReused) {
		err = &types.ConflictException{Message: aws.String("The client request token was used with other parameters.")}
	}
	return out, err
}

// modelARN is the model as answers name it.
func (s *Service) modelARN(tx *store.Tx, k store.Key, identifier string) (string, error) {
	m, err := s.Shelf.Resolve(tx, k.Account, k.Region, identifier)
	if err != nil {
		return "", err
	}
	return m.ARNs[len(m.ARNs)-1], nil
}

// bucketOf splits an S3 URI.
func bucketOf(uri string) (bucket, prefix string, err error) {
	rest, ok := strings.CutPrefix(uri, "s3://")
	bucket, prefix, _ = strings.Cut(rest, "/")
	if !ok || len(bucket) < 3 {
		return "", "", invalid("The S3 URI %s is not valid.", uri)
	}
	if prefix != "" {
		prefix = strings.TrimSuffix(prefix, "/") + "/"
	}
	return bucket, prefix, nil
}

// startAsyncInvokeTargets are those of InvokeModel. Whether the caller may write the output is decided when it is written.
func (s *Service) startAsyncInvokeTargets(ctx context.Context, in *bedrockruntime.StartAsyncInvokeInput) ([]wire.Target, error) {
	return s.on(ctx, invoke, in.ModelId)
}

func asyncARN(k store.Key) string {
	return arn.New("bedrock", k.Region, k.Account, foundation.AsyncKind+"/"+k.ID)
}

// asyncKey reads the ARN of an invocation.
func asyncKey(name string) store.Key {
	a, err := arn.Parse(name)
	if err != nil {
		return store.Key{}
	}
	return store.Key{Account: a.Account, Region: a.Region, ID: strings.TrimPrefix(a.Resource, foundation.AsyncKind+"/")}
}

// GetAsyncInvoke tells how far an invocation is.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_GetAsyncInvoke.html
func (s *Service) GetAsyncInvoke(ctx context.Context, in *bedrockruntime.GetAsyncInvokeInput) (out *bedrockruntime.GetAsyncInvokeOutput, err error) {
	k := asyncKey(aws.ToString(in.InvocationArn))
	err = s.Store.View(ctx, func(tx *store.Tx) error {
		a, err := s.Shelf.Asyncs.Get(tx, k)
		if errors.Is(err, store.ErrNotFound) || k.Account != wire.CallOf(ctx).Account() {
			return invalid("The invocation %s does not exist.", aws.ToString(in.InvocationArn))
		}
		if err != nil {
			return err
		}
		x := asyncSummary(k, a)
		out = &bedrockruntime.GetAsyncInvokeOutput{InvocationArn: x.InvocationArn, ModelArn: x.ModelArn, OutputDataConfig: x.OutputDataConfig, Status: x.Status,
			SubmitTime: x.SubmitTime, ClientRequestToken: x.ClientRequestToken, EndTime: x.EndTime, FailureMessage: x.FailureMessage, LastModifiedTime: x.LastModifiedTime}
		return nil
	})
	return out, err
}

func (s *Service) getAsyncInvokeTargets(_ context.Context, in *bedrockruntime.GetAsyncInvokeInput) ([]wire.Target, error) {
	return []wire.Target{{Resource: aws.ToString(in.InvocationArn)}}, nil
}

func asyncSummary(k store.Key, a foundation.Async) types.AsyncInvokeSummary {
	filled := func(s string) *string {
		if s == "" {
			return nil
		}
		return &s
	}
	out := types.AsyncInvokeSummary{InvocationArn: aws.String(asyncARN(k)), ModelArn: &a.ModelARN, Status: types.AsyncInvokeStatus(a.Status), SubmitTime: &a.Submitted,
		LastModifiedTime: &a.Modified, ClientRequestToken: filled(a.Token), FailureMessage: filled(a.Failure),
		OutputDataConfig: &types.AsyncInvokeOutputDataConfigMemberS3OutputDataConfig{Value: types.AsyncInvokeS3OutputDataConfig{S3Uri: &a.Output,
			BucketOwner: filled(a.BucketOwner), KmsKeyId: filled(a.KMSKey)}}}
	if !a.Ended.IsZero() {
		out.EndTime = &a.Ended
	}
	return out
}

// ListAsyncInvokes lists the account's invocations, the newest first unless asked otherwise.
// Source: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ListAsyncInvokes.html
func (s *Service) ListAsyncInvokes(ctx context.Context, in *bedrockruntime.ListAsyncInvokesInput) (*bedrockruntime.ListAsyncInvokesOutput, error) {
	call := wire.CallOf(ctx)
	var rows []store.Row[foundation.Async]
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		rows, err = s.Shelf.Asyncs.List(tx, store.Range{Account: call.Account(), Region: call.Region})
		return err
	}); err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r store.Row[foundation.Async]) bool {
		a := r.Value
		return in.StatusEquals != "" && a.Status != string(in.StatusEquals) || in.SubmitTimeAfter != nil && !a.Submitted.After(*in.SubmitTimeAfter) ||
			in.SubmitTimeBefore != nil && !a.Submitted.Before(*in.SubmitTimeBefore)
	})
	key := func(r store.Row[foundation.Async]) string {
		n := r.Value.Submitted.UnixNano()
		if in.SortOrder != types.SortOrderAscending {
			n = 1<<62 - n
		}
		return fmt.Sprintf("%019d/%s", n, r.Key.ID)
	}
	slices.SortFunc(rows, func(a, b store.Row[foundation.Async]) int { return strings.Compare(key(a), key(b)) })
	size := pageSize
	if n := aws.ToInt32(in.MaxResults); n > 0 {
		size = int(n)
	}
	rows, next, err := wire.Page(ctx, rows, key, size, in.NextToken)
	if err != nil {
		return nil, invalid("The nextToken is not valid.")
	}
	out := &bedrockruntime.ListAsyncInvokesOutput{AsyncInvokeSummaries: []types.AsyncInvokeSummary{}, NextToken: next}
	for _, r := range rows {
		out.AsyncInvokeSummaries = append(out.AsyncInvokeSummaries, asyncSummary(r.Key, r.Value))
	}
	return out, nil
}
