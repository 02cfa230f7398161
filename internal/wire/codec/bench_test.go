package codec

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// cborOnly is the same API spoken as rpcv2Cbor.
func cborOnly(s *Service) *facts.Service {
	f := *s.facts
	f.Metadata.Protocol, f.Metadata.Protocols = "smithy-rpc-v2-cbor", nil
	return &f
}

type discard struct{ h http.Header }

func (d discard) Header() http.Header         { return d.h }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

func bench(b *testing.B, s *Service, body string, out any) {
	r := form("")
	text := []byte(body)
	b.ReportAllocs()
	for b.Loop() {
		op, params, ok := s.MatchForm(r, text)
		if !ok {
			b.Fatal("no match")
		}
		if _, err := op.Decode(r, params, text); err != nil {
			b.Fatal(err)
		}
		if err := op.Encode(discard{http.Header{}}, r, out, "5f2b9a52-0000-4000-8000-000000000000"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkGetCallerIdentity(b *testing.B) {
	bench(b, compile(b, "sts", (*sts.Client)(nil)), "Action=GetCallerIdentity&Version=2011-06-15",
		&sts.GetCallerIdentityOutput{Account: aws.String("123456789012"), Arn: aws.String("arn:aws:iam::123456789012:root"), UserId: aws.String("123456789012")})
}

func BenchmarkCreateRole(b *testing.B) {
	bench(b, compile(b, "iam", (*iam.Client)(nil)), "Action=CreateRole&Version=2010-05-08&RoleName=analyst&Path=%2Fteam%2F"+
		"&AssumeRolePolicyDocument=%7B%22Version%22%3A%222012-10-17%22%7D&Tags.member.1.Key=k&Tags.member.1.Value=v",
		&iam.CreateRoleOutput{Role: &types.Role{RoleName: aws.String("analyst"), Path: aws.String("/team/"), RoleId: aws.String("AROA123456789EXAMPLE"),
			Arn: aws.String("arn:aws:iam::123456789012:role/team/analyst"), AssumeRolePolicyDocument: aws.String("{}")}})
}

func BenchmarkNoMatch(b *testing.B) {
	s := compile(b, "iam", (*iam.Client)(nil))
	r := httptest.NewRequest("POST", "/?Action=Nothing", nil)
	for b.Loop() {
		if _, _, ok := s.Match(r); ok {
			b.Fatal("matched")
		}
	}
}

// bomb is a small gzip of more than the bound.
func bomb(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range maxInflated>>20 + 1 {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
