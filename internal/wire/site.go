package wire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/wire/sigv4"
)

// Site answers what is no call of an API: requests to something that users made, such as an HTTP API or a function's URL. id
// names it; the path of r is that after the id.
type Site func(id string, w http.ResponseWriter, r *http.Request)

// Sites puts sites before next. One is reached at <id>.<label>.<anything>, as in AWS, and, where names of hosts lead
// nowhere, at <under><label>/<id>/….
func Sites(sites map[string]Site, under string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, host, _ := strings.Cut(r.Host, ".")
		label, _, deeper := strings.Cut(host, ".")
		if site := sites[label]; site != nil && id != "" && deeper {
			site.Serve(id, w, r)
			return
		}
		if rest, ok := strings.CutPrefix(r.URL.EscapedPath(), under); ok {
			label, rest, _ := strings.Cut(rest, "/")
			id, _, _ := strings.Cut(rest, "/")
			if site := sites[label]; site != nil && id != "" {
				// Neither labels nor ids have anything to escape, so that this is a prefix of both forms of the path.
				http.StripPrefix(under+label+"/"+id, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					site.Serve(id, w, r)
				})).ServeHTTP(w, r)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// Hosts puts sites at names of hosts that their owners chose before next; find gives the site of a name, nil when there is none. What
// looks like a call of an AWS API goes to next whatever the name: nobody gets others' calls by choosing the server's own.
func Hosts(find func(ctx context.Context, name string) Site, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name := r.Host
		if host, _, err := net.SplitHostPort(name); err == nil {
			name = host
		}
		if !strings.Contains(name, ".") || net.ParseIP(name) != nil || isCall(r) {
			next.ServeHTTP(w, r)
			return
		}
		name = strings.ToLower(strings.TrimSuffix(name, "."))
		if site := find(r.Context(), name); site != nil {
			site.Serve(name, w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isCall tells calls of AWS APIs by their signature, or, of unsigned ones, by what only they have.
func isCall(r *http.Request) bool {
	query := "&" + r.URL.RawQuery
	if strings.HasPrefix(r.Header.Get("Authorization"), "AWS") || strings.Contains(query, "&X-Amz-Algorithm=") || strings.Contains(query, "&X-Amz-Signature=") {
		sig, err := sigv4.Parse(r)
		return err != nil || sig.Service != "execute-api"
	}
	return r.URL.Path == "/" && (r.Header.Get("X-Amz-Target") != "" || r.Header.Get("Smithy-Protocol") != "" || strings.Contains(query, "&Action=") ||
		r.Method == http.MethodPost && strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded"))
}

// Serve answers a request, whose body may be of any length but has to come at a fair pace.
func (s Site) Serve(id string, w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "" {
		r.URL.Path = "/"
	}
	if r.Body != nil && r.ContentLength != 0 {
		r.Body = guard(w, r, 0)
	}
	s(id, w, r)
}

// Caller tells who makes a request to a site, signed for a service, such as "execute-api". Body is what was received.
// An unsigned request is Anonymous's. Errors are those that the client shall see, as *sigv4.Error.
func (c *Chain) Caller(r *http.Request, service string, body []byte) (authz.Principal, error) {
	nobody := authz.Principal{Kind: authz.Anonymous}
	sig, err := sigv4.Parse(r)
	switch {
	case isMissing(err):
		return nobody, nil
	case err != nil:
		return nobody, err
	case sig.Service != service:
		return nobody, &sigv4.Error{Fault: sigv4.Mismatch, Message: "Credential should be scoped to correct service: '" + service + "'."}
	}
	if err := sig.CheckTime(c.cfg.Clock.Now()); err != nil {
		return nobody, err
	}
	cred, err := c.cfg.Directory.Credential(r.Context(), sig.AccessKeyID, sig.Token)
	switch {
	case errors.Is(err, identity.ErrExpiredToken):
		return nobody, &sigv4.Error{Fault: sigv4.Mismatch, Message: "The security token included in the request is expired"}
	case errors.Is(err, identity.ErrUnknownKey), errors.Is(err, identity.ErrInactiveKey), errors.Is(err, identity.ErrBadToken):
		return nobody, &sigv4.Error{Fault: sigv4.Mismatch, Message: "The security token included in the request is invalid."}
	case err != nil:
		return nobody, err
	}
	sum := sha256.Sum256(body)
	payload := hex.EncodeToString(sum[:])
	if sig.Payload == sigv4.UnsignedPayload { // the signer says so, under its signature
		payload = sig.Payload
	}
	if err := sig.Verify(r, cred.SecretAccessKey, payload); err != nil {
		return nobody, err
	}
	return cred.Principal, nil
}
