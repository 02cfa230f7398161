package sandbox

import (
	"context"
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/engines/compute/language"
)

// runtime is how functions of one kind are started.
type runtime struct {
	args   []string // of the program, before the handler
	mounts []compute.Mount
	env    map[string]string
	custom bool // the function brings its program
}

// UnavailableError says why a runtime cannot be used on this machine, and what to do.
type UnavailableError struct{ Runtime, Reason string }

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("cannot run %s: %s", e.Runtime, e.Reason)
}

//go:embed files
var files embed.FS

// runtimes finds and installs what languages need.
type runtimes struct {
	language.Shelf
	layered language.Shelf // layers that were put together

	flight singleflight.Group
	mu     sync.Mutex
	found  map[string]*runtime
}

func newRuntimes(dir, layered string, search []string) *runtimes {
	return &runtimes{Shelf: language.NewShelf(dir, search), layered: language.NewShelf(layered, search), found: map[string]*runtime{}}
}

// find returns a runtime by its name in AWS; the first time, it may be installed.
func (r *runtimes) find(ctx context.Context, name string) (*runtime, error) {
	r.mu.Lock()
	rt := r.found[name]
	r.mu.Unlock()
	if rt != nil {
		return rt, nil
	}
	got, err, _ := r.flight.Do(name, func() (any, error) {
		// whoever asked first may go away; the others still wait for it
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), installLimit)
		defer cancel()
		rt, err := r.look(ctx, name)
		if err != nil {
			return nil, err
		}
		r.mu.Lock()
		r.found[name] = rt
		r.mu.Unlock()
		return rt, nil
	})
	if err != nil {
		return nil, err
	}
	return got.(*runtime), nil
}

func (r *runtimes) look(ctx context.Context, name string) (*runtime, error) {
	switch {
	case name == "provided.al2023", name == "provided.al2", name == "provided":
		return &runtime{custom: true}, nil
	case strings.HasPrefix(name, "python3."):
		return r.python(ctx, name)
	case strings.HasPrefix(name, "nodejs") && strings.HasSuffix(name, ".x"):
		return r.node(ctx, name)
	}
	return nil, &UnavailableError{Runtime: name, Reason: "there is no such runtime here; use provided.al2023, python3.x or nodejs20.x"}
}

func writeFiles(dir string, names ...string) error {
	for _, name := range names {
		b, err := files.ReadFile("files/" + name)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// command is the program and its arguments for a function.
func (rt *runtime) command(f Function) ([]string, *failure) {
	if !rt.custom {
		return append(append([]string{}, rt.args...), f.Handler), nil
	}
	places := []string{f.CodeDir}
	for i := len(f.LayerDirs) - 1; i >= 0; i-- {
		places = append(places, f.LayerDirs[i])
	}
	for i, dir := range places {
		inside := "/opt/bootstrap"
		if i == 0 {
			inside = "/var/task/bootstrap"
		}
		st, err := os.Stat(filepath.Join(dir, "bootstrap"))
		switch {
		case err != nil || st.IsDir():
		case st.Mode()&0o111 == 0:
			return nil, &failure{kind: "Runtime.InvalidEntrypoint", message: fmt.Sprintf("fork/exec %s: permission denied", inside)}
		default:
			return []string{inside}, nil
		}
	}
	return nil, &failure{kind: "Runtime.InvalidEntrypoint", message: "Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]"}
}

// execution is AWS_EXECUTION_ENV, which functions that bring their program don't have.
func (rt *runtime) execution(name string) string {
	if rt.custom {
		return ""
	}
	return "AWS_Lambda_" + name
}
