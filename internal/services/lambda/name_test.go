package lambda

import "testing"

func TestParseRef(t *testing.T) {
	f := func(name, account, region, id, qualifier string, ok bool) {
		t.Helper()
		r, is := parseRef("111111111111", "us-east-1", name)
		if is != ok || ok && (r.Account != account || r.Region != region || r.ID != id || r.Qualifier != qualifier) {
			t.Errorf("%s: got %+v %v", name, r, is)
		}
	}
	const own, other = "111111111111", "222222222222"
	f("f", own, "us-east-1", "f", "", true)
	f("f:1", own, "us-east-1", "f", "1", true)
	f("f:$LATEST", own, "us-east-1", "f", "$LATEST", true)
	f("222222222222:function:f", other, "us-east-1", "f", "", true)
	f("222222222222:function:f:live", other, "us-east-1", "f", "live", true)
	f("function:f", own, "us-east-1", "f", "", true)
	f("arn:aws:lambda:eu-west-1:222222222222:function:f", other, "eu-west-1", "f", "", true)
	f("arn:aws:lambda:eu-west-1:222222222222:function:f:7", other, "eu-west-1", "f", "7", true)
	f("arn:aws:lambda:eu-west-1:222222222222:layer:f", "", "", "", "", false)
	f("arn:aws:sqs:eu-west-1:222222222222:f", "", "", "", "", false)
	f("arn:aws:lambda:eu-west-1:222222222222:function:", "", "", "", "", false)
	f("f:1:2", "", "", "", "", false)
	f("", "", "", "", "", false)
}

func FuzzParseRef(f *testing.F) {
	f.Add("arn:aws:lambda:eu-west-1:222222222222:function:f:7")
	f.Add("222222222222:function:f:live")
	f.Fuzz(func(t *testing.T, name string) {
		if r, ok := parseRef("111111111111", "us-east-1", name); ok {
			if again, ok := parseRef("", "", r.arn()); ok && again != r {
				t.Errorf("%q: %+v is %+v", name, r, again)
			}
		}
	})
}
