package images

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/atelier-studio/atelier/internal/engines/compute"
	"github.com/atelier-studio/atelier/internal/engines/compute/language"
	"github.com/atelier-studio/atelier/internal/services/sagemaker/container"
)

// Frameworks runs the images that AWS publishes for frameworks as what they consist of: Python, packages, and a script of the user's, run as
// the toolkits in those images do.
// Source: https://sagemaker.readthedocs.io/en/stable/frameworks/sklearn/using_sklearn.html
type Frameworks struct {
	shelf  language.Shelf
	flight singleflight.Group
}

// NewFrameworks keeps packages on a shelf.
func NewFrameworks(shelf language.Shelf) *Frameworks { return &Frameworks{shelf: shelf} }

// installTime is how long an installation may take.
const installTime = 30 * time.Minute

//go:embed files/script.py
var script []byte

// Where a program finds things inside.
const (
	ownDir      = "/opt/atelier"
	packagesDir = "/opt/packages"
	codeDir     = "/opt/ml/code"
	modelDir    = "/opt/ml/model"
)

func (f *Frameworks) program(ctx context.Context, ref Reference, w container.Want) (p container.Program, ok bool, err error) {
	what, ok, err := known(ref)
	if !ok || err != nil {
		return p, ok, err
	}
	python, packages, err := f.environment(ctx, what)
	if err != nil {
		return p, true, err
	}
	inside, mounts := language.Shown(python)
	s := compute.Spec{Mounts: append(mounts, compute.Mount{Source: packages, Target: packagesDir}), Env: []string{"HOME=/tmp", "LANG=C.UTF-8",
		"PYTHONUNBUFFERED=1", "PYTHONDONTWRITEBYTECODE=1", "SAGEMAKER_FRAMEWORK=" + what.kind, "PATH=" + ownDir + "/bin:" + packagesDir + "/bin:" + container.Path}}
	if strings.HasPrefix(inside, "/var/lang/") {
		s.Env = append(s.Env, "LD_LIBRARY_PATH=/var/lang/lib")
	}
	own, code := filepath.Join(w.Scratch, "own"), filepath.Join(w.Scratch, "code")
	if err := prepare(own, code, inside); err != nil {
		return p, true, err
	}
	training := w.Parameters != nil || len(w.Args) > 0 && w.Args[0] == "train" || len(w.Entrypoint) > 0
	s.Mounts = append(s.Mounts, compute.Mount{Source: own, Target: ownDir}, compute.Mount{Source: code, Target: codeDir, Write: training})
	at, lies, err := fetchCode(ctx, w, code)
	if err != nil {
		return p, true, err
	}
	search := []string{at, packagesDir}
	more, err := additional(ctx, python, packages, lies, filepath.Join(w.Scratch, "more"))
	if err != nil {
		return p, true, fmt.Errorf("cannot install what requirements.txt names: %w", err)
	}
	if more != "" {
		s.Mounts = append(s.Mounts, compute.Mount{Source: more, Target: "/opt/more"})
		search = []string{at, "/opt/more", packagesDir}
	}
	s.Env = append(s.Env, "PYTHONPATH="+strings.Join(search, ":"), "ATELIER_CODE_DIR="+at)
	s.Args = append([]string{inside, ownDir + "/script.py"}, w.Args...)
	if len(w.Entrypoint) > 0 {
		s.Args = append(w.Entrypoint[:len(w.Entrypoint):len(w.Entrypoint)], w.Args...)
		if !path.IsAbs(s.Args[0]) { // the shell finds it
			s.Args = append([]string{"/bin/sh", "-c", `exec "$0" "$@"`}, s.Args...)
		}
	}
	return container.Program{Spec: s, Known: true}, true, nil
}

// environment installs a framework for the first Python that is here of those it may have.
func (f *Frameworks) environment(ctx context.Context, what framework) (python, packages string, err error) {
	version := ""
	for _, version = range what.python {
		if python, err = f.shelf.Python(ctx, version); err == nil {
			break
		}
	}
	if err != nil {
		return "", "", fmt.Errorf("it needs one of the Python versions %s with pip, and none was found in %s; install one, or push the image",
			strings.Join(what.python, ", "), strings.Join(f.shelf.Search, ", "))
	}
	sum := sha256.Sum256([]byte(strings.Join(what.packages, "\n")))
	name := what.name + "-python" + version + "-" + hex.EncodeToString(sum[:4])
	got, err, _ := f.flight.Do(name, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), installTime) // others wait for it, too
		defer cancel()
		return f.shelf.Install(name, func(dir string) error {
			if err := language.Pip(ctx, python, dir, what.packages...); err != nil {
				return fmt.Errorf("cannot install %s (without a package index, run this where there is one and copy %s, or push the image): %w",
					strings.Join(what.packages, " "), f.shelf.Dir, err)
			}
			pinned, err := language.Frozen(ctx, python, dir)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "constraints.txt"), pinned, 0o644)
		})
	})
	if err != nil {
		return "", "", err
	}
	return python, got.(string), nil
}

// prepare lays what is ours: the script, and a directory in which python is the interpreter.
func prepare(own, code, inside string) error {
	bin := filepath.Join(own, "bin")
	err := errors.Join(os.MkdirAll(bin, 0o755), os.MkdirAll(code, 0o755), os.Chmod(code, 0o777)) // who trains may write there
	for _, name := range []string{"python", "python3"} {
		if err == nil {
			err = os.Symlink(inside, filepath.Join(bin, name))
		}
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(own, "script.py"), script, 0o644)
	}
	return err
}

// setting is a variable, or of a training a parameter, which the SDK writes as JSON.
func setting(w container.Want, name string) string {
	v, ok := w.Parameters[strings.ToLower(name)]
	if !ok {
		return w.Env[name]
	}
	text := ""
	if json.Unmarshal([]byte(v), &text) == nil {
		return text
	}
	return v
}

// fetchCode brings the user's code when it lies in S3. It tells where it is inside, and on the machine.
func fetchCode(ctx context.Context, w container.Want, code string) (at, lies string, err error) {
	from := setting(w, "SAGEMAKER_SUBMIT_DIRECTORY")
	from = strings.TrimPrefix(from, "file://")
	switch {
	case strings.HasPrefix(from, "s3://") && (strings.HasSuffix(from, ".tar.gz") || strings.HasSuffix(from, ".tgz")):
		return codeDir, code, w.From.Unpack(ctx, from, code)
	case strings.HasPrefix(from, "s3://"):
		return codeDir, code, w.From.Mirror(ctx, strings.TrimSuffix(from, "/")+"/", code)
	case w.Model == "":
		return or(from, codeDir), "", nil
	}
	at = or(from, modelDir+"/code")
	if rest, ok := strings.CutPrefix(path.Clean(at), modelDir); ok {
		lies = filepath.Join(w.Model, filepath.FromSlash(rest))
	}
	return at, lies, nil
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// maxRequirements is the most of a requirements.txt, in bytes.
const maxRequirements = 64 << 10

// additional installs what the code asks for besides the framework, and gives the directory; "" when it asks for nothing. pip runs outside of a
// sandbox, so it gets names and versions alone, and nothing that it would have to run.
func additional(ctx context.Context, python, packages, lies, dir string) (string, error) {
	if lies == "" {
		return "", nil
	}
	root, err := os.OpenRoot(lies)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { _ = root.Close() }()
	f, err := root.Open("requirements.txt")
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxRequirements+1))
	if err := errors.Join(err, f.Close()); err != nil {
		return "", err
	}
	list, err := requirements(text)
	if err != nil || len(list) == 0 {
		return "", err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, installTime)
	defer cancel()
	return dir, language.Pip(ctx, python, dir, append([]string{"--constraint", filepath.Join(packages, "constraints.txt"), "--"}, list...)...)
}

var requirement = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._ -]*\])?\s*\(?([<>=!~]=?=?\s*[A-Za-z0-9.*+!_-]+\s*,?\s*)*\)?(;[A-Za-z0-9_ ."'<>=!()]*)?$`)

// requirements reads a requirements.txt: names and versions. Options, addresses and paths are refused.
func requirements(text []byte) (list []string, err error) {
	if len(text) > maxRequirements {
		return nil, fmt.Errorf("it has more than %d bytes", maxRequirements)
	}
	for line := range strings.Lines(string(text)) {
		line, _, _ = strings.Cut(line, " #")
		line = strings.TrimSpace(strings.TrimPrefix(line, "\uFEFF"))
		if line == "" || line[0] == '#' {
			continue
		}
		if !requirement.MatchString(line) {
			return nil, fmt.Errorf("the line %.100q is no package with versions; options, addresses and paths are not taken", line)
		}
		list = append(list, line)
	}
	return list, nil
}
