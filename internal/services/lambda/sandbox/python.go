package sandbox

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// What AWS's Python runtimes bring: the runtime client and boto3. Python 3.9 gets the last client that supports it.
var (
	pythonPackages   = []string{"awslambdaric==4.2.2", "simplejson==4.3.0", "snapshot-restore-py==1.0.0", "boto3==1.44.8", "botocore==1.44.8"}
	python39Packages = []string{"awslambdaric==3.1.1", "boto3<1.43"}
)

// installLimit is how long the installation of a runtime may take.
const installLimit = 5 * time.Minute

// python finds an interpreter of the wanted version and installs the official runtime client for it.
func (r *runtimes) python(ctx context.Context, name string) (*runtime, error) {
	version := strings.TrimPrefix(name, "python")
	minor, err := strconv.Atoi(strings.TrimPrefix(version, "3."))
	if err != nil || !strings.HasPrefix(version, "3.") || minor < 9 {
		return nil, &UnavailableError{Runtime: name, Reason: "python3.9 and later can be run here"}
	}
	program, err := r.interpreter("python"+version, func(path string) bool {
		out, err := exec.CommandContext(ctx, path, "-c", "import sys, pip; print('%d.%d' % sys.version_info[:2])").Output()
		return err == nil && strings.TrimSpace(string(out)) == version
	})
	if err != nil {
		return nil, &UnavailableError{Runtime: name, Reason: fmt.Sprintf("no Python %s with pip was found in %s; install it, or name its "+
			"directory in the configuration", version, strings.Join(r.search, ", "))}
	}
	packages := pythonPackages
	if minor == 9 {
		packages = python39Packages
	}
	dir, err := r.install(name+"-"+packages[0], func(dir string) error {
		args := append([]string{"-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--only-binary", ":all:",
			"--target", dir}, packages...)
		if out, err := exec.CommandContext(ctx, program, args...).CombinedOutput(); err != nil {
			return fmt.Errorf("cannot install %s (without a package index, run this where there is one and copy %s): %w: %s",
				strings.Join(packages, " "), filepath.Dir(dir), err, lastLine(out))
		}
		return writeFiles(dir, "bootstrap.py")
	})
	if err != nil {
		return nil, &UnavailableError{Runtime: name, Reason: err.Error()}
	}
	inside, mounts := shownAt(program)
	return &runtime{
		args:   []string{inside, "/var/runtime/bootstrap.py"},
		mounts: append(mounts, compute.Mount{Source: dir, Target: "/var/runtime"}),
		env:    map[string]string{"PYTHONPATH": "/var/runtime"},
	}, nil
}

// interpreter is the first program of that name in the search path that fits.
func (r *runtimes) interpreter(name string, fits func(path string) bool) (string, error) {
	for _, pattern := range r.search {
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

// shownAt is where an interpreter is inside: in its own place when that is the system's, at /var/lang as in AWS otherwise.
func shownAt(program string) (string, []compute.Mount) {
	if strings.HasPrefix(program, "/usr/") {
		return program, nil
	}
	prefix := filepath.Dir(filepath.Dir(program))
	return "/var/lang/bin/" + filepath.Base(program), []compute.Mount{{Source: prefix, Target: "/var/lang"}}
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
