package sandbox

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/engines/compute/language"
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
	program, err := r.Python(ctx, version)
	if err != nil {
		return nil, &UnavailableError{Runtime: name, Reason: fmt.Sprintf("no Python %s with pip was found in %s; install it, or name its "+
			"directory in the configuration", version, strings.Join(r.Search, ", "))}
	}
	packages := pythonPackages
	if minor == 9 {
		packages = python39Packages
	}
	dir, err := r.Install(name+"-"+packages[0], func(dir string) error {
		if err := language.Pip(ctx, program, dir, packages...); err != nil {
			return fmt.Errorf("cannot install %s (without a package index, run this where there is one and copy %s): %w", strings.Join(packages, " "),
				filepath.Dir(dir), err)
		}
		return writeFiles(dir, "bootstrap.py")
	})
	if err != nil {
		return nil, &UnavailableError{Runtime: name, Reason: err.Error()}
	}
	inside, mounts := language.Shown(program)
	return &runtime{
		args:   []string{inside, "/var/runtime/bootstrap.py"},
		mounts: append(mounts, compute.Mount{Source: dir, Target: "/var/runtime"}),
		env:    map[string]string{"PYTHONPATH": "/var/runtime"},
	}, nil
}
