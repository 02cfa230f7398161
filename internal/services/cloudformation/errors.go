package cloudformation

import (
	"errors"
	"fmt"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
)

// invalid is CloudFormation's answer to most mistakes.
func invalid(format string, args ...any) error {
	return wire.Errorf(400, "ValidationError", fmt.Sprintf(format, args...))
}

// words are an error in CloudFormation's own.
type words string

// Error says them.
func (w words) Error() string { return string(w) }

// said is an error in CloudFormation's own words.
func said(format string, args ...any) error { return words(fmt.Sprintf(format, args...)) }

func noStack(name string) error { return invalid("Stack with id %s does not exist", name) }

func absent(err error) bool { return errors.Is(err, store.ErrNotFound) }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func filled(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

func some[T any](v T) *T { return &v }

// reused answers a client token that came before with another request.
func reused(err error) error {
	if errors.Is(err, wire.ErrTokenReused) {
		return &types.TokenAlreadyExistsException{Message: some("A client request token already exists.")}
	}
	return err
}

func paged(err error) error {
	if errors.Is(err, wire.ErrPageToken) {
		return invalid("Invalid token")
	}
	return err
}

// taken says that what was to be made is there already.
type taken struct {
	q  resource.Request
	t  resource.Type
	id string
}

// Error says it as CloudFormation does.
func (t *taken) Error() string {
	name := t.q.Text(t.t.NameProperty)
	if name == "" {
		name = t.id
	}
	return fmt.Sprintf("Resource of type '%s' with identifier '%s' already exists.", t.t.Name, name)
}

// explained is the reason that is told of a resource's failure.
func explained(err error, token string) string {
	message, code := err.Error(), "GeneralServiceException"
	var api smithy.APIError
	var answer *awshttp.ResponseError
	var t *taken
	switch {
	case errors.As(err, &api):
		message = api.ErrorMessage()
		if errors.As(err, &answer) {
			message += fmt.Sprintf(" (Service: %s, Status Code: %d, Request ID: %s)", serviceOf(err), answer.HTTPStatusCode(), answer.RequestID)
		}
		switch {
		case resource.Taken(err):
			code = "AlreadyExists"
		case resource.Gone(err):
			code = "NotFound"
		case strings.HasPrefix(api.ErrorCode(), "AccessDenied") || api.ErrorCode() == "AuthorizationError":
			code = "AccessDenied"
		case api.ErrorFault() == smithy.FaultServer:
			code = "ServiceInternalError"
		default:
			code = "InvalidRequest"
		}
	case errors.As(err, &t):
		code = "AlreadyExists"
	case token == "": // nothing was asked of a service
		return message
	}
	return fmt.Sprintf("Resource handler returned message: \"%s\" (RequestToken: %s, HandlerErrorCode: %s)", message, token, code)
}

func serviceOf(err error) string {
	var o *smithy.OperationError
	if errors.As(err, &o) {
		return o.Service()
	}
	return "AWS"
}

// messageOf is what an error says, without what goes before it on its way.
func messageOf(err error) string {
	var c interface{ ErrorMessage() string }
	if errors.As(err, &c) {
		return c.ErrorMessage()
	}
	return err.Error()
}
