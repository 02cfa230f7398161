package eventbridge

import (
	"fmt"

	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

func missing(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func exists(format string, args ...any) error {
	return &types.ResourceAlreadyExistsException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func invalid(format string, args ...any) error {
	return wire.Errorf(400, "ValidationException", fmt.Sprintf(format, args...))
}

func managed(name string) error {
	return &types.ManagedRuleException{Message: aws.String("Rule " + name + " is managed by an AWS service can only be modified if force is true.")}
}

func badPattern(err error) error {
	return &types.InvalidEventPatternException{Message: aws.String(err.Error())}
}
