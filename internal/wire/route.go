package wire

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/atelier-studio/atelier/internal/wire/codec"
	"github.com/atelier-studio/atelier/internal/wire/facts"
	"github.com/atelier-studio/atelier/internal/wire/sigv4"
)

// endpoint is a service as requests find it. Those that nobody serves are there too, so that they can be answered by
// name.
type endpoint struct {
	facts.Entry
	service Service // nil: not served
	ops     map[string]*Operation

	once sync.Once
	c    *codec.Service
	err  error
}

// coder is a service whose unions or documents the codec can't find by itself.
type coder interface{ Codec() []codec.Option }

// codec compiles the service's facts when the first request comes.
func (e *endpoint) codec() (*codec.Service, error) {
	e.once.Do(func() {
		f, err := facts.Load(e.Name)
		if err != nil {
			e.err = err
			return
		}
		var list []codec.Types
		for _, o := range e.ops {
			list = append(list, codec.Types{Name: o.Name, In: o.In, Out: o.Out, Event: o.Event})
		}
		var options []codec.Option
		if x, ok := e.service.(coder); ok {
			options = x.Codec()
		}
		e.c, e.err = codec.Compile(f, list, options...)
	})
	return e.c, e.err
}

func (e *endpoint) speaks(protocol string) bool { return slices.Contains(e.Protocols, protocol) }

// router finds services.
type router struct {
	all       []*endpoint // in order of name, s3 not among them
	bySigning map[string][]*endpoint
	byTarget  map[string]*endpoint
}

func newRouter(services []Service) (*router, error) {
	r := &router{bySigning: map[string][]*endpoint{}, byTarget: map[string]*endpoint{}}
	served := map[string]Service{}
	for _, s := range services {
		if served[s.Name()] != nil {
			return nil, Errorf(0, "wire", "service "+s.Name()+" is listed twice")
		}
		served[s.Name()] = s
	}
	for _, entry := range facts.Index() {
		if entry.Name == "s3" {
			continue
		}
		e := &endpoint{Entry: entry, service: served[entry.Name], ops: map[string]*Operation{}}
		if e.service != nil {
			delete(served, entry.Name)
			list := e.service.Ops()
			for i := range list {
				if e.ops[list[i].Name] != nil {
					return nil, Errorf(0, "wire", entry.Name+" lists "+list[i].Name+" twice")
				}
				e.ops[list[i].Name] = &list[i]
			}
		}
		r.all = append(r.all, e)
		if entry.TargetPrefix != "" {
			r.byTarget[entry.TargetPrefix] = e
			if i := strings.LastIndexByte(entry.TargetPrefix, '.'); i >= 0 { // some clients leave the namespace out
				r.byTarget[entry.TargetPrefix[i+1:]] = e
			}
		}
	}
	for name := range served {
		return nil, Errorf(0, "wire", "there are no facts of service "+name)
	}
	for _, e := range r.all {
		r.bySigning[e.SigningName] = append(r.bySigning[e.SigningName], e)
	}
	for _, list := range r.bySigning { // served ones first
		slices.SortStableFunc(list, func(a, b *endpoint) int { return b2i(b.service != nil) - b2i(a.service != nil) })
	}
	return r, nil
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// candidates lists the services that a request may be for, by the scope of its signature, or what it says itself when it
// is unsigned. None means S3.
func (r *router) candidates(req *http.Request, sig *sigv4.Signature) (list []*endpoint, known bool) {
	if sig != nil {
		if sig.Service == "s3" || sig.Service == "s3express" {
			return nil, true
		}
		list = r.bySigning[sig.Service]
		return list, len(list) > 0
	}
	if t := req.Header.Get("X-Amz-Target"); t != "" {
		if e := r.target(t); e != nil {
			return []*endpoint{e}, true
		}
		return nil, false
	}
	if req.Header.Get("Smithy-Protocol") != "" {
		return r.speaking("smithy-rpc-v2-cbor"), true
	}
	if req.Method == http.MethodPost && strings.HasPrefix(req.Header.Get("Content-Type"), "application/x-www-form-urlencoded") ||
		strings.Contains("&"+req.URL.RawQuery, "&Action=") {
		return r.speaking("query"), true
	}
	return nil, true
}

func (r *router) target(header string) *endpoint {
	i := strings.LastIndexByte(header, '.')
	if i < 0 {
		return nil
	}
	return r.byTarget[header[:i]]
}

// speaking lists what is served in a protocol.
func (r *router) speaking(protocol string) (list []*endpoint) {
	for _, e := range r.all {
		if e.service != nil && e.speaks(protocol) {
			list = append(list, e)
		}
	}
	return list
}

// pick finds the service and operation among the candidates. op is nil when the first candidate is only whom to ask.
func pick(list []*endpoint, r *http.Request, body []byte) (*endpoint, *codec.Operation, codec.PathParams, error) {
	if len(list) > 1 {
		if version := parameter(r, body, "Version"); version != "" {
			if of := slices.IndexFunc(list, func(e *endpoint) bool { return e.APIVersion == version && e.speaks("query") }); of >= 0 {
				list = list[of : of+1]
			}
		}
	}
	for _, e := range list {
		c, err := e.codec()
		if err != nil {
			return e, nil, nil, err
		}
		if op, params, ok := c.MatchForm(r, body); ok {
			return e, op, params, nil
		}
	}
	return list[0], nil, nil, nil
}

// intended finds the service that a request must have been meant for, when its signature is for another one.
func (r *router) intended(req *http.Request, body []byte) *endpoint {
	if t := req.Header.Get("X-Amz-Target"); t != "" {
		return r.target(t)
	}
	version := parameter(req, body, "Version")
	for _, e := range r.all {
		if version != "" && e.APIVersion == version && e.speaks("query") {
			return e
		}
	}
	return nil
}

// parameter finds a parameter of a query protocol's request.
func parameter(r *http.Request, body []byte, name string) string {
	form := ""
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		form = string(body)
	}
	for _, text := range []string{r.URL.RawQuery, form} {
		for text != "" {
			var pair string
			pair, text, _ = strings.Cut(text, "&")
			if value, ok := strings.CutPrefix(pair, name+"="); ok {
				if plain, err := url.QueryUnescape(value); err == nil {
					return plain
				}
			}
		}
	}
	return ""
}

// actionPrefix is how IAM calls a service in policies.
// Source: https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
func (e *endpoint) actionPrefix() string {
	switch e.SigningName {
	case "monitoring":
		return "cloudwatch"
	case "":
		return e.Name
	}
	return e.SigningName
}
