package gateway

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/expression"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// CheckAuthorizer tells what is wrong with an authorizer.
func CheckAuthorizer(a types.Authorizer) error {
	_, err := compileAuthorizer(a, nil)
	return err
}

func compileAuthorizer(a types.Authorizer, variables map[string]string) (*authorizer, error) {
	out := &authorizer{id: aws.ToString(a.AuthorizerId), kind: a.AuthorizerType, role: aws.ToString(a.AuthorizerCredentialsArn),
		version: aws.ToString(a.AuthorizerPayloadFormatVersion), simple: aws.ToBool(a.EnableSimpleResponses),
		life: time.Duration(aws.ToInt32(a.AuthorizerResultTtlInSeconds)) * time.Second}
	for _, s := range a.IdentitySource {
		t, err := expression.Parse(s, "request", "context", "stageVariables")
		if err != nil || t.Alone() == nil || !sourceFits(a.AuthorizerType, t.Alone()) {
			return nil, fmt.Errorf("invalid mapping expression specified: %s", s)
		}
		out.sources = append(out.sources, t)
	}
	if a.AuthorizerType == types.AuthorizerTypeJwt {
		return out, out.checkJWT(a.JwtConfiguration)
	}
	uri, err := filled(aws.ToString(a.AuthorizerUri), variables)
	if err != nil {
		return nil, err
	}
	if out.function, err = Function(uri); err != nil {
		return nil, fmt.Errorf("invalid authorizer URI: %s", uri)
	}
	switch {
	case out.version != payload.V1 && out.version != payload.V2:
		return nil, errors.New("AuthorizerPayloadFormatVersion is a required parameter for REQUEST authorizer, and is 1.0 or 2.0")
	case out.simple && out.version != payload.V2:
		return nil, errors.New("simple responses need the payload format version 2.0")
	case out.life > 0 && len(out.sources) == 0:
		return nil, errors.New("caching of an authorizer's answers needs identity sources")
	}
	return out, nil
}

// sourceFits tells the sources of identity that authorizers may have.
func sourceFits(kind types.AuthorizerType, v *expression.Variable) bool {
	if v.Root == "request" {
		return len(v.Path) == 2 && (v.Path[0] == "header" || v.Path[0] == "querystring")
	}
	return kind == types.AuthorizerTypeRequest && len(v.Path) > 0
}

func (a *authorizer) checkJWT(c *types.JWTConfiguration) error {
	if c == nil || aws.ToString(c.Issuer) == "" || len(c.Audience) == 0 {
		return errors.New("JWT configuration with issuer and audience is required for a JWT authorizer")
	}
	if len(a.sources) != 1 {
		return errors.New("a JWT authorizer has exactly one identity source")
	}
	u, err := url.Parse(*c.Issuer)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("invalid issuer: %s. Issuer must be a URL with a valid discovery endpoint below it", *c.Issuer)
	}
	a.issuer, a.audience = *c.Issuer, c.Audience
	return nil
}
