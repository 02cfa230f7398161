package codec

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// clientTypes lists all operations of an SDK client.
func clientTypes(client any) []Types {
	var out []Types
	c := reflect.TypeOf(client)
	for i := range c.NumMethod() {
		if m := c.Method(i); m.Type.NumIn() == 4 && m.Type.NumOut() == 2 {
			out = append(out, Types{Name: m.Name, In: m.Type.In(2).Elem(), Out: m.Type.Out(0).Elem()})
		}
	}
	return out
}

func compile(t testing.TB, name string, client any, opts ...Option) *Service {
	t.Helper()
	f, err := facts.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Compile(f, clientTypes(client), opts...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func form(body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func TestQueryRoundTrip(t *testing.T) {
	s := compile(t, "iam", (*iam.Client)(nil))
	body := "Action=CreateRole&Version=2010-05-08&RoleName=analyst&AssumeRolePolicyDocument=%7B%7D&MaxSessionDuration=3600" +
		"&Tags.member.1.Key=team&Tags.member.1.Value=a+b&Tags.member.10.Key=z&Tags.member.10.Value=&Tags.member.2.Key=y&Tags.member.2.Value=2"
	r := form(body)
	op, params, ok := s.MatchForm(r, []byte(body))
	if !ok || op.Name() != "CreateRole" || !op.Listed() || !op.Mutating() {
		t.Fatalf("matched %v", op)
	}
	v, err := op.Decode(r, params, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	want := &iam.CreateRoleInput{RoleName: aws.String("analyst"), AssumeRolePolicyDocument: aws.String("{}"), MaxSessionDuration: aws.Int32(3600),
		Tags: []types.Tag{{Key: aws.String("team"), Value: aws.String("a b")}, {Key: aws.String("y"), Value: aws.String("2")}, {Key: aws.String("z"), Value: aws.String("")}}}
	if !reflect.DeepEqual(v, want) {
		t.Errorf("got %+v", v)
	}
	w := httptest.NewRecorder()
	out := &iam.CreateRoleOutput{Role: &types.Role{RoleName: aws.String("a<b"), Arn: aws.String("arn")}}
	if err := op.Encode(w, r, out, "id-1"); err != nil {
		t.Fatal(err)
	}
	wantBody := `<CreateRoleResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateRoleResult><Role><Arn>arn</Arn><RoleName>a&lt;b</RoleName></Role></CreateRoleResult><ResponseMetadata><RequestId>id-1</RequestId></ResponseMetadata></CreateRoleResponse>`
	if w.Code != 200 || w.Body.String() != wantBody || w.Header().Get("X-Amzn-Requestid") != "id-1" || w.Header().Get("Content-Type") != "text/xml" {
		t.Errorf("got %d %v %s", w.Code, w.Header(), w.Body)
	}
	w = httptest.NewRecorder()
	s.EncodeError(w, r, op, &types.NoSuchEntityException{Message: aws.String("gone")}, "id-2")
	wantBody = `<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type><Code>NoSuchEntity</Code><Message>gone</Message></Error><RequestId>id-2</RequestId></ErrorResponse>`
	if w.Code != 404 || w.Body.String() != wantBody {
		t.Errorf("got %d %s", w.Code, w.Body)
	}
}

func TestValidation(t *testing.T) {
	s := compile(t, "iam", (*iam.Client)(nil))
	f := func(op, body, want string) {
		t.Helper()
		_, err := s.Operation(op).Decode(form(body), nil, []byte(body))
		if err == nil || err.Error() != want {
			t.Errorf("%s %s:\n got %v\nwant %s", op, body, err, want)
		}
	}
	f("GetRole", "", "ValidationError: 1 validation error detected: Value null at 'roleName' failed to satisfy constraint: Member must not be null")
	f("GetRole", "RoleName="+strings.Repeat("a", 65), "ValidationError: 1 validation error detected: Value '"+strings.Repeat("a", 65)+"' at 'roleName' failed to satisfy constraint: Member must have length less than or equal to 64")
	f("GetRole", "RoleName=a%2Fb", `ValidationError: 1 validation error detected: Value 'a/b' at 'roleName' failed to satisfy constraint: Member must satisfy regular expression pattern: [\w+=,.@-]+`)
	f("UpdateAccessKey", "AccessKeyId=AKIAAAAAAAAAAAAAAAAA&Status=Maybe", "ValidationError: 1 validation error detected: Value 'Maybe' at 'status' failed to satisfy constraint: Member must satisfy enum value set: [Active, Inactive, Expired]")
	f("CreateLoginProfile", "UserName=u&Password=%01", `ValidationError: 1 validation error detected: Value at 'password' failed to satisfy constraint: Member must satisfy regular expression pattern: [\u0009\u000A\u000D\u0020-\u00FF]+`)
	f("TagRole", "RoleName=r&Tags.member.1.Key=k", "ValidationError: 1 validation error detected: Value null at 'tags.1.member.value' failed to satisfy constraint: Member must not be null")
	f("ListRoles", "MaxItems=ten", "ValidationError: cannot read a number of type integer for MaxItems")
	f("ListRoles", "PathPrefix=%ff", "MalformedQueryString: a parameter is not valid UTF-8")
	f("ListRoles", "a"+strings.Repeat(".b", 300)+"=1", "MalformedQueryString: nesting deeper than 100 levels")
}

func TestJSONRoundTrip(t *testing.T) {
	s := compile(t, "organizations", (*organizations.Client)(nil))
	r := httptest.NewRequest("POST", "/", nil)
	r.Header.Set("X-Amz-Target", "AWSOrganizationsV20161128.CreateAccount")
	op, _, ok := s.Match(r)
	if !ok {
		t.Fatal("no match")
	}
	v, err := op.Decode(r, nil, []byte(`{"Email":"a@b.example","AccountName":"\u0041 b","Tags":[{"Key":"k","Value":"v"}],"Other":[{"x":[1.5e3,null]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	in := v.(*organizations.CreateAccountInput)
	if *in.AccountName != "A b" || *in.Tags[0].Value != "v" {
		t.Errorf("got %+v", in)
	}
	f := func(body, want string) {
		t.Helper()
		_, err := op.Decode(r, nil, []byte(body))
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%.80s:\n got %v\nwant %s", body, err, want)
		}
	}
	f(`{"Email":1}`, "SerializationException: NUMBER_VALUE can not be converted to a string for Email")
	f(`{"Email":"a`, "SerializationException: unexpected end")
	f(`{"Tags":{}}`, "SerializationException: START_OBJECT")
	f(`[]`, "SerializationException")
	f("{\"Email\":\"\xff\"}", "SerializationException: the body is not valid UTF-8")
	f(strings.Repeat(`{"a":`, 200)+"1"+strings.Repeat("}", 200), "SerializationException: nesting deeper")
	f(`{}`, "ValidationException: 2 validation errors detected: Value null at 'accountName' failed to satisfy constraint: Member must not be null; Value null at 'email'")
}
