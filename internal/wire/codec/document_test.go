package codec

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestRestXML(t *testing.T) {
	s := compile(t, "s3", (*s3.Client)(nil))
	body := `<?xml version="1.0"?><Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Object><Key>a &amp; b</Key></Object><Object><Key>c</Key></Object><Quiet>true</Quiet></Delete>`
	r := httptest.NewRequest("POST", "/bucket?delete", nil)
	op, params, ok := s.Match(r)
	if !ok || op.Name() != "DeleteObjects" {
		t.Fatalf("matched %v", op)
	}
	v, err := op.Decode(r, params, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	in := v.(*s3.DeleteObjectsInput)
	if *in.Bucket != "bucket" || len(in.Delete.Objects) != 2 || *in.Delete.Objects[0].Key != "a & b" || !*in.Delete.Quiet {
		t.Errorf("got %+v", in.Delete)
	}
	for _, bad := range []string{"<Delete>", "<a></b>", "<!DOCTYPE x><Delete/>", "<Delete>\xff</Delete>", strings.Repeat("<a>", 101) + strings.Repeat("</a>", 101), "<a/><b/>"} {
		var e *RequestError
		if _, err := op.Decode(r, params, []byte(bad)); !errors.As(err, &e) || e.Code != "MalformedXML" || e.Status != 400 {
			t.Errorf("%.30s: %v", bad, err)
		}
	}
	put := s.Operation("PutObject")
	r = httptest.NewRequest("PUT", "/bucket/a/b%20c", nil)
	r.Header.Set("X-Amz-Meta-Team", "x")
	op, params, _ = s.Match(r)
	if op != put || !op.StreamsIn() {
		t.Fatalf("matched %v", op)
	}
	v, _, err = op.DecodeStream(r, params, io.NopCloser(strings.NewReader("data")))
	if err != nil {
		t.Fatal(err)
	}
	p := v.(*s3.PutObjectInput)
	b, err := io.ReadAll(p.Body)
	if err != nil || string(b) != "data" || *p.Key != "a/b c" || p.Metadata["team"] != "x" {
		t.Errorf("got %s %+v %v", b, p, err)
	}
	w := httptest.NewRecorder()
	s.EncodeError(w, r, nil, &s3types.NoSuchKey{Message: aws.String("no")}, "id")
	if want := "<Error><Code>NoSuchKey</Code><Message>no</Message><RequestId>id</RequestId></Error>"; w.Body.String() != want || w.Code != 404 {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
	w = httptest.NewRecorder()
	get := s.Operation("GetObject")
	out := &s3.GetObjectOutput{Body: io.NopCloser(strings.NewReader("data")), ContentType: aws.String("text/csv"), LastModified: aws.Time(time.Unix(0, 0)),
		ETag: aws.String("a\r\nX-Evil: 1"), Metadata: map[string]string{"team": "x"}}
	if err := get.Encode(w, r, out, "id"); err != nil {
		t.Fatal(err)
	}
	h := w.Header()
	if w.Body.String() != "data" || h.Get("Content-Type") != "text/csv" || h.Get("Last-Modified") != "Thu, 01 Jan 1970 00:00:00 GMT" ||
		h.Get("X-Amz-Meta-Team") != "x" || h.Get("X-Evil") != "" || strings.Contains(h.Get("ETag"), "\n") || h.Get("X-Amz-Request-Id") != "id" {
		t.Errorf("got %v %s", h, w.Body)
	}
}

func TestCBOR(t *testing.T) {
	s := compile(t, "iam", (*iam.Client)(nil))
	s.facts = cborOnly(s)
	r := httptest.NewRequest("POST", "/service/IAM/operation/GetRole", nil)
	r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	op, _, ok := s.Match(r)
	if !ok || op.Name() != "GetRole" {
		t.Fatal("no match")
	}
	c := cborWriter{svc: s}
	n, err := s.node("GetRoleRequest", reflect.TypeFor[iam.GetRoleInput]())
	if err != nil {
		t.Fatal(err)
	}
	c.structure(n.members, reflect.ValueOf(iam.GetRoleInput{RoleName: aws.String("r")}), nil)
	v, err := op.Decode(r, nil, c.b)
	if err != nil || *v.(*iam.GetRoleInput).RoleName != "r" {
		t.Errorf("got %+v %v", v, err)
	}
	for _, bad := range []string{"\xbf", "\x01", "\xa1hRoleName\x01", strings.Repeat("\x81", 200), "\xa1hRoleName\x61\xff"} {
		var e *RequestError
		if _, err := op.Decode(r, nil, []byte(bad)); !errors.As(err, &e) || e.Code != "SerializationException" {
			t.Errorf("%q: %v", bad, err)
		}
	}
	w := httptest.NewRecorder()
	out := &iam.GetRoleOutput{Role: &types.Role{RoleName: aws.String("r"), CreateDate: aws.Time(time.UnixMilli(1500)), MaxSessionDuration: aws.Int32(70000)}}
	if err := op.Encode(w, r, out, "id"); err != nil {
		t.Fatal(err)
	}
	got, err := cborDOM(w.Body.Bytes())
	if err != nil || !strings.Contains(got, "MaxSessionDuration:70000") || !strings.Contains(got, "RoleName:r") || w.Header().Get("Smithy-Protocol") != "rpc-v2-cbor" {
		t.Errorf("got %s %v", got, err)
	}
	w = httptest.NewRecorder()
	s.EncodeError(w, r, op, &types.NoSuchEntityException{Message: aws.String("gone")}, "id")
	if got, _ := cborDOM(w.Body.Bytes()); w.Code != 404 || !strings.Contains(got, "__type:NoSuchEntityException") || !strings.Contains(got, "gone") {
		t.Errorf("got %d %s", w.Code, got)
	}
}

// quoted is an error without a type in the SDK, as the chain's own are.
type quoted struct{ status int }

func (quoted) Error() string        { return "x" }
func (quoted) ErrorCode() string    { return "AccessDeniedException" }
func (quoted) ErrorMessage() string { return `no "you"` }
func (q quoted) HTTPStatus() int    { return q.status }

func TestJSONErrorsAndOutputs(t *testing.T) {
	s := compile(t, "organizations", (*organizations.Client)(nil))
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("X-Amz-Target", "AWSOrganizationsV20161128.ListAccounts")
	f := func(err error, status int, want string) {
		t.Helper()
		w := httptest.NewRecorder()
		s.EncodeError(w, r, nil, err, "id")
		if w.Code != status || w.Body.String() != want || w.Header().Get("X-Amzn-Requestid") != "id" || w.Header().Get("Content-Type") != "application/x-amz-json-1.1" {
			t.Errorf("got %d %s %v", w.Code, w.Body, w.Header())
		}
	}
	f(&orgtypes.AccountNotFoundException{Message: aws.String("gone")}, 400, `{"__type":"AccountNotFoundException","Message":"gone"}`)
	f(quoted{403}, 403, `{"__type":"AccessDeniedException","message":"no \"you\""}`)
	f(&ValidationError{Code: "ValidationException", Violations: []string{"a", "b"}}, 400, `{"__type":"ValidationException","message":"2 validation errors detected: a; b"}`)
	f(errors.New("secret"), 500, `{"__type":"InternalFailure","message":"The request processing has failed because of an unknown error, exception or failure."}`)
	w := httptest.NewRecorder()
	out := &organizations.ListAccountsOutput{Accounts: []orgtypes.Account{{Name: aws.String("a\n\x01\xff"), JoinedTimestamp: aws.Time(time.UnixMilli(1500)), Status: orgtypes.AccountStatusActive}}}
	if err := s.Operation("ListAccounts").Encode(w, r, out, "id"); err != nil {
		t.Fatal(err)
	}
	if want := `{"Accounts":[{"JoinedTimestamp":1.500,"Name":"a\n\u0001\ufffd","Status":"ACTIVE"}]}`; w.Body.String() != want {
		t.Errorf("got %s", w.Body)
	}
	if s.Operation("ListAccounts").Encode(w, r, &iam.GetRoleOutput{}, "id") == nil {
		t.Error("another operation's output is encoded")
	}
}

// An operation that nobody serves is still found, so that it can be named in the answer.
func TestUnlistedOperation(t *testing.T) {
	full := compile(t, "iam", (*iam.Client)(nil))
	s, err := Compile(full.Facts(), []Types{{Name: "GetRole", In: reflect.TypeFor[iam.GetRoleInput](), Out: reflect.TypeFor[iam.GetRoleOutput]()}})
	if err != nil {
		t.Fatal(err)
	}
	body := []byte("Action=CreateRole")
	op, params, ok := s.MatchForm(form(string(body)), body)
	if !ok || op.Listed() || op.Name() != "CreateRole" {
		t.Fatalf("matched %v", op)
	}
	if _, err := op.Decode(form(string(body)), params, body); err == nil {
		t.Error("an unlisted operation decodes")
	}
	for _, bad := range [][]Types{{{Name: "Nothing"}}, {{Name: "GetRole"}}, {{Name: "GetRole", In: reflect.TypeFor[*iam.GetRoleInput](), Out: reflect.TypeFor[iam.GetRoleOutput]()}}} {
		if _, err := Compile(full.Facts(), bad); err == nil {
			t.Errorf("compiles: %+v", bad)
		}
	}
}

func TestInflateIsBounded(t *testing.T) {
	r := form("")
	r.Header.Set("Content-Encoding", "gzip")
	var e *RequestError
	if _, err := inflate(r, bomb(t)); !errors.As(err, &e) || e.Status != 413 {
		t.Errorf("a bomb: %v", err)
	}
	if b, err := inflate(r, []byte("plain")); err != nil || !bytes.Equal(b, []byte("plain")) {
		t.Errorf("plain: %s %v", b, err)
	}
}

func TestRoutes(t *testing.T) {
	s := compile(t, "s3", (*s3.Client)(nil))
	f := func(method, target, header, want string) {
		t.Helper()
		r := httptest.NewRequest(method, target, nil)
		if header != "" {
			r.Header.Set(header, "x")
		}
		name := ""
		if op, _, ok := s.Match(r); ok {
			name = op.Name()
		}
		if name != want {
			t.Errorf("%s %s is %s, want %s", method, target, name, want)
		}
	}
	f("GET", "/", "", "ListBuckets")
	f("GET", "/b", "", "ListObjects")
	f("GET", "/b/", "", "ListObjects")
	f("GET", "/b?list-type=2", "", "ListObjectsV2")
	f("GET", "/b?tagging", "", "GetBucketTagging")
	f("GET", "/b/k/with/parts", "", "GetObject")
	f("GET", "/b/k?tagging", "", "GetObjectTagging")
	f("GET", "/b/k?uploadId=1", "", "ListParts")
	f("PUT", "/b/k", "", "PutObject")
	f("PUT", "/b/k", "X-Amz-Copy-Source", "CopyObject")
	f("PUT", "/b/k?partNumber=1&uploadId=2", "", "UploadPart")
	f("PUT", "/b/k?partNumber=1&uploadId=2", "X-Amz-Copy-Source", "UploadPartCopy")
	f("POST", "/b/k?uploads", "", "CreateMultipartUpload")
	f("PATCH", "/b/k", "", "")
}
