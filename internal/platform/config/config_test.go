package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "atelier.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func env(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func TestFlagsGoBeforeEnvironmentBeforeFile(t *testing.T) {
	file := write(t, "listen: 127.0.0.1:1\nregion: eu-west-1\ndata-dir: /from/file\ndomains: [one.test, two.test]\n")
	c, err := Load(file, env("ATELIER_REGION", "eu-west-2", "ATELIER_DATA_DIR", "/from/env"), map[string]string{"data-dir": "/from/flag"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:1" || c.Region != "eu-west-2" || c.DataDir != "/from/flag" {
		t.Errorf("got %+v", c)
	}
	if want := []string{"one.test", "two.test"}; !slices.Equal(c.Domains, want) {
		t.Errorf("domains = %v, want %v", c.Domains, want)
	}
	if c.LogLevel != "info" {
		t.Errorf("log level = %q, want the default", c.LogLevel)
	}
}

func TestFileFromTheEnvironment(t *testing.T) {
	c, err := Load("", env("ATELIER_CONFIG", write(t, "region: ap-south-1\n"), "ATELIER_DOMAINS", "a.test, b.test"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Region != "ap-south-1" || c.Get("domains") != "a.test,b.test" {
		t.Errorf("got %+v", c)
	}
}

func TestEverySettingIsAField(t *testing.T) {
	for _, s := range Settings() {
		var c Config
		if err := c.Set(s.Name, "x"); err != nil || c.Get(s.Name) != "x" {
			t.Errorf("%s: got %q, %v", s.Name, c.Get(s.Name), err)
		}
	}
	var c Config
	if err := c.Set("colour", "x"); err == nil {
		t.Error("an unknown setting was taken")
	}
}

func TestRefused(t *testing.T) {
	f := func(want, yaml string, vars ...string) {
		t.Helper()
		_, err := Load(write(t, yaml), env(vars...), nil)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q %v: got %v, want one line with %q", yaml, vars, err, want)
		}
	}
	f("field colour not found", "colour: blue\n")
	f("cannot read configuration", "listen: [\n")
	f("listen must be host:port", "listen: here\n")
	f("s3-listen must be host:port", "s3-listen: here\n")
	f("data-dir must name", "data-dir: ''\n")
	f("region must be named", "region: ''\n")
	f("log-level must be", "log-level: loud\n")
	f("database must be a postgres", "database: mysql://secret\n")
	f("must be set together", "", "ATELIER_ROOT_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
	f("16 to 128", "", "ATELIER_ROOT_ACCESS_KEY_ID", "short", "ATELIER_ROOT_SECRET_ACCESS_KEY", "0123456789012345")
	f("at least 16", "", "ATELIER_ROOT_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE", "ATELIER_ROOT_SECRET_ACCESS_KEY", "short")
	if _, err := Load(filepath.Join(t.TempDir(), "none"), env(), nil); err == nil {
		t.Error("a missing file was taken")
	}
}
