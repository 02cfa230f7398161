package ecr

import (
	"errors"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
)

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String("Invalid parameter at '" + fmt.Sprintf(format, args...))}
}

func noRepository(k store.Key) error {
	return &types.RepositoryNotFoundException{Message: aws.String(fmt.Sprintf("The repository with name '%s' does not exist in the registry with id '%s'", k.ID, k.Account))}
}

func noImage(k store.Key, id types.ImageIdentifier) error {
	return &types.ImageNotFoundException{Message: aws.String(fmt.Sprintf("The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' in the registry with id '%s'",
		orNull(id.ImageDigest), orNull(id.ImageTag), k.ID, k.Account))}
}

func orNull(s *string) string {
	if s == nil {
		return "null"
	}
	return *s
}

// absent tells whether a row is not there.
func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }
