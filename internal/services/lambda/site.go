package lambda

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
	"github.com/atelier-studio/atelier/internal/wire"
)

// Caller tells who signed a request that is no call of the API, as wire.Chain's method of that name does.
type Caller func(r *http.Request, service string, body []byte) (authz.Principal, error)

// Sites are the URLs of functions.
func (s *Service) Sites() map[string]wire.Site { return map[string]wire.Site{"lambda-url": s.visit} }

// visit runs the function of a URL with a request.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
func (s *Service) visit(id string, w http.ResponseWriter, r *http.Request) {
	var at ref
	var f function
	if err := s.image.Read(r.Context(), func() {
		at = s.urls[id]
		f = s.functions.Rows()[at.Key]
	}); err != nil {
		tell(w, http.StatusInternalServerError, "InternalFailure", "Internal Server Error")
		return
	}
	u, ok := f.URLs[at.Qualifier]
	if !ok || u.ID != id {
		tell(w, http.StatusForbidden, "AccessDeniedException", "Forbidden")
		return
	}
	if cross(w, r, u.Cors) {
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxEvent+1))
	if err != nil || len(body) > maxEvent {
		tell(w, http.StatusRequestEntityTooLarge, "RequestEntityTooLargeException", "Request must be smaller than 6291456 bytes")
		return
	}
	who, err := s.enter(r, at, f, u, body)
	if err != nil {
		tell(w, http.StatusForbidden, "AccessDeniedException", "Forbidden")
		return
	}
	in := sandbox.Invocation{RequestID: uuid.NewString()}
	if in.Payload, err = encode(s.httpEvent(r, u, who, body, in.RequestID)); err != nil {
		tell(w, http.StatusInternalServerError, "InternalFailure", "Internal Server Error")
		return
	}
	g, err := s.begin(r.Context(), at)
	if err != nil {
		if busy(err) {
			tell(w, http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.")
			return
		}
		tell(w, http.StatusBadGateway, "InternalServerErrorException", "Internal Server Error")
		return
	}
	w.Header().Set("X-Amzn-Requestid", in.RequestID)
	var sink sandbox.Sink
	a := &streamed{w: w}
	if u.InvokeMode == types.InvokeModeResponseStream {
		sink = a
	}
	out, err := s.run(r.Context(), g, in, sink)
	switch {
	case a.begun: // what went wrong after that nobody can be told
	case busy(err):
		tell(w, http.StatusTooManyRequests, "TooManyRequestsException", "Rate Exceeded.")
	case err != nil || out.FunctionError != "":
		tell(w, http.StatusBadGateway, "InternalServerErrorException", "Internal Server Error")
	case sink != nil:
		_, _ = a.Write(out.Payload)
	default:
		reply(w, out.Payload)
	}
}

func tell(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("X-Amzn-Errortype", code)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"Message": message}) // the client may be gone
}

var errForbidden = errors.New("caller may not use the URL")

// enter decides whether a request may come in. One that need not be signed is allowed by the function's policy alone.
// Source: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
func (s *Service) enter(r *http.Request, at ref, f function, u urlConfig, body []byte) (who authz.Principal, err error) {
	who = authz.Principal{Kind: authz.Anonymous}
	if u.AuthType == types.FunctionUrlAuthTypeAwsIam {
		if who, err = s.Caller(r, "lambda", body); err != nil {
			return who, err
		}
		if who.Kind == authz.Anonymous {
			return who, errForbidden
		}
	}
	policy, err := s.policy(at, f)
	if err != nil {
		return who, err
	}
	q := authz.Request{Principal: who, Action: "lambda:InvokeFunctionUrl", Resource: at.arn(), ResourceAccount: at.Account,
		Context: authz.Context{"lambda:FunctionUrlAuthType": {string(u.AuthType)}, "aws:SourceIp": {address(r)}, "aws:RequestedRegion": {at.Region}}}
	q.Context.SetTime(s.Clock.Now())
	for k, v := range tagContext(f.Tags) {
		q.Context[k] = v
	}
	d, err := s.Directory.Authorize(r.Context(), q, policy)
	if err == nil && d.Outcome != authz.Allowed {
		err = errForbidden
	}
	return who, err
}

func address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// httpEvent is a request as functions read it, in the payload format 2.0.
func (s *Service) httpEvent(r *http.Request, u urlConfig, who authz.Principal, body []byte, id string) map[string]any {
	headers, now := map[string]string{}, s.Clock.Now().UTC()
	for name, v := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(v, ",")
	}
	headers["host"] = r.Host
	delete(headers, "cookie")
	about := map[string]any{"accountId": "anonymous", "apiId": u.ID, "domainName": r.Host, "domainPrefix": u.ID, "requestId": id, "routeKey": "$default",
		"stage": "$default", "time": now.Format("02/Jan/2006:15:04:05 -0700"), "timeEpoch": now.UnixMilli(),
		"http": map[string]any{"method": r.Method, "path": r.URL.Path, "protocol": r.Proto, "sourceIp": address(r), "userAgent": r.UserAgent()}}
	if who.Kind != authz.Anonymous {
		about["accountId"] = who.Account
		about["authorizer"] = map[string]any{"iam": map[string]any{"accountId": who.Account, "callerId": who.UserID, "userArn": who.ARN, "userId": who.UserID,
			"cognitoIdentity": nil, "principalOrgId": nil}}
	}
	e := map[string]any{"version": "2.0", "routeKey": "$default", "rawPath": r.URL.EscapedPath(), "rawQueryString": r.URL.RawQuery, "headers": headers,
		"requestContext": about, "isBase64Encoded": false}
	if cookies := r.Header.Values("Cookie"); len(cookies) > 0 {
		var list []string
		for _, c := range cookies {
			for one := range strings.SplitSeq(c, ";") {
				list = append(list, strings.TrimSpace(one))
			}
		}
		e["cookies"] = list
	}
	if q := r.URL.Query(); len(q) > 0 {
		parameters := map[string]string{}
		for name, v := range q {
			parameters[name] = strings.Join(v, ",")
		}
		e["queryStringParameters"] = parameters
	}
	if len(body) > 0 {
		e["body"] = string(body)
		if !textual(r.Header.Get("Content-Type")) || !utf8.Valid(body) {
			e["body"], e["isBase64Encoded"] = base64.StdEncoding.EncodeToString(body), true
		}
	}
	return e
}

// textual tells whether content is handed on as text.
func textual(content string) bool {
	kind, _, err := mime.ParseMediaType(content)
	return err == nil && (strings.HasPrefix(kind, "text/") || slices.Contains([]string{"application/json", "application/javascript", "application/xml",
		"application/x-www-form-urlencoded"}, kind) || strings.HasSuffix(kind, "+json") || strings.HasSuffix(kind, "+xml"))
}

// answered is what a function says of the answer to a request.
type answered struct {
	Status  json.Number                `json:"statusCode"`
	Headers map[string]json.RawMessage `json:"headers"`
	Cookies []string                   `json:"cookies"`
	Body    json.RawMessage            `json:"body"`
	Base64  bool                       `json:"isBase64Encoded"`
}

// hopping are headers that are the connection's and not the function's to set.
var hopping = []string{"Connection", "Content-Length", "Keep-Alive", "Te", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Authenticate", "Proxy-Authorization"}

// begin writes status and headers. It tells false when they make no sense.
func (a answered) begin(w http.ResponseWriter) bool {
	status := http.StatusOK
	if a.Status != "" {
		n, err := a.Status.Int64()
		if err != nil || n < 200 || n > 599 {
			return false
		}
		status = int(n)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
	}
	for name, raw := range a.Headers {
		if slices.Contains(hopping, http.CanonicalHeaderKey(name)) || w.Header().Get(name) != "" && strings.HasPrefix(strings.ToLower(name), "access-control-") {
			continue
		}
		w.Header().Set(name, text(raw))
	}
	for _, c := range a.Cookies {
		w.Header().Add("Set-Cookie", c)
	}
	w.WriteHeader(status)
	return true
}

// text is a JSON value as text: a string without its quotes.
func text(raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	return string(raw)
}

// reply answers with what a function gave: as it says, when it has a status, and as JSON when not.
func reply(w http.ResponseWriter, payload []byte) {
	var a answered
	var fields map[string]json.RawMessage
	if json.Unmarshal(payload, &fields) != nil || fields["statusCode"] == nil {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(text(payload))) // the client may be gone
		return
	}
	if err := json.Unmarshal(payload, &a); err != nil {
		tell(w, http.StatusBadGateway, "InternalServerErrorException", "Internal Server Error")
		return
	}
	body := []byte(text(a.Body))
	if a.Base64 {
		var err error
		if body, err = base64.StdEncoding.DecodeString(string(body)); err != nil {
			tell(w, http.StatusBadGateway, "InternalServerErrorException", "Internal Server Error")
			return
		}
	}
	if !a.begin(w) {
		tell(w, http.StatusBadGateway, "InternalServerErrorException", "Internal Server Error")
		return
	}
	if string(a.Body) != "null" {
		_, _ = w.Write(body)
	}
}
