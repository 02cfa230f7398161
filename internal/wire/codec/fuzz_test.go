package codec

import (
	"bytes"
	"errors"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// expected fails the test for errors that aren't the caller's fault.
func expected(t *testing.T, err error) {
	t.Helper()
	var r *RequestError
	var v *ValidationError
	if err != nil && !errors.As(err, &r) && !errors.As(err, &v) && !strings.Contains(err.Error(), "no type is listed") {
		t.Errorf("unexpected error: %v", err)
	}
}

func FuzzJSON(f *testing.F) {
	s := compile(f, "glue", (*glue.Client)(nil))
	for _, seed := range []string{`{}`, `null`, `{"DatabaseName":"d","TableInput":{"Name":"t","StorageDescriptor":{"Columns":[{"Name":"a"}]}}}`,
		`{"DatabaseName":"\ud83d\ude00\u0000"}`, `{"TableInput":{"Retention":1e9,"LastAccessTime":1.5}}`, strings.Repeat(`[`, 300), "{\"a\":\"\xff\"}"} {
		f.Add([]byte(seed))
	}
	op := s.Operation("CreateTable")
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("X-Amz-Target", "AWSGlue.CreateTable")
	f.Fuzz(func(t *testing.T, body []byte) {
		in, err := op.Decode(r, nil, body)
		expected(t, err)
		if err == nil {
			w := httptest.NewRecorder()
			if _, _, err := op.decode(r, nil, body, nil); err != nil || in == nil {
				t.Errorf("decodes once only: %v", err)
			}
			s.EncodeError(w, r, op, &ValidationError{Code: "x", Violations: []string{string(body)}}, "id")
		}
	})
}

func FuzzQuery(f *testing.F) {
	s := compile(f, "iam", (*iam.Client)(nil))
	for _, seed := range []string{"Action=CreateRole&RoleName=r", "Tags.member.1.Key=a&Tags.member.1.Value=b", "Tags.member.999999999999999999999=x",
		"Tags=", "Tags.member=&a..b=1&=&%zz", strings.Repeat("a.", 500) + "=1", "RoleName=%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		r := form(body)
		_, _, _ = s.MatchForm(r, []byte(body))
		_, err := s.Operation("CreateRole").Decode(r, nil, []byte(body))
		expected(t, err)
	})
}

func FuzzRestJSON(f *testing.F) {
	s := bedrock(f)
	f.Add("/model/m/converse", "a=b", "x", []byte(`{"messages":[{"role":"user","content":[{"text":"x"}]}]}`))
	f.Add("/model/%2F%2e/invoke", "%zz", "\xff", []byte(`{"additionalModelRequestFields":{"a":[[[1]]]}}`))
	f.Fuzz(func(t *testing.T, path, query, header string, body []byte) {
		r := httptest.NewRequest("POST", "/", nil)
		r.URL = &url.URL{Path: path, RawPath: path, RawQuery: query}
		r.Header.Set("X-Amzn-Bedrock-Trace", header)
		_, params, _ := s.Match(r)
		for _, name := range []string{"Converse", "InvokeModel", "ApplyGuardrail"} {
			_, err := s.Operation(name).Decode(r, params, body)
			expected(t, err)
		}
		_, err := s.Operation("ListAsyncInvokes").Decode(r, params, body)
		expected(t, err)
	})
}

func FuzzRestXML(f *testing.F) {
	s := compile(f, "s3", (*s3.Client)(nil))
	for _, seed := range []string{`<Delete><Object><Key>a</Key></Object></Delete>`, `<a><b></a></b>`, `<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>`,
		strings.Repeat("<a>", 200), `<Tagging><TagSet><Tag><Key>k</Key><Value>v</Value></Tag></TagSet></Tagging>`, "<a>\xff</a>"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("POST", "/bucket?delete", nil)
		_, params, _ := s.Match(r)
		for _, name := range []string{"DeleteObjects", "PutBucketTagging", "PutBucketLifecycleConfiguration", "PutBucketAcl"} {
			_, err := s.Operation(name).Decode(r, params, body)
			expected(t, err)
		}
	})
}

func FuzzCBOR(f *testing.F) {
	s := compile(f, "iam", (*iam.Client)(nil)) // the decoder takes any model
	for _, seed := range []string{"\xa0", "\xbf\xff", "\xa1hRoleNameaa", "\xa1dTags\x81\xa1cKeyaa", "\xc1\xfb\x7f\xf0", strings.Repeat("\x81", 300), "\xbb\xff\xff\xff\xff\xff\xff\xff\xff"} {
		f.Add([]byte(seed))
	}
	s.facts = cborOnly(s)
	r := httptest.NewRequest("POST", "/service/IAM/operation/CreateRole", nil)
	r.Header.Set("Smithy-Protocol", "rpc-v2-cbor")
	f.Fuzz(func(t *testing.T, body []byte) {
		_, err := s.Operation("CreateRole").Decode(r, nil, body)
		expected(t, err)
	})
}

func FuzzEventStream(f *testing.F) {
	s := bedrock(f)
	f.Add(event(f, "chunk", `{"bytes":"YWJj"}`))
	f.Add(append(event(f, "chunk", `{`), 0, 0, 0, 1))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0})
	op := s.Operation("InvokeModelWithBidirectionalStream")
	f.Fuzz(func(t *testing.T, body []byte) {
		r := httptest.NewRequest("POST", "/model/m/invoke-with-bidirectional-stream", nil)
		_, params, _ := s.Match(r)
		in, events, err := op.DecodeStream(r, params, io.NopCloser(bytes.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		_ = in.(*bedrockruntime.InvokeModelWithBidirectionalStreamInput)
		for {
			if _, err = events.Next(); err != nil {
				break
			}
		}
		if err != io.EOF {
			expected(t, err)
		}
	})
}
