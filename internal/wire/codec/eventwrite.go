package codec

import (
	"bytes"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// StreamWriter sends the events of a streamed answer. It is safe for concurrent use.
type StreamWriter interface {
	// Send sends one event, a member of the stream's union: *types.<Union>Member<Event>.
	Send(event any) error
	// Fail ends the stream with an error: a modelled exception of the stream or any other, by the rules of EncodeError.
	Fail(err error) error
	// Close ends the stream. Sending after it is an error.
	Close() error
}

type eventWriter struct {
	mu      sync.Mutex
	svc     *Service
	stream  *slot
	proto   protocol
	w       http.ResponseWriter
	encoder *eventstream.Encoder
	closed  bool
}

// EncodeStream begins an event stream: it sends status, headers and, in RPC protocols, out as the initial-response event.
// It sets the request id header.
func (o *Operation) EncodeStream(w http.ResponseWriter, r *http.Request, requestID string, out any) (StreamWriter, error) {
	p, err := o.plan()
	if err != nil {
		return nil, err
	}
	if p.out.stream == nil {
		return nil, fmt.Errorf("cannot stream %s: its output has no events", o.Name())
	}
	v := reflect.Indirect(reflect.ValueOf(out))
	if !v.IsValid() {
		v = reflect.New(o.types.Out).Elem()
	}
	if v.Type() != o.types.Out {
		return nil, fmt.Errorf("cannot encode %s as the output of %s", v.Type(), o.Name())
	}
	e := &eventWriter{svc: o.svc, stream: p.out.stream, proto: o.svc.protocolOf(r), w: w, encoder: eventstream.NewEncoder()}
	a := answer{svc: o.svc, w: w, proto: e.proto, requestID: requestID, status: http.StatusOK, stream: strings.NewReader(""),
		kind: "application/vnd.amazon.eventstream"}
	rpc := e.proto == protoJSON || e.proto == protoCBOR
	if !rpc {
		a.headers(p.out.headers, v)
	}
	if err := a.send(); err != nil {
		return nil, err
	}
	if !rpc {
		return e, http.NewResponseController(w).Flush()
	}
	body, err := e.document(p.out.body, v)
	if err != nil {
		return nil, err
	}
	return e, e.write("event", ":event-type", "initial-response", e.kind(), nil, body)
}

func (e *eventWriter) kind() string {
	switch e.proto {
	case protoCBOR:
		return "application/cbor"
	case protoRestXML:
		return "application/xml"
	}
	return "application/json"
}

func (e *eventWriter) Send(event any) error {
	v := reflect.Indirect(reflect.ValueOf(event))
	if !v.IsValid() {
		return fmt.Errorf("cannot send an event: it is nil")
	}
	m, err := e.svc.variant(e.stream.node, v.Type())
	if err != nil {
		return err
	}
	held, ok := m.value(v.FieldByIndex(m.index))
	if !ok || m.node.kind != structKind {
		return fmt.Errorf("cannot send event %s: it has no value", m.name)
	}
	var headers eventstream.Headers
	var body []*slot
	var payload *slot
	for _, f := range m.node.members {
		switch {
		case f.ref.EventHeader:
			if x, ok := f.value(held.FieldByIndex(f.index)); ok {
				headers.Set(f.wire, headerValue(f, x))
			}
		case f.ref.EventPayload:
			payload = f
		default:
			body = append(body, f)
		}
	}
	if payload == nil {
		b, err := e.document(body, held)
		if err != nil {
			return err
		}
		return e.write("event", ":event-type", m.wire, e.kind(), headers, b)
	}
	x, _ := payload.value(held.FieldByIndex(payload.index))
	switch payload.node.kind {
	case blobKind:
		return e.write("event", ":event-type", m.wire, "application/octet-stream", headers, x.Bytes())
	case stringKind:
		return e.write("event", ":event-type", m.wire, "text/plain", headers, []byte(x.String()))
	case structKind:
		b, err := e.document(payload.node.members, x)
		if err != nil {
			return err
		}
		return e.write("event", ":event-type", m.wire, e.kind(), headers, b)
	}
	return fmt.Errorf("cannot send event %s: its payload is a %s", m.name, payload.node.shape.Type)
}

func (e *eventWriter) document(members []*slot, v reflect.Value) ([]byte, error) {
	switch e.proto {
	case protoCBOR:
		c := cborWriter{svc: e.svc}
		c.structure(members, v, nil)
		return c.b, c.err
	case protoRestXML:
		x := xmlWriter{svc: e.svc}
		x.members(members, v)
		return x.b, x.err
	}
	j := jsonWriter{svc: e.svc}
	j.structure(members, v)
	return j.b, j.err
}

func headerValue(f *slot, v reflect.Value) eventstream.Value {
	switch f.node.kind {
	case boolKind:
		return eventstream.BoolValue(v.Bool())
	case intKind:
		switch f.node.shape.Type {
		case "byte":
			return eventstream.Int8Value(v.Int())
		case "short":
			return eventstream.Int16Value(v.Int())
		case "integer":
			return eventstream.Int32Value(v.Int())
		}
		return eventstream.Int64Value(v.Int())
	case timeKind:
		return eventstream.TimestampValue(v.Interface().(time.Time))
	case blobKind:
		if v.Kind() == reflect.Slice {
			return eventstream.BytesValue(v.Bytes())
		}
	}
	return eventstream.StringValue(string(appendText(nil, f, v, rfc822)))
}

func (e *eventWriter) Fail(err error) error {
	f := e.svc.classify(err, e.proto)
	for member, ref := range e.stream.node.shape.Members {
		if ref.Shape != f.name || f.node == nil {
			continue
		}
		body, err := e.document(f.node.members, f.value)
		if err != nil {
			return err
		}
		wire, _ := wireName(member, ref)
		return firstError(e.write("exception", ":exception-type", wire, e.kind(), nil, body), e.Close())
	}
	headers := eventstream.Headers{{Name: ":error-message", Value: eventstream.StringValue(f.message)}}
	return firstError(e.write("error", ":error-code", f.code, "", headers, nil), e.Close())
}

func (e *eventWriter) write(messageType, nameHeader, name, contentType string, headers eventstream.Headers, payload []byte) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return fmt.Errorf("cannot send %s: the stream is closed", name)
	}
	headers.Set(":message-type", eventstream.StringValue(messageType))
	headers.Set(nameHeader, eventstream.StringValue(name))
	if contentType != "" {
		headers.Set(":content-type", eventstream.StringValue(contentType))
	}
	var b bytes.Buffer // one write for one event, so a slow reader never sees half of one longer than it must
	if err := e.encoder.Encode(&b, eventstream.Message{Headers: headers, Payload: payload}); err != nil {
		return fmt.Errorf("cannot encode event %s: %w", name, err)
	}
	if _, err := e.w.Write(b.Bytes()); err != nil {
		return err
	}
	return http.NewResponseController(e.w).Flush()
}

func (e *eventWriter) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return nil
}
