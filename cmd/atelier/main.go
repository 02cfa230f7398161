// Command atelier is the server and its command line.
package main

import (
	"context"
	"os"

	"github.com/atelier-studio/atelier/internal/app"
	"github.com/atelier-studio/atelier/internal/cli"
)

// version is set by the build.
var version = "dev"

func main() {
	os.Exit(cli.Run(context.Background(), cli.Environment{
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv, Environ: os.Environ, Version: version, Serve: app.Serve, Runtime: app.InstallRuntime,
	}, os.Args[1:]))
}
