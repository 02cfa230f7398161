package authz

import "testing"

func TestEvaluateSmoke(t *testing.T) {
	p, err := ParseIdentity([]byte(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::home/${aws:username}/*"},
		{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	f := func(action, resource, secure string, want Outcome) {
		t.Helper()
		d := Evaluate(Request{
			Principal: Principal{Kind: User, Account: "111122223333", Name: "ann", ARN: "arn:aws:iam::111122223333:user/ann"},
			Action:    action, Resource: resource, Context: Context{"aws:securetransport": {secure}},
		}, Policies{Identity: []*Policy{p}})
		if d.Outcome != want {
			t.Errorf("%s %s: got %s by %s, want %s", action, resource, d.Outcome, d.By, want)
		}
	}
	f("s3:GetObject", "arn:aws:s3:::home/ann/a", "true", Allowed)
	f("s3:GetObject", "arn:aws:s3:::home/bob/a", "true", ImplicitDeny)
	f("s3:PutObject", "arn:aws:s3:::home/ann/a", "true", ImplicitDeny)
	f("s3:GetObject", "arn:aws:s3:::home/ann/a", "false", ExplicitDeny)
}
