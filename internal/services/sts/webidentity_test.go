package sts_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/go-jose/go-jose/v4"
)

// issuer is an OpenID Connect issuer that publishes one key.
type issuer struct {
	*httptest.Server
	key    *ecdsa.PrivateKey
	signer func(*ecdsa.PrivateKey, any) string
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{key: newKey(t)}
	mux := http.NewServeMux()
	i.Server = httptest.NewServer(mux)
	t.Cleanup(i.Close)
	answer := func(path string, v any) {
		mux.HandleFunc(path, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_ = json.NewEncoder(w).Encode(v)
		})
	}
	answer("/.well-known/openid-configuration", map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys",
		"authorization_endpoint": i.URL + "/a", "token_endpoint": i.URL + "/t", "id_token_signing_alg_values_supported": []string{"ES256"}})
	answer("/keys", jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k", Algorithm: "ES256", Use: "sig"}}})
	i.signer = func(key *ecdsa.PrivateKey, claims any) string {
		s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: "k"}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := json.Marshal(claims)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := s.Sign(body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := signed.CompactSerialize()
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	return i
}

func newKey(t *testing.T) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	f := open(t)
	i := newIssuer(t)
	p := identity.OIDCProvider{Account: f.account, URL: i.URL, ClientIDs: []string{"app"}}
	f.update(func(tx *store.Tx) error {
		return f.d.OIDCProviders.Insert(tx, identity.NameKey(f.account, p.Host()), p)
	})
	trust := `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"` + p.ARN() + `"},
		"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession"],"Condition":{"StringLike":{"` + p.Host() + `:sub":"repo:us/*"}}}}`
	id := f.role(f.account, "W", trust, nil)
	claims := func(change map[string]any) map[string]any {
		c := map[string]any{"iss": i.URL, "aud": "app", "sub": "repo:us/x", "iat": start.Unix(), "exp": start.Add(time.Hour).Unix()}
		for k, v := range change {
			c[k] = v
		}
		return c
	}
	call := func(token string) (*sts.AssumeRoleWithWebIdentityOutput, error) {
		return f.s.AssumeRoleWithWebIdentity(t.Context(), &sts.AssumeRoleWithWebIdentityInput{RoleArn: &id, RoleSessionName: aws.String("s"), WebIdentityToken: &token})
	}
	out, err := call(i.signer(i.key, claims(map[string]any{"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"team": []string{"t"}}}})))
	if err != nil {
		t.Fatal(err)
	}
	who := f.of(out.Credentials)
	if *out.SubjectFromWebIdentityToken != "repo:us/x" || *out.Audience != "app" || *out.Provider != p.ARN() || who.RoleARN != id ||
		who.Tags["team"] != "t" || who.Context["aws:FederatedProvider"][0] != p.ARN() {
		t.Errorf("answer %+v, principal %+v", out, who)
	}

	for what, c := range map[string]struct{ token, code, text string }{
		"another's subject":  {i.signer(i.key, claims(map[string]any{"sub": "repo:them/x"})), "AccessDenied", "Not authorized"},
		"another's audience": {i.signer(i.key, claims(map[string]any{"aud": "other"})), "InvalidIdentityToken", "audience"},
		"another's key":      {i.signer(newKey(t), claims(nil)), "InvalidIdentityToken", "verified"},
		"another's issuer":   {i.signer(i.key, claims(map[string]any{"iss": "https://example.com"})), "InvalidIdentityToken", "No OpenIDConnect provider"},
		"expired":            {i.signer(i.key, claims(map[string]any{"exp": start.Add(-time.Minute).Unix()})), "ExpiredTokenException", ""},
		"no token":           {"a.b.c", "InvalidIdentityToken", "JWT"},
	} {
		_, err := call(c.token)
		f.fails(what, err, c.code, c.text)
	}

	gone := newIssuer(t)
	q := identity.OIDCProvider{Account: f.account, URL: gone.URL, ClientIDs: []string{"app"}}
	clear := identity.OIDCProvider{Account: f.account, URL: "http://issuer.example.com", ClientIDs: []string{"app"}}
	f.update(func(tx *store.Tx) error {
		if err := f.d.OIDCProviders.Insert(tx, identity.NameKey(f.account, clear.Host()), clear); err != nil {
			return err
		}
		return f.d.OIDCProviders.Insert(tx, identity.NameKey(f.account, q.Host()), q)
	})
	gone.Close()
	_, err = call(i.signer(i.key, claims(map[string]any{"iss": gone.URL})))
	f.fails("issuer gone", err, "IDPCommunicationError", "")
	_, err = call(i.signer(i.key, claims(map[string]any{"iss": clear.URL})))
	f.fails("issuer in clear", err, "IDPCommunicationError", "")
}
