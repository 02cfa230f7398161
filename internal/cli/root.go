// Package cli is the command line of atelier. Every command but serve, version, models and runtimes is an AWS client, of this server
// or any other endpoint; models and runtimes change what lies in the server's data directory.
package cli

import (
	"context"
	"fmt"
	"io"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/atelier-studio/atelier/internal/platform/config"
)

// Environment is what commands take from their process.
type Environment struct {
	Stdin          io.Reader // nil: nobody can be asked
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Environ        func() []string
	Version        string
	// Serve runs a server until its context ends. The commands are clients and know no server.
	Serve func(context.Context, config.Config, Environment) error
	// Runtime installs a runtime of functions into a data directory, and says why it can't.
	Runtime func(ctx context.Context, dataDir, name string) error
}

// Run runs a command line, and returns the exit code: 0, 1 for a failure, which is told on stderr in one line.
func Run(ctx context.Context, env Environment, args []string) int {
	root := &cobra.Command{
		Use:           "atelier",
		Short:         "The unified studio that you run yourself: AWS's data and AI services in one binary",
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetArgs(args)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(serve(env), environment(env), account(env), blueprintCommand(env), algorithm(env), modelsCommand(env), runtimes(env), version(env))
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintln(env.Stderr, "atelier:", err)
		return 1
	}
	return 0
}

func version(env Environment) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintf(env.Stdout, "atelier %s %s %s/%s\n", env.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
