package iam_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	service "github.com/atelier-studio/atelier/internal/services/iam"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/smithy-go"
)

var start = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const (
	allowS3 = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}`
	denyS3  = `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"s3:*","Resource":"*"}]}`
	trust   = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}`
)

type fixture struct {
	*service.Service
	t       *testing.T
	d       *identity.Directory
	clock   *clock.Manual
	account string
	root    context.Context
}

func open(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: clock.At(start)}
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir(), Clock: f.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if f.d, err = identity.New(st, f.clock); err != nil {
		t.Fatal(err)
	}
	_, root, err := f.d.Bootstrap(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	f.account, f.root = root.Principal.Account, as(root.Principal)
	f.Service = service.New(service.Config{Directory: f.d, Clock: f.clock})
	return f
}

func as(p authz.Principal) context.Context {
	return wire.WithCall(context.Background(), &wire.Call{Service: "iam", Operation: "Test", Principal: p})
}

// arn is an ARN of the fixture's account.
func (f *fixture) arn(resource string) string { return "arn:aws:iam::" + f.account + ":" + resource }

// must runs a handler as the root user and fails the test when it fails.
func must[I, O any](f *fixture, handler func(context.Context, *I) (*O, error), in *I) *O {
	f.t.Helper()
	out, err := handler(f.root, in)
	if err != nil {
		f.t.Fatalf("%T: %v", in, err)
	}
	return out
}

// fails runs a handler and holds its error to code and text.
func fails[I, O any](f *fixture, handler func(context.Context, *I) (*O, error), in *I, code, text string) {
	f.t.Helper()
	out, err := handler(f.root, in)
	f.is(err, code, text)
	if out != nil {
		f.t.Errorf("%T: an answer beside the error", in)
	}
}

func (f *fixture) is(err error, code, text string) {
	f.t.Helper()
	got, message := "", ""
	var api smithy.APIError
	var own *wire.Error
	switch {
	case errors.As(err, &api):
		got, message = api.ErrorCode(), api.ErrorMessage()
	case errors.As(err, &own):
		got, message = own.Code, own.Message
	}
	if got != code || !strings.Contains(message, text) {
		f.t.Errorf("error %v, want %s with %q", err, code, text)
	}
}

func (f *fixture) update(g func(tx *store.Tx) error) {
	f.t.Helper()
	if err := f.d.Store().Update(context.Background(), g); err != nil {
		f.t.Fatal(err)
	}
}

func ptr[T any](v T) *T { return &v }
