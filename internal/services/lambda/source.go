package lambda

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/lambda/archive"
	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	// maxInline is how large an archive within a request is, and maxObject one in S3.
	// Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	maxInline = 50 << 20
	maxObject = archive.MaxUnpacked
	// codePath is where GetFunction says code is to be had, and codeLife for how long.
	codePath = "/_atelier/lambda/code/"
	codeLife = 10 * time.Minute
)

// source is where an archive is: in the request, or in S3.
type source struct {
	Zip                  []byte
	Bucket, Key, Version *string
}

// fetch takes an archive onto the shelf, where it is pinned until it is released. Objects are read with the caller's right.
func (s *Service) fetch(ctx context.Context, from source) (c code, err error) {
	switch {
	case len(from.Zip) > maxInline:
		return c, wire.Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", fmt.Sprintf("Request must be smaller than %d bytes for the %s operation",
			70167211, wire.CallOf(ctx).Operation))
	case from.Zip != nil && from.Bucket != nil:
		return c, invalid("Please do not provide other FunctionCode parameters when providing a ZipFile.")
	case from.Zip != nil:
		c, err = s.shelf.put(bytes.NewReader(from.Zip), maxInline)
	case from.Bucket == nil || from.Key == nil:
		return c, invalid("Please provide a source for function code.")
	default:
		call := wire.CallOf(ctx)
		client := s3.NewFromConfig(s.As(call.Principal, call.Region), func(o *s3.Options) { o.UsePathStyle = true })
		out, err := client.GetObject(ctx, &s3.GetObjectInput{Bucket: from.Bucket, Key: from.Key, VersionId: from.Version})
		if err != nil {
			return c, objectFault(*from.Bucket, *from.Key, err)
		}
		defer out.Body.Close()
		c, err = s.shelf.put(out.Body, maxObject)
		return c, archiveFault(err)
	}
	return c, archiveFault(err)
}

func archiveFault(err error) error {
	switch {
	case errors.Is(err, archive.ErrMalformed):
		return invalid("Could not unzip uploaded file. Please check your file, then try to upload again.")
	case errors.Is(err, archive.ErrTooLarge), errors.Is(err, errLarge):
		return invalid("Unzipped size must be smaller than %d bytes", archive.MaxUnpacked)
	}
	return err
}

func objectFault(bucket, key string, err error) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return err
	}
	var answer *awshttp.ResponseError
	if errors.As(err, &answer) && answer.HTTPStatusCode() == http.StatusForbidden {
		return wire.Errorf(http.StatusForbidden, "AccessDeniedException", fmt.Sprintf("Your access has been denied by S3, please make sure your request credentials "+
			"have permission to GetObject for %s/%s. S3 Error Code: %s. S3 Error Message: %s", bucket, key, api.ErrorCode(), api.ErrorMessage()))
	}
	return invalid("Error occurred while GetObject. S3 Error Code: %s. S3 Error Message: %s", api.ErrorCode(), api.ErrorMessage())
}

// UpdateFunctionCode changes the code of $LATEST.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionCode.html
func (s *Service) UpdateFunctionCode(ctx context.Context, in *lambda.UpdateFunctionCodeInput) (*lambda.UpdateFunctionCodeOutput, error) {
	r, was, err := s.changeable(ctx, in.FunctionName, in.RevisionId)
	if err != nil {
		return nil, err
	}
	if err := refuse(in.ImageUri != nil, "PackageType Image"); err != nil {
		return nil, err
	}
	c, err := s.fetch(ctx, source{in.ZipFile, in.S3Bucket, in.S3Key, in.S3ObjectVersion})
	if err != nil {
		return nil, err
	}
	defer s.shelf.release(c.Sum)
	now := was
	if err := now.load(c); err != nil {
		return nil, err
	}
	if in.DryRun {
		return copied[lambda.UpdateFunctionCodeOutput](now.show(r)), nil
	}
	shown := &now
	if err := s.replace(ctx, r, was, &now, func(tx *store.Tx) error {
		if !in.Publish {
			return nil
		}
		v, err := s.publish(tx, r.Key, "")
		shown = &v
		return err
	}); err != nil {
		return nil, err
	}
	if *shown.Version != latest {
		r = r.at(*shown.Version)
	}
	return copied[lambda.UpdateFunctionCodeOutput](shown.show(r)), nil
}

func (s *Service) updateCodeTargets(ctx context.Context, in *lambda.UpdateFunctionCodeInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}

// location is a URL at which code is to be had for a while.
func (s *Service) location(ctx context.Context, sum string) *string {
	call := wire.CallOf(ctx)
	until := strconv.FormatInt(call.Time.Add(codeLife).Unix(), 10)
	u := url.URL{Scheme: "http", Host: call.Host, Path: codePath + sum, RawQuery: url.Values{"Expires": {until}, "Signature": {s.seal(sum, until)}}.Encode()}
	return aws.String(u.String())
}

func (s *Service) seal(sum, until string) string {
	m := hmac.New(sha256.New, s.key)
	m.Write([]byte(sum + "\x00" + until))
	return hex.EncodeToString(m.Sum(nil))
}

// Pages are what is served beside the API: code, to those who were given its URL.
func (s *Service) Pages() map[string]http.Handler {
	return map[string]http.Handler{codePath + "{sum}": http.HandlerFunc(s.download)}
}

func (s *Service) download(w http.ResponseWriter, r *http.Request) {
	sum, q := r.PathValue("sum"), r.URL.Query()
	until, err := strconv.ParseInt(q.Get("Expires"), 10, 64)
	if err != nil || !hmac.Equal([]byte(q.Get("Signature")), []byte(s.seal(sum, q.Get("Expires")))) || s.Clock.Now().Unix() > until {
		http.Error(w, "AccessDenied: Request has expired", http.StatusForbidden)
		return
	}
	w.Header().Set("Content-Type", "application/zip")
	http.ServeFile(w, r, filepath.Clean(s.shelf.zip(strings.ToLower(sum))))
}

// architecture is that of this machine, the only one that functions have here.
var architecture = map[bool]types.Architecture{false: types.ArchitectureX8664, true: types.ArchitectureArm64}[runtime.GOARCH == "arm64"]
