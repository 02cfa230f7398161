package bedrockruntime

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/bedrockruntime/types"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/services/bedrockruntime/native"
)

func invalid(format string, args ...any) error {
	return &types.ValidationException{Message: aws.String(fmt.Sprintf(format, args...))}
}

// fault tells a model's failure as Bedrock does. What the caller need not know goes to the log.
func (s *Service) fault(ctx context.Context, model string, err error) error {
	var body *native.Error
	if errors.As(err, &body) {
		return invalid("%s", body.Text)
	}
	var e *models.Error
	if !errors.As(err, &e) {
		return err
	}
	s.measureFault(ctx, model, e.Kind)
	if e.Cause != nil && ctx.Err() == nil {
		s.Logger.Warn("model failed", "model", model, "error", e.Cause)
	}
	text := aws.String(e.Text)
	switch e.Kind {
	case models.Invalid:
		return &types.ValidationException{Message: text}
	case models.Unknown:
		return &types.ResourceNotFoundException{Message: text}
	case models.Denied:
		return &types.AccessDeniedException{Message: text}
	case models.Busy:
		return &types.ThrottlingException{Message: text}
	case models.Late:
		return &types.ModelTimeoutException{Message: text}
	case models.Unavailable:
		return &types.ServiceUnavailableException{Message: text}
	}
	status := e.Status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	return &types.ModelErrorException{Message: text, OriginalStatusCode: aws.Int32(int32(status)), ResourceName: aws.String(model)}
}

// broken tells a failure within a stream.
func (s *Service) broken(ctx context.Context, model string, err error) error {
	told := s.fault(ctx, model, err)
	var failed *types.ModelErrorException
	var late *types.ModelTimeoutException
	switch {
	case errors.As(told, &failed):
		return &types.ModelStreamErrorException{Message: failed.Message, OriginalMessage: failed.Message, OriginalStatusCode: failed.OriginalStatusCode}
	case errors.As(told, &late):
		return &types.ModelStreamErrorException{Message: late.Message, OriginalMessage: late.Message, OriginalStatusCode: aws.Int32(http.StatusRequestTimeout)}
	}
	return told
}
