package athena

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
	"github.com/aws/smithy-go"
)

// The categories of what may go wrong, and the types that are used of each.
// Source: https://docs.aws.amazon.com/athena/latest/ug/error-reference.html
const (
	ofSystem int32 = 1
	ofUser   int32 = 2
	ofOther  int32 = 3

	internalError    int32 = 200
	serverRestarted  int32 = 205
	userError        int32 = 1006
	syntaxError      int32 = 1006
	accessDenied     int32 = 1400
	exhausted        int32 = 1602
	catalogError     int32 = 1301
	unsupported      int32 = 1100
	bytesLimit       int32 = 1101
	tableNotFound    int32 = 1006
	invalidOperation int32 = 1000
)

// fault is why a query failed, in the words that its owner reads.
type fault struct {
	category, kind int32
	message        string
	retryable      bool
}

// Error gives the words.
func (f *fault) Error() string { return f.message }

// ddlFault is the failure of a statement that defines something.
func ddlFault(format string, args ...any) error {
	return &fault{category: ofUser, kind: userError, message: "FAILED: " + fmt.Sprintf(format, args...)}
}

// failure is the failure of a statement that reads or writes data.
func failure(kind int32, format string, args ...any) error {
	return &fault{category: ofUser, kind: kind, message: fmt.Sprintf(format, args...)}
}

func notSupported(format string, args ...any) error {
	return failure(unsupported, "NOT_SUPPORTED: "+format, args...)
}

// interrupted is the failure of a query that ran when the server ended.
func interrupted() error {
	return &fault{category: ofSystem, kind: serverRestarted, retryable: true,
		message: "INTERNAL_ERROR: the query was running when the server stopped; its partial results were removed. Run it again."}
}

// faultOf tells the owner of a query why it failed. What went wrong within is not told.
func faultOf(err error) *types.AthenaError {
	var f *fault
	var e smithy.APIError
	switch {
	case errors.As(err, &f):
	case errors.As(err, &e) && e.ErrorCode() != "InternalFailure":
		f = &fault{category: ofUser, kind: userError, message: e.ErrorMessage()}
		switch e.ErrorCode() {
		case "AccessDenied", "AccessDeniedException":
			f.kind, f.message = accessDenied, e.ErrorMessage()
		}
	default:
		f = &fault{category: ofSystem, kind: internalError, message: "GENERIC_INTERNAL_ERROR: the query failed within the server.", retryable: true}
	}
	return &types.AthenaError{ErrorCategory: aws.Int32(f.category), ErrorType: aws.Int32(f.kind), ErrorMessage: aws.String(f.message), Retryable: f.retryable}
}
