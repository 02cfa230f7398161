package codec

import (
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"unicode/utf8"
)

// rest reads a restJson or restXml request.
func (d *decoder) rest(m *message, in reflect.Value, isXML bool) error {
	if m.node == nil {
		return nil
	}
	for _, f := range m.labels {
		text, ok := d.params.Get(f.wire)
		if !ok {
			continue
		}
		if err := setText(f, in.FieldByIndex(f.index), text, iso8601); err != nil {
			return err
		}
	}
	if err := d.queryString(m, in); err != nil {
		return err
	}
	for _, f := range m.headers {
		if err := d.header(f, in.FieldByIndex(f.index)); err != nil {
			return err
		}
	}
	switch {
	case m.stream != nil && d.stream != nil:
		d.events = d.svc.newEventReader(m.stream, d.stream, d.svc.protocolOf(d.r))
		return nil
	case m.payload != nil:
		return d.payload(m.payload, in.FieldByIndex(m.payload.index), isXML)
	case len(m.body) == 0:
		return nil
	case !isXML:
		return d.svc.readJSON(m.node, d.body, in)
	case len(d.body) == 0:
		return nil
	}
	root, err := parseXML(d.body)
	if err != nil {
		return err
	}
	return xmlReader{d.svc}.structure(m.body, root, in)
}

func (d *decoder) queryString(m *message, in reflect.Value) error {
	if len(m.queries) == 0 {
		return nil
	}
	values, err := url.ParseQuery(d.r.URL.RawQuery)
	if err != nil {
		return &syntaxError{"the query string is not URL-encoded"}
	}
	for name, vs := range values {
		for _, v := range vs {
			if !utf8.ValidString(name) || !utf8.ValidString(v) {
				return &syntaxError{"the query string is not valid UTF-8"}
			}
		}
	}
	for _, f := range m.queries {
		v := in.FieldByIndex(f.index)
		if f.node.kind == mapKind { // takes all parameters, those that other members name too
			err = d.queryMap(f, v, values)
		} else if vs := values[f.wire]; len(vs) > 0 {
			err = d.texts(f, v, vs, iso8601)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) queryMap(f *slot, v reflect.Value, values url.Values) error {
	out := reflect.MakeMap(f.node.typ)
	for name, vs := range values {
		key, value := reflect.New(f.node.typ.Key()).Elem(), reflect.New(f.node.elem.typ).Elem()
		key.SetString(name)
		if err := d.texts(f.node.elem, value, vs, iso8601); err != nil {
			return err
		}
		out.SetMapIndex(key, value)
	}
	if out.Len() > 0 {
		f.alloc(v).Set(out)
	}
	return nil
}

// texts reads repeated text into a list or the first one into a scalar.
func (d *decoder) texts(f *slot, v reflect.Value, texts []string, timeFormat string) error {
	if f.node.kind != listKind {
		return setText(f, v, texts[0], timeFormat)
	}
	out := reflect.MakeSlice(f.node.typ, len(texts), len(texts))
	for i, t := range texts {
		if err := setText(f.node.elem, out.Index(i), t, timeFormat); err != nil {
			return err
		}
	}
	f.alloc(v).Set(out)
	return nil
}

func (d *decoder) header(f *slot, v reflect.Value) error {
	if f.ref.Location == "headers" {
		out := reflect.MakeMap(f.node.typ)
		prefix := strings.ToLower(f.ref.LocationName)
		for name, vs := range d.r.Header {
			rest, ok := strings.CutPrefix(strings.ToLower(name), prefix)
			if !ok || prefix == "" && rest == "" {
				continue
			}
			key, value := reflect.New(f.node.typ.Key()).Elem(), reflect.New(f.node.elem.typ).Elem()
			key.SetString(rest)
			if err := setText(f.node.elem, value, vs[0], rfc822); err != nil {
				return err
			}
			out.SetMapIndex(key, value)
		}
		if out.Len() > 0 {
			f.alloc(v).Set(out)
		}
		return nil
	}
	vs := d.r.Header[http.CanonicalHeaderKey(f.wire)]
	if len(vs) == 0 {
		return nil
	}
	for _, t := range vs {
		if !utf8.ValidString(t) {
			return &syntaxError{"a header is not valid UTF-8"}
		}
	}
	if f.node.kind == listKind {
		dates := f.node.elem.node.kind == timeKind && (f.node.elem.format == "" || f.node.elem.format == rfc822)
		parts := splitHeader(vs, dates)
		if len(parts) == 1 && parts[0] == "" {
			parts = nil // the header is there and empty: an empty list
		}
		return d.texts(f, v, parts, rfc822)
	}
	if f.ref.JSONValue {
		raw, err := base64.StdEncoding.DecodeString(vs[0])
		if err != nil || !utf8.Valid(raw) {
			return &typeError{"cannot read base64 for " + f.label()}
		}
		return setText(f, v, string(raw), rfc822)
	}
	return setText(f, v, vs[0], rfc822)
}

// splitHeader splits comma-separated values; quoted ones may hold commas, and so do HTTP dates.
func splitHeader(lines []string, dates bool) []string {
	var out []string
	for _, line := range lines {
		var cur strings.Builder
		quoted, commas := false, 0
		for i := 0; i < len(line); i++ {
			switch c := line[i]; {
			case quoted && c == '\\' && i+1 < len(line):
				i++
				cur.WriteByte(line[i])
			case c == '"':
				quoted = !quoted
			case c == ',' && !quoted:
				if commas++; dates && commas%2 == 1 {
					cur.WriteByte(c)
					continue
				}
				out = append(out, strings.TrimSpace(cur.String()))
				cur.Reset()
			default:
				cur.WriteByte(c)
			}
		}
		out = append(out, strings.TrimSpace(cur.String()))
	}
	return out
}

func (d *decoder) payload(f *slot, v reflect.Value, isXML bool) error {
	n := f.node
	if n.kind == blobKind && v.Kind() == reflect.Interface {
		body := d.stream
		if body == nil {
			body = io.NopCloser(strings.NewReader(string(d.body)))
		}
		v.Set(reflect.ValueOf(body))
		return nil
	}
	body := d.body
	if d.stream != nil {
		var err error
		if body, err = io.ReadAll(d.stream); err != nil {
			return &syntaxError{"the body is not complete"}
		}
	}
	if len(body) == 0 {
		return nil
	}
	switch n.kind {
	case blobKind:
		f.alloc(v).SetBytes(body)
		return nil
	case stringKind:
		if !utf8.Valid(body) {
			return &syntaxError{"the body is not valid UTF-8"}
		}
		return setText(f, v, string(body), "")
	}
	if isXML {
		root, err := parseXML(body)
		if err != nil {
			return err
		}
		return xmlReader{d.svc}.value(f, []*xmlNode{root}, v)
	}
	r, err := newJSONReader(d.svc, body)
	if err != nil {
		return err
	}
	if err := r.value(f, v); err != nil {
		return err
	}
	return r.end()
}
