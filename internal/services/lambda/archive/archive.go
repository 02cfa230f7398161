// Package archive unpacks zip archives of strangers: nothing leaves the directory, and nothing grows beyond what is allowed.
package archive

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const (
	// MaxUnpacked is how many bytes a function has with its layers.
	// Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
	MaxUnpacked = 262144000
	// maxEntries is how many files and directories an archive has at most, so that empty ones cost little.
	maxEntries = 50_000
	// maxName is how long a path may be.
	maxName = 1024
	// maxLink is how long the target of a symbolic link may be.
	maxLink = 1024
)

// ErrTooLarge is an archive that is larger unpacked than MaxUnpacked.
var ErrTooLarge = errors.New("archive is too large unpacked")

// ErrMalformed is no archive, or one that would write where it must not.
var ErrMalformed = errors.New("archive is malformed")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// Check reads an archive's directory, and gives the size of what it holds. Unpack holds the archive to it.
func Check(r io.ReaderAt, size int64) (unpacked int64, err error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return 0, malformed("%v", err)
	}
	return check(z)
}

func check(z *zip.Reader) (total int64, err error) {
	if len(z.File) == 0 {
		return 0, malformed("it is empty")
	}
	if len(z.File) > maxEntries {
		return 0, ErrTooLarge
	}
	for _, f := range z.File {
		if err := checkEntry(f); err != nil {
			return 0, err
		}
		if f.UncompressedSize64 > MaxUnpacked {
			return 0, ErrTooLarge
		}
		if total += int64(f.UncompressedSize64); total > MaxUnpacked {
			return 0, ErrTooLarge
		}
	}
	return total, nil
}

func checkEntry(f *zip.File) error {
	if _, ok := local(f.Name); !ok {
		return malformed("%.100q is no path within it", f.Name)
	}
	switch f.Mode().Type() {
	case 0, fs.ModeDir, fs.ModeSymlink:
	default:
		return malformed("%.100q is neither file, directory nor link", f.Name)
	}
	if f.Flags&1 != 0 {
		return malformed("%.100q is encrypted", f.Name)
	}
	if f.Method != zip.Store && f.Method != zip.Deflate {
		return malformed("%.100q is compressed in an unknown way", f.Name)
	}
	return nil
}

// local is an entry's path within the directory.
func local(name string) (string, bool) {
	clean := strings.TrimSuffix(name, "/")
	ok := clean != "" && len(name) <= maxName && !strings.ContainsAny(clean, "\\\x00") && filepath.IsLocal(clean)
	return path.Clean(clean), ok
}

// Unpack writes what an archive holds into dir, which must be there and empty, and gives its size. Links are made last, so
// that nothing is written through one.
func Unpack(r io.ReaderAt, size int64, dir string) (written int64, err error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return 0, malformed("%v", err)
	}
	if _, err := check(z); err != nil {
		return 0, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	u := unpacking{root: root, left: MaxUnpacked}
	for _, f := range z.File {
		if err := u.entry(f); err != nil {
			return 0, fault(err)
		}
	}
	for _, f := range u.links {
		if err := u.link(f); err != nil {
			return 0, fault(err)
		}
	}
	return MaxUnpacked - u.left, nil
}

// fault tells an archive's own errors from the disk's.
func fault(err error) error {
	if errors.Is(err, zip.ErrFormat) || errors.Is(err, zip.ErrChecksum) || errors.Is(err, zip.ErrAlgorithm) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, fs.ErrExist) || strings.HasPrefix(err.Error(), "flate:") {
		return malformed("%v", err)
	}
	return err
}

type unpacking struct {
	root  *os.Root
	left  int64
	links []*zip.File
}

func (u *unpacking) entry(f *zip.File) error {
	name, _ := local(f.Name)
	if f.Mode().IsDir() {
		return u.root.MkdirAll(name, 0o755)
	}
	if dir := path.Dir(name); dir != "." {
		if err := u.root.MkdirAll(dir, 0o755); err != nil {
			return err
		}
	}
	if f.Mode()&fs.ModeSymlink != 0 {
		u.links = append(u.links, f)
		return nil
	}
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	// Everybody may read what everybody may run: the sandbox is another user.
	mode := f.Mode().Perm()&0o755 | 0o444
	out, err := u.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	n, err := io.Copy(out, io.LimitReader(in, u.left+1))
	if err := errors.Join(err, out.Close()); err != nil {
		return err
	}
	if u.left -= n; u.left < 0 {
		return ErrTooLarge
	}
	return u.root.Chmod(name, mode) // of a file that came twice
}

func (u *unpacking) link(f *zip.File) error {
	in, err := f.Open()
	if err != nil {
		return err
	}
	defer in.Close()
	target, err := io.ReadAll(io.LimitReader(in, maxLink+1))
	if err != nil {
		return err
	}
	name, _ := local(f.Name)
	if len(target) > maxLink || len(target) == 0 || path.IsAbs(string(target)) || !filepath.IsLocal(path.Join(path.Dir(name), string(target))) {
		return malformed("the link %.100q leads out of it", f.Name)
	}
	return u.root.Symlink(string(target), name)
}
