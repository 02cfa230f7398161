package gateway

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/routing"
)

const (
	via = "HTTP/1.1 AmazonAPIGateway"
	// maxHops is how many gateways a request may go through: one that calls itself would never end.
	maxHops = 8
)

// callURL sends the request on.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-http.html
func (x *exchange) callURL(i *integration) (payload.Response, int) {
	to := mapped(i.request, x.r.Header, x.in.RawQuery, source{x, nil}) // the header as it came: Forwarded tells the rest
	at, err := x.address(i, to)
	if err != nil {
		return payload.Response{}, x.failed(err.Error(), false)
	}
	method := i.method
	if method == routing.Any {
		method = x.r.Method
	}
	ctx, cancel := context.WithTimeout(x.r.Context(), i.timeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, at.String(), bytes.NewReader(x.in.Body))
	if err != nil {
		return payload.Response{}, x.failed(err.Error(), false)
	}
	if len(to.header.Values("Via")) >= maxHops {
		return payload.Response{}, x.failed("the request goes round in circles", false)
	}
	r.Header = x.forwarded(to.header)
	a, err := x.outward.RoundTrip(r)
	if err != nil {
		return payload.Response{}, x.failed(err.Error(), true)
	}
	defer a.Body.Close()
	x.integration.serviceStatus = a.StatusCode
	body, err := readAll(a.Body, a.ContentLength)
	if err != nil {
		return payload.Response{}, x.failed(err.Error(), ctx.Err() != nil)
	}
	out := payload.Response{Status: a.StatusCode, Header: a.Header, Body: body}
	for name := range a.Header {
		if payload.Hop(name) {
			a.Header.Del(name)
		}
	}
	return out, 0
}

// address is where a request goes: variables of the path are put into the integration's URL, and the default route's has the whole
// path after it.
func (x *exchange) address(i *integration, to outgoing) (*url.URL, error) {
	uri := i.uri
	for name, value := range x.in.PathParameters {
		parts := strings.Split(value, "/")
		for n := range parts {
			parts[n] = url.PathEscape(parts[n])
		}
		uri = strings.ReplaceAll(uri, "{"+name+"}", strings.Join(parts, "/"))
	}
	u, err := url.Parse(uri)
	if err != nil {
		return nil, err
	}
	path := to.path
	if path == "" && x.route.key.Text == routing.Default && x.in.Inner != "/" {
		path = strings.TrimSuffix(u.EscapedPath(), "/") + x.in.Inner
	}
	if path != "" {
		if u.Path, err = url.PathUnescape(path); err != nil {
			return nil, err
		}
		u.RawPath = path
		if !strings.HasPrefix(u.Path, "/") {
			u.Path, u.RawPath = "/"+u.Path, "/"+u.RawPath
		}
	}
	if to.rawQuery != "" && u.RawQuery != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += to.rawQuery
	return u, nil
}

// forwarded are the headers that go on.
func (x *exchange) forwarded(has http.Header) http.Header {
	out := make(http.Header, len(has)+3)
	for name, v := range has {
		if !payload.Hop(name) {
			out[name] = v
		}
	}
	for _, name := range strings.Split(has.Get("Connection"), ",") {
		out.Del(strings.TrimSpace(name))
	}
	proto := "http"
	if x.r.TLS != nil {
		proto = "https"
	}
	client := x.in.SourceIP
	if strings.Contains(client, ":") {
		client = `"[` + client + `]"`
	}
	out.Add("Forwarded", "for="+client+";host="+x.r.Host+";proto="+proto)
	out.Add("Via", via)
	if _, ok := out["User-Agent"]; !ok {
		out["User-Agent"] = nil // net/http's own is nobody's
	}
	return out
}
