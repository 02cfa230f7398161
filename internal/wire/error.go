package wire

import (
	"errors"
	"net/http"
	"strings"

	"github.com/atelier-studio/atelier/internal/wire/sigv4"
)

// Error is a service's error that has no type in its SDK package (AccessDenied, ValidationException, …). Typed SDK errors
// are preferred where there are some.
type Error struct {
	Code    string
	Message string
	Status  int // HTTP status; 0 means 400
}

// Error joins code and message.
func (e *Error) Error() string { return e.Code + ": " + e.Message }

// ErrorCode is the code on the wire.
func (e *Error) ErrorCode() string { return e.Code }

// ErrorMessage is what the caller reads.
func (e *Error) ErrorMessage() string { return e.Message }

// HTTPStatus is the status of the answer.
func (e *Error) HTTPStatus() int { return e.Status }

// Errorf builds an Error.
func Errorf(status int, code, message string) *Error {
	return &Error{Code: code, Message: message, Status: status}
}

// fault is a kind of error that every service has, under its protocol's own code and status.
// Source: the Common Errors page of each service, such as
// https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
type fault struct {
	query string // code in the query and XML protocols
	json  string // code in the JSON and CBOR protocols
	// status in the query and XML protocols and in REST ones; JSON RPC always says 400 to a caller's mistake.
	status int
}

var (
	missingToken    = fault{"MissingAuthenticationToken", "MissingAuthenticationTokenException", http.StatusForbidden}
	incompleteSig   = fault{"IncompleteSignature", "IncompleteSignatureException", http.StatusBadRequest}
	unknownKey      = fault{"InvalidClientTokenId", "UnrecognizedClientException", http.StatusForbidden}
	wrongSignature  = fault{"SignatureDoesNotMatch", "InvalidSignatureException", http.StatusForbidden}
	expiredToken    = fault{"ExpiredToken", "ExpiredTokenException", http.StatusForbidden}
	accessDenied    = fault{"AccessDenied", "AccessDeniedException", http.StatusForbidden}
	unknownAction   = fault{"InvalidAction", "UnknownOperationException", http.StatusBadRequest}
	notImplemented  = fault{"NotImplemented", "NotImplementedException", http.StatusNotImplemented}
	requestTooLarge = fault{"RequestEntityTooLarge", "RequestEntityTooLargeException", http.StatusRequestEntityTooLarge}
	requestTimeout  = fault{"RequestTimeout", "RequestTimeoutException", http.StatusRequestTimeout}
	internalFailure = fault{"InternalFailure", "InternalFailure", http.StatusInternalServerError}
)

// in gives the fault as an error of a protocol.
func (f fault) in(protocol, message string) *Error {
	switch protocol {
	case "query", "ec2", "rest-xml":
		return &Error{f.query, message, f.status}
	case "rest-json":
		if f == unknownAction {
			return &Error{f.json, message, http.StatusNotFound}
		}
		return &Error{f.json, message, f.status}
	}
	status := f.status
	if status < 500 && status != http.StatusRequestEntityTooLarge {
		status = http.StatusBadRequest
	}
	return &Error{f.json, message, status}
}

// signatureFault turns sigv4's error into a fault.
func signatureFault(err error) (fault, string) {
	var e *sigv4.Error
	if !errors.As(err, &e) {
		return internalFailure, err.Error()
	}
	switch e.Fault {
	case sigv4.Missing:
		return missingToken, e.Message
	case sigv4.Incomplete:
		return incompleteSig, e.Message
	}
	return wrongSignature, e.Message
}

// describe gives code and message of what a caller is told.
func describe(err error) (code, message string) {
	var c interface {
		ErrorCode() string
		ErrorMessage() string
	}
	if errors.As(err, &c) {
		return c.ErrorCode(), c.ErrorMessage()
	}
	return "InternalFailure", "The request processing has failed because of an unknown error, exception or failure."
}

// denied tells whether code says that the caller may not.
func denied(code string) bool {
	return strings.HasPrefix(code, "AccessDenied") || code == "AuthorizationError" || code == "UnauthorizedOperation"
}
