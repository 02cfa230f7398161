package s3

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/objects"
	sdk "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/valyala/fasthttp"
	"github.com/versity/versitygw/auth"
	"github.com/versity/versitygw/s3err"
	"github.com/versity/versitygw/s3response"
)

// guard is the backend with authorization. versitygw asks for a bucket's ACL once in every request on a bucket or an
// object, right after it has verified the signature: that is where requests are decided.
type guard struct {
	*objects.Backend
	cfg      Config
	accounts accounts

	mu         sync.RWMutex
	generation uint64
	buckets    map[string]bucketState
}

// bucketState is what a decision needs to know of a bucket.
type bucketState struct {
	owner    string
	acl      []byte
	policy   *authz.Policy
	notifies *notification // nil: nobody is told
}

func newGuard(files *objects.Backend, cfg Config) *guard {
	return &guard{Backend: files, cfg: cfg, accounts: accounts{cfg.Directory}, buckets: map[string]bucketState{}}
}

// bucket reads a bucket's owner and policy. What is read while something changes is not kept.
func (g *guard) bucket(ctx context.Context, name string) (bucketState, error) {
	g.mu.RLock()
	b, ok := g.buckets[name]
	generation := g.generation
	g.mu.RUnlock()
	if ok {
		return b, nil
	}
	acl, err := g.Backend.GetBucketAcl(ctx, &sdk.GetBucketAclInput{Bucket: &name})
	if err != nil {
		return b, err
	}
	parsed, err := auth.ParseACL(acl)
	if err != nil {
		return b, err
	}
	b = bucketState{owner: parsed.Owner, acl: acl}
	if b.owner == "" {
		return b, denied() // whose it is is not known, so nobody may
	}
	document, err := g.Backend.GetBucketPolicy(ctx, name)
	if err == nil {
		if b.policy, err = authz.ParseResource(document); err != nil {
			return b, err
		}
		b.policy.ID = "arn:aws:s3:::" + name
	} else if !errors.Is(err, s3err.GetAPIError(s3err.ErrNoSuchBucketPolicy)) && !noPolicy(err) {
		return b, err
	}
	if text, err := g.Backend.Document(name, "notification"); err == nil {
		if n, err := readNotification(text); err == nil { // it was checked when it was put
			b.notifies = &n
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.generation == generation && len(g.buckets) < 10000 {
		g.buckets[strings.Clone(name)] = b // the name lies in the request's buffer
	}
	return b, nil
}

func noPolicy(err error) bool {
	var e s3err.S3Error
	return errors.As(err, &e) && e.BaseError().Code == "NoSuchBucketPolicy"
}

// change runs f, which changes a bucket, and forgets what was known of it.
func (g *guard) change(bucket string, f func() error) error {
	forget := func() {
		g.mu.Lock()
		g.generation++
		delete(g.buckets, bucket)
		g.mu.Unlock()
	}
	forget()
	defer forget()
	return f()
}

// GetBucketAcl decides the request and reads the ACL.
func (g *guard) GetBucketAcl(ctx context.Context, in *sdk.GetBucketAclInput) ([]byte, error) {
	b, err := g.bucket(ctx, *in.Bucket)
	if err != nil {
		return nil, err
	}
	rc, ok := ctx.(*fasthttp.RequestCtx)
	if !ok {
		return nil, denied()
	}
	if err := g.authorize(rc); err != nil {
		return nil, err
	}
	return b.acl, nil
}

// GetBucketPolicy reads the policy. Of an unsigned request versitygw asks for it to see whether the bucket is public;
// then we decide, and answer with a policy that says so.
func (g *guard) GetBucketPolicy(ctx context.Context, bucket string) ([]byte, error) {
	rc, ok := ctx.(*fasthttp.RequestCtx)
	if !ok || !anonymous(rc) {
		return g.Backend.GetBucketPolicy(ctx, bucket)
	}
	if _, err := g.bucket(ctx, bucket); err != nil {
		return nil, err
	}
	if err := g.authorize(rc); err != nil {
		return nil, err
	}
	arn := "arn:aws:s3:::" + bucket
	return json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{
		"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": []string{arn, arn + "/*"}}}})
}

// PutBucketPolicy checks the document with the parser that will evaluate it.
func (g *guard) PutBucketPolicy(ctx context.Context, bucket string, policy []byte) error {
	if _, err := authz.ParseResource(policy); err != nil {
		return s3err.APIError{Code: "MalformedPolicy", Description: err.Error(), HTTPStatusCode: 400}
	}
	return g.change(bucket, func() error { return g.Backend.PutBucketPolicy(ctx, bucket, policy) })
}

// DeleteBucketPolicy removes the policy.
func (g *guard) DeleteBucketPolicy(ctx context.Context, bucket string) error {
	return g.change(bucket, func() error { return g.Backend.DeleteBucketPolicy(ctx, bucket) })
}

// PutBucketAcl stores the ACL.
func (g *guard) PutBucketAcl(ctx context.Context, bucket string, data []byte) error {
	return g.change(bucket, func() error { return g.Backend.PutBucketAcl(ctx, bucket, data) })
}

// ChangeBucketOwner is not offered: nobody gives buckets away.
func (g *guard) ChangeBucketOwner(context.Context, string, string) error { return denied() }

// DeleteBucket removes an empty bucket.
func (g *guard) DeleteBucket(ctx context.Context, bucket string) error {
	return g.change(bucket, func() error { return g.Backend.DeleteBucket(ctx, bucket) })
}

// CreateBucket makes a bucket for the caller's account.
func (g *guard) CreateBucket(ctx context.Context, in *sdk.CreateBucketInput, acl []byte) error {
	rc, ok := ctx.(*fasthttp.RequestCtx)
	if !ok {
		return denied()
	}
	if err := g.ask(rc, question{"CreateBucket", *in.Bucket, ""}); err != nil {
		return err
	}
	return g.change(*in.Bucket, func() error { return g.Backend.CreateBucket(ctx, in, acl) })
}

// ListBuckets lists the buckets of the caller's account.
func (g *guard) ListBuckets(ctx context.Context, in s3response.ListBucketsInput) (s3response.ListAllMyBucketsResult, error) {
	rc, ok := ctx.(*fasthttp.RequestCtx)
	if !ok {
		return s3response.ListAllMyBucketsResult{}, denied()
	}
	if err := g.ask(rc, question{"ListAllMyBuckets", "", ""}); err != nil {
		return s3response.ListAllMyBucketsResult{}, err
	}
	in.IsAdmin = false
	return g.Backend.ListBuckets(ctx, in)
}

// DeleteObjects decides each key by itself.
func (g *guard) DeleteObjects(ctx context.Context, in *sdk.DeleteObjectsInput) (s3response.DeleteResult, error) {
	rc, ok := ctx.(*fasthttp.RequestCtx)
	if !ok {
		return s3response.DeleteResult{}, denied()
	}
	var refused []types.Error
	allowed := make([]types.ObjectIdentifier, 0, len(in.Delete.Objects))
	for _, o := range in.Delete.Objects {
		q := question{"DeleteObject", *in.Bucket, ""}
		if o.Key != nil {
			q.key = *o.Key
		}
		if o.VersionId != nil && *o.VersionId != "" {
			q.action = "DeleteObjectVersion"
		}
		err := error(s3err.GetAPIError(s3err.ErrInvalidRequest))
		if q.key != "" {
			err = nil
		}
		for _, q := range bypass(rc, []question{q}) {
			if err == nil {
				err = g.ask(rc, q)
			}
		}
		if err != nil {
			refused = append(refused, s3err.ObjectDeleteError(o.Key, o.VersionId, err))
			continue
		}
		allowed = append(allowed, o)
	}
	var out s3response.DeleteResult
	if len(allowed) > 0 {
		var err error
		out, err = g.Backend.DeleteObjects(ctx, &sdk.DeleteObjectsInput{Bucket: in.Bucket, Delete: &types.Delete{Objects: allowed}})
		if err != nil {
			return out, err
		}
		for _, d := range out.Deleted {
			g.deleted(rc, *in.Bucket, d)
		}
	}
	out.Error = append(out.Error, refused...)
	return out, nil
}
