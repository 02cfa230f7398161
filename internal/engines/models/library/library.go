package library

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/models"
	"github.com/atelier-studio/atelier/internal/engines/models/bedrock"
	"github.com/atelier-studio/atelier/internal/engines/models/llamacpp"
	"github.com/atelier-studio/atelier/internal/engines/models/openai"
)

// Config is what a library needs.
type Config struct {
	Dir     string // of the models' files
	File    string // that maps ids; "": Dir/models.yaml
	Runtime *llamacpp.Runtime
	Getenv  func(string) string
}

// Library finds models by their ids. The file is read again when it has changed.
type Library struct {
	Config

	mu     sync.Mutex
	file   File
	seen   time.Time // when the file was changed that was read
	size   int64
	failed error // of the last reading
	opened map[Entry]models.Model
}

// New makes a library. Nothing is read yet.
func New(c Config) *Library {
	if c.File == "" {
		c.File = filepath.Join(c.Dir, "models.yaml")
	}
	return &Library{Config: c, opened: map[Entry]models.Model{}}
}

// List gives what is mapped. A file that cannot be read any more leaves what was read before, and the error.
func (l *Library) List() (File, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refresh()
	return l.file, l.failed
}

func (l *Library) refresh() {
	info, err := os.Stat(l.File)
	if err != nil {
		l.file, l.seen, l.size, l.failed = File{}, time.Time{}, 0, nil
		return
	}
	if info.ModTime().Equal(l.seen) && info.Size() == l.size {
		return
	}
	l.seen, l.size = info.ModTime(), info.Size()
	f, err := Read(l.File)
	if l.failed = err; err == nil {
		l.file = f
	}
}

// Find gives the entry of an id of a model, or of a profile's model.
func (l *Library) Find(id string) (Entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refresh()
	return l.file.find(id)
}

func (f *File) find(id string) (Entry, bool) {
	if i := slices.IndexFunc(f.Profiles, func(p Profile) bool { return p.ID == id }); i >= 0 {
		id = f.Profiles[i].Model
	}
	i := slices.IndexFunc(f.Models, func(e Entry) bool { return e.ID == id })
	if i < 0 {
		return Entry{}, false
	}
	return f.Models[i], true
}

// Open gives the model of an entry. The same entry gives the same model.
func (l *Library) Open(e Entry) (models.Model, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m := l.opened[e]; m != nil {
		return m, nil
	}
	m, err := l.open(e)
	if err != nil {
		return nil, err
	}
	l.opened[e] = m
	return m, nil
}

func (l *Library) open(e Entry) (models.Model, error) {
	name := e.Model
	if name == "" {
		name = e.ID
	}
	timeout := time.Duration(e.Timeout) * time.Second
	switch e.Driver {
	case "llamacpp":
		path := e.File
		if !filepath.IsAbs(path) {
			path = filepath.Join(l.Dir, path)
		}
		return l.Runtime.Open(llamacpp.Spec{File: path, Context: e.Context, Parallel: e.Parallel})
	case "openai":
		return openai.New(openai.Config{URL: e.URL, Model: name, Key: func() (string, error) { return l.key(e) }, Timeout: timeout, Images: e.Images}), nil
	case "bedrock":
		return bedrock.New(bedrock.Config{Region: e.Region, Profile: e.Profile, Model: name, Timeout: timeout}), nil
	}
	return nil, models.Errorf(models.Unknown, "The model has no driver.")
}

// key reads the key of a server when it is needed, so that it is kept nowhere.
func (l *Library) key(e Entry) (string, error) {
	switch {
	case e.KeyEnv != "":
		if k := l.Getenv(e.KeyEnv); k != "" {
			return k, nil
		}
		return "", fmt.Errorf("variable %s holds no key", e.KeyEnv)
	case e.KeyFile != "":
		b, err := os.ReadFile(e.KeyFile)
		if err != nil {
			return "", fmt.Errorf("cannot read the key of model %s: %w", e.ID, err)
		}
		return strings.TrimSpace(string(b)), nil
	}
	return "", nil
}

// Embeds tells that a model makes vectors.
func (l *Library) Embeds(e Entry) bool {
	if e.Driver != "llamacpp" {
		return e.Embedding
	}
	m, err := l.Open(e)
	if err != nil {
		return false
	}
	c, ok := m.(*llamacpp.Model)
	return ok && c.Header().Embedding()
}

// FamilyOf is whose bodies a model takes: what the entry says, or what its id begins with; "" when neither tells.
func (e Entry) FamilyOf() string {
	if e.Family != "" {
		return e.Family
	}
	id := e.ID
	if before, after, ok := strings.Cut(id, "."); ok && len(before) <= 6 && !strings.Contains(before, "-") { // us., eu., apac., global.
		switch before {
		case "us", "eu", "apac", "global", "jp", "au":
			id = after
		}
	}
	for _, f := range [][2]string{{"anthropic.", "anthropic"}, {"meta.", "llama"}, {"amazon.titan-embed", "titan-embed"}, {"amazon.titan", "titan"},
		{"amazon.nova", "nova"}, {"mistral.", "mistral"}, {"cohere.embed", "cohere-embed"}} {
		if strings.HasPrefix(id, f[0]) {
			return f[1]
		}
	}
	return ""
}

// ProviderOf is the provider to be shown.
func (e Entry) ProviderOf() string {
	if e.Provider != "" {
		return e.Provider
	}
	before, _, ok := strings.Cut(e.ID, ".")
	if !ok {
		return "Atelier"
	}
	return strings.ToUpper(before[:1]) + before[1:]
}

// Embedder gives the first model that makes vectors, for what needs likeness and names no model; nil when there is none.
func (l *Library) Embedder() models.Model {
	f, _ := l.List()
	for _, e := range f.Models {
		if l.Embeds(e) {
			if m, err := l.Open(e); err == nil {
				return m
			}
		}
	}
	return nil
}
