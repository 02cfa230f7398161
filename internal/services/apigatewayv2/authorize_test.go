package apigatewayv2_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	awsiam "github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/go-jose/go-jose/v4"
)

const unauthorized, forbidden = `{"message":"Unauthorized"}`, `{"message":"Forbidden"}`

// issuer is an OIDC issuer.
type issuer struct {
	url  string
	keys []jose.JSONWebKey
	hits int
}

func (f *fixture) issuer() *issuer {
	i := &issuer{}
	mux := http.NewServeMux()
	mux.HandleFunc("/.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		i.hits++
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": i.url, "jwks_uri": i.url + "/keys"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		f.mu.Lock()
		defer f.mu.Unlock()
		keys := []any{map[string]string{"kty": "strange", "kid": "x"}}
		for _, k := range i.keys {
			keys = append(keys, k.Public())
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"keys": keys})
	})
	s := httptest.NewServer(mux)
	f.t.Cleanup(s.Close)
	i.url = s.URL
	return i
}

func (f *fixture) token(key any, id string, alg jose.SignatureAlgorithm, claims map[string]any) string {
	f.t.Helper()
	s := must(jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: id}}, nil))(f)
	b := must(json.Marshal(claims))(f)
	return must(must(s.Sign(b))(f).CompactSerialize())(f)
}

func TestJWT(t *testing.T) {
	f := open(t)
	api, i := f.api(), f.issuer()
	rsaKey := must(rsa.GenerateKey(rand.Reader, 2048))(f)
	ecKey := must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(f)
	strange := must(rsa.GenerateKey(rand.Reader, 2048))(f)
	i.keys = []jose.JSONWebKey{{Key: rsaKey, KeyID: "r", Use: "sig"}, {Key: ecKey, KeyID: "e", Use: "sig"}}
	a := must(f.CreateAuthorizer(f.ctx, &apigatewayv2.CreateAuthorizerInput{ApiId: &api, Name: aws.String("jwt"), AuthorizerType: types.AuthorizerTypeJwt,
		IdentitySource: []string{"$request.header.Authorization"}, JwtConfiguration: &types.JWTConfiguration{Issuer: &i.url, Audience: []string{"me", "you"}}}))(f)
	jwt := func(scopes ...string) func(*apigatewayv2.CreateRouteInput) {
		return func(in *apigatewayv2.CreateRouteInput) {
			in.AuthorizationType, in.AuthorizerId, in.AuthorizationScopes = types.AuthorizationTypeJwt, a.AuthorizerId, scopes
		}
	}
	target := f.calling(api, "two", "2.0")
	f.route(api, "GET /any", target, jwt())
	f.route(api, "GET /scoped", target, jwt("read", "write"))
	f.answers(func(_ string, event []byte) (string, bool) {
		var e struct {
			RequestContext struct{ Authorizer json.RawMessage }
		}
		_ = json.Unmarshal(event, &e)
		return string(e.RequestContext.Authorizer), false
	})
	now := time.Now().Unix()
	good := func() map[string]any {
		return map[string]any{"iss": i.url, "sub": "u", "aud": "me", "exp": now + 60, "iat": now, "scope": "read other", "groups": []string{"a", "b"}, "admin": true}
	}
	with := func(change ...any) map[string]any {
		c := good()
		for n := 0; n < len(change); n += 2 {
			if c[change[n].(string)] = change[n+1]; change[n+1] == nil {
				delete(c, change[n].(string))
			}
		}
		return c
	}
	g := func(path, token string, status int, challenge string) answer {
		t.Helper()
		a := f.get("GET", api, path, "", "Authorization", token)
		if a.status != status || !strings.Contains(a.header.Get("Www-Authenticate"), challenge) {
			t.Errorf("%s: got %d %s %q, want %d %q", path, a.status, a.body, a.header.Get("Www-Authenticate"), status, challenge)
		}
		return a
	}
	rs := func(c map[string]any) string { return f.token(rsaKey, "r", jose.RS256, c) }
	got := g("/any", "Bearer "+rs(good()), 200, "")
	var authorizer struct {
		JWT struct {
			Claims map[string]string
			Scopes []string
		}
	}
	f.ok(json.Unmarshal([]byte(got.body), &authorizer))
	if c := authorizer.JWT.Claims; c["sub"] != "u" || c["groups"] != "[a b]" || c["admin"] != "true" || authorizer.JWT.Scopes != nil {
		t.Errorf("claims %+v", authorizer)
	}
	g("/any", rs(good()), 200, "")
	g("/any", "Bearer "+f.token(ecKey, "e", jose.ES256, good()), 200, "")
	g("/any", rs(with("aud", []string{"x", "you"})), 200, "")
	g("/any", rs(with("aud", nil, "client_id", "you")), 200, "")
	if a := g("/scoped", rs(good()), 200, ""); !strings.Contains(a.body, `"scopes":["read"]`) {
		t.Errorf("got %s", a.body)
	}
	f.want(g("/any", "", 401, "Bearer"), 401, unauthorized)
	f.want(g("/any", "Bearer x.y.z", 401, `error="invalid_token"`), 401, unauthorized)
	g("/any", rs(with("aud", "others")), 401, "valid audience")
	g("/any", rs(with("aud", "others", "client_id", "you")), 401, "valid audience")
	g("/any", rs(with("iss", "https://other.example")), 401, "valid issuer")
	g("/any", rs(with("exp", now-1)), 401, "expired")
	g("/any", rs(with("exp", nil)), 401, "expire")
	g("/any", rs(with("nbf", now+60)), 401, "not valid yet")
	g("/any", rs(with("iat", now+60)), 401, "not valid yet")
	g("/any", f.token(strange, "r", jose.RS256, good()), 401, "signature")
	g("/any", f.token(strange, "unknown", jose.RS256, good()), 401, "signature")
	g("/any", f.token([]byte(strings.Repeat("s", 64)), "r", jose.HS256, good()), 401, "signed JWT")
	parts := strings.Split(rs(good()), ".")
	g("/any", "eyJhbGciOiJub25lIn0."+parts[1]+".", 401, "signed JWT")
	f.want(g("/scoped", rs(with("scope", "other")), 403, `error="insufficient_scope"`), 403, forbidden)
	g("/scoped", rs(with("scope", nil, "scp", []string{"write"})), 200, "")
	f.mu.Lock()
	if i.hits != 1 { // keys are kept, and a key that is not known is not looked for again and again
		t.Errorf("the issuer was asked %d times", i.hits)
	}
	f.mu.Unlock()
	gone := "http://127.0.0.1:1"
	must(f.UpdateAuthorizer(f.ctx, &apigatewayv2.UpdateAuthorizerInput{ApiId: &api, AuthorizerId: a.AuthorizerId,
		JwtConfiguration: &types.JWTConfiguration{Issuer: &gone}}))(f)
	g("/any", rs(good()), 401, "cannot be read")
	var _ crypto.Signer = rsaKey
}

func TestLambdaAuthorizer(t *testing.T) {
	f := open(t)
	api := f.api()
	target := f.calling(api, "two", "2.0")
	made := func(key, version string, simple bool, ttl int32, sources ...string) {
		t.Helper()
		a := must(f.CreateAuthorizer(f.ctx, &apigatewayv2.CreateAuthorizerInput{ApiId: &api, Name: aws.String(key), AuthorizerType: types.AuthorizerTypeRequest,
			AuthorizerUri:                  aws.String("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + f.arn("auth") + "/invocations"),
			AuthorizerPayloadFormatVersion: &version, EnableSimpleResponses: &simple, IdentitySource: append([]string{}, sources...), AuthorizerResultTtlInSeconds: &ttl}))(f)
		f.route(api, key, target, func(in *apigatewayv2.CreateRouteInput) {
			in.AuthorizationType, in.AuthorizerId = types.AuthorizationTypeCustom, a.AuthorizerId
		})
	}
	made("GET /simple", "2.0", true, 0, "$request.header.X-Key", "$request.querystring.q")
	made("GET /kept", "2.0", true, 60, "$request.header.X-Key")
	made("GET /policy", "1.0", false, 60, "$request.header.X-Key")
	made("GET /open", "2.0", true, 0)
	verdict := `{"isAuthorized":true,"context":{"who":"me","n":1}}`
	f.answers(func(name string, event []byte) (string, bool) {
		if name == "auth" {
			return verdict, verdict == "boom"
		}
		var e struct {
			RequestContext struct{ Authorizer map[string]any }
		}
		_ = json.Unmarshal(event, &e)
		b, _ := json.Marshal(e.RequestContext.Authorizer)
		return string(b), false
	})
	asked := func() (n int) {
		for _, c := range f.called() {
			if c.name == "auth" {
				n++
			}
		}
		return n
	}
	f.want(f.get("GET", api, "/simple?q=1", "", "X-Key", "k"), 200, `{"lambda":{"n":1,"who":"me"}}`)
	c := f.called()[0]
	if c.event["type"] != "REQUEST" || c.event["routeArn"] != "arn:aws:execute-api:us-east-1:"+f.root.Principal.Account+":"+api+"/$default/GET/simple" ||
		len(c.event["identitySource"].([]any)) != 2 || !strings.Contains(c.as.Context["aws:SourceArn"][0], ":"+api+"/authorizers/") {
		t.Errorf("asked %+v", c)
	}
	f.want(f.get("GET", api, "/simple", "", "X-Key", "k"), 401, unauthorized)
	f.want(f.get("GET", api, "/simple?q=1", ""), 401, unauthorized)
	f.want(f.get("GET", api, "/open", ""), 200, `{"lambda":{"n":1,"who":"me"}}`)
	before := asked()
	for range 3 {
		f.want(f.get("GET", api, "/kept", "", "X-Key", "k"), 200, `{"lambda":{"n":1,"who":"me"}}`)
	}
	f.want(f.get("GET", api, "/kept", "", "X-Key", "other"), 200, `{"lambda":{"n":1,"who":"me"}}`)
	if n := asked() - before; n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
	verdict = `{"isAuthorized":false}`
	f.want(f.get("GET", api, "/kept", "", "X-Key", "k"), 200, `{"lambda":{"n":1,"who":"me"}}`)
	must(f.ResetAuthorizersCache(f.ctx, &apigatewayv2.ResetAuthorizersCacheInput{ApiId: &api, StageName: aws.String("$default")}))(f)
	f.want(f.get("GET", api, "/kept", "", "X-Key", "k"), 403, forbidden)
	f.want(f.get("GET", api, "/open", ""), 403, forbidden)
	for _, bad := range []string{"boom", `{}`, `"yes"`, `{"isAuthorized":"yes"}`, "!403 AccessDeniedException"} {
		verdict = bad
		f.want(f.get("GET", api, "/open", ""), 500, `{"message":"Internal Server Error"}`)
	}
	policy := func(effect, resource string) string {
		return `{"principalId":"p1","policyDocument":{"Version":"2012-10-17","Statement":[{"Action":"execute-api:Invoke","Effect":"` + effect + `","Resource":"` + resource + `"}]},"context":{"k":"v"}}`
	}
	verdict = policy("Allow", "arn:aws:execute-api:us-east-1:"+f.root.Principal.Account+":"+api+"/*/GET/policy")
	f.want(f.get("GET", api, "/policy", "", "X-Key", "a"), 200, `{"lambda":{"k":"v"}}`)
	verdict = policy("Deny", "*")
	f.want(f.get("GET", api, "/policy", "", "X-Key", "b"), 403, forbidden)
	f.want(f.get("GET", api, "/policy", "", "X-Key", "a"), 200, `{"lambda":{"k":"v"}}`)
}

func TestIAM(t *testing.T) {
	f := open(t)
	api := f.api()
	f.route(api, "POST /signed/{x}", f.calling(api, "two", "2.0"), func(in *apigatewayv2.CreateRouteInput) { in.AuthorizationType = types.AuthorizationTypeAwsIam })
	f.answers(func(_ string, event []byte) (string, bool) {
		var e struct {
			RequestContext struct{ Authorizer struct{ IAM map[string]any } }
		}
		_ = json.Unmarshal(event, &e)
		return `"` + e.RequestContext.Authorizer.IAM["userArn"].(string) + `"`, false
	})
	must(f.iam.CreateUser(f.ctx, &awsiam.CreateUserInput{UserName: aws.String("u")}))(f)
	key := must(f.iam.CreateAccessKey(f.ctx, &awsiam.CreateAccessKeyInput{UserName: aws.String("u")}))(f).AccessKey
	u := aws.Credentials{AccessKeyID: *key.AccessKeyId, SecretAccessKey: *key.SecretAccessKey}
	sign := func(c aws.Credentials, service, host string) *http.Request {
		at := f.url + "/_atelier/execute-api/" + api + "/signed/a%20b?q=1"
		if host != "" {
			at = f.url + "/signed/a%20b?q=1"
		}
		r := f.request("POST", at, "body", "Host", host)
		if host == "" {
			r.Host = r.URL.Host
		}
		sum := sha256.Sum256([]byte("body"))
		f.ok(v4.NewSigner().SignHTTP(f.ctx, c, r, hex.EncodeToString(sum[:]), service, "us-east-1", time.Now()))
		return r
	}
	root := aws.Credentials{AccessKeyID: f.root.AccessKeyID, SecretAccessKey: f.root.SecretAccessKey}
	f.want(f.send(sign(root, "execute-api", "")), 200, f.root.Principal.ARN)
	f.want(f.send(sign(root, "execute-api", api+".execute-api.us-east-1.localhost")), 200, f.root.Principal.ARN)
	f.want(f.get("POST", api, "/signed/x", "body"), 403, forbidden)
	f.want(f.send(sign(root, "lambda", "")), 403, forbidden)
	wrong := root
	wrong.SecretAccessKey += "x"
	f.want(f.send(sign(wrong, "execute-api", "")), 403, forbidden)
	f.want(f.send(sign(u, "execute-api", "")), 403, forbidden)
	put := func(resource string) {
		must(f.iam.PutUserPolicy(f.ctx, &awsiam.PutUserPolicyInput{UserName: aws.String("u"), PolicyName: aws.String("p"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke","Resource":"arn:aws:execute-api:us-east-1:` + f.root.Principal.Account + ":" + resource + `"}]}`)}))(f)
	}
	put(api + "/$default/GET/signed/*")
	f.want(f.send(sign(u, "execute-api", "")), 403, forbidden)
	put(api + "/$default/POST/signed/*")
	f.want(f.send(sign(u, "execute-api", "")), 200, "arn:aws:iam::"+f.root.Principal.Account+":user/u")
}
