package sqs

import (
	"fmt"

	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

var errNoQueue = &types.QueueDoesNotExist{Message: aws.String("The specified queue does not exist.")}

func badAttribute(name string) error {
	return &types.InvalidAttributeName{Message: aws.String("Unknown Attribute " + name + ".")}
}

func badValue(name string) error {
	return &types.InvalidAttributeValue{Message: aws.String("Invalid value for the parameter " + name + ".")}
}

func invalid(format string, args ...any) error {
	return wire.Errorf(400, "InvalidParameterValue", fmt.Sprintf(format, args...))
}

func required(name string) error {
	return wire.Errorf(400, "MissingParameter", "The request must contain the parameter "+name+".")
}

func unsupported(message string) error {
	return &types.UnsupportedOperation{Message: aws.String(message)}
}

var errHandle = &types.ReceiptHandleIsInvalid{Message: aws.String("The input receipt handle is invalid.")}
