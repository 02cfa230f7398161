package sts

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/coreos/go-oidc/v3/oidc"
)

const (
	maxIssuers    = 256
	issuerRefresh = time.Hour
	maxAnswer     = 1 << 20
)

// issuers keeps what OIDC issuers publish of themselves, so that a token costs no request in the usual case.
type issuers struct {
	client *http.Client
	clock  clock.Clock
	mu     sync.Mutex
	known  map[string]issuer
}

type issuer struct {
	provider *oidc.Provider
	read     time.Time
}

func newIssuers(client *http.Client, c clock.Clock) *issuers {
	bounded := *client
	next := client.Transport
	if next == nil {
		next = http.DefaultTransport
	}
	bounded.Transport = boundedTransport{next}
	return &issuers{client: &bounded, clock: c, known: map[string]issuer{}}
}

// boundedTransport cuts answers off, as an issuer is a stranger, and asks in clear only on this machine.
type boundedTransport struct{ next http.RoundTripper }

var errClear = errors.New("an issuer must be asked by https")

// RoundTrip asks an issuer.
func (t boundedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if !private(r.URL) {
		return nil, errClear
	}
	resp, err := t.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(resp.Body, maxAnswer), resp.Body}
	return resp, nil
}

func private(u *url.URL) bool {
	if u.Scheme == "https" {
		return true
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// verify checks signature, issuer and times of a token. The audience is the caller's to check.
func (i *issuers) verify(ctx context.Context, p identity.OIDCProvider, token string) (*oidc.IDToken, error) {
	provider, err := i.provider(ctx, p.URL)
	if err != nil {
		return nil, &types.IDPCommunicationErrorException{Message: aws.String("The issuer could not be reached or does not describe itself: " + p.Host())}
	}
	verifier := provider.VerifierContext(oidc.ClientContext(ctx, i.client), &oidc.Config{SkipClientIDCheck: true, Now: i.clock.Now,
		SupportedSigningAlgs: []string{"RS256", "RS384", "RS512", "ES256", "ES384", "ES512"}})
	t, err := verifier.Verify(ctx, token)
	if err != nil {
		return nil, refuse(err)
	}
	return t, nil
}

func (i *issuers) provider(ctx context.Context, url string) (*oidc.Provider, error) {
	now := i.clock.Now()
	i.mu.Lock()
	known, ok := i.known[url]
	i.mu.Unlock()
	if ok && now.Sub(known.read) < issuerRefresh {
		return known.provider, nil
	}
	p, err := oidc.NewProvider(oidc.ClientContext(context.WithoutCancel(ctx), i.client), url)
	if err != nil {
		return nil, err
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.known) >= maxIssuers {
		clear(i.known)
	}
	i.known[url] = issuer{p, now}
	return p, nil
}
