package lambda

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"net"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// urlConfig is a function's URL. It is kept as it is shown, but for the URL, which has the host by which clients know us.
type urlConfig struct {
	types.FunctionUrlConfig
	ID string
}

// newURLID makes the first label of a URL.
func newURLID() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // it never fails
	return strings.ToLower(base32.StdEncoding.EncodeToString(b))
}

// show is a URL as clients reach it: by a host of its own where hosts have names, and by a path where they don't.
func (u urlConfig) show(host, region string) types.FunctionUrlConfig {
	c := u.FunctionUrlConfig
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	at := "http://" + u.ID + ".lambda-url." + region + "." + host + "/"
	if net.ParseIP(strings.Trim(name, "[]")) != nil || !strings.Contains(name, ".") {
		at = "http://" + host + "/_atelier/lambda-url/" + u.ID + "/"
	}
	c.FunctionUrl = &at
	return c
}

var errNoURL = missing("The resource you requested does not exist.")

// checkURL makes sure that a qualifier may have a URL: aliases, and $LATEST without being named.
func checkURL(r ref, f function) error {
	if _, ok := f.Aliases[r.Qualifier]; !ok && r.Qualifier != "" {
		if isVersion(r.Qualifier) || r.Qualifier == latest {
			return invalid("1 validation error detected: Value '%s' at 'qualifier' failed to satisfy constraint: a function URL is for an alias, or for $LATEST when no qualifier is given.", r.Qualifier)
		}
		return missing("Function not found: %s", r.arn())
	}
	return nil
}

func urlContext(auth types.FunctionUrlAuthType) authz.Context {
	if auth == "" {
		return nil
	}
	return authz.Context{"lambda:FunctionUrlAuthType": {string(auth)}}
}

// CreateFunctionUrlConfig gives a function a URL.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html
func (s *Service) CreateFunctionUrlConfig(ctx context.Context, in *lambda.CreateFunctionUrlConfigInput) (*lambda.CreateFunctionUrlConfigOutput, error) {
	r, f, err := s.function(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := checkURL(r, f); err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	now := call.Time.UTC().Format(timeForm)
	u := urlConfig{ID: newURLID(), FunctionUrlConfig: types.FunctionUrlConfig{AuthType: in.AuthType, Cors: in.Cors, InvokeMode: in.InvokeMode,
		FunctionArn: aws.String(r.arn()), CreationTime: &now, LastModifiedTime: &now}}
	if u.InvokeMode == "" {
		u.InvokeMode = types.InvokeModeBuffered
	}
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		if _, taken := f.URLs[r.Qualifier]; taken {
			return conflict("Failed to create function url config for [functionArn = %s]. Error message:  FunctionUrlConfig exists for this Lambda function", r.arn())
		}
		f.URLs = with(f.URLs, r.Qualifier, u)
		return nil
	}); err != nil {
		return nil, err
	}
	return copied[lambda.CreateFunctionUrlConfigOutput](u.show(call.Host, call.Region)), nil
}

func (s *Service) createURLTargets(ctx context.Context, in *lambda.CreateFunctionUrlConfigInput) ([]wire.Target, error) {
	return s.onURL(ctx, in.FunctionName, in.Qualifier, in.AuthType)
}

func (s *Service) onURL(ctx context.Context, name, qualifier *string, auth types.FunctionUrlAuthType) ([]wire.Target, error) {
	list, err := s.on(ctx, name, qualifier)
	for i := range list {
		for k, v := range urlContext(auth) {
			if list[i].Context == nil {
				list[i].Context = authz.Context{}
			}
			list[i].Context[k] = v
		}
	}
	return list, err
}

// url reads the URL that a call names.
func (s *Service) url(ctx context.Context, name, qualifier *string) (r ref, u urlConfig, err error) {
	r, f, err := s.function(ctx, name, qualifier)
	if err != nil {
		return r, u, err
	}
	u, ok := f.URLs[r.Qualifier]
	if !ok {
		return r, u, errNoURL
	}
	return r, u, nil
}

// GetFunctionUrlConfig tells of a function's URL.
func (s *Service) GetFunctionUrlConfig(ctx context.Context, in *lambda.GetFunctionUrlConfigInput) (*lambda.GetFunctionUrlConfigOutput, error) {
	r, u, err := s.url(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	return copied[lambda.GetFunctionUrlConfigOutput](u.show(wire.CallOf(ctx).Host, r.Region)), nil
}

func (s *Service) getURLTargets(ctx context.Context, in *lambda.GetFunctionUrlConfigInput) ([]wire.Target, error) {
	return s.onURL(ctx, in.FunctionName, in.Qualifier, "")
}

// UpdateFunctionUrlConfig changes what is given.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionUrlConfig.html
func (s *Service) UpdateFunctionUrlConfig(ctx context.Context, in *lambda.UpdateFunctionUrlConfigInput) (*lambda.UpdateFunctionUrlConfigOutput, error) {
	r, u, err := s.url(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		ok := false
		if u, ok = f.URLs[r.Qualifier]; !ok {
			return errNoURL
		}
		if in.AuthType != "" {
			u.AuthType = in.AuthType
		}
		if in.InvokeMode != "" {
			u.InvokeMode = in.InvokeMode
		}
		given(&u.Cors, in.Cors)
		u.LastModifiedTime = aws.String(call.Time.UTC().Format(timeForm))
		f.URLs = with(f.URLs, r.Qualifier, u)
		return nil
	}); err != nil {
		return nil, err
	}
	return copied[lambda.UpdateFunctionUrlConfigOutput](u.show(call.Host, r.Region)), nil
}

func (s *Service) updateURLTargets(ctx context.Context, in *lambda.UpdateFunctionUrlConfigInput) ([]wire.Target, error) {
	return s.onURL(ctx, in.FunctionName, in.Qualifier, in.AuthType)
}

// DeleteFunctionUrlConfig takes a function's URL away. It never comes again.
func (s *Service) DeleteFunctionUrlConfig(ctx context.Context, in *lambda.DeleteFunctionUrlConfigInput) (*lambda.DeleteFunctionUrlConfigOutput, error) {
	r, _, err := s.url(ctx, in.FunctionName, in.Qualifier)
	if err != nil {
		return nil, err
	}
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		f.URLs = without(f.URLs, r.Qualifier)
		return nil
	}); err != nil {
		return nil, err
	}
	return &lambda.DeleteFunctionUrlConfigOutput{}, nil
}

func (s *Service) deleteURLTargets(ctx context.Context, in *lambda.DeleteFunctionUrlConfigInput) ([]wire.Target, error) {
	return s.onURL(ctx, in.FunctionName, in.Qualifier, "")
}

// ListFunctionUrlConfigs lists a function's URLs.
func (s *Service) ListFunctionUrlConfigs(ctx context.Context, in *lambda.ListFunctionUrlConfigsInput) (*lambda.ListFunctionUrlConfigsOutput, error) {
	_, f, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	call := wire.CallOf(ctx)
	var list []types.FunctionUrlConfig
	for _, u := range f.URLs {
		list = append(list, u.show(call.Host, call.Region))
	}
	order := func(c types.FunctionUrlConfig) string { return *c.FunctionArn }
	slices.SortFunc(list, func(a, b types.FunctionUrlConfig) int { return strings.Compare(order(a), order(b)) })
	out := &lambda.ListFunctionUrlConfigsOutput{}
	out.FunctionUrlConfigs, out.NextMarker, err = page(ctx, list, order, in.MaxItems, in.Marker)
	return out, err
}

func (s *Service) listURLsTargets(ctx context.Context, in *lambda.ListFunctionUrlConfigsInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}
