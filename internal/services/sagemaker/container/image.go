package container

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// Images finds what an image runs.
type Images interface {
	// Program is how an image does what is wanted. Errors say what to push or install.
	Program(ctx context.Context, w Want) (Program, error)
}

// Want is what a container of an image shall do.
type Want struct {
	Image      string
	Args       []string          // "serve", "train"
	Entrypoint []string          // in place of the image's
	Env        map[string]string // the container's
	Parameters map[string]string // of a training
	From       Environment       // in whose name the image is pulled
	Model      string            // directory with the model's data, "": none
	Scratch    string            // directory for what is made for this container alone
}

// Program is what a container's process is made of. Mounts and environment of the contract are added to it.
type Program struct {
	compute.Spec                   // root, program, environment and user
	Labels       map[string]string // of the image
	Known        bool              // it is no image of a user's: it can do what its kind can, whatever its labels say
	Release      func()            // called when nothing runs of it any more; nil: nothing to do
}

// On is what runs the program on an instance of a size, with more mounts than its own.
func (p Program) On(name string, size Size, mounts ...compute.Mount) compute.Spec {
	s := p.Spec
	s.Name, s.Mounts = name, slices.Concat(p.Mounts, mounts)
	s.Limits = compute.Limits{MemoryMB: size.MemoryMB, CPU: size.Cores, Files: 16384, Processes: 4096}
	return s
}

// Free releases what the program holds. It may be called for one that holds nothing.
func (p Program) Free() {
	if p.Release != nil {
		p.Release()
	}
}

// Start runs a program by a spec of it, and releases it at its end.
func (p Program) Start(ctx context.Context, d compute.Driver, s compute.Spec) (compute.Process, error) {
	process, err := d.Start(ctx, s)
	if err != nil {
		p.Free()
		return nil, err
	}
	go func() {
		<-process.Done()
		p.Free()
	}()
	return process, nil
}

// Path is where programs are when the image doesn't say.
const Path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// Setenv gives a program variables in place of those of its image. Of those given here the last of a name counts.
func Setenv(spec *compute.Spec, variables ...map[string]string) {
	all := map[string]string{"PATH": Path}
	for _, v := range spec.Env {
		name, value, _ := strings.Cut(v, "=")
		all[name] = value
	}
	for _, v := range variables {
		maps.Copy(all, v)
	}
	spec.Env = nil
	for _, name := range slices.Sorted(maps.Keys(all)) {
		spec.Env = append(spec.Env, name+"="+all[name])
	}
}
