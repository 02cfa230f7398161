package conformance

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/wire/facts"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// What the SDK's clients would never send is sent from here.

// signing says who signs a request, and for what.
type signing struct {
	who     harness.Caller
	service string // in the credential scope
	at      time.Time
	payload string // hash; "" is that of the body
}

func signer(service string) *v4.Signer {
	return v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
}

func (s signing) credentials() aws.Credentials {
	return aws.Credentials{AccessKeyID: s.who.Key, SecretAccessKey: s.who.Secret, SessionToken: s.who.Token}
}

// sign signs r, whose body is body.
func (s signing) sign(t testing.TB, r *http.Request, body []byte) *http.Request {
	t.Helper()
	if s.at.IsZero() {
		s.at = time.Now()
	}
	if s.payload == "" {
		sum := sha256.Sum256(body)
		s.payload = hex.EncodeToString(sum[:])
	}
	if s.service == "s3" {
		r.Header.Set("X-Amz-Content-Sha256", s.payload)
	}
	if err := signer(s.service).SignHTTP(context.Background(), s.credentials(), r, s.payload, s.service, harness.Region, s.at); err != nil {
		t.Fatal(err)
	}
	return r
}

// presign makes r a presigned URL that holds for a minute from s.at.
func (s signing) presign(t testing.TB, r *http.Request) string {
	t.Helper()
	q := r.URL.Query()
	q.Set("X-Amz-Expires", "60")
	r.URL.RawQuery = q.Encode()
	sum := sha256.Sum256(nil)
	hash := hex.EncodeToString(sum[:])
	if s.service == "s3" {
		hash = "UNSIGNED-PAYLOAD"
	}
	if s.at.IsZero() {
		s.at = time.Now()
	}
	signed, _, err := signer(s.service).PresignHTTP(context.Background(), s.credentials(), r, hash, s.service, harness.Region, s.at)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func request(t testing.TB, method, url string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// queryRequest is a call in the query protocol.
func queryRequest(t testing.TB, at, version, action string, form url.Values) (*http.Request, []byte) {
	form.Set("Action", action)
	form.Set("Version", version)
	body := []byte(form.Encode())
	r := request(t, http.MethodPost, at+"/", body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	return r, body
}

// jsonRequest is a call in a JSON RPC protocol.
func jsonRequest(t testing.TB, at string, m *facts.Metadata, operation string, body []byte) *http.Request {
	r := request(t, http.MethodPost, at+"/", body)
	r.Header.Set("Content-Type", "application/x-amz-json-"+m.JSONVersion)
	r.Header.Set("X-Amz-Target", m.TargetPrefix+"."+operation)
	return r
}

// answer is a response with its error code, "" when it has none.
type answer struct {
	status     int
	code, body string
}

var xmlCode = regexp.MustCompile(`<Code>([^<]*)</Code>`)

func send(r *http.Request) (answer, error) {
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return answer{}, err
	}
	return read(resp)
}

func read(resp *http.Response) (answer, error) {
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	a := answer{status: resp.StatusCode, body: string(b)}
	var doc struct {
		Type string `json:"__type"`
	}
	if kind := resp.Header.Get("X-Amzn-Errortype"); kind != "" {
		a.code, _, _ = strings.Cut(kind, ":")
	} else if m := xmlCode.FindSubmatch(b); m != nil {
		a.code = string(m[1])
	} else if json.Unmarshal(b, &doc) == nil {
		a.code = doc.Type[strings.LastIndexByte(doc.Type, '#')+1:]
	}
	return a, err
}
