// Command function is the code of all functions of the blueprints: one program, in which the function's Handler says what it is.
//
// It runs unchanged on AWS Lambda (provided.al2023) and on Atelier: it reads its configuration from its environment, where both put
// region, credentials and, on Atelier, AWS_ENDPOINT_URL.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func main() {
	cfg, err := config.LoadDefaultConfig(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot read the configuration:", err)
		os.Exit(1)
	}
	files := store{s3.NewFromConfig(cfg, func(o *s3.Options) { o.UsePathStyle = true }), os.Getenv("BUCKET")}
	var handle func(context.Context, json.RawMessage) (any, error)
	switch h := os.Getenv("_HANDLER"); h {
	case "invoke":
		handle = newInvoke(cfg, os.Getenv).handle
	case "async":
		handle = newAsync(cfg, files, os.Getenv).handle
	case "callback":
		handle = newCallback(cfg, files, os.Getenv).handle
	case "batch":
		handle = newBatch(cfg, files, os.Getenv).handle
	case "next-step":
		handle = newNextStep(cfg, files, os.Getenv).handle
	default:
		fmt.Fprintf(os.Stderr, "there is no handler %q: it is one of invoke, async, callback, batch and next-step\n", h)
		os.Exit(1)
	}
	lambda.Start(handle)
}
