package container

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// What an archive of a model may hold at most.
const (
	maxEntries  = 200_000
	maxUnpacked = 64 << 30
)

// Unpack lays the files of a .tar.gz into dir, which must be empty. An archive is hostile: names that lead out of dir, links and
// devices are refused, and so is what grows too large.
func Unpack(ctx context.Context, r io.Reader, dir string) error {
	z, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("is not a gzip archive: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	t, left := tar.NewReader(z), int64(maxUnpacked)
	for n := 0; ; n++ {
		h, err := t.Next()
		switch {
		case err == io.EOF:
			_, err := io.Copy(io.Discard, z) // the checksum is at the end
			if err != nil {
				err = fmt.Errorf("is damaged: %w", err)
			}
			return err
		case err != nil:
			return fmt.Errorf("is damaged: %w", err)
		case n >= maxEntries:
			return fmt.Errorf("has more than %d entries", maxEntries)
		case ctx.Err() != nil:
			return ctx.Err()
		}
		if err := lay(root, t, h, &left); err != nil {
			return err
		}
	}
}

var errGrows = fmt.Errorf("holds more than %d GB", maxUnpacked>>30)

func lay(root *os.Root, t *tar.Reader, h *tar.Header, left *int64) error {
	name := filepath.Clean(strings.TrimSuffix(h.Name, "/"))
	if name == "." {
		return nil
	}
	if !filepath.IsLocal(name) {
		return fmt.Errorf("has the entry %q, which leads out of the model's directory", h.Name)
	}
	switch h.Typeflag {
	case tar.TypeDir:
		return root.MkdirAll(name, 0o755)
	case tar.TypeReg:
	case tar.TypeXGlobalHeader:
		return nil
	default:
		return fmt.Errorf("has the entry %q, which is neither a file nor a directory", h.Name)
	}
	if *left -= h.Size; h.Size < 0 || *left < 0 {
		return errGrows
	}
	if err := root.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	mode := fs.FileMode(0o644)
	if h.Mode&0o100 != 0 {
		mode = 0o755
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, mode)
	if err != nil {
		return fmt.Errorf("has the entry %q, which cannot be written: %w", h.Name, err)
	}
	_, err = io.Copy(f, t)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("is damaged: %w", err)
	}
	return nil
}

// Unpack lays the archive at uri into dir.
func (e Environment) Unpack(ctx context.Context, uri, dir string) error {
	body, _, err := e.Open(ctx, uri)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", uri, err)
	}
	defer func() { _ = body.Close() }()
	if err := Unpack(ctx, body, dir); err != nil {
		return fmt.Errorf("%s %w", uri, err)
	}
	return nil
}

// Fetch lays the object at uri into the file to.
func (e Environment) Fetch(ctx context.Context, uri, to string) error {
	body, _, err := e.Open(ctx, uri)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", uri, err)
	}
	return errors.Join(save(body, to), body.Close())
}

// FetchGzip lays the object at uri, which is compressed, into the file to, without a suffix of compression.
func (e Environment) FetchGzip(ctx context.Context, uri, to string) error {
	body, _, err := e.Open(ctx, uri)
	if err != nil {
		return fmt.Errorf("cannot read %s: %w", uri, err)
	}
	defer func() { _ = body.Close() }()
	z, err := gzip.NewReader(body)
	if err != nil {
		return fmt.Errorf("%s is not compressed: %w", uri, err)
	}
	return save(io.LimitReader(z, maxUnpacked), strings.TrimSuffix(to, ".gz"))
}

// Pack writes the files below dir as a .tar.gz. Links and devices are left out: they were made by the program of a user.
func Pack(ctx context.Context, dir string, w io.Writer) error {
	z := gzip.NewWriter(w)
	t := tar.NewWriter(z)
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer func() { _ = root.Close() }()
	err = fs.WalkDir(root.FS(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || ctx.Err() != nil || name == "." || !d.IsDir() && !d.Type().IsRegular() {
			return errors.Join(err, ctx.Err())
		}
		i, err := d.Info()
		if err != nil {
			return err
		}
		h := &tar.Header{Name: name, Mode: int64(i.Mode().Perm()), ModTime: i.ModTime(), Typeflag: tar.TypeReg, Size: i.Size()}
		if d.IsDir() {
			h.Name, h.Typeflag, h.Size = name+"/", tar.TypeDir, 0
		}
		if err := t.WriteHeader(h); err != nil || d.IsDir() {
			return err
		}
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		_, err = io.CopyN(t, f, h.Size)
		return errors.Join(err, f.Close())
	})
	return errors.Join(err, t.Close(), z.Close())
}

// Mirror lays what is under a prefix as it is.
func (e Environment) Mirror(ctx context.Context, prefix, dir string) error {
	names, err := e.List(ctx, prefix)
	if err != nil {
		return fmt.Errorf("cannot list %s: %w", prefix, err)
	}
	for _, name := range names {
		if name == "" || strings.HasSuffix(name, "/") {
			continue
		}
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%s has the key %q, which leads out of its directory", prefix, name)
		}
		to := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return err
		}
		if err := e.Fetch(ctx, prefix+name, to); err != nil {
			return err
		}
	}
	return nil
}

func save(r io.Reader, to string) error {
	f, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return errors.Join(err, f.Close())
}
