package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/atelier-studio/atelier/internal/platform/audit"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/wire/codec"
	"github.com/atelier-studio/atelier/internal/wire/sigv4"
)

// Config is what the chain needs.
type Config struct {
	Services  []Service
	S3        http.Handler // takes what is signed for S3, and unsigned requests that are for nobody else
	Directory *identity.Directory
	Recorder  audit.Recorder
	Clock     clock.Clock
	Logger    *slog.Logger
	Region    string                // of unsigned requests
	Metrics   prometheus.Registerer // nil: nothing is measured
}

// Chain serves every service on one port. It is an http.Handler.
type Chain struct {
	cfg     Config
	router  *router
	metrics *metrics
}

// New builds the chain.
func New(cfg Config) (*Chain, error) {
	r, err := newRouter(cfg.Services)
	if err != nil {
		return nil, err
	}
	c := &Chain{cfg: cfg, router: r, metrics: newMetrics(cfg.Metrics)}
	return c, c.check()
}

// exchange is one request on its way through the chain.
type exchange struct {
	*Chain
	w    http.ResponseWriter
	r    *http.Request
	call *Call

	endpoint *endpoint
	codec    *codec.Service
	op       *codec.Operation
	params   codec.PathParams
	sig      *sigv4.Signature
	secret   string
	body     []byte
	touched  []audit.Resource
	concerns []string
}

// ServeHTTP answers a request.
func (c *Chain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	start := time.Now()
	x := &exchange{Chain: c, r: r}
	sig, sigErr := sigv4.Parse(r)
	if sigErr != nil {
		x.sig = nil
	} else {
		x.sig = sig
	}
	hint := sig // even a signature that is incomplete may name its service
	if hint != nil && hint.Service == "" || isMissing(sigErr) {
		hint = nil
	}
	list, known := c.router.candidates(r, hint)
	if known && list == nil {
		c.serveS3(w, r, start)
		return
	}
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	x.w = rec
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	x.call = &Call{RequestID: uuid.NewString(), Region: c.cfg.Region, Time: c.cfg.Clock.Now(), SourceIP: source,
		UserAgent: r.UserAgent(), Host: r.Host, Token: r.Header.Get(resource.TokenHeader), Principal: authz.Principal{Kind: authz.Anonymous}}
	if x.sig != nil {
		x.call.Region = x.sig.Region
	}
	if list == nil {
		x.unknown()
		return
	}
	if err := x.serve(list, sigErr); err != nil {
		x.fail(err)
	}
	x.close()
	c.metrics.observe(x.endpoint, x.op, rec.status, time.Since(start))
}

func isMissing(err error) bool {
	var e *sigv4.Error
	return errors.As(err, &e) && e.Fault == sigv4.Missing
}

// serve takes the request through the chain. What it returns the caller is told.
func (x *exchange) serve(list []*endpoint, sigErr error) error {
	x.endpoint = list[0]
	var err error
	if x.codec, err = x.endpoint.codec(); err != nil {
		return err
	}
	limit := int64(maxUnsigned)
	switch {
	case x.sig != nil: // who nobody knows is sent away before the body is read
		if err := x.identify(); err != nil {
			return err
		}
		limit = bodyLimit(x.endpoint.Name)
		for _, e := range list[1:] {
			limit = max(limit, bodyLimit(e.Name))
		}
	case !isMissing(sigErr):
		return x.faulty(signatureFault(sigErr))
	}
	streamed := x.streamed(list)
	if !streamed {
		if x.body, err = readBody(x.w, x.r, limit); err != nil {
			return x.faulty(bodyFault(err))
		}
	}
	if x.endpoint, x.op, x.params, err = pick(list, x.r, x.body); err != nil {
		return err
	}
	if x.codec, err = x.endpoint.codec(); err != nil {
		return err
	}
	x.call.Service = x.endpoint.Name
	if x.op != nil {
		x.call.Operation = x.op.Name()
	}
	listed := x.op != nil && x.op.Listed()
	if x.sig == nil && !(listed && x.endpoint.ops[x.op.Name()].public) {
		return x.faulty(missingToken, "Request is missing Authentication Token")
	}
	if x.sig != nil {
		if err := x.verify(streamed); err != nil {
			return err
		}
	}
	switch {
	case x.op == nil:
		return x.unknownOperation()
	case !listed:
		return x.faulty(notImplemented, x.endpoint.actionPrefix()+":"+x.op.Name()+" is not implemented by Atelier.")
	}
	return x.run(x.endpoint.ops[x.op.Name()], streamed)
}

// streamed finds operations whose body must not be read in advance. They are all named by path or header.
func (x *exchange) streamed(list []*endpoint) bool {
	for _, e := range list {
		if e.service == nil || e.speaks("query") {
			continue
		}
		if c, err := e.codec(); err == nil {
			if op, _, ok := c.Match(x.r); ok {
				return op.Listed() && op.StreamsIn()
			}
		}
	}
	return false
}

// identify finds who the key stands for.
func (x *exchange) identify() error {
	if err := x.sig.CheckTime(x.call.Time); err != nil {
		return x.faulty(signatureFault(err))
	}
	cred, err := x.cfg.Directory.Credential(x.r.Context(), x.sig.AccessKeyID, x.sig.Token)
	switch {
	case errors.Is(err, identity.ErrExpiredToken):
		return x.faulty(expiredToken, "The security token included in the request is expired")
	case errors.Is(err, identity.ErrUnknownKey), errors.Is(err, identity.ErrInactiveKey), errors.Is(err, identity.ErrBadToken):
		return x.faulty(unknownKey, "The security token included in the request is invalid.")
	case err != nil:
		return err
	}
	x.call.Principal, x.secret = cred.Principal, cred.SecretAccessKey
	return nil
}

// verify checks the signature over the request and its body.
func (x *exchange) verify(streamed bool) error {
	payload := x.sig.Payload
	switch {
	case !streamed && payload == sigv4.UnsignedPayload && x.op != nil && x.op.Facts().UnsignedPayload:
	case !streamed:
		sum := sha256.Sum256(x.body)
		payload = hex.EncodeToString(sum[:])
	case payload == sigv4.StreamingEvents && x.op.EventsIn():
	case len(payload) != sha256.Size*2:
		return x.faulty(incompleteSig, "X-Amz-Content-Sha256 must be the SHA-256 of the body.")
	default:
		x.r.Body = &hashed{ReadCloser: x.r.Body, h: sha256.New(), want: payload}
	}
	err := x.sig.Verify(x.r, x.secret, payload)
	if err == nil {
		return nil
	}
	return x.faulty(signatureFault(err))
}

func (x *exchange) unknownOperation() error {
	protocol := x.codec.Protocol(x.r)
	if e := x.router.intended(x.r, x.body); e != nil && x.sig != nil && e.SigningName != x.sig.Service {
		c, err := e.codec()
		if err != nil {
			return err
		}
		x.endpoint, x.codec = e, c // answered in the words of the service that was meant
		return x.faulty(wrongSignature, "Credential should be scoped to correct service: '"+e.SigningName+"'.")
	}
	if protocol == "query" {
		if action := parameter(x.r, x.body, "Action"); action != "" {
			return x.faulty(unknownAction, "Could not find operation "+action+" for version "+parameter(x.r, x.body, "Version"))
		}
		return missingAction.in(protocol, "The request must contain the parameter Action.")
	}
	return x.faulty(unknownAction, "The service does not know the requested operation.")
}

var missingAction = fault{"MissingAction", "UnknownOperationException", http.StatusBadRequest}

// run decodes, authorizes, handles and answers.
func (x *exchange) run(o *Operation, streamed bool) error {
	ctx := WithCall(x.r.Context(), x.call)
	var in any
	var err error
	if streamed {
		var events *codec.EventReader
		if in, events, err = x.op.DecodeStream(x.r, x.params, guard(x.w, x.r, 0)); err == nil && events != nil {
			if x.sig.Payload == sigv4.StreamingEvents {
				events.Verify = x.sig.Events(x.secret)
			}
			ctx = context.WithValue(ctx, incomingKey{}, events)
		}
	} else {
		in, err = x.op.Decode(x.r, x.params, x.body)
		ctx = context.WithValue(ctx, givenKey{}, x.body)
	}
	if err != nil {
		return err
	}
	ctx = x.asking(ctx, o, in)
	if err := x.authorize(ctx, o, in); err != nil {
		return x.told(ctx, in, nil, err)
	}
	out, events, err := x.handle(ctx, o, in)
	if err != nil {
		return x.told(ctx, in, nil, err)
	}
	if err := x.told(ctx, in, out, nil); err != nil {
		return err
	}
	if events != nil {
		return x.stream(out, events)
	}
	return x.op.Encode(x.w, x.r, out, x.call.RequestID)
}

// handle runs the handler; what panics there is an error of ours and not the end of the server.
func (x *exchange) handle(ctx context.Context, o *Operation, in any) (out any, events sender, err error) {
	defer func() {
		if p := recover(); p != nil {
			x.cfg.Logger.Error("handler panicked", "service", x.call.Service, "operation", x.call.Operation,
				"request", x.call.RequestID, "panic", p, "stack", string(debug.Stack()))
			out, events, err = nil, nil, errors.New("handler panicked")
		}
	}()
	return o.handle(ctx, in)
}

func (x *exchange) stream(out any, events sender) error {
	w, err := x.op.EncodeStream(x.w, x.r, x.call.RequestID, out)
	if err != nil {
		return err
	}
	defer w.Close()
	var gone error // the caller is
	err = events(func(e any) error {
		if gone == nil {
			gone = w.Send(e)
		}
		return gone
	})
	if err != nil && gone == nil {
		x.log(err)
		_ = w.Fail(err) // the caller is gone when this fails
	}
	return nil
}

func (x *exchange) faulty(f fault, message string) error {
	return f.in(x.codec.Protocol(x.r), message)
}

// fail answers with an error.
func (x *exchange) fail(err error) {
	x.log(err)
	if x.codec == nil {
		http.Error(x.w, "InternalFailure", http.StatusInternalServerError)
		return
	}
	x.codec.EncodeError(x.w, x.r, x.op, err, x.call.RequestID)
}

// log tells the operator of what is our own fault; a caller's mistakes are the caller's to know.
func (x *exchange) log(err error) {
	if code, _ := describe(err); code == "InternalFailure" && x.r.Context().Err() == nil {
		x.cfg.Logger.Error("request failed", "service", x.call.Service, "operation", x.call.Operation,
			"request", x.call.RequestID, "error", err)
	}
}

// close lets a connection go whose body nobody wants to read to its end.
func (x *exchange) close() { _ = x.r.Body.Close() }

// unknown answers requests for services that have no facts at all.
func (x *exchange) unknown() {
	name := "this service"
	if x.sig != nil {
		name = x.sig.Service
	} else if t, _, ok := strings.Cut(x.r.Header.Get("X-Amz-Target"), "."); ok {
		name = t
	}
	if len(name) > 64 {
		name = name[:64]
	}
	anyOne := x.router.bySigning["sts"][0]
	if x.r.Header.Get("X-Amz-Target") != "" {
		anyOne = x.router.bySigning["kms"][0]
	}
	x.endpoint = anyOne
	x.codec, _ = anyOne.codec()
	x.fail(x.faulty(notImplemented, name+" is not implemented by Atelier."))
}

// serveS3 hands the request to S3, with the same patience as others get.
func (c *Chain) serveS3(w http.ResponseWriter, r *http.Request, start time.Time) {
	rec := &recorder{ResponseWriter: w, status: http.StatusOK}
	if r.Body != nil && r.ContentLength != 0 {
		r.Body = guard(w, r, 0)
	}
	c.cfg.S3.ServeHTTP(rec, r)
	c.metrics.observeS3(r.Method, rec.status, time.Since(start))
}

// hashed is a streamed body that ends in an error when it is not the one that was signed.
type hashed struct {
	io.ReadCloser
	h interface {
		io.Writer
		Sum([]byte) []byte
	}
	want string
}

// Read reads on.
func (b *hashed) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	_, _ = b.h.Write(p[:n]) // hashes don't fail
	if err == io.EOF && hex.EncodeToString(b.h.Sum(nil)) != b.want {
		return n, &Error{"XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header does not match what was computed.", 400}
	}
	return n, err
}
