package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// algorithms are those that tokens may be signed with.
var algorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.PS256, jose.PS384, jose.PS512, jose.ES256, jose.ES384, jose.ES512}

// maxToken is the longest token.
const maxToken = 16 << 10

// claims are a token's content.
type claims map[string]any

// verify checks a token's signature, issuer, audience and times. Errors may be told to the client.
func (i *issuers) verify(ctx context.Context, a *authorizer, token string) (claims, error) {
	if len(token) > maxToken {
		return nil, errors.New("the token is too long")
	}
	signed, err := jose.ParseSignedCompact(token, algorithms)
	if err != nil {
		return nil, errors.New("the token is not a signed JWT")
	}
	content, err := i.signedBy(ctx, a.issuer, signed)
	if err != nil {
		return nil, err
	}
	var c claims
	d := json.NewDecoder(bytes.NewReader(content))
	d.UseNumber()
	if d.Decode(&c) != nil || c == nil {
		return nil, errors.New("the token's claims cannot be read")
	}
	return c, c.check(a, i.clock.Now())
}

func (c claims) check(a *authorizer, now time.Time) error {
	if iss, _ := c["iss"].(string); iss != a.issuer {
		return errors.New("the token does not have a valid issuer")
	}
	audience := c.list("aud")
	if _, has := c["aud"]; !has {
		audience = c.list("client_id")
	}
	if len(common(audience, a.audience)) == 0 {
		return errors.New("the token does not have a valid audience")
	}
	expires, ok := c.time("exp")
	switch {
	case !ok:
		return errors.New("the token does not expire")
	case !now.Before(expires):
		return errors.New("the token has expired")
	}
	for _, name := range []string{"nbf", "iat"} {
		if from, ok := c.time(name); ok && now.Before(from) {
			return errors.New("the token is not valid yet")
		}
	}
	return nil
}

// list gives a claim that is text or a list of texts.
func (c claims) list(name string) (out []string) {
	switch v := c[name].(type) {
	case string:
		return []string{v}
	case []any:
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
	}
	return out
}

func (c claims) time(name string) (time.Time, bool) {
	n, ok := c[name].(json.Number)
	if !ok {
		return time.Time{}, false
	}
	f, err := n.Float64()
	if err != nil || f < 0 || f > 1e12 {
		return time.Time{}, false
	}
	return time.UnixMilli(int64(f * 1000)), true
}

// scopes are those of the claims scope and scp.
func (c claims) scopes() []string {
	list := c.list("scope")
	if len(list) == 0 {
		list = c.list("scp")
	}
	return strings.Fields(strings.Join(list, " "))
}

// text writes each claim as functions see it: text as it is, lists as "[a b]", anything else as JSON has it.
func (c claims) text() map[string]string {
	out := make(map[string]string, len(c))
	for name, v := range c {
		out[name] = claimText(v)
	}
	return out
}

func claimText(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case nil:
		return "null"
	case bool:
		return strconv.FormatBool(v)
	case json.Number:
		return v.String()
	case []any:
		parts := make([]string, len(v))
		for i, e := range v {
			parts[i] = claimText(e)
		}
		return "[" + strings.Join(parts, " ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, k+":"+claimText(v[k]))
		}
		return "map[" + strings.Join(parts, " ") + "]"
	}
	return fmt.Sprint(v)
}
