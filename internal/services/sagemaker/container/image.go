package container

import (
	"context"
	"maps"
	"slices"

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

// Spec is what runs the program on an instance of a size, with more mounts than its own.
func (p Program) Spec(name string, size Size, mounts ...compute.Mount) compute.Spec {
	return compute.Spec{Name: name, Root: p.Root, Args: p.Args, Dir: p.Dir, User: p.User, Mounts: slices.Concat(p.Mounts, mounts), Env: slices.Clone(p.Env),
		Limits: compute.Limits{MemoryMB: size.MemoryMB, CPU: size.Cores, Files: 16384, Processes: 4096}}
}

// Setenv gives a program variables beside those of its image. Of those given here the last of a name counts.
func Setenv(spec *compute.Spec, variables ...map[string]string) {
	all := map[string]string{}
	for _, v := range variables {
		maps.Copy(all, v)
	}
	for k, v := range all {
		spec.Env = append(spec.Env, k+"="+v)
	}
}
