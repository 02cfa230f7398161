package sns

import (
	"errors"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

var errNoTopic = &types.NotFoundException{Message: aws.String("Topic does not exist")}

var errNoSubscription = &types.NotFoundException{Message: aws.String("Subscription does not exist")}

func invalid(format string, args ...any) error {
	return &types.InvalidParameterException{Message: aws.String("Invalid parameter: " + fmt.Sprintf(format, args...))}
}

func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }
