// Package library says which id stands for which model: it reads the file that maps ids to drivers, and opens what is asked for.
package library

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds the file, in bytes, and maxEntries what it lists.
const (
	maxFile    = 1 << 20
	maxEntries = 1024
)

// File is the configuration file, YAML or JSON.
type File struct {
	Models   []Entry   `yaml:"models"`
	Profiles []Profile `yaml:"profiles,omitempty"`
}

// Entry maps one id to a driver.
type Entry struct {
	ID       string `yaml:"id"`                 // as Bedrock's callers say it
	Name     string `yaml:"name,omitempty"`     // to be shown; the id when empty
	Provider string `yaml:"provider,omitempty"` // to be shown; what stands before the id's first dot when empty
	Family   string `yaml:"family,omitempty"`   // whose bodies InvokeModel takes; told from the id when empty
	Driver   string `yaml:"driver"`             // llamacpp, openai or bedrock

	File     string `yaml:"file,omitempty"`     // llamacpp: a GGUF file, in the models' directory when it is not absolute
	Context  int    `yaml:"context,omitempty"`  // llamacpp: tokens of a request with its answer
	Parallel int    `yaml:"parallel,omitempty"` // llamacpp: requests that are computed together

	URL       string `yaml:"url,omitempty"`          // openai: up to and with /v1
	Model     string `yaml:"model,omitempty"`        // openai, bedrock: its name there; the id when empty
	KeyEnv    string `yaml:"api-key-env,omitempty"`  // openai: variable that holds the key
	KeyFile   string `yaml:"api-key-file,omitempty"` // openai: file that holds the key
	Timeout   int    `yaml:"timeout,omitempty"`      // openai, bedrock: seconds in which an answer must go on; 0: 120
	Region    string `yaml:"region,omitempty"`       // bedrock
	Profile   string `yaml:"profile,omitempty"`      // bedrock: of the AWS configuration of the server's user
	Embedding bool   `yaml:"embedding,omitempty"`    // openai, bedrock: it makes vectors and no text
	Images    bool   `yaml:"images,omitempty"`       // openai, bedrock: it sees images
}

// Profile is an inference profile that the system defines: another name for a model.
type Profile struct {
	ID    string `yaml:"id"`
	Model string `yaml:"model"`
}

var (
	idPattern  = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9._:-]{0,127}$`)
	envPattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
)

// Families are those whose bodies InvokeModel understands.
var Families = []string{"anthropic", "llama", "titan", "titan-embed", "nova", "mistral", "cohere-embed"}

// Read reads the file at path. One that isn't there says nothing.
func Read(path string) (File, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return File{}, nil
	}
	if err != nil {
		return File{}, fmt.Errorf("cannot read models: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err != nil {
		return File{}, fmt.Errorf("cannot read models: %w", err)
	}
	out, err := Parse(b)
	if err != nil {
		return File{}, fmt.Errorf("cannot read models from %s: %w", path, err)
	}
	return out, nil
}

// Parse reads the text of a file. Errors are one line.
func Parse(b []byte) (File, error) {
	var f File
	if len(b) > maxFile {
		return f, fmt.Errorf("it is longer than %d bytes", maxFile)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(&f); err != nil && !errors.Is(err, io.EOF) {
		return File{}, errors.New(strings.Join(strings.Fields(err.Error()), " "))
	}
	return f, f.Check()
}

// Check tells what can't be.
func (f *File) Check() error {
	if len(f.Models) > maxEntries || len(f.Profiles) > maxEntries {
		return fmt.Errorf("it lists more than %d models", maxEntries)
	}
	seen := map[string]bool{}
	for _, e := range f.Models {
		if err := e.check(); err != nil {
			return err
		}
		if seen[e.ID] {
			return fmt.Errorf("id %s is there twice", e.ID)
		}
		seen[e.ID] = true
	}
	for _, p := range f.Profiles {
		switch {
		case !idPattern.MatchString(p.ID):
			return fmt.Errorf("%.60q cannot be the id of a profile", p.ID)
		case seen[p.ID]:
			return fmt.Errorf("id %s is there twice", p.ID)
		case !seen[p.Model]:
			return fmt.Errorf("profile %s is of a model that is not listed", p.ID)
		}
	}
	for _, p := range f.Profiles {
		if seen[p.ID] {
			return fmt.Errorf("id %s is there twice", p.ID)
		}
		seen[p.ID] = true
	}
	return nil
}

func (e *Entry) check() error {
	if !idPattern.MatchString(e.ID) {
		return fmt.Errorf("%.60q cannot be the id of a model", e.ID)
	}
	bad := func(format string, args ...any) error {
		return fmt.Errorf("model %s: %s", e.ID, fmt.Sprintf(format, args...))
	}
	if e.Family != "" && !slices.Contains(Families, e.Family) {
		return bad("family must be one of %s", strings.Join(Families, ", "))
	}
	if e.Context < 0 || e.Parallel < 0 || e.Timeout < 0 || e.Context > 1<<20 || e.Parallel > 64 || e.Timeout > 3600 {
		return bad("context, parallel or timeout is out of range")
	}
	if len(e.Name) > 100 || len(e.Provider) > 100 || len(e.Model) > 256 {
		return bad("name, provider or model is too long")
	}
	switch e.Driver {
	case "llamacpp":
		if e.File == "" || strings.ContainsRune(e.File, 0) {
			return bad("file must name a GGUF file")
		}
		if !filepath.IsAbs(e.File) && !filepath.IsLocal(e.File) {
			return bad("file must lie in the directory of models, or be an absolute path")
		}
	case "openai":
		u, err := url.Parse(e.URL)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
			return bad("url must be http:// or https://, without user, password and query") // it may hold one, so it isn't repeated
		}
		if e.KeyEnv != "" && !envPattern.MatchString(e.KeyEnv) {
			return bad("api-key-env must name a variable, not hold the key")
		}
	case "bedrock":
		if e.Region == "" {
			return bad("region must be named")
		}
	default:
		return bad("driver must be llamacpp, openai or bedrock")
	}
	return nil
}

// Write puts a file in the place of the old one.
func Write(path string, f File) error {
	if err := f.Check(); err != nil {
		return fmt.Errorf("cannot write models: %w", err)
	}
	b, err := yaml.Marshal(f)
	if err != nil {
		return fmt.Errorf("cannot write models: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("cannot write models: %w", err)
	}
	t, err := os.CreateTemp(filepath.Dir(path), ".models-")
	if err != nil {
		return fmt.Errorf("cannot write models: %w", err)
	}
	_, err = t.Write(b)
	err = errors.Join(err, t.Sync(), t.Close())
	if err == nil {
		err = os.Rename(t.Name(), path)
	}
	if err != nil {
		_ = os.Remove(t.Name())
		return fmt.Errorf("cannot write models: %w", err)
	}
	return nil
}
