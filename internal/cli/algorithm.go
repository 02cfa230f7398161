package cli

import (
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/atelier-studio/atelier/internal/engines/bedrockproxy"
	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/builtin"
	"github.com/atelier-studio/atelier/internal/engines/learn/image"
)

// algorithm is what runs in the containers of built-in algorithms. It is not for people.
func algorithm(env Environment) *cobra.Command {
	return &cobra.Command{
		Use: "algorithm NAME train|serve", Short: "Run a built-in algorithm as its container does", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM)
			defer stop()
			variables := map[string]string{}
			for _, v := range env.Environ() {
				name, value, _ := strings.Cut(v, "=")
				variables[name] = value
			}
			if args[0] == "bedrock-proxy" && args[1] == "serve" { // which learns nothing
				return bedrockproxy.Serve(ctx, variables, env.Stdout)
			}
			a, ok := builtin.Find(args[0], learn.Limits{})
			if !ok {
				return fmt.Errorf("there is no algorithm %s", args[0])
			}
			switch args[1] {
			case "train":
				return image.Train(ctx, a, "/opt/ml", env.Stdout)
			case "serve":
				return image.Serve(ctx, a, "/opt/ml", variables)
			}
			return fmt.Errorf("an algorithm can train or serve, not %s", args[1])
		},
	}
}
