package language

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
)

// Python finds an interpreter with pip, of a version such as "3.12".
func (s Shelf) Python(ctx context.Context, version string) (string, error) {
	return s.Find("python"+version, func(path string) bool {
		out, err := exec.CommandContext(ctx, path, "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])").Output()
		return err == nil && strings.TrimSpace(string(out)) == version
	})
}

// Pip installs packages into a directory. Only such are taken as need no program to be run for that. Arguments are packages and options.
func Pip(ctx context.Context, python, dir string, args ...string) error {
	args = append([]string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:", "--target", dir}, args...)
	out, err := exec.CommandContext(ctx, python, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, LastLine(out))
	}
	return nil
}

// Frozen lists what is installed in a directory, a pinned requirement each line.
func Frozen(ctx context.Context, python, dir string) ([]byte, error) {
	return exec.CommandContext(ctx, python, "-m", "pip", "list", "--disable-pip-version-check", "--path", dir, "--format", "freeze").Output()
}
