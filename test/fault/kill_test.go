package fault

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/atelier-studio/atelier/internal/platform/store/storetest"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"
)

var (
	rounds = flag.Int("rounds", 2, "how often the server is killed")
	writes = flag.Int("writes", 500, "writes per round")
)

const (
	writers = 64
	bucket  = "fault"
)

func TestKillSQLite(t *testing.T) { kill(t, "") }

func TestKillPostgreSQL(t *testing.T) {
	p := storetest.StartPostgres(t)
	if p == nil {
		return // it has said that PostgreSQL is not installed
	}
	kill(t, p.Database(t))
}

// outcome is what a writer knows of its write.
type outcome int32

const (
	unsent outcome = iota
	unknown
	acknowledged
)

// kill writes from all sides, kills the server in the middle, starts it again, and looks at every write. The data of all
// rounds stay.
func kill(t *testing.T, database string) {
	o := harness.Options{DataDir: t.TempDir(), Database: database}
	s := start(t, o)
	if _, err := s.Root().S3().CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	var all []*round
	for n := range *rounds {
		r := &round{number: n, client: dial(s), outcomes: make([]atomic.Int32, *writes)}
		all = append(all, r)
		r.write(t, s)
		s = start(t, o)
		r.client = dial(s)
		r.check(t)
	}
	for _, r := range all { // later deaths took nothing from earlier rounds
		r.client = dial(s)
		r.check(t)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("%v\n%s", err, s.Log())
	}
}

func start(t *testing.T, o harness.Options) *harness.Server {
	t.Helper()
	s, err := harness.Launch(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Kill)
	return s
}

type client struct {
	iam *iam.Client
	s3  *s3.Client
}

func dial(s *harness.Server) client {
	cfg := s.Root().Config()
	cfg.HTTPClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: writers}}
	return client{iam.NewFromConfig(cfg), s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true })}
}

type round struct {
	number   int
	client   client
	outcomes []atomic.Int32
}

// write lets the writers run until the server is dead. It dies after 20 to 80 % of the writes.
func (r *round) write(t *testing.T, s *harness.Server) {
	at := int64(*writes) * int64(20+rand.IntN(60)) / 100
	var next, done atomic.Int64
	var dead sync.WaitGroup
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(*writes); i = next.Add(1) - 1 {
				r.outcomes[i].Store(int32(unknown))
				if err := r.put(t.Context(), int(i)); err != nil {
					var api smithy.APIError
					if errors.As(err, &api) {
						t.Errorf("round %d, write %d: %v", r.number, i, err)
					}
					return // the server is gone
				}
				r.outcomes[i].Store(int32(acknowledged))
				if done.Add(1) == at {
					dead.Go(s.Kill)
				}
			}
		})
	}
	all.Wait()
	dead.Wait()
	t.Logf("round %d: killed after %d writes, %d acknowledged", r.number, at, done.Load())
	if done.Load() < at {
		t.Fatalf("the server went before it was killed\n%s", s.Log())
	}
}

func (r *round) name(i int) string { return fmt.Sprintf("r%d-w%d", r.number, i) }

func (r *round) trust(i int) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"` + strings.ReplaceAll(r.name(i), "-", "") +
		`","Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
}

func (r *round) data(i int) []byte {
	return bytes.Repeat([]byte(fmt.Sprintf("%-16s", r.name(i))), 64) // 1 KB
}

// put is write i. Kinds take turns.
func (r *round) put(ctx context.Context, i int) error {
	name := r.name(i)
	switch i % 4 {
	case 0:
		_, err := r.client.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(r.trust(i)),
			Description: &name, Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: &name}, {Key: aws.String("b"), Value: &name}}})
		return err
	case 1:
		_, err := r.client.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &name, Path: aws.String("/fault/"),
			Tags: []iamtypes.Tag{{Key: aws.String("a"), Value: &name}}})
		return err
	case 2:
		_, err := r.client.s3.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(bucket), Key: &name, Body: bytes.NewReader(r.data(i))})
		return err
	}
	made, err := r.client.s3.CreateMultipartUpload(ctx, &s3.CreateMultipartUploadInput{Bucket: aws.String(bucket), Key: &name})
	if err != nil {
		return err
	}
	part, err := r.client.s3.UploadPart(ctx, &s3.UploadPartInput{Bucket: aws.String(bucket), Key: &name, UploadId: made.UploadId,
		PartNumber: aws.Int32(1), Body: bytes.NewReader(r.data(i))})
	if err != nil {
		return err
	}
	_, err = r.client.s3.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{Bucket: aws.String(bucket), Key: &name, UploadId: made.UploadId,
		MultipartUpload: &s3types.CompletedMultipartUpload{Parts: []s3types.CompletedPart{{PartNumber: aws.Int32(1), ETag: part.ETag}}}})
	return err
}

// check looks at every write: one that was acknowledged is there, and any that is there is whole.
func (r *round) check(t *testing.T) {
	t.Helper()
	var next atomic.Int64
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for i := int(next.Add(1) - 1); i < *writes; i = int(next.Add(1) - 1) {
				o := outcome(r.outcomes[i].Load())
				there, err := r.get(t.Context(), i)
				switch {
				case err != nil:
					t.Errorf("round %d, write %d: %v", r.number, i, err)
				case o == acknowledged && !there:
					t.Errorf("round %d, write %d: acknowledged and lost", r.number, i)
				case o == unsent && there:
					t.Errorf("round %d, write %d: nobody sent it", r.number, i)
				}
			}
		})
	}
	all.Wait()
}

// get reads write i back. It fails when there is only half of it.
func (r *round) get(ctx context.Context, i int) (there bool, err error) {
	name := r.name(i)
	switch i % 4 {
	case 0:
		out, err := r.client.iam.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		if err != nil {
			return false, absent(err)
		}
		policy, err := url.QueryUnescape(aws.ToString(out.Role.AssumeRolePolicyDocument))
		if err != nil || policy != r.trust(i) || aws.ToString(out.Role.Description) != name || len(out.Role.Tags) != 2 || *out.Role.Arn == "" || *out.Role.RoleId == "" {
			return true, fmt.Errorf("half a role: %+v", out.Role)
		}
	case 1:
		out, err := r.client.iam.GetUser(ctx, &iam.GetUserInput{UserName: &name})
		if err != nil {
			return false, absent(err)
		}
		if len(out.User.Tags) != 1 || *out.User.Path != "/fault/" || *out.User.UserId == "" {
			return true, fmt.Errorf("half a user: %+v", out.User)
		}
	default:
		out, err := r.client.s3.GetObject(ctx, &s3.GetObjectInput{Bucket: aws.String(bucket), Key: &name})
		if err != nil {
			return false, absent(err)
		}
		defer out.Body.Close()
		got, err := io.ReadAll(out.Body)
		if err != nil || !bytes.Equal(got, r.data(i)) || aws.ToString(out.ETag) == "" {
			return true, fmt.Errorf("half an object: %d bytes, %w", len(got), err)
		}
	}
	return true, nil
}

// absent turns a service's word that there is no such thing into nil.
func absent(err error) error {
	var api smithy.APIError
	if errors.As(err, &api) && (api.ErrorCode() == "NoSuchEntity" || api.ErrorCode() == "NoSuchKey") {
		return nil
	}
	return err
}
