package codec

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// Encode answers with an output. It sets the request id header, the content type and the status. Nothing is written before
// the whole document is encoded, so after an error the caller can still answer; only a blob stream is copied through.
func (o *Operation) Encode(w http.ResponseWriter, r *http.Request, out any, requestID string) error {
	p, err := o.plan()
	if err != nil {
		return err
	}
	v := reflect.Indirect(reflect.ValueOf(out))
	if !v.IsValid() {
		v = reflect.New(o.types.Out).Elem()
	}
	if v.Type() != o.types.Out {
		return fmt.Errorf("cannot encode %s as the output of %s", v.Type(), o.Name())
	}
	buf := o.svc.buffer()
	defer o.svc.release(buf)
	a := answer{svc: o.svc, w: w, b: *buf, status: http.StatusOK, requestID: requestID, proto: o.svc.protocolOf(r)}
	err = a.output(o, p.out, v)
	*buf = a.b
	if err != nil {
		return err
	}
	if r.Method == http.MethodHead {
		a.b, a.stream = nil, nil
	}
	return a.send()
}

// answer is a response in the making.
type answer struct {
	svc       *Service
	w         http.ResponseWriter
	proto     protocol
	b         []byte
	stream    io.Reader
	status    int
	kind      string // content type, "" when there is no body
	requestID string
}

func (a *answer) send() error {
	h := a.w.Header()
	if a.proto == protoRestXML && a.svc.facts.Name == "s3" {
		h.Set("X-Amz-Request-Id", a.requestID)
	} else {
		h.Set("X-Amzn-Requestid", a.requestID)
	}
	if a.proto == protoCBOR {
		h.Set("Smithy-Protocol", "rpc-v2-cbor")
	}
	if a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		a.w.WriteHeader(a.status) // which say that there is no body, not even an empty object
		return nil
	}
	if a.kind != "" && h.Get("Content-Type") == "" {
		h.Set("Content-Type", a.kind)
	}
	if a.stream == nil {
		h.Set("Content-Length", strconv.Itoa(len(a.b)))
	}
	a.w.WriteHeader(a.status)
	if a.stream != nil {
		_, err := io.Copy(a.w, a.stream)
		if c, ok := a.stream.(io.Closer); ok {
			err = firstError(err, c.Close())
		}
		return err
	}
	if len(a.b) == 0 {
		return nil
	}
	_, err := a.w.Write(a.b)
	return err
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *answer) output(o *Operation, m *message, v reflect.Value) error {
	if o.facts.HTTP.Code != 0 {
		a.status = o.facts.HTTP.Code
	}
	switch a.proto {
	case protoJSON:
		a.kind = a.jsonType()
		j := jsonWriter{svc: a.svc, b: a.b}
		if m.node == nil {
			j.b = append(j.b, "{}"...)
		} else {
			j.structure(m.node.members, v)
		}
		a.b = j.b
		return j.err
	case protoCBOR:
		a.kind = "application/cbor"
		c := cborWriter{svc: a.svc, b: a.b}
		if m.node == nil {
			a.kind = ""
			return nil
		}
		c.structure(m.node.members, v, nil)
		a.b = c.b
		return c.err
	case protoQuery, protoEC2:
		return a.queryOutput(o, m, v)
	}
	return a.restOutput(m, v)
}

func (a *answer) jsonType() string {
	version := a.svc.facts.Metadata.JSONVersion
	if version == "" {
		version = "1.1"
	}
	return "application/x-amz-json-" + version
}

func (a *answer) queryOutput(o *Operation, m *message, v reflect.Value) error {
	a.kind = "text/xml"
	x := xmlWriter{svc: a.svc, b: a.b}
	root := o.Name() + "Response"
	x.open(root, a.svc.facts.Metadata.XMLNamespace, nil)
	if m.node != nil {
		wrapper := m.ref.ResultWrapper
		if wrapper == "" && a.proto == protoQuery {
			wrapper = o.Name() + "Result" // clients look for it
		}
		if wrapper != "" {
			x.open(wrapper, facts.XMLNamespace{}, nil)
		}
		x.members(m.node.members, v)
		if wrapper != "" {
			x.close(wrapper)
		}
	}
	if a.proto == protoEC2 {
		a.kind = "text/xml;charset=UTF-8"
		x.text("requestId", a.requestID)
	} else {
		x.open("ResponseMetadata", facts.XMLNamespace{}, nil)
		x.text("RequestId", a.requestID)
		x.close("ResponseMetadata")
	}
	x.close(root)
	a.b = x.b
	return x.err
}

func (a *answer) restOutput(m *message, v reflect.Value) error {
	if m.node == nil {
		if a.proto == protoRestJSON {
			a.kind, a.b = "application/json", append(a.b, "{}"...)
		}
		return nil
	}
	a.headers(m.headers, v)
	if m.status != nil {
		if code, ok := m.status.value(v.FieldByIndex(m.status.index)); ok && code.Int() >= 200 && code.Int() < 600 {
			a.status = int(code.Int())
		}
	}
	if m.payload != nil {
		return a.payload(m.payload, v.FieldByIndex(m.payload.index))
	}
	if a.proto == protoRestJSON {
		a.kind = "application/json"
		j := jsonWriter{svc: a.svc, b: a.b}
		j.structure(m.body, v)
		a.b = j.b
		return j.err
	}
	a.kind = "application/xml"
	if len(m.body) == 0 {
		return nil
	}
	x := xmlWriter{svc: a.svc, b: a.b}
	root := m.node.shape.LocationName
	if root == "" {
		root = m.node.name
	}
	ns := m.node.shape.XMLNamespace
	if ns.URI == "" {
		ns = a.svc.facts.Metadata.XMLNamespace
	}
	x.open(root, ns, func() { x.attributes(m.body, v) })
	x.members(m.body, v)
	x.close(root)
	a.b = x.b
	return x.err
}

func (a *answer) payload(m *slot, v reflect.Value) error {
	held, ok := m.value(v)
	switch {
	case !ok && m.node.kind == structKind && a.proto == protoRestJSON:
		a.kind, a.b = "application/json", append(a.b, "{}"...)
		return nil
	case !ok:
		return nil
	case m.node.kind == blobKind:
		a.kind = "application/octet-stream"
		if held.Kind() == reflect.Slice {
			a.b = append(a.b, held.Bytes()...)
		} else if s, ok := held.Interface().(io.Reader); ok {
			a.stream = s
		}
		return nil
	case m.node.kind == stringKind:
		a.kind, a.b = "text/plain", append(a.b, held.String()...)
		return nil
	case a.proto == protoRestJSON:
		a.kind = "application/json"
		j := jsonWriter{svc: a.svc, b: a.b}
		j.value(m, held)
		a.b = j.b
		return j.err
	}
	a.kind = "application/xml"
	name := m.ref.LocationName
	if name == "" || name == m.name { // a payload is named by its own shape unless the member renames it
		if name = m.node.shape.LocationName; name == "" {
			name = m.node.name
		}
	}
	x := xmlWriter{svc: a.svc, b: a.b}
	x.element(name, m, held)
	a.b = x.b
	return x.err
}

func (a *answer) headers(members []*slot, v reflect.Value) {
	h := a.w.Header()
	for _, m := range members {
		held, ok := m.value(v.FieldByIndex(m.index))
		switch {
		case !ok:
		case m.ref.Location == "headers":
			for _, k := range sortedKeys(held) {
				if item, ok := m.node.elem.value(held.MapIndex(k)); ok {
					h.Set(m.ref.LocationName+k.String(), headerSafe(string(appendText(nil, m.node.elem, item, rfc822))))
				}
			}
		case m.node.kind == listKind:
			var parts []string
			for i := range held.Len() {
				item, _ := m.node.elem.value(held.Index(i))
				text := string(appendText(nil, m.node.elem, item, rfc822))
				if m.node.elem.node.kind == stringKind && strings.ContainsAny(text, `",`) {
					text = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(text) + `"`
				}
				parts = append(parts, text)
			}
			if len(parts) > 0 {
				h.Set(m.wire, headerSafe(strings.Join(parts, ", ")))
			}
		case m.ref.JSONValue:
			h.Set(m.wire, base64.StdEncoding.EncodeToString([]byte(held.String())))
		default:
			h.Set(m.wire, headerSafe(string(appendText(nil, m, held, rfc822))))
		}
	}
}

// headerSafe keeps line breaks out, which would start another header.
func headerSafe(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\r' || r == '\n' || r == 0 {
			return ' '
		}
		return r
	}, s)
}
