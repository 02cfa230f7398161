package logs

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func missing(format string, args ...any) error {
	return &types.ResourceNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func exceeded(format string, args ...any) error {
	return &types.LimitExceededException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func refused(format string, args ...any) error {
	return &types.InvalidOperationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

var (
	errNoGroup  = missing("The specified log group does not exist.")
	errNoStream = missing("The specified log stream does not exist.")
	errToken    = invalid("The specified nextToken is invalid.")
)
