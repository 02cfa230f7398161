package cloudwatch

import (
	"errors"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// invalid is the code of most checks.
func invalid(format string, args ...any) error {
	return wire.Errorf(400, "ValidationError", fmt.Sprintf(format, args...))
}

func badValue(format string, args ...any) error {
	return &types.InvalidParameterValueException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func badCombination(format string, args ...any) error {
	return &types.InvalidParameterCombinationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func required(format string, args ...any) error {
	return &types.MissingRequiredParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func unsupported(what string) error {
	return invalid("%s: not implemented by Atelier.", what)
}

func badToken(err error) error {
	if errors.Is(err, wire.ErrPageToken) {
		return &types.InvalidNextToken{Message: aws.String("The next token specified is invalid.")}
	}
	return err
}

func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }
