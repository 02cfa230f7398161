package gateway

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/go-jose/go-jose/v4"
)

const (
	maxIssuers = 256
	maxKeys    = 64
	// keyLife is how long keys are used before they are read again; a key that is not known is looked for no more often than keyWait.
	// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
	keyLife   = 2 * time.Hour
	keyWait   = 10 * time.Second
	issuerMax = 1 << 20 // bytes of an answer
)

// issuers keeps the keys of tokens' issuers.
type issuers struct {
	client *http.Client
	clock  clock.Clock
	mu     sync.Mutex
	known  map[string]*issuer
}

type issuer struct {
	mu    sync.Mutex // held while keys are read
	keys  []jose.JSONWebKey
	read  time.Time // when they were read
	tried time.Time
}

func newIssuers(transport http.RoundTripper, c clock.Clock) *issuers {
	return &issuers{client: &http.Client{Transport: transport, Timeout: 5 * time.Second}, clock: c, known: map[string]*issuer{}}
}

func (i *issuers) of(url string) *issuer {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.known[url] == nil {
		if len(i.known) >= maxIssuers {
			clear(i.known)
		}
		i.known[url] = &issuer{}
	}
	return i.known[url]
}

var (
	errSignature = errors.New("the token's signature is not valid")
	errIssuer    = errors.New("the keys of the token's issuer cannot be read")
)

// signedBy gives the content of a token that an issuer signed.
func (i *issuers) signedBy(ctx context.Context, url string, token *jose.JSONWebSignature) ([]byte, error) {
	if len(token.Signatures) != 1 {
		return nil, errSignature
	}
	of, id, now := i.of(url), token.Signatures[0].Header.KeyID, i.clock.Now()
	of.mu.Lock()
	defer of.mu.Unlock()
	key := of.key(id)
	if (key == nil || now.Sub(of.read) >= keyLife) && now.Sub(of.tried) >= keyWait {
		of.tried = now
		keys, err := i.fetch(ctx, url)
		if err != nil && key == nil {
			return nil, errIssuer
		}
		if err == nil {
			of.keys, of.read = keys, now
			key = of.key(id)
		}
	}
	if key == nil {
		if of.read.IsZero() {
			return nil, errIssuer
		}
		return nil, errSignature
	}
	content, err := token.Verify(key)
	if err != nil {
		return nil, errSignature
	}
	return content, nil
}

// key finds a key by its id; a token that names none may be signed by an only key.
func (i *issuer) key(id string) *jose.JSONWebKey {
	if id == "" && len(i.keys) == 1 {
		return &i.keys[0]
	}
	for n := range i.keys {
		if i.keys[n].KeyID == id && id != "" {
			return &i.keys[n]
		}
	}
	return nil
}

// fetch reads what an issuer says of itself, and its keys.
func (i *issuers) fetch(ctx context.Context, issuer string) ([]jose.JSONWebKey, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // who waits next gains by it too
	defer cancel()
	var about struct {
		Keys string `json:"jwks_uri"`
	}
	if err := i.get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", &about); err != nil {
		return nil, err
	}
	if u, err := url.Parse(about.Keys); err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return nil, fmt.Errorf("cannot use jwks_uri %q", about.Keys)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := i.get(ctx, about.Keys, &set); err != nil {
		return nil, err
	}
	var keys []jose.JSONWebKey
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(raw, &k) != nil || !k.Valid() || !k.IsPublic() || k.Use != "" && k.Use != "sig" {
			continue // of a kind that is not for tokens
		}
		if keys = append(keys, k); len(keys) == maxKeys {
			break
		}
	}
	return keys, nil
}

func (i *issuers) get(ctx context.Context, url string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	a, err := i.client.Do(r)
	if err != nil {
		return err
	}
	defer a.Body.Close()
	if a.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %d", url, a.StatusCode)
	}
	return json.NewDecoder(io.LimitReader(a.Body, issuerMax)).Decode(into)
}
