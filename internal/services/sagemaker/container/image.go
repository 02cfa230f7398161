package container

import (
	"context"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// Images finds what an image runs.
type Images interface {
	// Program is how the image serves (args "serve") or does another thing; env is the container's. Errors say what to push or
	// install.
	Program(ctx context.Context, image string, env map[string]string, args ...string) (Program, error)
}

// Program is what a container's process is made of. Mounts and environment of the contract are added to it.
type Program struct {
	Root   string
	Args   []string
	Env    []string
	Dir    string
	User   int
	Mounts []compute.Mount
}
