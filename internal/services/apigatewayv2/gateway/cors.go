package gateway

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// preflight answers what a browser asks before a request, whether there is a route for it or not.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
func (x *exchange) preflight() bool {
	c := x.stage.cors
	if c == nil || x.r.Method != http.MethodOptions || x.r.Header.Get("Origin") == "" || x.r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h := x.w.Header()
	if x.cors(h) {
		h.Del("Access-Control-Expose-Headers")
		if len(c.AllowMethods) > 0 {
			h.Set("Access-Control-Allow-Methods", strings.Join(c.AllowMethods, ","))
		}
		if len(c.AllowHeaders) > 0 {
			h.Set("Access-Control-Allow-Headers", strings.ToLower(strings.Join(c.AllowHeaders, ",")))
		}
		if c.MaxAge != nil {
			h.Set("Access-Control-Max-Age", strconv.Itoa(int(*c.MaxAge)))
		}
	}
	x.status = http.StatusNoContent
	x.w.WriteHeader(x.status)
	return true
}

// cors says in an answer's header that the request's origin may read it, if it may.
func (x *exchange) cors(h http.Header) bool {
	c, origin := x.stage.cors, x.r.Header.Get("Origin")
	if c == nil || origin == "" {
		return false
	}
	switch {
	case slices.Contains(c.AllowOrigins, "*"):
		h.Set("Access-Control-Allow-Origin", "*")
	case slices.ContainsFunc(c.AllowOrigins, func(allowed string) bool { return originFits(allowed, origin) }):
		h.Set("Access-Control-Allow-Origin", origin)
	default:
		return false
	}
	if aws.ToBool(c.AllowCredentials) {
		h.Set("Access-Control-Allow-Credentials", "true")
	}
	if len(c.ExposeHeaders) > 0 {
		h.Set("Access-Control-Expose-Headers", strings.ToLower(strings.Join(c.ExposeHeaders, ",")))
	}
	return true
}

// originFits takes "https://*" for every origin of that scheme.
func originFits(allowed, origin string) bool {
	if scheme, all := strings.CutSuffix(allowed, "://*"); all {
		return strings.HasPrefix(origin, scheme+"://")
	}
	return strings.EqualFold(allowed, origin)
}
