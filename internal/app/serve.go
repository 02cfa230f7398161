package app

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/atelier-studio/atelier/internal/cli"
	"github.com/atelier-studio/atelier/internal/platform/config"
	"github.com/atelier-studio/atelier/internal/platform/credfile"
)

// Serve is the command `atelier serve`: it runs a server until ctx ends, tells on standard output when it answers, and logs
// on standard error.
func Serve(ctx context.Context, c config.Config, env cli.Environment) error {
	log := slog.New(slog.NewTextHandler(env.Stderr, &slog.HandlerOptions{Level: c.Level()}))
	s, err := New(ctx, Config{Config: c, Version: env.Version, Logger: log, Getenv: env.Getenv})
	if err != nil {
		return err
	}
	if err := s.Note(); err != nil {
		_ = s.Close()
		return err
	}
	if _, created := s.Root(); created {
		_, _ = fmt.Fprintf(env.Stderr, "atelier: the root user's key is in %s; eval \"$(atelier env)\" puts it into a shell\n",
			credfile.Path(s.DataDir()))
	}
	return s.Serve(ctx, func() { _, _ = fmt.Fprintln(env.Stdout, "atelier is ready at "+s.URL()) })
}
