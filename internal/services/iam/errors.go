package iam

import (
	"errors"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// notFound is the error of what is not there.
type notFound = *types.NoSuchEntityException

func noSuchEntity(format string, args ...any) error {
	return &types.NoSuchEntityException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func exists(format string, args ...any) error {
	return &types.EntityAlreadyExistsException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func conflict(message string) error {
	return &types.DeleteConflictException{Message: aws.String(message)}
}

func overLimit(message string) error {
	return &types.LimitExceededException{Message: aws.String(message)}
}

// overQuota is the error of a count that would exceed a quota.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
func overQuota(name string, quota int) error {
	return overLimit(fmt.Sprintf("Cannot exceed quota for %s: %d", name, quota))
}

func invalidInput(format string, args ...any) error {
	return &types.InvalidInputException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func malformed(err error) error {
	return &types.MalformedPolicyDocumentException{Message: aws.String(err.Error())}
}

func invalid(message string) error { return wire.Errorf(400, "ValidationError", message) }

// absent turns "not found" into the given error, or into none.
func absent(err, instead error) error {
	if errors.Is(err, store.ErrNotFound) {
		return instead
	}
	return err
}

// taken turns "exists" into the given error.
func taken(err, instead error) error {
	if errors.Is(err, store.ErrExists) {
		return instead
	}
	return err
}
