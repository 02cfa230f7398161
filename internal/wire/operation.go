// Package wire speaks AWS's protocols. One chain serves every request: identify, verify SigV4, decode, validate,
// authorize, handle, encode, audit. It is driven by API facts and knows no service.
package wire

import (
	"context"
	"reflect"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/authz"
)

// Operation is one entry of a service's list: a handler with the types it takes and gives.
type Operation struct {
	Name   string
	In     reflect.Type // struct, not pointer
	Out    reflect.Type
	Event  reflect.Type // element of a streamed output, nil when none
	handle func(ctx context.Context, in any) (out any, events sender, err error)
	target func(ctx context.Context, in any) ([]Target, error)
	public bool // needs no signature (sts:AssumeRoleWithWebIdentity)
	record bool // is recorded although it changes nothing
	data   bool // is not recorded although it changes something
	shows  func(in any) any
}

// Ops is what a service serves.
type Ops []Operation

// Service is one AWS service.
type Service interface {
	Name() string // as its facts are named: "iam"
	Ops() Ops
}

// Target is what an operation would touch, for authorization.
type Target struct {
	Action   string        // "" means <service>:<Operation>
	Resource string        // ARN, "*" when the action has no resource
	Account  string        // owner when not the caller's account
	Policy   *authz.Policy // the resource's own policy, nil when it has none
	Context  authz.Context // further condition keys (iam:PassedToService, aws:ResourceTag/…)
	Concerns []string      // other accounts, in whose trails the call is too
}

// Option says more about an operation.
type Option func(*Operation)

// On names the resources that the operation touches. All targets must be allowed. Without it the resource is "*".
func On[I any](f func(ctx context.Context, in *I) ([]Target, error)) Option {
	return func(o *Operation) {
		o.target = func(ctx context.Context, in any) ([]Target, error) { return f(ctx, in.(*I)) }
	}
}

// Public lets the operation be called unsigned; the handler itself establishes who calls.
func Public() Option { return func(o *Operation) { o.public = true } }

// Recorded has successful calls in the audit trail although they change nothing: such as hand out credentials for data.
func Recorded() Option { return func(o *Operation) { o.record = true } }

// Shows says what the audit trail shows of an input that holds content: f gives a copy with nothing else. Of the output it shows
// nothing then.
func Shows[I any](f func(in *I) *I) Option {
	return func(o *Operation) { o.shows = func(in any) any { return f(in.(*I)) } }
}

// Data keeps successful calls out of the audit trail: those on what a resource holds (messages, events, records), which AWS too
// calls data events and LookupEvents does not show. Refusals are recorded.
func Data() Option { return func(o *Operation) { o.data = true } }

// Op lists a handler. The operation's name is the input type's without "Input".
func Op[I, O any](f func(context.Context, *I) (*O, error), opts ...Option) Operation {
	o := Operation{
		Name: strings.TrimSuffix(reflect.TypeFor[I]().Name(), "Input"),
		In:   reflect.TypeFor[I](), Out: reflect.TypeFor[O](),
		handle: func(ctx context.Context, in any) (any, sender, error) {
			out, err := f(ctx, in.(*I))
			if out == nil || err != nil {
				return nil, nil, err
			}
			return out, nil, nil
		},
	}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// Call is the request at hand, as the chain knows it. Handlers read it with CallOf.
type Call struct {
	Service, Operation string
	RequestID          string
	Region             string
	Principal          authz.Principal
	Time               time.Time
	SourceIP           string
	UserAgent          string
	Host               string // as the client addressed us
	// Token is the same when a call is repeated (resource.TokenHeader): for operations whose inputs have no client token. "" when none was sent.
	Token string
}

// Account is the caller's account.
func (c *Call) Account() string { return c.Principal.Account }

type callKey struct{}

// WithCall attaches the call to ctx.
func WithCall(ctx context.Context, c *Call) context.Context {
	return context.WithValue(ctx, callKey{}, c)
}

// CallOf returns the call that ctx belongs to. It panics outside the chain: a handler is never run without it.
func CallOf(ctx context.Context) *Call { return ctx.Value(callKey{}).(*Call) }
