package lambda

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// cross writes the headers that a page of another origin needs, and answers its preflight, of which the function learns nothing.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-configuration.html#urls-cors
func cross(w http.ResponseWriter, r *http.Request, c *types.Cors) (answered bool) {
	origin := r.Header.Get("Origin")
	if c == nil || origin == "" {
		return false
	}
	asked := r.Header.Get("Access-Control-Request-Method")
	preflight := r.Method == http.MethodOptions && asked != ""
	h := w.Header()
	h.Add("Vary", "Origin")
	allowed := slices.Contains(c.AllowOrigins, "*") || slices.ContainsFunc(c.AllowOrigins, func(o string) bool { return strings.EqualFold(o, origin) })
	if allowed {
		h.Set("Access-Control-Allow-Origin", origin)
		if slices.Contains(c.AllowOrigins, "*") && !aws.ToBool(c.AllowCredentials) {
			h.Set("Access-Control-Allow-Origin", "*")
		}
		if aws.ToBool(c.AllowCredentials) {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		if len(c.ExposeHeaders) > 0 && !preflight {
			h.Set("Access-Control-Expose-Headers", strings.Join(c.ExposeHeaders, ","))
		}
	}
	if !preflight {
		return false
	}
	if allowed {
		if slices.Contains(c.AllowMethods, "*") || slices.Contains(c.AllowMethods, asked) {
			h.Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
		}
		if len(c.AllowHeaders) > 0 {
			h.Set("Access-Control-Allow-Headers", strings.Join(c.AllowHeaders, ","))
		}
		if c.MaxAge != nil {
			h.Set("Access-Control-Max-Age", strconv.Itoa(int(*c.MaxAge)))
		}
	}
	w.WriteHeader(http.StatusOK)
	return true
}
