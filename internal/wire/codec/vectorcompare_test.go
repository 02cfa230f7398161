package codec

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"reflect"
	"sort"
	"strings"

	"github.com/fxamacker/cbor/v2"
)

// exclusions are vectors that are not covered, with the reason.
func exclusions() map[string]string {
	out := map[string]string{
		"RestJsonHttpWithEmptyStructurePayload": "{} is what clients send for an absent payload and for an empty one; it is read as empty",
		"RestJsonHttpWithHeadersButNoPayload":   "{} is what clients send for an absent payload and for an empty one; it is read as empty",
	}
	for _, p := range []string{"ec2Query", "awsJson1_1", "awsJson1_0", "awsQuery", "restJson1", "restXml"} {
		out["SDKAppliedContentEncoding_"+p] = "states no body, only that the client says gzip; TestCompressedRequest covers it"
		out["SDKAppendsGzipAndIgnoresHttpProvidedEncoding_"+p] = out["SDKAppliedContentEncoding_"+p]
		out["SDKAppendedGzipAfterProvidedEncoding_"+p] = out["SDKAppliedContentEncoding_"+p]
	}
	return out
}

// lenient lists answers that no server would write so: they test what clients put up with. Their body is read with the
// model instead of being compared as it stands: it and ours must both give the expected members.
func lenient() map[string]string {
	out := map[string]string{}
	for reason, ids := range map[string]string{
		"offsets: AWS answers in UTC": `Ec2QueryDateTimeWithNegativeOffset Ec2QueryDateTimeWithPositiveOffset AwsJson11DateTimeWithNegativeOffset
			AwsJson11DateTimeWithPositiveOffset AwsQueryDateTimeWithNegativeOffset AwsQueryDateTimeWithPositiveOffset
			RestJsonDateTimeWithNegativeOffset RestJsonDateTimeWithPositiveOffset RestXmlDateTimeWithNegativeOffset
			RestXmlDateTimeWithPositiveOffset`,
		"other spellings of an error's name": `AwsJson11FooErrorUsingXAmznErrorType AwsJson11FooErrorUsingXAmznErrorTypeWithUri
			AwsJson11FooErrorUsingXAmznErrorTypeWithUriAndNamespace AwsJson11FooErrorUsingCode AwsJson11FooErrorUsingCodeAndNamespace
			AwsJson11FooErrorUsingCodeUriAndNamespace AwsJson11FooErrorWithDunderTypeUriAndNamespace AwsJson10FooErrorUsingXAmznErrorType
			AwsJson10FooErrorUsingXAmznErrorTypeWithUri AwsJson10FooErrorUsingXAmznErrorTypeWithUriAndNamespace AwsJson10FooErrorUsingCode
			AwsJson10FooErrorUsingCodeAndNamespace AwsJson10FooErrorUsingCodeUriAndNamespace AwsJson10FooErrorWithDunderTypeUriAndNamespace
			RestJsonFooErrorUsingCode RestJsonFooErrorUsingCodeAndNamespace RestJsonFooErrorUsingCodeUriAndNamespace
			RestJsonFooErrorWithDunderType RestJsonFooErrorWithDunderTypeAndNamespace RestJsonFooErrorWithDunderTypeUriAndNamespace`,
		"members that the model doesn't have": `handles_unexpected_json_output AwsJson10HandlesUnexpectedJsonOutput AwsJson11DeserializeIgnoreType
			AwsJson10DeserializeIgnoreType RestJsonDeserializeIgnoreType InvalidGreetingError RpcV2CborPayloadWithUnsetUnion
			RpcV2CborExtraFieldsInTheBodyShouldBeSkippedByClients`,
		"nulls that clients skip": `AwsJson11StructuresDontDeserializeNullValues AwsJson10DeserializeAllowNulls
			RestJsonDeserializesDenseSetMapAndSkipsNull RestJsonDoesntDeserializeNullStructureValues
			RpcV2CborDeserializesDenseSetMapAndSkipsNull RpcV2CborClientDoesntDeserializeNullStructureValues`,
		"a body that is left out": `QueryEmptyInputAndEmptyOutput QueryNoInputAndNoOutput QueryNoInputAndOutput`,
		"maps have no order": `QueryQueryFlattenedXmlMap QueryXmlMaps QueryQueryXmlMapsXmlName FlattenedXmlMap
			NestedXmlMapWithXmlNameDeserializes XmlMaps XmlMapsXmlName`,
	} {
		for _, id := range strings.Fields(ids) {
			out[id] = reason
		}
	}
	return out
}

func compareAnswer(svc *Service, op *Operation, c *vector, w *httptest.ResponseRecorder, want reflect.Value) error {
	if err := compareHeaders(c, w); err != nil {
		return err
	}
	strict := compareBodies(svc, c, w.Body.Bytes())
	reason, forgiven := lenient()[c.ID]
	switch {
	case strict == nil && forgiven:
		return fmt.Errorf("it is listed as lenient (%s) and equal as it stands", reason)
	case strict == nil || !forgiven:
		return strict
	}
	for _, body := range [][]byte{w.Body.Bytes(), theirs(svc, c)} {
		got, err := readAnswer(svc, op, c, body)
		if err != nil {
			return err
		}
		// Members in headers are not read back here; they were compared above.
		p, err := op.plan()
		if err != nil {
			return err
		}
		for _, h := range append(p.out.headers, p.out.status) {
			if h != nil {
				got.FieldByIndex(h.index).Set(want.FieldByIndex(h.index))
			}
		}
		if err := same(dump(got), dump(want)); err != nil {
			return err
		}
	}
	return nil
}

// readAnswer reads an answer's body as a client would.
func readAnswer(svc *Service, op *Operation, c *vector, body []byte) (reflect.Value, error) {
	v := reflect.New(op.types.Out).Elem()
	p, err := op.plan()
	if err != nil || p.out.node == nil || len(body) == 0 {
		return v, err
	}
	switch svc.facts.Metadata.Protocol {
	case "json", "rest-json":
		if p.out.payload != nil {
			d := &decoder{svc: svc, body: body}
			return v, d.payload(p.out.payload, v.FieldByIndex(p.out.payload.index), false)
		}
		return v, svc.readJSON(p.out.node, body, v)
	case "smithy-rpc-v2-cbor":
		return v, svc.readCBOR(p.out.node, body, v)
	}
	root, err := parseXML(body)
	if err != nil {
		return v, err
	}
	if p.out.payload != nil {
		d := &decoder{svc: svc, body: body}
		return v, d.payload(p.out.payload, v.FieldByIndex(p.out.payload.index), true)
	}
	if found := root.named(op.Name() + "Result"); len(found) == 1 {
		root = found[0]
	}
	return v, xmlReader{svc}.structure(p.out.node.members, root, v)
}

func compareHeaders(c *vector, w *httptest.ResponseRecorder) error {
	got := w.Header()
	for name, want := range c.Response.Headers {
		switch strings.ToLower(name) {
		case "content-length", "x-amzn-requestid", "x-amz-target": // one vector repeats the request's target
			continue
		case "content-type":
			if w.Body.Len() == 0 {
				continue // nothing has no type
			}
			if !strings.HasPrefix(want, strings.Split(got.Get(name), ";")[0]) || got.Get(name) == "" {
				return fmt.Errorf("content type %q, want %q", got.Get(name), want)
			}
			continue
		case "x-amzn-errortype":
			want, _, _ = strings.Cut(want, ":")
			want = want[strings.LastIndex(want, "#")+1:]
		}
		if have := got.Get(name); strings.Join(splitHeader([]string{have}, false), ",") != strings.Join(splitHeader([]string{want}, false), ",") {
			return fmt.Errorf("header %s is %q, want %q", name, have, want)
		}
	}
	return nil
}

func theirs(svc *Service, c *vector) []byte {
	if svc.facts.Metadata.Protocol == "smithy-rpc-v2-cbor" {
		b, err := base64.StdEncoding.DecodeString(c.Response.Body)
		if err == nil {
			return b
		}
	}
	return []byte(c.Response.Body)
}

func compareBodies(svc *Service, c *vector, got []byte) error {
	want := theirs(svc, c)
	if string(got) == string(want) {
		return nil
	}
	switch p := svc.facts.Metadata.Protocol; p {
	case "json", "rest-json":
		g, err := jsonDOM(got)
		w, err2 := jsonDOM(want)
		if err != nil || err2 != nil {
			return same(string(got), string(want))
		}
		return same(g, w)
	case "smithy-rpc-v2-cbor":
		g, err := cborDOM(got)
		w, err2 := cborDOM(want)
		if err := errors.Join(err, err2); err != nil {
			return err
		}
		return same(g, w)
	}
	g, err := xmlDOM(got)
	w, err2 := xmlDOM(want)
	if err != nil || err2 != nil {
		return same(string(got), string(want))
	}
	return same(g, w)
}

func jsonDOM(b []byte) (string, error) {
	if len(b) == 0 {
		return "{}", nil
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		return "", err
	}
	if m, ok := v.(map[string]any); ok {
		if t, ok := m["__type"].(string); ok { // the namespace is optional
			m["__type"] = t[strings.LastIndex(t, "#")+1:]
		}
	}
	out, err := json.Marshal(v)
	return string(out), err
}

func cborDOM(b []byte) (string, error) {
	if len(b) == 0 {
		return "map[]", nil
	}
	mode, err := newCBORMode()
	if err != nil {
		return "", err
	}
	var v any
	if err := mode.Unmarshal(b, &v); err != nil {
		return "", err
	}
	if m, ok := v.(map[string]any); ok {
		if t, ok := m["__type"].(string); ok {
			m["__type"] = t[strings.LastIndex(t, "#")+1:]
		}
	}
	if tag, ok := v.(cbor.Tag); ok {
		v = tag.Content
	}
	return fmt.Sprint(v), nil
}

// xmlDOM writes a document with sorted children and no white space between elements. Request ids are left out: which
// elements carry them is asserted by tests of their own.
func xmlDOM(b []byte) (string, error) {
	if len(b) == 0 {
		return "", nil
	}
	root, err := parseXML(b)
	if err != nil {
		return "", err
	}
	return root.dom(), nil
}

func (x *xmlNode) dom() string {
	var kids []string
	for _, k := range x.kids {
		switch k.name {
		case "RequestId", "requestId", "RequestID", "ResponseMetadata":
			continue
		}
		kids = append(kids, k.dom())
	}
	sort.SliceStable(kids, func(i, j int) bool {
		return strings.SplitN(kids[i], ">", 2)[0] < strings.SplitN(kids[j], ">", 2)[0]
	})
	var attrs []string
	for _, a := range x.attrs {
		if a.Name.Space == "xmlns" || a.Name.Local == "xmlns" {
			continue
		}
		attrs = append(attrs, " "+a.Name.Local+"="+a.Value)
	}
	sort.Strings(attrs)
	text := x.text.String()
	if len(kids) > 0 || strings.TrimSpace(text) == "" {
		text = ""
	}
	return "<" + x.name + strings.Join(attrs, "") + ">" + text + strings.Join(kids, "") + "</>"
}

func compareError(svc *Service, c *vector, w *httptest.ResponseRecorder) error {
	if err := compareHeaders(c, w); err != nil {
		return err
	}
	strict := compareBodies(svc, c, w.Body.Bytes())
	if _, forgiven := lenient()[c.ID]; !forgiven {
		return strict
	} else if strict == nil {
		return errors.New("it is listed as lenient and equal as it stands")
	}
	if !strings.Contains(w.Body.String(), c.ErrorCode) && w.Header().Get("X-Amzn-Errortype") != c.ErrorCode {
		return fmt.Errorf("error %s is not named: %s", c.ErrorCode, w.Body)
	}
	return nil
}
