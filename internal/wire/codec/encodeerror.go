package codec

import (
	"errors"
	"net/http"
	"reflect"
	"strings"

	"github.com/atelier-studio/atelier/internal/wire/facts"
)

// coded is an error that says what goes onto the wire: the SDK's typed errors and our own.
type coded interface {
	ErrorCode() string
	ErrorMessage() string
}

// failure is an error as it will be sent.
type failure struct {
	code, message string
	name          string // of the shape, for protocols that name errors by shape
	status        int
	sender        bool
	node          *node // modelled members, nil when unknown
	value         reflect.Value
	queryCode     string // for x-amzn-query-error
}

// EncodeError answers with an error in the form of the request's protocol. Typed SDK errors get code and status from the
// facts and carry their modelled members; errors with ErrorCode, ErrorMessage and perhaps HTTPStatus are sent as they say;
// anything else is an internal failure without detail. o may be nil. It sets the request id header.
func (s *Service) EncodeError(w http.ResponseWriter, r *http.Request, o *Operation, err error, requestID string) {
	s.encodeFailure(w, r, s.classify(err, s.protocolOf(r)), requestID)
}

func (s *Service) encodeFailure(w http.ResponseWriter, r *http.Request, f failure, requestID string) {
	a := answer{svc: s, w: w, requestID: requestID, proto: s.protocolOf(r), status: f.status}
	switch a.proto {
	case protoQuery, protoEC2, protoRestXML:
		a.xmlError(f)
	case protoCBOR:
		a.kind = "application/cbor"
		c := cborWriter{svc: s}
		c.failure(f)
		a.b = c.b
	default:
		a.jsonError(f)
	}
	if f.queryCode != "" && (a.proto == protoJSON || a.proto == protoCBOR) {
		who := "Receiver"
		if f.sender {
			who = "Sender"
		}
		w.Header().Set("X-Amzn-Query-Error", f.queryCode+";"+who)
	}
	if r.Method == http.MethodHead {
		a.b = nil
	}
	_ = a.send() // the caller is gone when this fails; there is nobody to tell
}

func (s *Service) classify(err error, p protocol) failure {
	internal := failure{code: "InternalFailure", name: "InternalFailure", status: http.StatusInternalServerError,
		message: "The request processing has failed because of an unknown error, exception or failure."}
	if p == protoRestXML {
		internal.code, internal.name = "InternalError", "InternalError"
	}
	var c coded
	if !errors.As(err, &c) {
		return internal
	}
	f := failure{code: c.ErrorCode(), name: c.ErrorCode(), message: c.ErrorMessage(), status: http.StatusBadRequest}
	var st interface{ HTTPStatus() int }
	if errors.As(err, &st) && st.HTTPStatus() != 0 {
		f.status = st.HTTPStatus()
	}
	if v := reflect.ValueOf(c); v.Kind() == reflect.Pointer && !v.IsNil() && v.Elem().Kind() == reflect.Struct {
		if name, sh := s.exception(v.Elem().Type().Name(), c.ErrorCode()); sh != nil {
			s.model(&f, name, sh, v.Elem())
		}
	}
	f.sender = f.status < 500
	return f
}

// exception finds a modelled error by its type's name or its code.
func (s *Service) exception(typeName, code string) (string, *facts.Shape) {
	for _, want := range []string{typeName, code} {
		if sh := s.facts.Shapes[want]; sh != nil && sh.Exception {
			return want, sh
		}
	}
	for name, sh := range s.facts.Shapes {
		if sh.Exception && (strings.EqualFold(name, typeName) || sh.Error != nil && sh.Error.Code == code && code != "") {
			return name, sh
		}
	}
	return "", nil
}

func (s *Service) model(f *failure, name string, sh *facts.Shape, v reflect.Value) {
	f.code, f.name = name, name
	if sh.Fault {
		f.status = http.StatusInternalServerError
	}
	if e := sh.Error; e != nil {
		if e.Status != 0 {
			f.status = e.Status
		}
		if e.Code != "" {
			f.code = e.Code
			if s.facts.Metadata.QueryCompatible != nil {
				f.queryCode = e.Code
			}
		}
	}
	if code := s.queryCodes[name]; code != "" {
		f.queryCode = code
	}
	if o := v.FieldByName("ErrorCodeOverride"); o.IsValid() && o.Kind() == reflect.Pointer && !o.IsNil() {
		f.code, f.name = o.Elem().String(), o.Elem().String()
	}
	if n, err := s.node(name, v.Type()); err == nil && n.kind == structKind {
		f.node, f.value = n, v
	}
}

// members gives the modelled members that travel in the document, and sets the others as headers.
func (a *answer) errorMembers(f failure) (body []*slot, hasMessage bool) {
	if f.node == nil {
		return nil, false
	}
	var headers []*slot
	for _, m := range f.node.members {
		switch {
		case (a.proto == protoRestJSON || a.proto == protoRestXML) && m.ref.Location == "header":
			headers = append(headers, m)
		case m.ref.Location == "statusCode":
		default:
			if strings.EqualFold(m.name, "message") {
				_, hasMessage = m.value(f.value.FieldByIndex(m.index))
			}
			body = append(body, m)
		}
	}
	a.headers(headers, f.value)
	return body, hasMessage
}

func (a *answer) jsonError(f failure) {
	j := jsonWriter{svc: a.svc}
	j.b = append(j.b, '{')
	a.kind = "application/json"
	first := true
	if a.proto == protoJSON {
		a.kind = a.jsonType()
		j.b = appendJSONString(append(j.b, `"__type":`...), f.name)
		first = false
	}
	a.w.Header().Set("X-Amzn-Errortype", f.name)
	body, hasMessage := a.errorMembers(f)
	start := len(j.b)
	if f.node != nil {
		j.fields(body, f.value, first)
		first = first && len(j.b) == start
	}
	if !hasMessage && f.message != "" {
		if !first {
			j.b = append(j.b, ',')
		}
		j.b = appendJSONString(append(j.b, `"message":`...), f.message)
	}
	a.b = append(j.b, '}')
}

func (a *answer) xmlError(f failure) {
	a.kind = "text/xml"
	x := xmlWriter{svc: a.svc}
	none := facts.XMLNamespace{}
	wrap, id := []string{"ErrorResponse", "Error"}, "RequestId"
	switch {
	case a.proto == protoEC2:
		a.kind, wrap, id = "text/xml;charset=UTF-8", []string{"Response", "Errors", "Error"}, "RequestID"
	case a.proto == protoRestXML:
		a.kind = "application/xml"
		if a.svc.facts.Name == "s3" { // S3 alone leaves the wrapper out
			wrap = []string{"Error"}
		}
	}
	ns := none
	if a.proto == protoQuery {
		ns = a.svc.facts.Metadata.XMLNamespace
	}
	for i, name := range wrap {
		if i > 0 {
			ns = none
		}
		x.open(name, ns, nil)
	}
	if a.proto != protoEC2 && len(wrap) > 1 {
		who := "Receiver"
		if f.sender {
			who = "Sender"
		}
		x.text("Type", who)
	}
	x.text("Code", f.code)
	if f.message != "" {
		x.text("Message", f.message)
	}
	body, _ := a.errorMembers(f)
	for _, m := range body {
		if strings.EqualFold(m.name, "message") || strings.EqualFold(m.name, "code") {
			continue
		}
		x.members([]*slot{m}, f.value)
	}
	for i := len(wrap) - 1; i > 0; i-- {
		x.close(wrap[i])
	}
	x.text(id, a.requestID)
	x.close(wrap[0])
	a.b = x.b
}
