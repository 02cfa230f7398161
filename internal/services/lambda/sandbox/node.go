package sandbox

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/engines/compute/language"
)

// nodeClient is the official runtime client. Its native part is not built: see docs/adr/0006.
const nodeClient = "aws-lambda-ric@3.3.0"

// node finds an interpreter of the wanted version and installs the official runtime client for it.
func (r *runtimes) node(ctx context.Context, name string) (*runtime, error) {
	major := strings.TrimSuffix(strings.TrimPrefix(name, "nodejs"), ".x")
	program, err := r.Find("node", func(path string) bool {
		out, err := exec.CommandContext(ctx, path, "--version").Output()
		return err == nil && strings.HasPrefix(string(out), "v"+major+".")
	})
	if err != nil {
		return nil, &UnavailableError{Runtime: name, Reason: fmt.Sprintf("no Node.js %s was found in %s; install it, or name its directory in "+
			"the configuration", major, strings.Join(r.Search, ", "))}
	}
	dir, err := r.Install("nodejs-"+nodeClient, func(dir string) error {
		npm := filepath.Join(filepath.Dir(program), "npm")
		c := exec.CommandContext(ctx, npm, "pack", "--silent", "--pack-destination", dir, nodeClient)
		c.Dir = dir
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("cannot get %s (without a package registry, run this where there is one and copy %s): %w: %s",
				nodeClient, filepath.Dir(dir), err, language.LastLine(out))
		}
		if err := unpack(dir, filepath.Join(dir, "node_modules", "aws-lambda-ric")); err != nil {
			return err
		}
		return writeFiles(dir, "bootstrap.cjs", "index.mjs", "transport.cjs")
	})
	if err != nil {
		return nil, &UnavailableError{Runtime: name, Reason: err.Error()}
	}
	inside, mounts := language.Shown(program)
	return &runtime{
		args:   []string{inside, "--require", "/var/runtime/bootstrap.cjs", "/var/runtime/index.mjs"},
		mounts: append(mounts, compute.Mount{Source: dir, Target: "/var/runtime"}),
		env: map[string]string{"NODE_PATH": "/opt/nodejs/node" + major + "/node_modules:/opt/nodejs/node_modules:" +
			"/var/runtime/node_modules:/var/runtime:/var/task"},
	}, nil
}

// What is kept of the client's package.
var clientFiles = []string{"package.json", "LICENSE", "NOTICE", "dist/index.mjs"}

// unpack takes the client out of the archive that npm left in dir.
func unpack(dir, target string) error {
	found, _ := filepath.Glob(filepath.Join(dir, "*.tgz"))
	if len(found) != 1 {
		return errors.New("cannot find the package that npm got")
	}
	defer func() { _ = os.Remove(found[0]) }()
	f, err := os.Open(found[0])
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", found[0], err)
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", found[0], err)
		}
		for _, name := range clientFiles {
			if h.Name != "package/"+name {
				continue
			}
			b, err := io.ReadAll(io.LimitReader(t, 4<<20))
			if err != nil {
				return err
			}
			if err := writeFile(filepath.Join(target, name), b); err != nil {
				return err
			}
		}
	}
	// The client loads its native part from here; bootstrap.cjs gives it transport.cjs.
	return writeFile(filepath.Join(target, "dist", "rapid-client.node"), nil)
}

func writeFile(path string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, b, 0o644)
}
