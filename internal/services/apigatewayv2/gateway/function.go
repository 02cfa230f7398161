package gateway

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

const (
	// clientLife is how long a client is used before its role is looked at again, and maxClients how many are kept.
	clientLife = time.Minute
	maxClients = 4096
)

// functions keeps clients of Lambda, which cost more to make than a call.
type functions struct {
	clients *delivery.Clients
	mu      sync.Mutex
	made    map[calls]madeClient
}

type calls struct {
	as     delivery.As
	region string
}

type madeClient struct {
	*lambda.Client
	until time.Time
}

// client gives a client for calls in the name of as.
func (f *functions) client(ctx context.Context, as delivery.As, region string) (*lambda.Client, error) {
	k, now := calls{as, region}, f.clients.Clock.Now()
	f.mu.Lock()
	has, ok := f.made[k]
	f.mu.Unlock()
	if ok && now.Before(has.until) {
		return has.Client, nil
	}
	config, err := f.clients.Config(ctx, as, region)
	if err != nil {
		return nil, err
	}
	c := lambda.NewFromConfig(config)
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.made == nil || len(f.made) >= maxClients {
		f.made = map[calls]madeClient{}
	}
	f.made[k] = madeClient{c, now.Add(clientLife)}
	return c, nil
}

// invoked is what came of calling a function.
type invoked struct {
	payload []byte
	status  int // of Lambda
	request string
	failure string // "": none
	busy    bool   // the failure is that nobody had time
}

// invoke calls a function in the service's name, with the ARN of what calls it, or in a role's.
func (x *exchange) invoke(function, from, role string, event []byte, wait time.Duration) (out invoked) {
	ctx, cancel := context.WithTimeout(x.r.Context(), wait)
	defer cancel()
	as := delivery.As{Service: principal, Source: from, Account: x.stage.api.account}
	if role != "" {
		as = delivery.As{Service: principal, RoleARN: role, Account: x.stage.api.account}
	}
	client, err := x.functions.client(ctx, as, regionOf(function))
	if err != nil {
		return invoked{failure: err.Error()}
	}
	a, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: event})
	if err != nil {
		out.failure = err.Error()
		var answer *awshttp.ResponseError
		if errors.As(err, &answer) {
			out.status, out.request = answer.HTTPStatusCode(), answer.RequestID
		}
		var many *types.TooManyRequestsException
		out.busy = ctx.Err() != nil || errors.As(err, &many) || out.status == http.StatusServiceUnavailable
		return out
	}
	out.payload, out.status = a.Payload, int(a.StatusCode)
	if id, ok := requestID(a); ok {
		out.request = id
	}
	if a.FunctionError != nil {
		out.failure = "The Lambda function returned the following error: " + failureText(*a.FunctionError, a.Payload) + ". Check your Lambda function code and try again."
	}
	return out
}

func regionOf(function string) string {
	parts := strings.SplitN(function, ":", 5)
	return parts[3]
}

func failureText(kind string, payload []byte) string {
	const most = 512
	if len(payload) > most {
		payload = payload[:most]
	}
	if len(payload) == 0 {
		return aws.ToString(&kind)
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' {
			return ' '
		}
		return c
	}, string(payload))
}
