package codec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/protocol/eventstream"
)

// EventReader reads the events of a streamed request. It is not safe for concurrent use.
type EventReader struct {
	// Verify checks the signature of each event when it is set. payload is what was signed: the event as it was sent.
	Verify func(date time.Time, signature, payload []byte) error

	svc     *Service
	stream  *slot
	body    io.ReadCloser
	proto   protocol
	decoder *eventstream.Decoder
	buffer  []byte
	pending *eventstream.Message
}

func (s *Service) newEventReader(stream *slot, body io.ReadCloser, p protocol) *EventReader {
	return &EventReader{svc: s, stream: stream, body: body, proto: p, decoder: eventstream.NewDecoder()}
}

// Close gives the connection back.
func (e *EventReader) Close() error { return e.body.Close() }

// message reads the next message, out of its signed envelope when it has one. io.EOF ends the stream.
func (e *EventReader) message() (*eventstream.Message, error) {
	if m := e.pending; m != nil {
		e.pending = nil
		return m, nil
	}
	m, err := e.decoder.Decode(e.body, e.buffer[:0])
	if err != nil {
		return nil, endOfStream(err)
	}
	e.buffer = m.Payload
	signature := m.Headers.Get(":chunk-signature")
	if e.Verify != nil {
		date, ok := m.Headers.Get(":date").(eventstream.TimestampValue)
		sig, signed := signature.(eventstream.BytesValue)
		if !ok || !signed {
			return nil, &RequestError{Code: "InvalidSignatureException", Message: "an event is not signed", Status: 403}
		}
		if err := e.Verify(time.Time(date), sig, m.Payload); err != nil {
			return nil, err
		}
	}
	if signature == nil {
		return &m, nil
	}
	if len(m.Payload) == 0 {
		return nil, io.EOF // a signed nothing ends the stream
	}
	inner, err := eventstream.NewDecoder().Decode(bytes.NewReader(m.Payload), nil)
	if err != nil {
		return nil, &RequestError{Code: "SerializationException", Message: "an event is not complete", Status: 400}
	}
	return &inner, nil
}

func endOfStream(err error) error {
	if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return io.EOF
	}
	return &RequestError{Code: "SerializationException", Message: "the event stream is damaged", Status: 400}
}

// initial gives the document of the initial-request event that RPC protocols begin a stream with.
func (e *EventReader) initial() ([]byte, error) {
	m, err := e.message()
	if errors.Is(err, io.EOF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if headerText(m, ":event-type") == "initial-request" {
		return bytes.Clone(m.Payload), nil
	}
	e.pending = m
	return nil, nil
}

func headerText(m *eventstream.Message, name string) string {
	s, _ := m.Headers.Get(name).(eventstream.StringValue)
	return string(s)
}

// Next returns the next event as a member of the stream's union, *types.<Union>Member<Event>. io.EOF ends the stream.
// Events that the API doesn't know are skipped.
func (e *EventReader) Next() (any, error) {
	for {
		m, err := e.message()
		if err != nil {
			return nil, err
		}
		member, err := e.svc.variantNamed(e.stream.node, headerText(m, ":event-type"))
		if err != nil {
			return nil, err
		}
		if member == nil {
			continue
		}
		p := reflect.New(member.variant)
		if err := e.event(m, member, p.Elem().FieldByIndex(member.index)); err != nil {
			return nil, requestError(e.proto, err)
		}
		return p.Interface(), nil
	}
}

func (e *EventReader) event(m *eventstream.Message, member *slot, v reflect.Value) error {
	if member.node.kind != structKind {
		return fmt.Errorf("cannot read event %s: it is no structure", member.name)
	}
	v = member.alloc(v)
	var payload *slot
	for _, f := range member.node.members {
		switch {
		case f.ref.EventHeader:
			if h := m.Headers.Get(f.wire); h != nil {
				if err := setHeader(f, v.FieldByIndex(f.index), h); err != nil {
					return err
				}
			}
		case f.ref.EventPayload:
			payload = f
		}
	}
	if payload == nil {
		return e.document(member.node, m.Payload, v)
	}
	at := v.FieldByIndex(payload.index)
	switch payload.node.kind {
	case blobKind:
		payload.alloc(at).SetBytes(bytes.Clone(m.Payload))
	case stringKind:
		return setText(payload, at, string(m.Payload), "")
	case structKind:
		return e.document(payload.node, m.Payload, payload.alloc(at))
	default:
		return fmt.Errorf("cannot read the payload of event %s", member.name)
	}
	return nil
}

func (e *EventReader) document(n *node, body []byte, v reflect.Value) error {
	switch {
	case len(body) == 0:
		return nil
	case e.proto == protoCBOR:
		return e.svc.readCBOR(n, body, v)
	case e.proto == protoRestXML:
		root, err := parseXML(body)
		if err != nil {
			return err
		}
		return xmlReader{e.svc}.structure(n.members, root, v)
	}
	return e.svc.readJSON(n, body, v)
}

func setHeader(f *slot, v reflect.Value, h eventstream.Value) error {
	v = f.alloc(v)
	switch x := h.Get().(type) {
	case string:
		if f.node.kind == stringKind {
			v.SetString(x)
			return nil
		}
	case bool:
		if f.node.kind == boolKind {
			v.SetBool(x)
			return nil
		}
	case []byte:
		if f.node.kind == blobKind && v.Kind() == reflect.Slice {
			v.SetBytes(bytes.Clone(x))
			return nil
		}
	case time.Time:
		if f.node.kind == timeKind {
			v.Set(reflect.ValueOf(x.UTC()))
			return nil
		}
	default:
		if i := reflect.ValueOf(x); f.node.kind == intKind && i.CanInt() && !v.OverflowInt(i.Int()) {
			v.SetInt(i.Int())
			return nil
		}
	}
	return mismatch(f)
}
