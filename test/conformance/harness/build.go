package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"sync"
)

// Root is the directory of the module.
func Root() string {
	_, file, _, _ := runtime.Caller(0)
	return filepath.Join(filepath.Dir(file), "..", "..", "..")
}

// Binary builds cmd/atelier, once per process, and returns its path. Processes that build at the same time each put a
// whole file in place.
var Binary = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(Root(), ".cache", "test-bin")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("cannot build atelier: %w", err)
	}
	made := filepath.Join(dir, "atelier."+strconv.Itoa(os.Getpid()))
	c := exec.Command("go", "build", "-o", made, "./cmd/atelier")
	c.Dir = Root()
	if out, err := c.CombinedOutput(); err != nil {
		return "", fmt.Errorf("cannot build atelier: %w\n%s", err, out)
	}
	final := filepath.Join(dir, "atelier")
	if err := os.Rename(made, final); err != nil {
		return "", fmt.Errorf("cannot build atelier: %w", err)
	}
	return final, nil
})
