package language

import (
	"errors"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// Shelf is a directory of installations. Several servers may use one.
type Shelf struct {
	Dir string
	// Search are directories of interpreters, in order; they may have wildcards.
	Search []string
}

// NewShelf names a directory. It is made with the first installation. An empty search is DefaultSearch.
func NewShelf(dir string, search []string) Shelf {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs
	}
	if len(search) == 0 {
		search = DefaultSearch()
	}
	return Shelf{dir, search}
}

// DefaultSearch is where interpreters usually are: the system's and those of pyenv.
func DefaultSearch() []string {
	list := []string{"/usr/local/bin", "/usr/bin"}
	if u, err := user.Current(); err == nil {
		list = append([]string{filepath.Join(u.HomeDir, ".pyenv/versions/*/bin")}, list...)
	}
	return list
}

// Install makes a directory of that name once. What is made is complete or absent.
func (s Shelf) Install(name string, fill func(dir string) error) (string, error) {
	dir := filepath.Join(s.Dir, name)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(s.Dir, 0o755); err != nil {
		return "", err
	}
	part, err := os.MkdirTemp(s.Dir, ".part-*")
	if err != nil {
		return "", err
	}
	defer func() { _ = os.RemoveAll(part) }()
	if err := os.Chmod(part, 0o755); err != nil {
		return "", err
	}
	if err := fill(part); err != nil {
		return "", err
	}
	if err := os.Rename(part, dir); err != nil && !errors.Is(err, os.ErrExist) {
		if _, there := os.Stat(dir); there != nil {
			return "", err
		}
	}
	return dir, nil
}

// Find is the first program of that name in the search path that fits.
func (s Shelf) Find(name string, fits func(path string) bool) (string, error) {
	for _, pattern := range s.Search {
		paths, _ := filepath.Glob(filepath.Join(pattern, name))
		for _, path := range paths {
			real, err := filepath.EvalSymlinks(path)
			if err == nil && fits(real) {
				return real, nil
			}
		}
	}
	return "", os.ErrNotExist
}

// Shown is where an interpreter is inside: in its own place when that is the system's, at /var/lang as in AWS otherwise.
func Shown(program string) (string, []compute.Mount) {
	if strings.HasPrefix(program, "/usr/") {
		return program, nil
	}
	prefix := filepath.Dir(filepath.Dir(program))
	return "/var/lang/bin/" + filepath.Base(program), []compute.Mount{{Source: prefix, Target: "/var/lang"}}
}

// LastLine is the last line of what a program wrote, which mostly tells what went wrong.
func LastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
