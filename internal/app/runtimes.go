package app

import (
	"context"
	"path/filepath"

	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
)

// runtimesDir is where what functions of a language need is kept.
func runtimesDir(dataDir, configured string) string {
	if configured != "" {
		return configured
	}
	return filepath.Join(dataDir, "lambda", "runtimes")
}

// InstallRuntime is the command `atelier runtimes`: it installs one, unless it is there.
func InstallRuntime(ctx context.Context, dataDir, name string) error {
	p := sandbox.New(sandbox.Config{Dir: runtimesDir(dataDir, "")})
	defer p.Close()
	return p.Check(ctx, name)
}
