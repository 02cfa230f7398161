package gateway

import (
	"net/http"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// authorized asks the route's authorizer, and tells the client when it says no.
func (x *exchange) authorized() bool {
	switch x.route.kind {
	case types.AuthorizationTypeAwsIam:
		return x.signed()
	case types.AuthorizationTypeJwt:
		return x.bearer()
	case types.AuthorizationTypeCustom:
		return x.asked()
	}
	return true
}

// refuse answers a request that no authorizer lets in.
func (x *exchange) refuse(status int, why string) bool {
	x.refusal = why
	x.fail(status)
	return false
}

// signed wants a caller who may call the route.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
func (x *exchange) signed() bool {
	who, err := x.Caller(x.r, "execute-api", x.in.Body)
	if err != nil {
		return x.refuse(http.StatusForbidden, err.Error())
	}
	if who.Kind == authz.Anonymous {
		return x.refuse(http.StatusForbidden, "Missing Authentication Token")
	}
	a := x.stage.api
	ask := authz.Request{Principal: who, Action: "execute-api:Invoke", Resource: x.in.RouteARN(a.region), ResourceAccount: a.account, Context: x.keys()}
	d, err := x.Directory.Authorize(x.r.Context(), ask, nil)
	if err != nil {
		x.Logger.Error("cannot authorize API request", "api", a.id, "error", err)
		return x.refuse(http.StatusInternalServerError, "Internal Server Error")
	}
	if d.Outcome != authz.Allowed {
		return x.refuse(http.StatusForbidden, authz.AccessDenied(ask, d))
	}
	x.in.Authorizer = &payload.Authorizer{IAM: &payload.IAM{AccessKey: who.AccessKeyID, AccountID: who.Account, CallerID: who.UserID, UserARN: who.ARN, UserID: who.UserID}}
	return true
}

// keys are the condition keys of a request.
func (x *exchange) keys() authz.Context {
	secure := "false"
	if x.r.TLS != nil {
		secure = "true"
	}
	c := authz.Context{"aws:SourceIp": {x.in.SourceIP}, "aws:SecureTransport": {secure}, "aws:RequestedRegion": {x.stage.api.region}}
	c.SetTime(x.in.Time)
	if x.in.UserAgent != "" {
		c["aws:UserAgent"] = []string{x.in.UserAgent}
	}
	return c
}

// bearer wants a token of the authorizer's issuer.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
func (x *exchange) bearer() bool {
	a := x.route.authorizer
	if a == nil {
		return x.refuse(http.StatusInternalServerError, "The authorizer is gone")
	}
	token := a.sources[0].Fill(source{x, nil}, "")
	if scheme, rest, ok := strings.Cut(token, " "); ok && strings.EqualFold(scheme, "bearer") {
		token = strings.TrimSpace(rest)
	}
	if token == "" {
		x.w.Header().Set("Www-Authenticate", "Bearer")
		return x.refuse(http.StatusUnauthorized, "Unauthorized")
	}
	claims, err := x.issuers.verify(x.r.Context(), a, token)
	if err != nil {
		x.challenge("", "invalid_token", err.Error())
		return x.refuse(http.StatusUnauthorized, err.Error())
	}
	jwt := &payload.JWT{Claims: claims.text()}
	if needed := x.route.scopes; len(needed) > 0 {
		if jwt.Scopes = common(claims.scopes(), needed); len(jwt.Scopes) == 0 {
			const why = "the token does not have any of the required scopes"
			x.challenge(strings.Join(needed, " "), "insufficient_scope", why)
			return x.refuse(http.StatusForbidden, why)
		}
	}
	x.in.Authorizer = &payload.Authorizer{JWT: jwt}
	return true
}

func (x *exchange) challenge(scope, code, description string) {
	x.w.Header().Set("Www-Authenticate", `Bearer scope="`+scope+`" error="`+code+`" error_description="`+description+`"`)
}

// common are the strings that are in both.
func common(a, b []string) (out []string) {
	for _, s := range a {
		for _, t := range b {
			if s == t {
				out = append(out, s)
			}
		}
	}
	return out
}
