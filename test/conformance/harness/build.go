package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
)

// Root is the directory of the module.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// Binary builds cmd/atelier, once per process, and returns its path. Of the processes that want it at the same time one builds it: for
// the others it is up to date then, and costs no link. It has no tables for debuggers, which take most of the time of linking.
var Binary = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(Root(), ".cache", "test-bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("cannot build atelier: %w", err)
	}
	unlock, err := alone(filepath.Join(dir, "lock"))
	if err != nil {
		return "", fmt.Errorf("cannot build atelier: %w", err)
	}
	defer unlock()
	made := filepath.Join(dir, "atelier")
	c := exec.Command("go", "build", "-ldflags=-s -w", "-o", made, "./cmd/atelier")
	c.Dir = Root()
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build atelier: %w\n%s", err, out)
	}
	return made, nil
})
