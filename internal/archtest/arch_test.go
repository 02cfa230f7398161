package archtest

import (
	"bufio"
	"bytes"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/atelier-studio/atelier/"

const maxLines = 500

// source is one Go file of the tree.
type source struct {
	dir, name string // dir is relative to the root, with slashes
	imports   []string
	comment   bool // carries the package comment
	generated bool
	pkg       string
	lines     int
}

func TestImportsGoOneWay(t *testing.T) {
	for _, f := range sources(t) {
		for _, imp := range f.imports {
			to, ours := strings.CutPrefix(imp, module)
			if !ours {
				continue
			}
			if strings.HasSuffix(f.name, "_test.go") && under(to, "internal/services") {
				continue // a test may put a whole chain together
			}
			if why := forbidden(f.dir, to); why != "" {
				t.Errorf("%s/%s imports %s: %s", f.dir, f.name, to, why)
			}
		}
	}
}

func TestForbidden(t *testing.T) {
	f := func(from, to string, want bool) {
		t.Helper()
		if got := forbidden(from, to) != ""; got != want {
			t.Errorf("forbidden(%q, %q) = %v, want %v", from, to, got, want)
		}
	}
	f("cmd/atelier", "internal/app", false)
	f("cmd/atelier", "internal/services/iam", true)
	f("internal/app", "internal/services/iam", false)
	f("internal/app", "internal/cli", false)
	f("internal/cli", "internal/app", true)
	f("internal/cli", "internal/services/iam", true)
	f("internal/services/iam", "internal/services/sts", true)
	f("internal/services/sagemaker/training", "internal/services/sagemaker/api", false)
	f("internal/services/iam", "internal/wire", false)
	f("internal/services/iam", "internal/platform/store", false)
	f("internal/services/iam", "internal/app", true)
	f("internal/wire", "internal/services/iam", true)
	f("internal/wire", "internal/platform/authz", false)
	f("internal/wire/codec", "internal/wire/facts", false)
	f("internal/platform/store", "internal/wire", true)
	f("internal/platform/identity", "internal/platform/store", false)
	f("internal/engines/sql", "internal/wire", true)
	f("internal/engines/sql", "internal/engines/compute", false)
	f("internal/services/athena", "internal/lake", false)
	f("internal/lake", "internal/engines/sql", false)
	f("internal/lake", "internal/platform/catalog", false)
	f("internal/lake", "internal/wire", true)
	f("internal/lake", "internal/services/athena", true)
	f("internal/engines/sql", "internal/lake", true)
	f("internal/platform/catalog", "internal/lake", true)
	f("internal/wire", "internal/lake", true)
	f("internal/wire", "test/harness", true)
	f("test/harness", "internal/app", false)
}

func TestOnePackageComment(t *testing.T) {
	with := map[string][]string{}
	for _, f := range sources(t) {
		if strings.HasSuffix(f.name, "_test.go") && !testOnly(t, f.dir) {
			continue
		}
		if _, ok := with[f.dir]; !ok {
			with[f.dir] = nil
		}
		if f.comment {
			with[f.dir] = append(with[f.dir], f.name)
		}
	}
	for dir, files := range with {
		if len(files) != 1 {
			t.Errorf("%s: want one package comment, found %d %v", dir, len(files), files)
		}
	}
}

func TestNamesSayWhatIsInside(t *testing.T) {
	for _, f := range sources(t) {
		for _, bad := range []string{"util", "utils", "common", "helper", "helpers", "misc"} {
			if f.pkg == bad || path.Base(f.dir) == bad {
				t.Errorf("%s: package %s says nothing of what it holds", f.dir, f.pkg)
			}
		}
	}
}

func TestFilesAreShort(t *testing.T) {
	for _, f := range sources(t) {
		if f.lines > maxLines && !f.generated {
			t.Errorf("%s/%s has %d lines, above %d: split it by what it is about", f.dir, f.name, f.lines, maxLines)
		}
	}
}

func TestNoInit(t *testing.T) {
	root := root(t)
	for _, f := range sources(t) {
		if f.generated || !strings.HasPrefix(f.dir, "internal") && !strings.HasPrefix(f.dir, "cmd") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root, f.dir, f.name))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(b, []byte("\nfunc init()")) {
			t.Errorf("%s/%s registers something in init: list it where it is used", f.dir, f.name)
		}
	}
}

// forbidden says why package from may not import package to, "" when it may. Both are relative to the module.
func forbidden(from, to string) string {
	if under(to, "test") && !under(from, "test") {
		return "the program does not know its tests"
	}
	if under(to, "cmd") {
		return "nothing imports a command"
	}
	if under(to, "internal/app") && !under(from, "cmd") && !under(from, "test") && !under(from, "internal/app") {
		return "only cmd imports app"
	}
	switch {
	case under(from, "cmd/bedrock-proxy"): // a program of its own, for images
		if to != "internal/engines/bedrockproxy" {
			return "the proxy needs its engine alone"
		}
	case under(from, "cmd"):
		if !under(to, "internal/app") && !under(to, "internal/cli") && !under(to, "internal/platform") {
			return "cmd imports app and cli"
		}
	case under(from, "internal/cli"), under(from, "internal/console"):
		if under(to, "internal/services") {
			return "management commands are AWS clients"
		}
	case under(from, "internal/services"):
		if under(to, "internal/services") && service(from) != service(to) {
			return "a service never imports another service"
		}
		if under(to, "internal/cli") || under(to, "internal/console") {
			return "services know no front end"
		}
	case under(from, "internal/lake"):
		if !under(to, "internal/lake") && !under(to, "internal/engines") && !under(to, "internal/platform") {
			return "lake imports engines and platform only"
		}
	case under(from, "internal/wire"):
		if !under(to, "internal/wire") && !under(to, "internal/platform") {
			return "wire imports wire and platform only"
		}
	case under(from, "internal/platform"):
		if !under(to, "internal/platform") {
			return "platform imports platform only"
		}
	case under(from, "internal/engines"):
		if !under(to, "internal/engines") && !under(to, "internal/platform") {
			return "engines import engines and platform only"
		}
	}
	return ""
}

func under(p, dir string) bool { return p == dir || strings.HasPrefix(p, dir+"/") }

func service(p string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(p, "internal/services/"), "/")
	return name
}

func testOnly(t *testing.T, dir string) bool {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(root(t), dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".go") && !strings.HasSuffix(e.Name(), "_test.go") {
			return false
		}
	}
	return true
}

func root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// sources reads every Go file of the module.
func sources(t *testing.T) []source {
	t.Helper()
	root := root(t)
	var all []source
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if n := d.Name(); p != root && (strings.HasPrefix(n, ".") || n == "node_modules" || n == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(p, ".go") {
			return nil
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, b, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, p)
		if err != nil {
			return err
		}
		s := source{dir: filepath.ToSlash(filepath.Dir(rel)), name: filepath.Base(rel), pkg: f.Name.Name,
			comment: f.Doc != nil, generated: generated(b), lines: bytes.Count(b, []byte("\n"))}
		for _, i := range f.Imports {
			v, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				return err
			}
			s.imports = append(s.imports, v)
		}
		all = append(all, s)
		return nil
	})
	if err != nil {
		t.Fatalf("cannot read the tree: %v", err)
	}
	if len(all) < 20 {
		t.Fatalf("found only %d Go files: the rules would hold of nothing", len(all))
	}
	return all
}

func generated(b []byte) bool {
	sc := bufio.NewScanner(bytes.NewReader(b))
	for i := 0; i < 5 && sc.Scan(); i++ {
		if strings.HasPrefix(sc.Text(), "// Code generated ") {
			return true
		}
	}
	return false
}
