// Package facts holds what the public API models of AWS say about each service: protocols, operations, HTTP bindings,
// members, constraints and errors. It is derived from a pinned botocore release and carries no documentation text.
package facts

import (
	"compress/gzip"
	"embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:generate go run github.com/atelier-studio/atelier/internal/wire/factsgen

//go:embed data/*.json.gz data/index.json
var files embed.FS

// Entry is what routing needs of a service without decoding all its facts.
type Entry struct {
	Name           string   `json:"name"`                   // as the facts are named: "iam"
	ServiceID      string   `json:"serviceId"`              // "IAM"
	SigningName    string   `json:"signingName"`            // credential scope: "bedrock" for all bedrock services
	EndpointPrefix string   `json:"endpointPrefix"`         // first label of the public endpoint: "monitoring"
	TargetPrefix   string   `json:"targetPrefix,omitempty"` // X-Amz-Target before the dot
	APIVersion     string   `json:"apiVersion"`             // Version parameter of the query protocol
	Protocols      []string `json:"protocols"`              // botocore's names, preferred first
}

type cache struct {
	mu    sync.Mutex
	once  sync.Once
	index []Entry
	err   error
	done  map[string]*Service
}

// The decoded facts are immutable and come from the binary itself, so one copy serves every server of the process.
var loaded cache

// Index lists the services, sorted by name.
func Index() []Entry {
	loaded.once.Do(func() {
		b, err := files.ReadFile("data/index.json")
		if err == nil {
			err = json.Unmarshal(b, &loaded.index)
		}
		loaded.err = err
	})
	if loaded.err != nil {
		panic(fmt.Sprintf("facts index is broken: %v", loaded.err)) // built in: can't happen in a tested build
	}
	return loaded.index
}

// Names lists the services that have facts, without decoding them.
func Names() []string {
	var names []string
	for _, e := range Index() {
		names = append(names, e.Name)
	}
	return names
}

// Load returns the facts of a service. They are decoded once and shared: treat them as read-only.
func Load(name string) (*Service, error) {
	loaded.mu.Lock()
	defer loaded.mu.Unlock()
	if s := loaded.done[name]; s != nil {
		return s, nil
	}
	f, err := files.Open("data/" + name + ".json.gz")
	if err != nil {
		return nil, fmt.Errorf("cannot load facts: no service %q", name)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("cannot load facts of %s: %w", name, err)
	}
	s := &Service{}
	if err := json.NewDecoder(z).Decode(s); err != nil {
		return nil, fmt.Errorf("cannot load facts of %s: %w", name, err)
	}
	if loaded.done == nil {
		loaded.done = map[string]*Service{}
	}
	loaded.done[name] = s
	return s, nil
}
