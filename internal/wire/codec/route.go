package codec

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

type protocol uint8

const (
	protoJSON protocol = iota
	protoQuery
	protoEC2
	protoRestJSON
	protoRestXML
	protoCBOR
)

// PathParams are the values of a path template's labels, decoded.
type PathParams []PathParam

// PathParam is one label.
type PathParam struct{ Name, Value string }

// Get finds a label's value.
func (p PathParams) Get(name string) (string, bool) {
	for _, x := range p {
		if x.Name == name {
			return x.Value, true
		}
	}
	return "", false
}

// route is an operation's path template.
type route struct {
	op       *Operation
	segments []string // "{label}", "{greedy+}" or literal
	query    [][2]string
	weight   int      // the more literal, the earlier
	params   []string // required query parameters: S3 tells operations of one path apart by them
	headers  []string // required headers
}

func (s *Service) buildRoutes() {
	for _, o := range s.ops {
		path, query, _ := strings.Cut(o.facts.HTTP.URI, "?")
		r := &route{op: o, segments: strings.Split(strings.TrimPrefix(path, "/"), "/")}
		for _, pair := range strings.Split(query, "&") {
			if pair != "" {
				name, value, _ := strings.Cut(pair, "=")
				r.query = append(r.query, [2]string{name, value})
				r.weight += 100
			}
		}
		for _, seg := range r.segments {
			switch {
			case strings.HasSuffix(seg, "+}"):
			case strings.HasPrefix(seg, "{"):
				r.weight++
			default:
				r.weight += 10
			}
		}
		if in := o.facts.Input; in != nil && s.facts.Shapes[in.Shape] != nil {
			for _, name := range s.facts.Shapes[in.Shape].Required {
				switch m := s.facts.Shapes[in.Shape].Members[name]; m.Location {
				case "querystring":
					r.params = append(r.params, m.LocationName)
				case "header":
					r.headers = append(r.headers, m.LocationName)
				}
			}
		}
		s.routes[o.facts.HTTP.Method] = append(s.routes[o.facts.HTTP.Method], r)
	}
	for _, list := range s.routes {
		slices.SortFunc(list, func(a, b *route) int {
			return cmp.Or(b.weight-a.weight, len(b.params)+len(b.headers)-len(a.params)-len(a.headers), strings.Compare(a.op.Name(), b.op.Name()))
		})
	}
}

// complete tells whether a request has what the route's operation requires outside path and body.
func (x *route) complete(r *http.Request, query url.Values) bool {
	for _, name := range x.params {
		if !query.Has(name) {
			return false
		}
	}
	for _, name := range x.headers {
		if r.Header.Get(name) == "" {
			return false
		}
	}
	return true
}

// Protocol names what a request speaks, in botocore's words: "json", "query", "rest-json", "rest-xml", "ec2" or
// "smithy-rpc-v2-cbor".
func (s *Service) Protocol(r *http.Request) string {
	return [...]string{"json", "query", "ec2", "rest-json", "rest-xml", "smithy-rpc-v2-cbor"}[s.protocolOf(r)]
}

// protocolOf tells what a request speaks, among what the service speaks.
func (s *Service) protocolOf(r *http.Request) protocol {
	spoken := s.facts.Metadata.Spoken()
	for _, p := range spoken {
		switch p {
		case "smithy-rpc-v2-cbor":
			if r.Header.Get("Smithy-Protocol") == "rpc-v2-cbor" {
				return protoCBOR
			}
		case "json":
			if r.Header.Get("X-Amz-Target") != "" {
				return protoJSON
			}
		case "query":
			if len(spoken) > 1 && (strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") || r.Method == http.MethodGet) {
				return protoQuery
			}
		}
	}
	switch spoken[0] {
	case "query":
		return protoQuery
	case "ec2":
		return protoEC2
	case "rest-json":
		return protoRestJSON
	case "rest-xml":
		return protoRestXML
	case "smithy-rpc-v2-cbor":
		return protoCBOR
	}
	return protoJSON
}

// Match finds the operation that a request addresses, listed or not. Operations of the query protocol are named in the
// body mostly: use MatchForm for those. Here they are found when the query string names them or r.ParseForm was called.
func (s *Service) Match(r *http.Request) (*Operation, PathParams, bool) { return s.MatchForm(r, nil) }

// MatchForm is Match with the request's body at hand.
func (s *Service) MatchForm(r *http.Request, body []byte) (*Operation, PathParams, bool) {
	switch s.protocolOf(r) {
	case protoJSON:
		prefix, name, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
		if i := strings.LastIndexByte(r.Header.Get("X-Amz-Target"), '.'); i >= 0 {
			prefix, name = r.Header.Get("X-Amz-Target")[:i], r.Header.Get("X-Amz-Target")[i+1:]
		}
		// Some clients leave the namespace of the prefix out, as those of CloudTrail do.
		if full := s.facts.Metadata.TargetPrefix; prefix != full && !strings.HasSuffix(full, "."+prefix) {
			return nil, nil, false
		}
		return s.named(name)
	case protoQuery, protoEC2:
		body, err := inflate(r, body)
		if err != nil {
			return nil, nil, false
		}
		return s.named(action(r, body))
	case protoCBOR:
		p := strings.Split(strings.TrimPrefix(r.URL.Path, "/"), "/")
		if n := len(p); n >= 4 && p[n-4] == "service" && p[n-2] == "operation" {
			return s.named(p[n-1])
		}
		return nil, nil, false
	}
	return s.path(r)
}

func (s *Service) named(name string) (*Operation, PathParams, bool) {
	o := s.ops[name]
	return o, nil, o != nil
}

func action(r *http.Request, body []byte) string {
	for _, text := range []string{r.URL.RawQuery, string(body)} {
		for text != "" {
			var pair string
			pair, text, _ = strings.Cut(text, "&")
			if value, ok := strings.CutPrefix(pair, "Action="); ok {
				name, err := url.QueryUnescape(value)
				if err == nil {
					return name
				}
			}
		}
	}
	return r.PostForm.Get("Action")
}

func (s *Service) path(r *http.Request) (*Operation, PathParams, bool) {
	parts := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/"), "/")
	var query url.Values
	if r.URL.RawQuery != "" {
		query = r.URL.Query()
	}
	// Routes are sorted: of those with the same path, the one that requires most and is complete is meant. When none is
	// complete, the least demanding one answers, so that the caller learns what is missing.
	var best *route
	var params PathParams
	for _, x := range s.routes[r.Method] {
		if best != nil && x.weight < best.weight {
			break
		}
		if p, ok := x.match(parts, query); ok {
			best, params = x, p
			if x.complete(r, query) {
				break
			}
		}
	}
	if best == nil {
		return nil, nil, false
	}
	return best.op, params, true
}

func (x *route) match(parts []string, query url.Values) (PathParams, bool) {
	for _, q := range x.query {
		if !query.Has(q[0]) || q[1] != "" && query.Get(q[0]) != q[1] {
			return nil, false
		}
	}
	var params PathParams
	i := 0
	for k, seg := range x.segments {
		if i >= len(parts) {
			return nil, false
		}
		take := 1
		label, greedy := "", false
		if strings.HasPrefix(seg, "{") {
			label = strings.Trim(seg, "{}")
			label, greedy = strings.CutSuffix(label, "+")
		}
		if greedy {
			take = len(parts) - i - (len(x.segments) - k - 1)
			if take < 1 {
				return nil, false
			}
		}
		text := strings.Join(parts[i:i+take], "/")
		switch {
		case label != "":
			value, err := url.PathUnescape(text)
			if err != nil || value == "" {
				return nil, false
			}
			params = append(params, PathParam{label, value})
		case text != seg:
			if plain, err := url.PathUnescape(text); err != nil || plain != seg {
				return nil, false
			}
		}
		i += take
	}
	if i == len(parts)-1 && parts[i] == "" { // a trailing slash is no segment
		i++
	}
	return params, i == len(parts)
}
