// Package config is what a server can be told: by flags, by the environment and by a YAML file, in this order of weight.
package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/url"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Config is the configuration of a server.
type Config struct {
	Listen    string   `yaml:"listen"`     // host:port of all services
	DataDir   string   `yaml:"data-dir"`   // objects, state and keys
	Database  string   `yaml:"database"`   // postgres://…; "" keeps the state in the data directory
	Region    string   `yaml:"region"`     // of requests that name none
	S3Listen  string   `yaml:"s3-listen"`  // host:port of S3's own port; "" for none
	Domains   []string `yaml:"domains"`    // of virtual-host addressing: bucket.<domain>
	SQLEngine string   `yaml:"sql-engine"` // trino://…; "" runs SQL in this process
	LogLevel  string   `yaml:"log-level"`  // debug, info, warn or error
	Models    string   `yaml:"models"`     // file that maps ids of foundation models; "": models/models.yaml of the data directory
	// directory of llama.cpp's shared library; "": models/runtime of the data directory
	LlamaLibrary string `yaml:"llama-library"`
	Compute      string `yaml:"compute"`      // "process", "docker" or unix://… of a Docker daemon: what runs images
	RuntimesDir  string `yaml:"runtimes-dir"` // packages of languages; servers may share it; "": lambda/runtimes of the data directory
	Mail         string `yaml:"mail"`         // smtp://user:password@host:port?from=address; "": nothing is mailed
	// "true" lets topics, API destinations and HTTP APIs call addresses of this machine itself.
	DeliverToLoopback string `yaml:"deliver-to-loopback"`
	ServerlessIdle    string `yaml:"serverless-idle"` // how long an instance of a serverless endpoint waits for a request: "5m"

	// The first root user's key; random when empty. They come from the environment alone.
	RootAccessKeyID     string `yaml:"-"`
	RootSecretAccessKey string `yaml:"-"`
}

// Default is the configuration of a server that is told nothing.
func Default() Config {
	return Config{Listen: "127.0.0.1:4566", DataDir: "./atelier-data", Region: "us-east-1",
		Domains: []string{"localhost", "s3.localhost"}, ServerlessIdle: "5m", LogLevel: "info"}
}

// Setting is one value that a flag or a variable can set.
type Setting struct {
	Name  string // of the flag and in the file: "data-dir"
	About string
}

// Variable is the setting's environment variable: "ATELIER_DATA_DIR".
func (s Setting) Variable() string {
	return "ATELIER_" + strings.ToUpper(strings.ReplaceAll(s.Name, "-", "_"))
}

// Settings lists what can be set, in the order in which it is shown.
func Settings() []Setting {
	return []Setting{
		{"listen", "host:port of all services"},
		{"data-dir", "directory of objects, state and keys"},
		{"database", "postgres://… to keep the state in PostgreSQL instead of the data directory"},
		{"region", "region of requests that name none"},
		{"s3-listen", "host:port of a port that only S3 answers on"},
		{"domains", "domains of virtual-host addressing, separated by commas"},
		{"sql-engine", "trino://user@host:port/catalog?account=… to run Athena's queries on Trino instead of in this process"},
		{"mail", "smtp://user:password@host:port?from=address of the server that mails what topics have for email addresses"},
		{"deliver-to-loopback", "true lets topics, API destinations and HTTP APIs call addresses of this machine"},
		{"serverless-idle", "how long an instance of a serverless endpoint waits for its next request before it ends"},
		{"models", "YAML file that says which model does the work of which id (default models/models.yaml in the data directory)"},
		{"llama-library", "directory of llama.cpp's shared library (default models/runtime in the data directory)"},
		{"compute", "what runs images: process (sandboxes of the server, the default), docker, or unix:///path of a Docker daemon's socket"},
		{"runtimes-dir", "directory of what functions and models of a language need; servers may share one (default lambda/runtimes in the data directory)"},
		{"log-level", "debug, info, warn or error"},
	}
}

// Get is a setting as text. An unknown name is "".
func (c *Config) Get(name string) string {
	if name == "domains" {
		return strings.Join(c.Domains, ",")
	}
	if p := c.text(name); p != nil {
		return *p
	}
	return ""
}

// Set sets a setting from text.
func (c *Config) Set(name, value string) error {
	if name == "domains" {
		c.Domains = nil
		for d := range strings.SplitSeq(value, ",") {
			if d = strings.TrimSpace(d); d != "" {
				c.Domains = append(c.Domains, d)
			}
		}
		return nil
	}
	p := c.text(name)
	if p == nil {
		return fmt.Errorf("unknown setting %q", name)
	}
	*p = value
	return nil
}

func (c *Config) text(name string) *string {
	switch name {
	case "listen":
		return &c.Listen
	case "data-dir":
		return &c.DataDir
	case "database":
		return &c.Database
	case "region":
		return &c.Region
	case "s3-listen":
		return &c.S3Listen
	case "sql-engine":
		return &c.SQLEngine
	case "mail":
		return &c.Mail
	case "deliver-to-loopback":
		return &c.DeliverToLoopback
	case "serverless-idle":
		return &c.ServerlessIdle
	case "models":
		return &c.Models
	case "llama-library":
		return &c.LlamaLibrary
	case "compute":
		return &c.Compute
	case "runtimes-dir":
		return &c.RuntimesDir
	case "log-level":
		return &c.LogLevel
	}
	return nil
}

// Load joins what is set. flags are the settings that were given on the command line; file is the YAML file's path, "" for
// none. The result has passed Check.
func Load(file string, getenv func(string) string, flags map[string]string) (Config, error) {
	c := Default()
	if file == "" {
		file = getenv("ATELIER_CONFIG")
	}
	if file != "" {
		if err := c.read(file); err != nil {
			return c, err
		}
	}
	for _, s := range Settings() {
		value, given := flags[s.Name]
		if !given {
			value = getenv(s.Variable())
			given = value != ""
		}
		if given {
			if err := c.Set(s.Name, value); err != nil {
				return c, err
			}
		}
	}
	c.RootAccessKeyID, c.RootSecretAccessKey = getenv("ATELIER_ROOT_ACCESS_KEY_ID"), getenv("ATELIER_ROOT_SECRET_ACCESS_KEY")
	return c, c.Check()
}

// read puts what the file says over c. A key that nobody knows is an error.
func (c *Config) read(path string) error {
	b, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read configuration: %w", err)
	}
	d := yaml.NewDecoder(bytes.NewReader(b))
	d.KnownFields(true)
	if err := d.Decode(c); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("cannot read configuration %s: %s", path, strings.Join(strings.Fields(err.Error()), " "))
	}
	return nil
}

// Idle is ServerlessIdle as a time; 0 when it is none.
func (c *Config) Idle() time.Duration {
	d, _ := time.ParseDuration(c.ServerlessIdle)
	return d
}

// Check tells what can't work.
func (c *Config) Check() error {
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		return fmt.Errorf("listen must be host:port, such as 127.0.0.1:4566, not %q", c.Listen)
	}
	if _, _, err := net.SplitHostPort(c.S3Listen); err != nil && c.S3Listen != "" {
		return fmt.Errorf("s3-listen must be host:port, such as 127.0.0.1:4567, not %q", c.S3Listen)
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return fmt.Errorf("log-level must be debug, info, warn or error, not %q", c.LogLevel)
	}
	if u, err := url.Parse(c.Mail); c.Mail != "" && (err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" || u.Host == "" || u.Query().Get("from") == "") {
		return errors.New("mail must be smtp://host:port?from=address") // it may hold a password, so it isn't repeated
	}
	switch {
	case c.DeliverToLoopback != "" && c.DeliverToLoopback != "true" && c.DeliverToLoopback != "false":
		return errors.New("deliver-to-loopback must be true or false")
	case c.Idle() <= 0:
		return fmt.Errorf("serverless-idle must be a time, such as 5m, not %q", c.ServerlessIdle)
	case c.Compute != "" && c.Compute != "process" && c.Compute != "docker" && !strings.HasPrefix(c.Compute, "unix:///"):
		return errors.New("compute must be process, docker or unix:///path of a daemon's socket")
	case c.DataDir == "":
		return errors.New("data-dir must name a directory")
	case c.Region == "":
		return errors.New("region must be named, such as us-east-1")
	case c.Database != "" && !strings.HasPrefix(c.Database, "postgres://") && !strings.HasPrefix(c.Database, "postgresql://"):
		return errors.New("database must be a postgres:// address") // it may hold a password, so it isn't repeated
	case c.SQLEngine != "" && !strings.HasPrefix(c.SQLEngine, "trino://"):
		return errors.New("sql-engine must be a trino:// address") // nor is this
	case (c.RootAccessKeyID == "") != (c.RootSecretAccessKey == ""):
		return errors.New("ATELIER_ROOT_ACCESS_KEY_ID and ATELIER_ROOT_SECRET_ACCESS_KEY must be set together")
	case c.RootAccessKeyID != "" && (len(c.RootAccessKeyID) < 16 || len(c.RootAccessKeyID) > 128):
		return errors.New("ATELIER_ROOT_ACCESS_KEY_ID must have 16 to 128 characters")
	case c.RootSecretAccessKey != "" && len(c.RootSecretAccessKey) < 16:
		return errors.New("ATELIER_ROOT_SECRET_ACCESS_KEY must have at least 16 characters")
	}
	return nil
}

// Level is the least severe level that is logged.
func (c *Config) Level() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // Check has seen it
	return level
}
