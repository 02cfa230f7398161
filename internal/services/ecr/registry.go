package ecr

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

// The distribution API has paths /v2/<name>/<what>/<reference>, where names have slashes of their own.
var (
	route  = regexp.MustCompile(`^/v2/(.+)/(manifests|blobs|tags|referrers)/(.+)$`)
	onward = regexp.MustCompile(`^/v2/(.+)/blobs/uploads/([^/]*)$`)
)

// exchange is one request to the registry.
type exchange struct {
	*Service
	w      http.ResponseWriter
	r      *http.Request
	bearer bearer
	// account is whose registry the host names, "": that of who asks. region likewise.
	account, region string
}

// fault is what the registry tells of an error.
// Source: https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md#error-codes
type fault struct {
	status        int
	code, message string
}

// Error joins code and message.
func (f *fault) Error() string { return f.code + ": " + f.message }

func refuse(status int, code, format string, args ...any) error {
	return &fault{status, code, fmt.Sprintf(format, args...)}
}

// Sites serves the registries that hosts name: <account>.dkr.ecr.<region>.<anything>.
func (s *Service) Sites() map[string]wire.Site {
	return map[string]wire.Site{"dkr": func(id string, w http.ResponseWriter, r *http.Request) {
		region := s.Region
		if labels := strings.Split(r.Host, "."); len(labels) > 3 && labels[1] == "dkr" && labels[2] == "ecr" {
			region, _, _ = strings.Cut(labels[3], ":")
		}
		s.serve(w, r, id, region)
	}}
}

// Serves tells whether a request to the server's own name is for the registry: its paths, which no API that is signed for has.
func (*Service) Serves(r *http.Request) bool {
	if r.URL.Path != "/v2/" && r.URL.Path != "/v2" && r.URL.Path != "/v2/_catalog" && !route.MatchString(r.URL.Path) {
		return false
	}
	return !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-") && !r.URL.Query().Has("X-Amz-Signature") && r.Header.Get("X-Amz-Target") == ""
}

// ServeHTTP answers such a request.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.serve(w, r, "", "") }

func (s *Service) serve(w http.ResponseWriter, r *http.Request, account, region string) {
	x := &exchange{Service: s, w: w, r: r, account: account, region: region}
	w.Header().Set("Docker-Distribution-Api-Version", "registry/2.0")
	name, password, ok := r.BasicAuth()
	if ok && name == user {
		x.bearer, ok = s.who(r.Context(), password)
	} else {
		ok = false
	}
	if !ok {
		w.Header().Set("WWW-Authenticate", `Basic realm="http://`+r.Host+`/",service="ecr.amazonaws.com"`)
		x.tell(refuse(http.StatusUnauthorized, "UNAUTHORIZED", "Not Authorized"))
		return
	}
	if x.account == "" {
		x.account, x.region = x.bearer.principal.Account, x.bearer.region
	}
	if err := x.run(); err != nil {
		x.tell(err)
	}
}

func (x *exchange) run() error {
	path := x.r.URL.Path
	switch {
	case path == "/v2/" || path == "/v2":
		x.w.Header().Set("Content-Type", "application/json")
		_, _ = x.w.Write([]byte("{}"))
		return nil
	case path == "/v2/_catalog":
		return x.catalog()
	}
	if m := onward.FindStringSubmatch(path); m != nil {
		return x.uploads(m[1], m[2])
	}
	m := route.FindStringSubmatch(path)
	if m == nil {
		return refuse(http.StatusNotFound, "NOT_FOUND", "There is nothing at this address.")
	}
	switch m[2] {
	case "manifests":
		return x.manifests(m[1], m[3])
	case "blobs":
		return x.blob(m[1], m[3])
	case "referrers":
		return x.referrers(m[1], m[3])
	}
	return x.tagList(m[1], m[3])
}

// tell answers with an error in the registry's form.
func (x *exchange) tell(err error) {
	f := &fault{http.StatusInternalServerError, "UNKNOWN", "The request failed because of an internal error."}
	var none *types.RepositoryNotFoundException
	var fixed *types.ImageTagAlreadyExistsException
	switch {
	case errors.As(err, &f):
	case errors.As(err, &none):
		f = &fault{http.StatusNotFound, "NAME_UNKNOWN", none.ErrorMessage()}
	case errors.As(err, &fixed):
		f = &fault{http.StatusBadRequest, "TAG_INVALID", fixed.ErrorMessage()}
	default:
		if x.r.Context().Err() == nil {
			x.Logger.Error("registry request failed", "path", x.r.URL.Path, "error", err)
		}
	}
	x.w.Header().Set("Content-Type", "application/json")
	x.w.WriteHeader(f.status)
	_ = json.NewEncoder(x.w).Encode(map[string]any{"errors": []any{map[string]string{"code": f.code, "message": f.message}}})
}

// repository finds a repository and asks whether the caller may do an action on it. Where the host names no account, a name may begin
// with one.
func (x *exchange) repository(name, action string) (store.Key, repository, error) {
	k := store.Key{Account: x.account, Region: x.region, ID: name}
	r, err := x.find(x.r.Context(), k)
	var none *types.RepositoryNotFoundException
	if account, rest, ok := strings.Cut(name, "/"); ok && errors.As(err, &none) && twelve(account) {
		k = store.Key{Account: account, Region: x.region, ID: rest}
		r, err = x.find(x.r.Context(), k)
	}
	if mayErr := x.may(k, action); mayErr != nil {
		return k, r, mayErr
	}
	return k, r, err
}

func twelve(s string) bool { return len(s) == 12 && strings.Trim(s, "0123456789") == "" }

// may asks whether IAM, and the repository's policy, let the caller.
func (x *exchange) may(k store.Key, action string) error {
	t, err := x.target(x.r.Context(), k)
	if err != nil {
		return err
	}
	q := authz.Request{Principal: x.bearer.principal, Action: action, Resource: t.Resource, ResourceAccount: k.Account, Context: authz.Context{}}
	for name, v := range t.Context {
		q.Context[name] = v
	}
	q.Context.SetTime(x.Clock.Now())
	d, err := x.Directory.Authorize(x.r.Context(), q, t.Policy)
	if err != nil {
		return err
	}
	if d.Outcome != authz.Allowed {
		return refuse(http.StatusForbidden, "DENIED", "%s", authz.AccessDenied(q, d))
	}
	return nil
}

// only refuses other methods.
func (x *exchange) only(methods ...string) error {
	for _, m := range methods {
		if x.r.Method == m {
			return nil
		}
	}
	x.w.Header().Set("Allow", strings.Join(methods, ", "))
	return refuse(http.StatusMethodNotAllowed, "UNSUPPORTED", "The operation is unsupported.")
}
