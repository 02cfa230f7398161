// Package ecr_test drives ECR with boto3, the Go SDK and the registry client that crane is made of.
package ecr_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

func TestPython(t *testing.T) {
	s := harness.Start(t)
	harness.Tell(t, harness.Must(s.Admin(t.Context()))(t), "ecr.py")
}

// story is a server with repositories.
type story struct {
	*ecr.Client
	t   *testing.T
	s   *harness.Server
	who harness.Caller
}

func begin(t *testing.T, repositories ...string) story {
	t.Helper()
	s := harness.Start(t)
	who := harness.Must(s.Admin(t.Context()))(t)
	x := story{ecr.NewFromConfig(who.Config()), t, s, who}
	for _, r := range repositories {
		_, err := x.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: &r})
		x.ok(err)
	}
	return x
}

func (x story) ok(err error) {
	x.t.Helper()
	if err != nil {
		x.t.Fatal(err)
	}
}

// login is what docker would keep of a caller's token.
func (x story) login(who harness.Caller) authn.Authenticator {
	x.t.Helper()
	out, err := ecr.NewFromConfig(who.Config()).GetAuthorizationToken(x.t.Context(), &ecr.GetAuthorizationTokenInput{})
	x.ok(err)
	b, err := base64.StdEncoding.DecodeString(*out.AuthorizationData[0].AuthorizationToken)
	x.ok(err)
	user, password, _ := strings.Cut(string(b), ":")
	return &authn.Basic{Username: user, Password: password}
}

func (x story) as(who harness.Caller) []remote.Option {
	return []remote.Option{remote.WithAuth(x.login(who)), remote.WithContext(x.t.Context())}
}

func (x story) ref(text string) name.Reference {
	x.t.Helper()
	r, err := name.ParseReference(strings.TrimPrefix(x.s.URL, "http://")+"/"+text, name.Insecure)
	x.ok(err)
	return r
}

// TestImages pushes, pulls, lists and deletes images and indexes.
func TestImages(t *testing.T) {
	x := begin(t, "app", "team/base")
	opts := x.as(x.who)
	img, err := random.Image(200_000, 3)
	x.ok(err)
	x.ok(remote.Write(x.ref("app:one"), img, opts...))
	x.ok(remote.Write(x.ref("app:one"), img, opts...))
	x.ok(remote.Tag(x.ref("app:two").(name.Tag), img, opts...))
	got, err := remote.Image(x.ref("app:two"), opts...)
	x.ok(err)
	x.ok(validate.Image(got))
	want, err := img.Digest()
	x.ok(err)
	if d, err := got.Digest(); err != nil || d != want {
		t.Errorf("got %v %v, want %v", d, err, want)
	}
	index, err := random.Index(1000, 2, 3)
	x.ok(err)
	x.ok(remote.WriteIndex(x.ref("team/base:all"), index, opts...))
	pulled, err := remote.Index(x.ref("team/base:all"), opts...)
	x.ok(err)
	x.ok(validate.Index(pulled))
	tags, err := remote.List(x.ref("app").Context(), opts...)
	x.ok(err)
	if fmt.Sprint(tags) != "[one two]" {
		t.Errorf("got tags %v", tags)
	}
	registry := x.ref("app").Context().Registry
	for _, n := range []int{1, 100} {
		names, err := remote.CatalogPage(registry, "", n, opts...)
		x.ok(err)
		if n == 100 && fmt.Sprint(names) != "[app team/base]" || n == 1 && len(names) != 1 {
			t.Errorf("got repositories %v", names)
		}
	}
	// What is pushed is what the API shows.
	described, err := x.DescribeImages(t.Context(), &ecr.DescribeImagesInput{RepositoryName: aws.String("app")})
	x.ok(err)
	if d := described.ImageDetails; len(d) != 1 || *d[0].ImageDigest != want.String() || fmt.Sprint(d[0].ImageTags) != "[one two]" || d[0].LastRecordedPullTime == nil {
		t.Errorf("got %+v", d)
	}
	// Layers are mounted from another repository.
	again, err := mutate.Config(got, v1.Config{Cmd: []string{"other"}})
	x.ok(err)
	x.ok(remote.Write(x.ref("team/base:mounted"), again, opts...))
	got, err = remote.Image(x.ref("team/base:mounted"), opts...)
	x.ok(err)
	x.ok(validate.Image(got))
	// An image of an index stays as long as the index.
	manifest, err := index.IndexManifest()
	x.ok(err)
	if err := remote.Delete(x.ref("team/base@"+manifest.Manifests[0].Digest.String()), opts...); err == nil {
		t.Error("an image of an index was deleted")
	}
	x.ok(remote.Delete(x.ref("app@"+want.String()), opts...))
	if _, err := remote.Head(x.ref("app:one"), opts...); err == nil {
		t.Error("the image is still there")
	}
	if err := remote.Write(x.ref("none:one"), img, opts...); err == nil {
		t.Error("a repository that is not there takes an image")
	}
}

// TestHosts pulls by the name that ECR's registries have, from another account as the repository's policy says.
func TestHosts(t *testing.T) {
	x := begin(t, "shared")
	img, err := random.Image(1000, 1)
	x.ok(err)
	x.ok(remote.Write(x.ref("shared:v"), img, x.as(x.who)...))
	other := harness.Must(x.s.Account(t.Context(), "second"))(t)
	address, err := url.Parse(x.s.URL)
	x.ok(err)
	here := &http.Transport{DialContext: func(_ context.Context, network, _ string) (net.Conn, error) { return net.Dial(network, address.Host) }}
	ref, err := name.ParseReference(x.who.Account+".dkr.ecr.us-east-1.amazonaws.com/shared:v", name.Insecure)
	x.ok(err)
	pull := func(who harness.Caller) error {
		_, err := remote.Image(ref, append(x.as(who), remote.WithTransport(here))...)
		return err
	}
	x.ok(pull(x.who))
	if err := pull(other); err == nil {
		t.Error("another account may pull")
	}
	_, err = x.SetRepositoryPolicy(t.Context(), &ecr.SetRepositoryPolicyInput{RepositoryName: aws.String("shared"), PolicyText: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Sid":"pull","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + other.Account + `:root"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"]}]}`)})
	x.ok(err)
	x.ok(pull(other))
	another, err := random.Image(1000, 1)
	x.ok(err)
	if err := remote.Write(ref, another, append(x.as(other), remote.WithTransport(here))...); err == nil {
		t.Error("another account may push")
	}
	// The same by the server's own name, with the account before the repository's.
	if _, err := remote.Image(x.ref(x.who.Account+"/shared:v"), x.as(other)...); err != nil {
		t.Error(err)
	}
}

// TestRefused keeps out who has no token, and holds tags that may not be moved.
func TestRefused(t *testing.T) {
	x := begin(t, "app")
	img, err := random.Image(1000, 1)
	x.ok(err)
	for what, auth := range map[string]authn.Authenticator{"nobody": authn.Anonymous, "a wrong password": &authn.Basic{Username: "AWS", Password: "x"},
		"another user": &authn.Basic{Username: "root", Password: x.login(x.who).(*authn.Basic).Password}} {
		if err := remote.Write(x.ref("app:one"), img, remote.WithAuth(auth)); err == nil {
			t.Errorf("%s may push", what)
		}
	}
	reader := harness.Must(x.s.User(t.Context(), x.who, "reader", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["ecr:GetAuthorizationToken",
		"ecr:BatchGetImage","ecr:GetDownloadUrlForLayer","ecr:BatchCheckLayerAvailability"],"Resource":"*"}]}`))(t)
	x.ok(remote.Write(x.ref("app:one"), img, x.as(x.who)...))
	if _, err := remote.Image(x.ref("app:one"), x.as(reader)...); err != nil {
		t.Error(err)
	}
	if err := remote.Write(x.ref("app:two"), img, x.as(reader)...); err == nil {
		t.Error("who may only read pushes")
	}
	_, err = x.PutImageTagMutability(t.Context(), &ecr.PutImageTagMutabilityInput{RepositoryName: aws.String("app"), ImageTagMutability: types.ImageTagMutabilityImmutable})
	x.ok(err)
	other, err := random.Image(1000, 1)
	x.ok(err)
	if err := remote.Write(x.ref("app:one"), other, x.as(x.who)...); err == nil || !strings.Contains(err.Error(), "immutable") {
		t.Errorf("got %v", err)
	}
	x.ok(remote.Write(x.ref("app:one"), img, x.as(x.who)...)) // it is that one
}

// TestUploads goes on with an upload where it broke off, and reads a part of a blob.
func TestUploads(t *testing.T) {
	x := begin(t, "app")
	auth := x.login(x.who).(*authn.Basic)
	call := func(method, path string, header map[string]string, body string) *http.Response {
		t.Helper()
		if !strings.HasPrefix(path, "http") {
			path = x.s.URL + path
		}
		r, err := http.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
		x.ok(err)
		r.SetBasicAuth(auth.Username, auth.Password)
		for k, v := range header {
			r.Header.Set(k, v)
		}
		a, err := http.DefaultClient.Do(r)
		x.ok(err)
		t.Cleanup(func() { _ = a.Body.Close() })
		return a
	}
	status := func(a *http.Response, want int) {
		t.Helper()
		if a.StatusCode != want {
			b, _ := io.ReadAll(a.Body)
			t.Fatalf("got %s, want %d: %s", a.Status, want, b)
		}
	}
	digest, _, err := v1.SHA256(bytes.NewReader([]byte("hello world")))
	x.ok(err)
	a := call("POST", "/v2/app/blobs/uploads/", nil, "")
	status(a, http.StatusAccepted)
	at := a.Header.Get("Location")
	status(call("PATCH", at, map[string]string{"Content-Range": "0-5"}, "hello "), http.StatusAccepted)
	status(call("PATCH", at, map[string]string{"Content-Range": "3-5"}, "lo "), http.StatusRequestedRangeNotSatisfiable)
	a = call("GET", at, nil, "")
	status(a, http.StatusNoContent)
	if got := a.Header.Get("Range"); got != "0-5" {
		t.Errorf("got %s", got)
	}
	status(call("PUT", at+"?digest="+digest.String(), nil, "world"), http.StatusCreated)
	a = call("GET", "/v2/app/blobs/"+digest.String(), map[string]string{"Range": "bytes=6-"}, "")
	status(a, http.StatusPartialContent)
	if b, _ := io.ReadAll(a.Body); string(b) != "world" {
		t.Errorf("got %s", b)
	}
	status(call("POST", "/v2/app/blobs/uploads/?digest="+digest.String(), nil, "hello world"), http.StatusCreated)
	status(call("POST", "/v2/app/blobs/uploads/?digest="+digest.String(), nil, "another"), http.StatusBadRequest)
	a = call("POST", "/v2/app/blobs/uploads/", nil, "")
	status(call("DELETE", a.Header.Get("Location"), nil, ""), http.StatusNoContent)
	status(call("GET", a.Header.Get("Location"), nil, ""), http.StatusNotFound)
	status(call("PUT", "/v2/app/manifests/bad", map[string]string{"Content-Type": "application/json"}, "{}"), http.StatusBadRequest)
	status(call("GET", "/v2/app/manifests/none", nil, ""), http.StatusNotFound)
	status(call("POST", "/v2/app/tags/list", nil, ""), http.StatusMethodNotAllowed)
	status(call("GET", "/v2/", nil, ""), http.StatusOK)
}
