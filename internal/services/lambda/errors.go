package lambda

import (
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// user is who is to blame, as errors tell.
var user = aws.String("User")

func invalid(format string, args ...any) error {
	return &types.InvalidParameterValueException{Message: aws.String(fmt.Sprintf(format, args...)), Type: user}
}

func missing(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf(format, args...)), Type: user}
}

func conflict(format string, args ...any) error {
	return &types.ResourceConflictException{Message: aws.String(fmt.Sprintf(format, args...)), Type: user}
}

func stale(what string) error {
	return &types.PreconditionFailedException{Type: user,
		Message: aws.String("The Revision Id provided does not match the latest Revision Id. Call the " + what + " API to retrieve the latest Revision Id")}
}

func throttled(reason types.ThrottleReason) error {
	return &types.TooManyRequestsException{Message: aws.String("Rate Exceeded."), Reason: reason, Type: user}
}

// absent tells whether there is no such row.
func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }

// refuse names what is asked for and not built.
func refuse(is bool, what string) error {
	if is {
		return invalid("%s is not implemented by Atelier.", what)
	}
	return nil
}
