package codec

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
)

// RequestError is a request that can't be read.
type RequestError struct {
	Code    string // SerializationException, MalformedQueryString, …
	Message string
	Status  int
}

func (e *RequestError) Error() string { return e.Code + ": " + e.Message }

// ErrorCode is the code on the wire.
func (e *RequestError) ErrorCode() string { return e.Code }

// ErrorMessage is what the caller reads.
func (e *RequestError) ErrorMessage() string { return e.Message }

// HTTPStatus is 400, or 413 and the like where the transport says so.
func (e *RequestError) HTTPStatus() int { return e.Status }

// ValidationError is a well-formed request with members that break the API's constraints.
type ValidationError struct {
	Code       string // ValidationException, or ValidationError in the query protocol
	Violations []string
}

func (e *ValidationError) Error() string { return e.Code + ": " + e.ErrorMessage() }

// ErrorCode is the code on the wire.
func (e *ValidationError) ErrorCode() string { return e.Code }

// ErrorMessage lists all violations in the form that AWS's services share.
func (e *ValidationError) ErrorMessage() string {
	n, noun := len(e.Violations), "errors"
	if n == 1 {
		noun = "error"
	}
	return fmt.Sprintf("%d validation %s detected: %s", n, noun, strings.Join(e.Violations, "; "))
}

// HTTPStatus is 400.
func (e *ValidationError) HTTPStatus() int { return http.StatusBadRequest }

// typeError is a value that isn't of the member's type; which code it gets depends on the protocol.
type typeError struct{ message string }

func (e *typeError) Error() string { return e.message }

// syntaxError is a document that can't be parsed at all.
type syntaxError struct{ message string }

func (e *syntaxError) Error() string { return e.message }

func requestError(p protocol, err error) error {
	var t *typeError
	var x *syntaxError
	code := "SerializationException"
	switch {
	case errors.As(err, &t):
		if p == protoQuery || p == protoEC2 {
			code = "ValidationError"
		}
	case errors.As(err, &x):
		switch p {
		case protoQuery, protoEC2:
			code = "MalformedQueryString"
		case protoRestXML:
			code = "MalformedXML"
		}
	default:
		return err
	}
	return &RequestError{Code: code, Message: err.Error(), Status: http.StatusBadRequest}
}

// maxDepth bounds nesting, so that hostile documents can't exhaust the stack.
const maxDepth = 100

func tooDeep() error { return &syntaxError{fmt.Sprintf("nesting deeper than %d levels", maxDepth)} }
