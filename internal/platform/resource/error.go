package resource

import (
	"errors"
	"strings"

	"github.com/aws/smithy-go"
)

// ErrGone says that the resource is not there.
var ErrGone = errors.New("resource does not exist")

// Gone says whether a call failed because what it names is not there, in the words of any service.
func Gone(err error) bool {
	if errors.Is(err, ErrGone) {
		return true
	}
	code, message := coded(err)
	switch code {
	case "ValidationException", "ValidationError", "InvalidRequestException": // the way of SageMaker, CloudFormation, Athena and others to say it
		return strings.Contains(message, "Could not find") || strings.Contains(message, "does not exist") || strings.Contains(message, "not found")
	case "UnknownResourceException":
		return true
	}
	return strings.Contains(code, "NotFound") || strings.HasPrefix(code, "NoSuch") || strings.Contains(code, "NonExistent") || strings.Contains(code, "DoesNotExist")
}

// Taken says whether a call failed because its name is taken.
func Taken(err error) bool {
	code, message := coded(err)
	switch code {
	case "ValidationException", "ValidationError":
		return strings.Contains(message, "already exist") || strings.Contains(message, "Cannot create already existing")
	}
	return strings.Contains(code, "AlreadyExist") || code == "BucketAlreadyOwnedByYou" || code == "ResourceConflictException" || code == "QueueNameExists"
}

func coded(err error) (code, message string) {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return "", ""
	}
	return api.ErrorCode(), api.ErrorMessage()
}
