package learn

import (
	"fmt"
	"net/http"
)

// ClientError is what the caller of a training did wrong. Its text is what a training job's FailureReason begins with.
type ClientError struct{ Message string }

func (e *ClientError) Error() string { return "ClientError: " + e.Message }

// ClientErrorf makes a ClientError.
func ClientErrorf(format string, args ...any) error {
	return &ClientError{Message: fmt.Sprintf(format, args...)}
}

// RequestError is a request that a model refuses: the status and body with which its server answers.
type RequestError struct {
	Status  int
	Message string
}

func (e *RequestError) Error() string { return e.Message }

// BadRequestf is a request whose body a model can't use.
func BadRequestf(format string, args ...any) error {
	return &RequestError{Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}
}

// UnsupportedType is a request of a content type that a model does not read.
func UnsupportedType(contentType string) error {
	return &RequestError{Status: http.StatusUnsupportedMediaType, Message: fmt.Sprintf("Content-type %s not supported", contentType)}
}

// NotAcceptable is a request for a content type that a model does not write.
func NotAcceptable(accept string) error {
	return &RequestError{Status: http.StatusNotAcceptable, Message: fmt.Sprintf("Accept type %s not supported", accept)}
}

// TooLarge is a request above a limit of bytes.
func TooLarge(limit int64) error {
	return &RequestError{Status: http.StatusRequestEntityTooLarge, Message: fmt.Sprintf("The request is larger than %d bytes", limit)}
}
