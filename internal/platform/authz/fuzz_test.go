package authz

import (
	"errors"
	"testing"
	"time"
)

// FuzzPolicy reads documents of strangers with every grammar, and decides by those that are read: nothing panics, faults
// are told in IAM's words, and a document with no Allow in it allows nothing.
func FuzzPolicy(f *testing.F) {
	for _, s := range []string{
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/${aws:username}/*"}]}`,
		`{"Version":"2012-10-17","Statement":{"Sid":"a","Effect":"Deny","NotAction":["iam:*"],"NotResource":"*","Condition":{"ForAllValues:StringLikeIfExists":{"aws:TagKeys":["a*","?"]}}}}`,
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":["111122223333","*"],"Federated":"x"},"Action":"sts:AssumeRole","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}`,
		`{"Version":"2008-10-17","Statement":[{"Effect":"Allow","NotPrincipal":"*","Action":"*","Resource":"*","Condition":{"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"},"NumericEquals":{"a:b":"1e3"},"Null":{"a:b":"true"}}}]}`,
		`{"Statement":[]}`, `[]`, `{"Statement":`, "\x00", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"${","Resource":"${aws:x,'y'}"}]}`,
	} {
		f.Add([]byte(s), "s3:GetObject", "arn:aws:s3:::b/ann/x")
	}
	context := Context{"aws:SourceIp": {"10.1.2.3"}, "aws:TagKeys": {"a", "b"}, "a:b": {"1"}}
	context.SetTime(time.Unix(1e9, 0))
	f.Fuzz(func(t *testing.T, document []byte, action, resource string) {
		r := Request{Principal: Principal{Kind: User, Account: "111122223333", Name: "ann", ARN: "arn:aws:iam::111122223333:user/ann"},
			Action: action, Resource: resource, Context: context}
		for name, parse := range map[string]func([]byte) (*Policy, error){"any": Parse, "identity": ParseIdentity, "resource": ParseResource,
			"trust": ParseTrust, "scp": ParseSCP} {
			p, err := parse(document)
			if err != nil {
				var e *Error
				if !errors.As(err, &e) || e.Message == "" {
					t.Fatalf("%s: fault without words: %v", name, err)
				}
				continue
			}
			_, _, _ = p.ContextKeys(), p.Principals(), p.Statements()
			d := Evaluate(r, Policies{Identity: []*Policy{p}, Boundary: p, SCPs: [][]*Policy{{p}}, Resource: p})
			if d.Outcome == Allowed && len(d.Matched) == 0 {
				t.Fatalf("%s: allowed by no statement", name)
			}
			_ = AccessDenied(r, d)
		}
	})
}
