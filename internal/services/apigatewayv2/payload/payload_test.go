package payload

import (
	"encoding/json"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"
)

func request() *Request {
	return &Request{Account: "123456789012", API: "abcdef1234", Stage: "dev", RouteKey: "POST /pets/{id}", RoutePath: "/pets/{id}", ID: "r-1",
		Domain: "abcdef1234.execute-api.us-east-1.localhost", Method: "POST", Path: "/dev/pets/6", Inner: "/pets/6", RawQuery: "a=1&a=2&b=x%20y", Protocol: "HTTP/1.1",
		SourceIP: "192.0.2.1", UserAgent: "agent", Time: time.Date(2020, 3, 12, 19, 3, 58, 390e6, time.UTC),
		Header: http.Header{"Content-Type": {"application/json"}, "Cookie": {"c1=1; c2=2", "c3=3"}, "X-Many": {"v1", "v2"}}, Body: []byte(`{"k":1}`),
		PathParameters: map[string]string{"id": "6"}, StageVariables: map[string]string{"env": "test"}}
}

// same compares JSON.
func same(t *testing.T, got []byte, err error, want string) {
	t.Helper()
	var a, b any
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(got, &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestEventV2(t *testing.T) {
	r := request()
	r.Authorizer = &Authorizer{JWT: &JWT{Claims: map[string]string{"sub": "u"}, Scopes: []string{"s"}}}
	got, err := r.Event(V2)
	same(t, got, err, `{"version":"2.0","routeKey":"POST /pets/{id}","rawPath":"/dev/pets/6","rawQueryString":"a=1&a=2&b=x%20y",
		"cookies":["c1=1","c2=2","c3=3"],"headers":{"content-type":"application/json","x-many":"v1,v2"},"queryStringParameters":{"a":"1,2","b":"x y"},
		"requestContext":{"accountId":"123456789012","apiId":"abcdef1234","authorizer":{"jwt":{"claims":{"sub":"u"},"scopes":["s"]}},
		"domainName":"abcdef1234.execute-api.us-east-1.localhost","domainPrefix":"abcdef1234","http":{"method":"POST","path":"/dev/pets/6","protocol":"HTTP/1.1",
		"sourceIp":"192.0.2.1","userAgent":"agent"},"requestId":"r-1","routeKey":"POST /pets/{id}","stage":"dev","time":"12/Mar/2020:19:03:58 +0000",
		"timeEpoch":1584039838390},"body":"{\"k\":1}","pathParameters":{"id":"6"},"isBase64Encoded":false,"stageVariables":{"env":"test"}}`)
	bare := &Request{Method: "GET", Path: "/", Stage: "$default", RouteKey: "$default", RoutePath: "$default", Header: http.Header{}, Time: r.Time}
	got, err = bare.Event(V2)
	same(t, got, err, `{"version":"2.0","routeKey":"$default","rawPath":"/","rawQueryString":"","headers":{},"requestContext":{"accountId":"","apiId":"",
		"domainName":"","domainPrefix":"","http":{"method":"GET","path":"/","protocol":"","sourceIp":"","userAgent":""},"requestId":"","routeKey":"$default",
		"stage":"$default","time":"12/Mar/2020:19:03:58 +0000","timeEpoch":1584039838390},"isBase64Encoded":false}`)
}

func TestEventV1(t *testing.T) {
	r := request()
	org := "o-1"
	r.Authorizer = &Authorizer{IAM: &IAM{AccessKey: "AK", AccountID: "1", CallerID: "AIDA", Org: &org, UserARN: "arn", UserID: "AIDA"}}
	got, err := r.Event(V1)
	same(t, got, err, `{"version":"1.0","resource":"/pets/{id}","path":"/dev/pets/6","httpMethod":"POST",
		"headers":{"Content-Type":"application/json","Cookie":"c3=3","X-Many":"v2"},
		"multiValueHeaders":{"Content-Type":["application/json"],"Cookie":["c1=1; c2=2","c3=3"],"X-Many":["v1","v2"]},
		"queryStringParameters":{"a":"2","b":"x y"},"multiValueQueryStringParameters":{"a":["1","2"],"b":["x y"]},
		"requestContext":{"accountId":"123456789012","apiId":"abcdef1234","domainName":"abcdef1234.execute-api.us-east-1.localhost","domainPrefix":"abcdef1234",
		"extendedRequestId":"r-1","httpMethod":"POST","identity":{"accessKey":"AK","accountId":"1","caller":"AIDA","cognitoAmr":null,"cognitoAuthenticationProvider":null,
		"cognitoAuthenticationType":null,"cognitoIdentityId":null,"cognitoIdentityPoolId":null,"principalOrgId":"o-1","sourceIp":"192.0.2.1","user":"AIDA",
		"userAgent":"agent","userArn":"arn"},"path":"/dev/pets/6","protocol":"HTTP/1.1","requestId":"r-1","requestTime":"12/Mar/2020:19:03:58 +0000",
		"requestTimeEpoch":1584039838390,"resourceId":null,"resourcePath":"/pets/{id}","stage":"dev"},"pathParameters":{"id":"6"},"stageVariables":{"env":"test"},
		"body":"{\"k\":1}","isBase64Encoded":false}`)
}

func TestBody(t *testing.T) {
	f := func(contentType, body, want string, encoded bool) {
		t.Helper()
		r := &Request{Header: http.Header{}, Body: []byte(body)}
		if contentType != "" {
			r.Header.Set("Content-Type", contentType)
		}
		if got, is := r.body(); got != want || is != encoded {
			t.Errorf("%s: got %q %v, want %q %v", contentType, got, is, want, encoded)
		}
	}
	f("text/plain; charset=utf-8", "a", "a", false)
	f("application/vnd.api+json", "{}", "{}", false)
	f("application/octet-stream", "a", "YQ==", true)
	f("application/x-www-form-urlencoded", "a=b", "YT1i", true)
	f("text/plain", "\xff", "/w==", true)
	f("", "a", "a", false)
	f("image/png", "", "", false)
}

func TestAuthorizerEvent(t *testing.T) {
	f := func(version string, want map[string]any, absent ...string) {
		t.Helper()
		b, err := request().AuthorizerEvent(version, "arn:x", []string{"user1", "123"})
		var got map[string]any
		if err != nil || json.Unmarshal(b, &got) != nil {
			t.Fatal(err)
		}
		for k, v := range want {
			if !reflect.DeepEqual(got[k], v) {
				t.Errorf("%s: %s is %v, want %v", version, k, got[k], v)
			}
		}
		for _, k := range absent {
			if _, ok := got[k]; ok {
				t.Errorf("%s: has %s", version, k)
			}
		}
	}
	f(V2, map[string]any{"version": "2.0", "type": "REQUEST", "routeArn": "arn:x", "identitySource": []any{"user1", "123"}}, "body", "isBase64Encoded")
	f(V1, map[string]any{"version": "1.0", "type": "REQUEST", "methodArn": "arn:x", "identitySource": "user1,123", "authorizationToken": "user1,123"}, "body",
		"isBase64Encoded")
}

func TestRead(t *testing.T) {
	f := func(version, payload string, want Response) {
		t.Helper()
		got, err := Read(version, []byte(payload))
		if err != nil || got.Status != want.Status || string(got.Body) != string(want.Body) || !reflect.DeepEqual(got.Header, want.Header) {
			t.Errorf("%s %s: got %+v %v, want %+v", version, payload, got, err, want)
		}
	}
	plain := http.Header{"Content-Type": {"text/plain;charset=UTF-8"}}
	inferred := http.Header{"Content-Type": {"application/json"}}
	f(V2, `{"statusCode":201,"body":"x"}`, Response{201, plain, []byte("x")})
	f(V2, `{"statusCode":"404"}`, Response{404, http.Header{}, nil})
	f(V2, `{"statusCode":200,"headers":{"content-type":"a/b","x-n":5,"x-b":true},"cookies":["a=1","b=2"],"body":"eA==","isBase64Encoded":true}`,
		Response{200, http.Header{"Content-Type": {"a/b"}, "X-N": {"5"}, "X-B": {"true"}, "Set-Cookie": {"a=1", "b=2"}}, []byte("x")})
	f(V2, `{"statusCode":200,"multiValueHeaders":{"x":["1"]}}`, Response{200, http.Header{}, nil})
	f(V2, `{"message":"hello"}`, Response{200, inferred, []byte(`{"message":"hello"}`)})
	f(V2, `{"headers":"not those of a proxy"}`, Response{200, inferred, []byte(`{"headers":"not those of a proxy"}`)})
	f(V2, `"hello"`, Response{200, inferred, []byte(`hello`)})
	f(V2, `[1]`, Response{200, inferred, []byte(`[1]`)})
	f(V2, `null`, Response{200, inferred, []byte(`null`)})
	f(V1, `{"statusCode":200,"headers":{"X-A":"1","X-B":"2"},"multiValueHeaders":{"X-A":["3","4"]},"body":"x","cookies":["no"]}`,
		Response{200, http.Header{"X-A": {"3", "4"}, "X-B": {"2"}, "Content-Type": plain["Content-Type"]}, []byte("x")})
	f(V2, `{"statusCode":200,"headers":{"Content-Length":"99","Connection":"close","x":"a\r\nb: c","bad name":"1"},"body":"x"}`, Response{200, plain, []byte("x")})
}

func TestReadRefuses(t *testing.T) {
	f := func(version, payload string) {
		t.Helper()
		if got, err := Read(version, []byte(payload)); !errors.Is(err, ErrResponse) {
			t.Errorf("%s %s: got %+v %v", version, payload, got, err)
		}
	}
	f(V1, `"hello"`)
	f(V1, `{"body":"x"}`)
	f(V1, `{"statusCode":null}`)
	f(V2, `{"statusCode":"abc"}`)
	f(V2, `{"statusCode":99}`)
	f(V2, `{"statusCode":{}}`)
	f(V2, `{"statusCode":200,"body":{"a":1}}`)
	f(V2, `{"statusCode":200,"headers":{"x":["1"]}}`)
	f(V2, `{"statusCode":200,"headers":"x"}`)
	f(V2, `{"statusCode":200,"body":"%","isBase64Encoded":true}`)
	f(V2, `{`)
}

func TestVerdict(t *testing.T) {
	const arn = "arn:aws:execute-api:us-east-1:123456789012:abc/dev/GET/pets"
	policy := func(effect, resource string) string {
		return `{"principalId":"u","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"` + effect + `","Resource":"` + resource + `"}]},"context":{"k":1}}`
	}
	f := func(simple bool, payload string, want bool) {
		t.Helper()
		v, err := ReadVerdict(simple, []byte(payload))
		if err != nil || v.Allows(arn, nil) != want {
			t.Errorf("%s: %+v %v, want %v", payload, v, err, want)
		}
	}
	f(true, `{"isAuthorized":true,"context":{"a":[1]}}`, true)
	f(true, `{"isAuthorized":false}`, false)
	f(false, policy("Allow", arn), true)
	f(false, policy("Allow", "arn:aws:execute-api:us-east-1:123456789012:abc/dev/*/*"), true)
	f(false, policy("Deny", arn), false)
	f(false, policy("Allow", "arn:aws:execute-api:us-east-1:123456789012:other/*"), false)
	bad := func(simple bool, payload string) {
		t.Helper()
		if v, err := ReadVerdict(simple, []byte(payload)); !errors.Is(err, ErrVerdict) {
			t.Errorf("%s: %+v %v", payload, v, err)
		}
	}
	bad(true, `{}`)
	bad(true, `null`)
	bad(true, `"yes"`)
	bad(true, policy("Allow", arn))
	bad(false, `{"isAuthorized":true}`)
	bad(false, `{"principalId":"u","policyDocument":"x"}`)
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"statusCode":200,"headers":{"a":1},"body":"x"}`))
	f.Add([]byte(`"x"`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		for _, version := range []string{V1, V2} {
			if r, err := Read(version, payload); err == nil && (r.Status < 100 || r.Status > 599) {
				t.Errorf("status %d", r.Status)
			}
		}
		_, _ = ReadVerdict(true, payload)
		_, _ = ReadVerdict(false, payload)
	})
}
