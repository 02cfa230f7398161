package image

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// maxHops is how many links a path may go through.
const maxHops = 40

var errHops = errors.New("too many links")

// resolve follows the links in a path as a program inside would, of which root is the root. What is not there is left as it is.
func resolve(root *os.Root, name string) (string, error) {
	at, rest, hops := ".", strings.Split(name, "/"), 0
	for len(rest) > 0 {
		c := rest[0]
		rest = rest[1:]
		switch c {
		case "", ".":
			continue
		case "..":
			at = path.Dir(at) // of "." it is "."
			continue
		}
		next := path.Join(at, c)
		st, err := root.Lstat(next)
		if err != nil || st.Mode()&fs.ModeSymlink == 0 {
			if err != nil && !errors.Is(err, fs.ErrNotExist) && !isNotDir(err) {
				return "", err
			}
			at = next
			continue
		}
		to, err := root.Readlink(next)
		if err != nil {
			return "", err
		}
		if hops++; hops > maxHops {
			return "", fmt.Errorf("cannot follow %q: %w", name, errHops)
		}
		if path.IsAbs(to) {
			at = "."
		}
		rest = append(strings.Split(to, "/"), rest...)
	}
	return at, nil
}

// read reads a small file inside, following links inside.
func read(root *os.Root, name string, limit int64) ([]byte, error) {
	at, err := resolve(root, name)
	if err != nil {
		return nil, err
	}
	st, err := root.Lstat(at)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no file", name)
	}
	f, err := root.Open(at)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return io.ReadAll(io.LimitReader(f, limit))
}
