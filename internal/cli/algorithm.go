package cli

import (
	"fmt"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/atelier-studio/atelier/internal/engines/learn"
	"github.com/atelier-studio/atelier/internal/engines/learn/builtin"
	"github.com/atelier-studio/atelier/internal/engines/learn/image"
)

// algorithm is what runs in the containers of built-in algorithms. It is not for people.
func algorithm(env Environment) *cobra.Command {
	return &cobra.Command{
		Use: "algorithm NAME train|serve", Short: "Run a built-in algorithm as its container does", Hidden: true, Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			a, ok := builtin.Find(args[0], learn.Limits{})
			if !ok {
				return fmt.Errorf("there is no algorithm %s", args[0])
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), syscall.SIGTERM)
			defer stop()
			switch args[1] {
			case "train":
				return image.Train(ctx, a, "/opt/ml", env.Stdout)
			case "serve":
				variables := map[string]string{}
				for _, v := range env.Environ() {
					name, value, _ := strings.Cut(v, "=")
					variables[name] = value
				}
				return image.Serve(ctx, a, "/opt/ml", variables)
			}
			return fmt.Errorf("an algorithm can train or serve, not %s", args[1])
		},
	}
}
