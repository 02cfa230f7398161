package apigatewayv2

import (
	"context"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// checkCors wants a configuration that browsers understand.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
func checkCors(c *types.Cors) error {
	if c == nil {
		return nil
	}
	if aws.ToBool(c.AllowCredentials) && (slices.Contains(c.AllowOrigins, "*") || slices.Contains(c.AllowHeaders, "*") || slices.Contains(c.AllowMethods, "*")) {
		return invalid("Wildcards in allowOrigins, allowHeaders and allowMethods cannot be used together with allowCredentials")
	}
	for _, o := range c.AllowOrigins {
		if o != "*" && !strings.HasPrefix(o, "http://") && !strings.HasPrefix(o, "https://") && !strings.Contains(o, "://") {
			return invalid("Invalid format for origin %s", o)
		}
	}
	for _, list := range [][]string{c.AllowOrigins, c.AllowHeaders, c.AllowMethods, c.ExposeHeaders} {
		for _, v := range list {
			if v == "" || strings.ContainsAny(v, " \t\r\n,") {
				return invalid("Invalid value in the CORS configuration: %q", v)
			}
		}
	}
	if age := aws.ToInt32(c.MaxAge); age < -1 || age > 86400 {
		return invalid("MaxAge of the CORS configuration must be between -1 and 86400 seconds")
	}
	return nil
}

// DeleteCorsConfiguration has an API answer no preflight requests any more.
func (s *Service) DeleteCorsConfiguration(ctx context.Context, in *apigatewayv2.DeleteCorsConfigurationInput) (*apigatewayv2.DeleteCorsConfigurationOutput, error) {
	return &apigatewayv2.DeleteCorsConfigurationOutput{}, s.deploy(ctx, in.ApiId, func(_ *store.Tx, a *api) error {
		a.CorsConfiguration = nil
		return nil
	})
}
