// Command function is the Go function of the tests, on the official library.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do   string `json:"do"`
	Name string `json:"name"`
	N    int    `json:"n"`
}

func main() {
	fmt.Println("initialized")
	lambda.Start(handle)
}

func handle(ctx context.Context, raw json.RawMessage) (any, error) {
	var e event
	if err := json.Unmarshal(raw, &e); err != nil {
		return nil, err
	}
	switch e.Do {
	case "fail":
		return nil, fmt.Errorf("no %s", e.Name)
	case "log":
		fmt.Println("saw", e.Name)
	case "sleep":
		time.Sleep(time.Duration(e.N) * time.Millisecond)
	case "large":
		return strings.Repeat("x", e.N), nil
	case "stream":
		return io.MultiReader(strings.NewReader("one "), strings.NewReader("two")), nil
	case "env":
		return os.Getenv(e.Name), nil
	case "context":
		lc, _ := lambdacontext.FromContext(ctx)
		return lc, nil
	default:
		if e.Do != "" {
			return hostile(e)
		}
	}
	return map[string]any{"hello": strings.ToUpper(e.Name), "n": e.N * 2}, nil
}
