package ssm

import (
	"fmt"

	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

var errToken = &types.InvalidNextToken{Message: aws.String("The specified token isn't valid.")}

func invalid(format string, args ...any) error {
	return wire.Errorf(400, "ValidationException", fmt.Sprintf(format, args...))
}

func missing(name string) error {
	return &types.ParameterNotFound{Message: aws.String("Parameter " + name + " not found.")}
}

func noVersion(name, selector string) error {
	return &types.ParameterVersionNotFound{Message: aws.String(fmt.Sprintf("Systems Manager could not find version %s of %s. Verify the version and try again.",
		selector, name))}
}
