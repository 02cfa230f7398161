// Command go is a function that does what its event says. Its twins in Python and JavaScript do the same.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sts"
)

// event says what to do.
type event struct {
	Do   string
	Text string
	MS   int
}

func main() { lambda.Start(handle) }

func handle(ctx context.Context, e event) (any, error) {
	fmt.Println("doing", e.Do)
	switch e.Do {
	case "":
		return "nothing", nil
	case "echo":
		return map[string]any{"text": e.Text}, nil
	case "fail":
		return nil, errors.New(e.Text)
	case "exit":
		os.Exit(3)
	case "sleep":
		time.Sleep(time.Duration(e.MS) * time.Millisecond)
		return "slept", nil
	case "env":
		return os.Getenv(e.Text), nil
	case "read":
		b, err := os.ReadFile(e.Text)
		return strings.TrimSpace(string(b)), err
	case "context":
		c, _ := lambdacontext.FromContext(ctx)
		return map[string]any{"arn": c.InvokedFunctionArn, "version": lambdacontext.FunctionVersion, "name": lambdacontext.FunctionName}, nil
	case "who":
		cfg, err := config.LoadDefaultConfig(ctx)
		if err != nil {
			return nil, err
		}
		out, err := sts.NewFromConfig(cfg).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
		if err != nil {
			return nil, err
		}
		return *out.Arn, nil
	}
	return nil, fmt.Errorf("nothing to do for %q", e.Do)
}
