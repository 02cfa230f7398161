package app

import (
	"context"
	"path/filepath"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/engines/compute/docker"
	"github.com/atelier-studio/atelier/internal/services/lambda/sandbox"
)

// runtimesDir is where what functions of a language need is kept.
func runtimesDir(dataDir, configured string) string {
	if configured != "" {
		return configured
	}
	return filepath.Join(dataDir, "lambda", "runtimes")
}

// driver is what runs the programs of images.
func (s *Server) driver(ctx context.Context) (_ compute.Driver, err error) {
	if s.cfg.Compute == "" || s.cfg.Compute == "process" {
		return s.compute, nil
	}
	socket := strings.TrimPrefix(s.cfg.Compute, "unix://")
	if socket == "docker" {
		socket = docker.DefaultSocket
	}
	s.docker, err = docker.New(ctx, docker.Config{Socket: socket, Server: s.cfg.DataDir, Else: s.compute})
	return s.docker, err
}

// InstallRuntime is the command `atelier runtimes`: it installs one, unless it is there.
func InstallRuntime(ctx context.Context, dataDir, name string) error {
	p := sandbox.New(sandbox.Config{Dir: runtimesDir(dataDir, "")})
	defer p.Close()
	return p.Check(ctx, name)
}
