package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

var at = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

const secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"

func hash(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

// signed makes a request with the SDK's own signer and gives it back as a server would see it.
func signed(t *testing.T, method, url, body string, header map[string]string, token string) *http.Request {
	t.Helper()
	out, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range header {
		out.Header.Set(k, v)
	}
	cred := aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: secret, SessionToken: token}
	if err := v4.NewSigner().SignHTTP(context.Background(), cred, out, hash(body), "sts", "eu-west-1", at); err != nil {
		t.Fatal(err)
	}
	return received(t, out, body)
}

func presigned(t *testing.T, url string) *http.Request {
	t.Helper()
	out, err := http.NewRequest(http.MethodGet, url+"&X-Amz-Expires=60", nil)
	if err != nil {
		t.Fatal(err)
	}
	cred := aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: secret, SessionToken: "tok/en+="}
	uri, _, err := v4.NewSigner().PresignHTTP(context.Background(), cred, out, hash(""), "sts", "eu-west-1", at)
	if err != nil {
		t.Fatal(err)
	}
	out, err = http.NewRequest(http.MethodGet, uri, nil)
	if err != nil {
		t.Fatal(err)
	}
	return received(t, out, "")
}

func received(t *testing.T, out *http.Request, body string) *http.Request {
	t.Helper()
	r := httptest.NewRequest(out.Method, out.URL.RequestURI(), strings.NewReader(body))
	r.Host = out.URL.Host
	r.Header = out.Header.Clone()
	return r
}

func TestVerify(t *testing.T) {
	ok := func(t *testing.T, r *http.Request, body string) {
		t.Helper()
		s, err := Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.CheckTime(at.Add(14 * time.Minute)); err != nil && !s.Presigned {
			t.Error(err)
		}
		if err := s.Verify(r, secret, hash(body)); err != nil {
			t.Error(err)
		}
		if s.Verify(r, secret+"x", hash(body)) == nil {
			t.Error("verified with a wrong secret")
		}
		if s.Verify(r, secret, hash(body+"x")) == nil {
			t.Error("verified with another body")
		}
	}
	for name, url := range map[string]string{
		"root": "http://localhost:4566/", "no path": "http://localhost:4566", "spaces and signs": "http://h/a%20b/c+d/%C3%A9?x=1%202&a=%2B&a=&b",
		"colon": "http://h/model/us.amazon%3A0/invoke", "plain colon": "http://h/model/amazon:0/invoke", "many": "http://h/?b=2&a=3&a=1",
	} {
		t.Run(name, func(t *testing.T) {
			ok(t, signed(t, "POST", url, "Action=x", map[string]string{"Content-Type": "text/plain;  a=b", "X-Amz-Target": "A.B"}, ""), "Action=x")
		})
	}
	t.Run("session token", func(t *testing.T) {
		r := signed(t, "POST", "http://h/", "", nil, "a/token+")
		ok(t, r, "")
		if s, _ := Parse(r); s.Token != "a/token+" {
			t.Errorf("token %q", s.Token)
		}
	})
	t.Run("presigned", func(t *testing.T) {
		r := presigned(t, "http://h/?Action=GetCallerIdentity&Version=2011-06-15")
		ok(t, r, "")
		s, _ := Parse(r)
		if !s.Presigned || s.Expires != time.Minute || s.Token != "tok/en+=" {
			t.Errorf("%+v", s)
		}
		if s.CheckTime(at.Add(59*time.Second)) != nil || s.CheckTime(at.Add(61*time.Second)) == nil {
			t.Error("life is wrong")
		}
	})
}

func TestAltered(t *testing.T) {
	for name, alter := range map[string]func(r *http.Request){
		"method":            func(r *http.Request) { r.Method = "PUT" },
		"path":              func(r *http.Request) { r.RequestURI = "/other?a=1" },
		"query":             func(r *http.Request) { r.URL.RawQuery = "a=2" },
		"added query":       func(r *http.Request) { r.URL.RawQuery += "&b=2" },
		"host":              func(r *http.Request) { r.Host = "other" },
		"header":            func(r *http.Request) { r.Header.Set("X-Amz-Target", "A.Delete") },
		"header twice":      func(r *http.Request) { r.Header.Add("X-Amz-Target", "A.Delete") },
		"header gone":       func(r *http.Request) { r.Header.Del("X-Amz-Target") },
		"unsigned header":   func(r *http.Request) { r.Header.Set("X-Amz-Other", "1") },
		"signature's digit": func(r *http.Request) { flip(r) },
		"unsigned host":     func(r *http.Request) { edit(r, "host;", "") },
		"other region":      func(r *http.Request) { edit(r, "eu-west-1", "us-east-1") },
		"other service":     func(r *http.Request) { edit(r, "/sts/", "/iam/") },
	} {
		t.Run(name, func(t *testing.T) {
			r := signed(t, "POST", "http://h/p?a=1", "body", map[string]string{"X-Amz-Target": "A.Get"}, "")
			alter(r)
			s, err := Parse(r)
			if err != nil {
				t.Fatal(err)
			}
			var e *Error
			if err := s.Verify(r, secret, hash("body")); !errors.As(err, &e) || e.Fault != Mismatch {
				t.Errorf("got %v", err)
			}
		})
	}
}

func edit(r *http.Request, from, to string) {
	r.Header.Set("Authorization", strings.Replace(r.Header.Get("Authorization"), from, to, 1))
}

func flip(r *http.Request) {
	a := r.Header.Get("Authorization")
	last := byte('0')
	if a[len(a)-1] == '0' {
		last = '1'
	}
	r.Header.Set("Authorization", a[:len(a)-1]+string(last))
}

func TestParseFaults(t *testing.T) {
	good := signed(t, "POST", "http://h/", "", nil, "").Header.Get("Authorization")
	for name, c := range map[string]struct {
		auth, date, query string
		fault             Fault
	}{
		"none":            {fault: Missing},
		"other scheme":    {auth: "Bearer x", fault: Incomplete},
		"nothing in it":   {auth: algorithm, date: "20260304T050607Z", fault: Incomplete},
		"no date":         {auth: good, fault: Incomplete},
		"bad date":        {auth: good, date: "yesterday", fault: Incomplete},
		"other day":       {auth: good, date: "20260305T050607Z", fault: Mismatch},
		"short scope":     {auth: strings.Replace(good, "/sts", "", 1), date: "20260304T050607Z", fault: Incomplete},
		"other end":       {auth: strings.Replace(good, "aws4_request", "aws5_request", 1), date: "20260304T050607Z", fault: Mismatch},
		"both":            {auth: good, date: "20260304T050607Z", query: "X-Amz-Algorithm=x", fault: Incomplete},
		"half a query":    {query: "X-Amz-Algorithm=" + algorithm, fault: Incomplete},
		"endless expires": {query: "X-Amz-Algorithm=" + algorithm + "&X-Amz-Credential=a&X-Amz-Signature=b&X-Amz-SignedHeaders=host&X-Amz-Date=x&X-Amz-Expires=604801", fault: Incomplete},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest("POST", "/?"+c.query, nil)
			if c.auth != "" {
				r.Header.Set("Authorization", c.auth)
			}
			if c.date != "" {
				r.Header.Set("X-Amz-Date", c.date)
			}
			var e *Error
			if _, err := Parse(r); !errors.As(err, &e) || e.Fault != c.fault {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestCheckTime(t *testing.T) {
	s := &Signature{Time: at}
	for d, want := range map[time.Duration]string{0: "", 15 * time.Minute: "", -15 * time.Minute: "",
		16 * time.Minute:  "Signature expired: 20260304T050607Z is now earlier than 20260304T050707Z (20260304T052207Z - 15 min.)",
		-16 * time.Minute: "Signature not yet current: 20260304T050607Z is still later than 20260304T050507Z (20260304T045007Z + 15 min.)"} {
		got := ""
		if err := s.CheckTime(at.Add(d)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

func TestEvents(t *testing.T) {
	r := signed(t, "POST", "http://h/", "", nil, "")
	s, err := Parse(r)
	if err != nil {
		t.Fatal(err)
	}
	seed, _ := hex.DecodeString(s.Value)
	signer := v4.NewStreamSigner(aws.Credentials{AccessKeyID: "AKIAEXAMPLE", SecretAccessKey: secret}, "sts", "eu-west-1", seed)
	check := s.Events(secret)
	for i, payload := range []string{"one", "two", ""} {
		when := at.Add(time.Duration(i) * time.Second)
		sig, err := signer.GetSignature(context.Background(), dateHeader(when), []byte(payload), when)
		if err != nil {
			t.Fatal(err)
		}
		if i == 1 && check(when, sig, []byte("other")) == nil {
			t.Error("an altered event was accepted")
		}
		if err := check(when, sig, []byte(payload)); err != nil {
			t.Errorf("event %d: %v", i, err)
		}
	}
}

func dateHeader(t time.Time) []byte {
	b := append([]byte{5}, ":date"...)
	b = append(b, 8)
	ms := uint64(t.UnixMilli())
	for i := 7; i >= 0; i-- {
		b = append(b, byte(ms>>(8*i)))
	}
	return b
}

func FuzzSignature(f *testing.F) {
	f.Add(algorithm+" Credential=AKIA/20260304/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature="+strings.Repeat("a", 64), "20260304T050607Z", "a=b")
	f.Add("", "", "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F20260304%2Fr%2Fs%2Faws4_request&X-Amz-Date=20260304T050607Z&X-Amz-Expires=5&X-Amz-SignedHeaders=host&X-Amz-Signature=00")
	f.Fuzz(func(t *testing.T, auth, date, query string) {
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.RawQuery = query
		if auth != "" {
			r.Header["Authorization"] = []string{auth}
		}
		r.Header["X-Amz-Date"] = []string{date}
		s, err := Parse(r)
		if err != nil {
			var e *Error
			if !errors.As(err, &e) || e.Message == "" {
				t.Fatalf("error without a fault: %v", err)
			}
			return
		}
		if s.Verify(r, secret, hash("")) == nil && !strings.Contains(auth+query, s.Value) {
			t.Fatal("verified")
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	t := &testing.T{}
	r := signed(t, "POST", "http://localhost:4566/", "Action=GetCallerIdentity&Version=2011-06-15", map[string]string{"Content-Type": "application/x-www-form-urlencoded"}, "")
	payload := hash("Action=GetCallerIdentity&Version=2011-06-15")
	for b.Loop() {
		s, err := Parse(r)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Verify(r, secret, payload); err != nil {
			b.Fatal(err)
		}
	}
}

// TestAuthority has a signature over HTTP/2's name of the host, as the SDK for JavaScript makes it.
func TestAuthority(t *testing.T) {
	f := func(host string, want bool) {
		t.Helper()
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Host = "127.0.0.1:4566"
		r.Header.Set("X-Amz-Date", at.Format("20060102T150405Z"))
		r.Header.Set("X-Amz-Content-Sha256", hash(""))
		r.Header.Set("Authorization", algorithm+" Credential=AKIAEXAMPLE/"+at.Format("20060102")+"/eu-west-1/sts/aws4_request, SignedHeaders=:authority;x-amz-content-sha256;x-amz-date, Signature="+strings.Repeat("0", 64))
		s, err := Parse(r)
		if err != nil {
			t.Fatal(err)
		}
		s.Value = hex.EncodeToString(sign(signingKey(secret, s.Day, s.Region, s.Service), s.stringToSign(canonicalRequest(r, s, "/", hash("")))))
		r.Host = host
		if err := s.Verify(r, secret, hash("")); (err == nil) != want {
			t.Errorf("%s: %v", host, err)
		}
	}
	f("127.0.0.1:4566", true)
	f("elsewhere", false)
}
