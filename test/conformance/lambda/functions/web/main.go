// Command web is a function behind a URL: it answers with what it was asked, or streams.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambda"
)

func main() {
	if os.Getenv("STREAM") != "" {
		lambda.Start(stream)
	}
	lambda.Start(answer)
}

func answer(_ context.Context, r events.LambdaFunctionURLRequest) (any, error) {
	switch r.RawPath {
	case "/plain":
		return map[string]string{"plain": "yes"}, nil
	case "/fail":
		return nil, fmt.Errorf("on purpose")
	}
	b, err := json.Marshal(r)
	return events.LambdaFunctionURLResponse{StatusCode: 201, Headers: map[string]string{"X-Own": "1", "Content-Type": "application/x-asked"},
		Cookies: []string{"a=b", "c=d"}, Body: string(b)}, err
}

// stream writes a line, waits, and writes another.
func stream(_ context.Context, r events.LambdaFunctionURLRequest) (*events.LambdaFunctionURLStreamingResponse, error) {
	out, in := io.Pipe()
	go func() {
		_, _ = io.WriteString(in, "first\n")
		time.Sleep(700 * time.Millisecond)
		_, _ = io.WriteString(in, "last\n")
		_ = in.Close()
	}()
	return &events.LambdaFunctionURLStreamingResponse{StatusCode: 202, Headers: map[string]string{"X-Own": "2", "Content-Type": "text/plain"}, Body: out}, nil
}
