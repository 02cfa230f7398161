package glue

import (
	"errors"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func notFound(format string, args ...any) error {
	return &types.EntityNotFoundException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func exists(format string, args ...any) error {
	return &types.AlreadyExistsException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func invalid(format string, args ...any) error {
	return &types.InvalidInputException{Message: aws.String(fmt.Sprintf(format, args...))}
}

func changedMeanwhile(what string) error {
	return &types.ConcurrentModificationException{Message: aws.String(what + " failed due to concurrent modifications.")}
}

func missing(r governance.Resource) error {
	switch r.Kind {
	case governance.Catalog:
		return notFound("Catalog %s not found.", r.Catalog)
	case governance.Table:
		return notFound("Table %s not found.", r.Table)
	}
	return notFound("Database %s not found.", r.Database)
}

// absent turns "not found" into the given error.
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
