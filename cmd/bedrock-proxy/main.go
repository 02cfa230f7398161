// Command bedrock-proxy is the program of a SageMaker container that stands on a model of Bedrock's. `atelier` has it built in; built
// alone, it makes an image for SageMaker in AWS (docs/use-foundation-models.md).
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/atelier-studio/atelier/internal/engines/bedrockproxy"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	env := map[string]string{}
	for _, v := range os.Environ() {
		name, value, _ := strings.Cut(v, "=")
		env[name] = value
	}
	if err := bedrockproxy.Serve(ctx, env, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
