package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"sync"

	"github.com/atelier-studio/atelier/internal/engines/compute"
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

// runtimes finds and installs what languages need.
type runtimes struct {
	dir    string
	search []string

	mu    sync.Mutex
	found map[string]*runtime
}

func newRuntimes(dir string, search []string) *runtimes {
	return &runtimes{dir: dir, search: search, found: map[string]*runtime{}}
}

// DefaultSearch is where interpreters usually are: the system's and those of pyenv.
func DefaultSearch() []string {
	list := []string{"/usr/local/bin", "/usr/bin"}
	if u, err := user.Current(); err == nil {
		list = append([]string{filepath.Join(u.HomeDir, ".pyenv/versions/*/bin")}, list...)
	}
	return list
}

// find returns a runtime by its name in AWS; the first time, it may be installed.
func (r *runtimes) find(ctx context.Context, name string) (*runtime, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if rt := r.found[name]; rt != nil {
		return rt, nil
	}
	var rt *runtime
	var err error
	switch {
	case strings.HasPrefix(name, "provided"):
		rt = &runtime{custom: true}
	default:
		err = &UnavailableError{Runtime: name, Reason: "there is no such runtime here; use provided.al2023, python3.x or nodejs20.x"}
	}
	if err != nil {
		return nil, err
	}
	r.found[name] = rt
	return rt, nil
}

// command is the program and its arguments for a function.
func (rt *runtime) command(f Function) ([]string, error) {
	if !rt.custom {
		return append(append([]string{}, rt.args...), f.Handler), nil
	}
	for _, dir := range append([]string{f.CodeDir}, f.LayerDirs...) {
		st, err := os.Stat(filepath.Join(dir, "bootstrap"))
		if err != nil || st.IsDir() {
			continue
		}
		if st.Mode()&0o111 == 0 {
			return nil, fmt.Errorf("/var/task/bootstrap is not executable")
		}
		if dir == f.CodeDir {
			return []string{"/var/task/bootstrap"}, nil
		}
		return []string{"/opt/bootstrap"}, nil
	}
	return nil, fmt.Errorf("Couldn't find valid bootstrap(s): [/var/task/bootstrap /opt/bootstrap]")
}

// execution is AWS_EXECUTION_ENV, which functions that bring their program don't have.
func (rt *runtime) execution(name string) string {
	if rt.custom {
		return ""
	}
	return "AWS_Lambda_" + name
}

// layers returns one directory that shows all layers, the last one on top; "" when there are none.
func (r *runtimes) layers(dirs []string) (string, error) {
	switch len(dirs) {
	case 0:
		return "", nil
	case 1:
		return dirs[0], nil
	}
	return "", fmt.Errorf("cannot merge layers yet")
}
