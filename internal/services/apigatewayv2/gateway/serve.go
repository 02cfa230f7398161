package gateway

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/payload"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2/routing"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/google/uuid"
)

// exchange is one request on its way.
type exchange struct {
	*Gateway
	stage *stage
	route *route
	w     http.ResponseWriter
	r     *http.Request
	in    payload.Request

	status      int
	written     int
	integration outcome
	refusal     string // why an authorizer said no
	failure     string // what the client was told
}

// outcome is what came of calling an integration.
type outcome struct {
	called        bool
	status        int // of the answer; of a function's own answer
	serviceStatus int // of the service that was called
	request       string
	latency       time.Duration
	failure       string
}

// Serve answers a request at an API's own host. The path of r is that within the API.
func (g *Gateway) Serve(a *API, w http.ResponseWriter, r *http.Request) {
	if a == nil || a.closed {
		NotFound(w)
		return
	}
	path := escapedPath(r)
	first, rest, _ := strings.Cut(path[1:], "/")
	s, inner := a.stages[first], "/"+rest
	if s == nil || first == routing.Default {
		s, inner = a.stages[routing.Default], path
	}
	g.serve(s, path, inner, w, r)
}

// ServeStage answers a request at a domain name: to a stage, with what of the path names the mapping taken off it.
func (g *Gateway) ServeStage(a *API, stage, inner string, w http.ResponseWriter, r *http.Request) {
	g.serve(a.stages[stage], escapedPath(r), inner, w, r)
}

// NotFound answers for what isn't there.
func NotFound(w http.ResponseWriter) { tell(w, http.StatusNotFound, "Not Found") }

// Forbidden answers at a domain name that leads nowhere.
func Forbidden(w http.ResponseWriter) { tell(w, http.StatusForbidden, "Forbidden") }

func escapedPath(r *http.Request) string {
	path := r.URL.EscapedPath()
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	return path
}

func (g *Gateway) serve(s *stage, path, inner string, w http.ResponseWriter, r *http.Request) {
	if s == nil {
		NotFound(w) // without a trace in any log, as there is no stage that has one
		return
	}
	x := &exchange{Gateway: g, stage: s, w: w, r: r}
	x.begin(path, inner)
	start := time.Now()
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			g.Logger.Error("API request panicked", "api", s.api.id, "request", x.in.ID, "panic", p, "stack", string(debug.Stack()))
			if x.status == 0 {
				x.fail(http.StatusInternalServerError)
			}
		}
		x.end(time.Since(start))
	}()
	x.answer(inner)
}

// begin fills in what is known of a request at once.
func (x *exchange) begin(path, inner string) {
	r, a := x.r, x.stage.api
	source, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		source = r.RemoteAddr
	}
	domain := r.Host
	if host, _, err := net.SplitHostPort(domain); err == nil {
		domain = host
	}
	if net.ParseIP(strings.Trim(domain, "[]")) != nil || !strings.Contains(domain, ".") { // the path names the API, where functions expect that the host does
		domain = a.id + ".execute-api." + a.region + ".amazonaws.com"
	}
	header := r.Header.Clone()
	x.proxied(header, source)
	x.in = payload.Request{Account: a.account, API: a.id, Stage: x.stage.name, ID: uuid.NewString(), Domain: domain, Method: r.Method, Path: path, Inner: inner,
		RawQuery: r.URL.RawQuery, Protocol: r.Proto, SourceIP: source, UserAgent: r.UserAgent(), Time: x.Clock.Now(), Header: header,
		StageVariables: x.stage.variables}
	x.w.Header().Set("Apigw-Requestid", x.in.ID)
}

// proxied adds to a request's header what API Gateway does.
func (x *exchange) proxied(h http.Header, source string) {
	r := x.r
	h.Set("Host", r.Host)
	if r.ContentLength >= 0 {
		h.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	proto, port := "http", "80"
	if r.TLS != nil {
		proto, port = "https", "443"
	}
	if _, p, err := net.SplitHostPort(r.Host); err == nil {
		port = p
	}
	h.Set("X-Forwarded-For", strings.Join(append(h.Values("X-Forwarded-For"), source), ", "))
	h.Set("X-Forwarded-Proto", proto)
	h.Set("X-Forwarded-Port", port)
	if h.Get("X-Amzn-Trace-Id") == "" {
		id := uuid.New()
		h.Set("X-Amzn-Trace-Id", fmt.Sprintf("Root=1-%08x-%x", x.Clock.Now().Unix(), id[:12]))
	}
}

// answer takes a request through the stage.
func (x *exchange) answer(inner string) {
	if x.preflight() {
		return
	}
	found, ok := x.stage.routes.Find(x.r.Method, inner)
	if !ok {
		x.fail(http.StatusNotFound)
		return
	}
	x.route = found.Value
	x.in.RouteKey, x.in.RoutePath, x.in.PathParameters = found.Key.Text, x.route.path(), found.Variables
	if !x.route.limit.takes(x.Clock.Now()) {
		x.fail(http.StatusTooManyRequests)
		return
	}
	signed := x.route.kind == types.AuthorizationTypeAwsIam // with the body
	if signed && !x.read() || !x.authorized() || !signed && !x.read() {
		return
	}
	x.call()
}

// read reads the body.
func (x *exchange) read() bool {
	if x.r.Body == nil || x.r.ContentLength == 0 {
		return true
	}
	body, err := readAll(x.r.Body, x.r.ContentLength)
	if errors.Is(err, errTooLarge) {
		x.fail(http.StatusRequestEntityTooLarge)
		return false
	}
	if err != nil {
		x.fail(http.StatusBadRequest)
		return false
	}
	x.in.Body = body
	return true
}

// sentences are what clients are told.
var sentences = map[int]string{http.StatusInternalServerError: "Internal Server Error", http.StatusServiceUnavailable: "Service Unavailable",
	http.StatusRequestEntityTooLarge: "Request Entity Too Large"}

// fail answers with an error.
func (x *exchange) fail(status int) {
	text := sentences[status]
	if text == "" {
		text = http.StatusText(status)
	}
	x.failure = text
	x.cors(x.w.Header())
	x.status = status
	x.written = tell(x.w, status, text)
}

func tell(w http.ResponseWriter, status int, text string) int {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	n, _ := w.Write([]byte(`{"message":"` + text + `"}`))
	return n
}

// give answers with what the integration answered.
func (x *exchange) give(out payload.Response) {
	if x.stage.cors != nil {
		for name := range out.Header {
			if strings.HasPrefix(name, "Access-Control-") {
				out.Header.Del(name)
			}
		}
	}
	status := out.Status
	if changes := x.route.integration.responses[status]; changes != nil {
		status = answered(changes, status, out.Header, source{x, &out})
	}
	h := x.w.Header()
	for name, v := range out.Header {
		h[name] = v
	}
	x.cors(h)
	x.status = status
	x.w.WriteHeader(status)
	x.written, _ = x.w.Write(out.Body)
}

// end tells logs and metrics of the request.
func (x *exchange) end(latency time.Duration) {
	if l := x.stage.log; l != nil {
		x.Logs.Line(l.to, x.in.Time, l.line(source{x, nil}, latency))
	}
	x.measure(latency)
}
