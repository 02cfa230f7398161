package sandbox

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// layers returns one directory that shows all layers, the last one on top; "" when there are none. It is kept: layers do not change.
func (r *runtimes) layers(dirs []string) (string, error) {
	switch len(dirs) {
	case 0:
		return "", nil
	case 1:
		return dirs[0], nil
	}
	sum := sha256.Sum256([]byte(strings.Join(dirs, "\n")))
	name := "layers-" + hex.EncodeToString(sum[:12])
	got, err, _ := r.flight.Do(name, func() (any, error) {
		return r.layered.Install(name, func(target string) error {
			for _, dir := range dirs {
				if err := overlay(dir, target); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		return "", err
	}
	return got.(string), nil
}

// overlay puts the files of dir over those of target: as links to the same file where it can, which costs no space.
func overlay(dir, target string) error {
	root, err := os.OpenRoot(target)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		old, missing := root.Lstat(name)
		switch {
		case d.IsDir():
			if missing == nil && !old.IsDir() {
				if err := root.Remove(name); err != nil {
					return err
				}
			}
			if err := root.Mkdir(name, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
				return err
			}
			return nil
		case missing == nil:
			if err := root.RemoveAll(name); err != nil {
				return err
			}
		}
		if d.Type()&fs.ModeSymlink != 0 {
			to, err := os.Readlink(path)
			if err != nil {
				return err
			}
			return root.Symlink(to, name)
		}
		if !d.Type().IsRegular() {
			return nil
		}
		return place(path, root, name)
	})
}

// place links or copies a file.
func place(path string, root *os.Root, name string) error {
	if err := os.Link(path, filepath.Join(root.Name(), name)); err == nil {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := root.WriteFile(name, b, 0o644); err != nil {
		return err
	}
	return root.Chmod(name, info.Mode().Perm())
}
