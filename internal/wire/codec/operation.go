package codec

import (
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// Operation is one API operation of a service.
type Operation struct {
	svc    *Service
	facts  *facts.Operation
	types  Types
	listed bool

	once     sync.Once
	compiled *opPlan
	err      error
}

// opPlan is what both directions need, split by where members travel.
type opPlan struct{ in, out *message }

// message is an input or output structure.
type message struct {
	ref     *facts.Ref
	node    *node
	body    []*slot // members of the document
	labels  []*slot
	queries []*slot
	headers []*slot // header and headers (by prefix)
	status  *slot
	payload *slot
	stream  *slot // event stream, which has no field in outputs
}

// Name is the operation's name, "CreateRole".
func (o *Operation) Name() string { return o.facts.Name }

// Facts are what the API says about the operation.
func (o *Operation) Facts() *facts.Operation { return o.facts }

// Listed tells whether a service serves the operation.
func (o *Operation) Listed() bool { return o.listed }

// Types are the types that the operation was listed with.
func (o *Operation) Types() Types { return o.types }

// Mutating tells whether the operation may change something, judged by the API's readonly mark, HTTP method and name.
func (o *Operation) Mutating() bool {
	if o.facts.ReadOnly || o.facts.HTTP.Method == http.MethodGet || o.facts.HTTP.Method == http.MethodHead {
		return false
	}
	for _, verb := range []string{"Get", "List", "Describe", "Head", "Search", "BatchGet", "Lookup", "Query", "Scan",
		"Simulate", "Validate", "Preview", "Check", "Decode", "Select", "Estimate", "Test", "Filter", "Count"} {
		if rest, ok := strings.CutPrefix(o.facts.Name, verb); ok && (rest == "" || rest[0] < 'a') {
			return false
		}
	}
	return true
}

// StreamsIn tells whether the request body is a stream that must be handed through instead of buffered.
func (o *Operation) StreamsIn() bool { return o.streams(o.facts.Input) }

// StreamsOut tells whether the answer is a blob or event stream.
func (o *Operation) StreamsOut() bool { return o.streams(o.facts.Output) }

// EventsOut tells whether the answer is an event stream, for EncodeStream.
func (o *Operation) EventsOut() bool { return o.events(o.facts.Output) != nil }

// EventsIn tells whether the request body is an event stream.
func (o *Operation) EventsIn() bool { return o.events(o.facts.Input) != nil }

func (o *Operation) streams(ref *facts.Ref) bool {
	if ref == nil {
		return false
	}
	sh := o.svc.facts.Shapes[ref.Shape]
	if sh == nil {
		return false
	}
	if m := sh.Members[sh.Payload]; m != nil {
		if p := o.svc.facts.Shapes[m.Shape]; m.Streaming || p != nil && p.Streaming {
			return true
		}
	}
	return o.events(ref) != nil
}

func (o *Operation) events(ref *facts.Ref) *facts.Ref {
	if ref == nil || o.svc.facts.Shapes[ref.Shape] == nil {
		return nil
	}
	for _, m := range o.svc.facts.Shapes[ref.Shape].Members {
		if p := o.svc.facts.Shapes[m.Shape]; p != nil && p.EventStream {
			return m
		}
	}
	return nil
}

func (o *Operation) plan() (*opPlan, error) {
	o.once.Do(func() {
		if !o.listed {
			o.err = fmt.Errorf("cannot compile %s: no service lists it", o.facts.Name)
			return
		}
		p := &opPlan{}
		if p.in, o.err = o.svc.message(o.facts.Input, o.types.In, true); o.err == nil {
			p.out, o.err = o.svc.message(o.facts.Output, o.types.Out, false)
		}
		o.compiled = p
	})
	return o.compiled, o.err
}

// Decode reads a request into a new *XInput and validates it. body is the whole request body; what the protocol puts into
// path, query string and headers is read from r. Errors are *RequestError or *ValidationError for what the caller did
// wrong.
func (o *Operation) Decode(r *http.Request, params PathParams, body []byte) (any, error) {
	in, _, err := o.decode(r, params, body, nil)
	return in, err
}

// DecodeStream is Decode for operations whose body is a stream. A blob is handed to the input's field as it is; an event
// stream is returned as a reader.
func (o *Operation) DecodeStream(r *http.Request, params PathParams, body io.ReadCloser) (any, *EventReader, error) {
	return o.decode(r, params, nil, body)
}

func (o *Operation) decode(r *http.Request, params PathParams, body []byte, stream io.ReadCloser) (any, *EventReader, error) {
	p, err := o.plan()
	if err != nil {
		return nil, nil, err
	}
	if body, err = o.inflated(r, body); err != nil {
		return nil, nil, err
	}
	in := reflect.New(o.types.In)
	d := &decoder{svc: o.svc, r: r, params: params, body: body, stream: stream}
	proto := o.svc.protocolOf(r)
	switch proto {
	case protoJSON:
		err = d.json(p.in, in.Elem())
	case protoQuery, protoEC2:
		err = d.query(p.in, in.Elem(), proto == protoEC2)
	case protoRestJSON, protoRestXML:
		err = d.rest(p.in, in.Elem(), proto == protoRestXML)
	case protoCBOR:
		err = d.cbor(p.in, in.Elem())
	}
	if err != nil {
		return nil, nil, requestError(proto, err)
	}
	if p.in.node != nil {
		if v := o.svc.validate(p.in.node, in.Elem()); v != nil {
			v.Code = "ValidationException"
			if proto == protoQuery || proto == protoEC2 {
				v.Code = "ValidationError"
			}
			if o.svc.invalid != "" {
				v.Code = o.svc.invalid
			}
			return nil, nil, v
		}
	}
	return in.Interface(), d.events, nil
}

// decoder is the state of one request.
type decoder struct {
	svc    *Service
	r      *http.Request
	params PathParams
	body   []byte
	stream io.ReadCloser
	events *EventReader
}
