// Package credfile keeps the credentials file of a data directory, in AWS's shared-credentials format, and the note
// beside it that says where the server answers.
// Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
package credfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Default is the profile of the management account's root key.
const Default = "default"

// Profile is one section. Either it has a key of its own, or it names a role to assume with another profile's key.
type Profile struct {
	Name                               string
	AccessKeyID, SecretAccessKey       string
	SessionToken                       string
	RoleARN, SourceProfile, ExternalID string
	Region                             string
}

// Path is where the file of a data directory lies.
func Path(dataDir string) string { return filepath.Join(dataDir, "credentials") }

// Load reads every profile in the order of the file. A missing file has none.
func Load(path string) ([]Profile, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read credentials: %w", err)
	}
	return parse(b), nil
}

// Find reads the profile named name.
func Find(path, name string) (Profile, error) {
	all, err := Load(path)
	if err != nil {
		return Profile{}, err
	}
	for _, p := range all {
		if p.Name == name {
			return p, nil
		}
	}
	return Profile{}, fmt.Errorf("cannot find profile %q in %s", name, path)
}

// Put adds p, or takes the place of the profile of its name. The file is replaced whole, so a reader never sees half
// of it, and only its owner may read it.
func Put(path string, p Profile) error {
	if p.Name == "" || strings.ContainsAny(p.Name, "[]\r\n") {
		return fmt.Errorf("cannot name a profile %q", p.Name)
	}
	all, err := Load(path)
	if err != nil {
		return err
	}
	found := false
	for i := range all {
		if all[i].Name == p.Name {
			all[i], found = p, true
		}
	}
	if !found {
		all = append(all, p)
	}
	return writeFile(path, format(all))
}

func parse(b []byte) []Profile {
	var all []Profile
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		if line[0] == '[' && strings.HasSuffix(line, "]") {
			all = append(all, Profile{Name: strings.TrimSpace(line[1 : len(line)-1])})
			continue
		}
		k, v, ok := strings.Cut(line, "=")
		if !ok || len(all) == 0 {
			continue
		}
		if f := all[len(all)-1].field(strings.ToLower(strings.TrimSpace(k))); f != nil {
			*f = strings.TrimSpace(v)
		}
	}
	return all
}

var fields = []string{"aws_access_key_id", "aws_secret_access_key", "aws_session_token", "role_arn", "source_profile",
	"external_id", "region"}

func (p *Profile) field(key string) *string {
	switch key {
	case "aws_access_key_id":
		return &p.AccessKeyID
	case "aws_secret_access_key":
		return &p.SecretAccessKey
	case "aws_session_token":
		return &p.SessionToken
	case "role_arn":
		return &p.RoleARN
	case "source_profile":
		return &p.SourceProfile
	case "external_id":
		return &p.ExternalID
	case "region":
		return &p.Region
	}
	return nil
}

func format(all []Profile) []byte {
	var b bytes.Buffer
	for i, p := range all {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "[%s]\n", p.Name)
		for _, k := range fields {
			if v := *p.field(k); v != "" {
				fmt.Fprintf(&b, "%s = %s\n", k, v)
			}
		}
	}
	return b.Bytes()
}

// writeFile replaces path with b, readable by its owner alone, and syncs it.
func writeFile(path string, b []byte) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return fmt.Errorf("cannot write %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
			err = fmt.Errorf("cannot write %s: %w", path, err)
		}
	}()
	if err := f.Chmod(0o600); err != nil {
		_ = f.Close()
		return err
	}
	if _, err := f.Write(b); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Sync(); err != nil {
		_ = f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
