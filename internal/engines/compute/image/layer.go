package image

import (
	"archive/tar"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/atelier-studio/atelier/internal/engines/compute"
)

// What layers may hold at most.
const (
	maxEntries = 2_000_000
	maxName    = 4096
	maxUser    = 1<<16 - 1
	nobody     = 65534
)

// What a layer takes away from those below has these names.
const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
	aufs     = ".wh..wh." // other marks of a file system of that name
)

func isNotDir(err error) bool { return errors.Is(err, syscall.ENOTDIR) }

// unpack lays layers on each other in dir and tells how many bytes they held.
func unpack(ctx context.Context, dir string, layers []v1.Layer, limit int64) (int64, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return 0, fmt.Errorf("cannot open the image's directory: %w", err)
	}
	defer func() { _ = root.Close() }()
	if os.Getuid() == 0 {
		if err := root.Chown(".", compute.FirstUser, compute.FirstUser); err != nil {
			return 0, fmt.Errorf("cannot give the image's directory to its root: %w", err)
		}
	}
	left := room{bytes: limit, files: limit, entries: maxEntries}
	for n, l := range layers {
		r, err := l.Uncompressed()
		if err == nil {
			err = errors.Join(lay(root, &bounded{ctx, r, &left.bytes}, &left), r.Close())
		}
		if err != nil {
			return 0, fmt.Errorf("layer %d: %w", n+1, err)
		}
	}
	return limit - left.files, nil
}

// room is what is left for an image: bytes of its archives, and of its files, which may be sparse in an archive.
type room struct {
	bytes, files int64
	entries      int
}

// ErrTooLarge says that an image unpacks to more than it may.
var ErrTooLarge = errors.New("image is too large")

// bounded reads no more than is left, and nothing when nobody waits for it any more.
type bounded struct {
	ctx  context.Context
	r    io.Reader
	left *int64
}

// Read reads.
func (b *bounded) Read(p []byte) (int, error) {
	if err := b.ctx.Err(); err != nil {
		return 0, err
	}
	if *b.left <= 0 {
		return 0, ErrTooLarge
	}
	if int64(len(p)) > *b.left {
		p = p[:*b.left]
	}
	n, err := b.r.Read(p)
	*b.left -= int64(n)
	return n, err
}

// layer is one that is being laid.
type layer struct {
	root  *os.Root
	added map[string]bool // what is this layer's, by its path without links

	name string   // of the directory that was entered last, as the layer calls it
	at   string   // where it is
	dir  *os.Root // it
}

// lay lays one layer, which is a tar archive.
func lay(root *os.Root, r io.Reader, left *room) error {
	l := &layer{root: root, added: map[string]bool{}}
	defer l.leave()
	for t := tar.NewReader(r); ; {
		h, err := t.Next()
		if err == io.EOF {
			_, err = io.Copy(io.Discard, r) // the digest is checked at its end
			return err
		}
		if err != nil {
			return fmt.Errorf("is damaged: %w", err)
		}
		if left.entries--; left.entries < 0 {
			return ErrTooLarge
		}
		if left.files -= h.Size; left.files < 0 {
			return ErrTooLarge
		}
		if err := l.entry(t, h); err != nil {
			return fmt.Errorf("entry %.200q: %w", h.Name, err)
		}
	}
}

func (l *layer) leave() {
	if l.dir != nil {
		_ = l.dir.Close()
		l.dir = nil
	}
}

// enter opens a directory, following links inside, and makes it when it isn't there. The last one is kept open: entries come by directory.
func (l *layer) enter(name string) error {
	if l.dir != nil && l.name == name {
		return nil
	}
	l.leave()
	at, err := resolve(l.root, name)
	if err != nil {
		return err
	}
	if _, err := l.root.Lstat(at); err != nil {
		made := "."
		for c := range strings.SplitSeq(at, "/") {
			made = path.Join(made, c)
			err := l.root.Mkdir(made, 0o755)
			if err == nil {
				err = l.give(l.root, made, 0, 0)
			} else if errors.Is(err, fs.ErrExist) {
				err = nil
			}
			if err != nil {
				return err
			}
		}
	}
	if l.dir, err = l.root.OpenRoot(at); err != nil {
		return err
	}
	l.name, l.at = name, at
	return nil
}

// give gives a file to a user of the image.
func (l *layer) give(dir *os.Root, name string, user, group int) error {
	if os.Getuid() != 0 {
		return nil // there is but one user
	}
	for _, id := range []*int{&user, &group} {
		if *id < 0 || *id > maxUser {
			*id = nobody
		}
	}
	return dir.Lchown(name, compute.FirstUser+user, compute.FirstUser+group)
}

// clean is a path inside, without a slash before and after it; "" is the root.
func clean(name string) string { return path.Clean("/" + name)[1:] }

func (l *layer) entry(t *tar.Reader, h *tar.Header) error {
	if len(h.Name) > maxName || len(h.Linkname) > maxName {
		return errors.New("has a name that is too long")
	}
	name := clean(h.Name)
	if name == "" || h.Typeflag == tar.TypeXGlobalHeader {
		return nil
	}
	parent, base := path.Split(name)
	if err := l.enter(path.Clean("/" + parent)[1:]); err != nil {
		return err
	}
	if strings.HasPrefix(base, whiteout) {
		return l.white(base)
	}
	switch h.Typeflag {
	case tar.TypeChar, tar.TypeBlock, tar.TypeFifo:
		return nil // devices of a sandbox are its own
	case tar.TypeDir:
		return l.directory(base, h)
	case tar.TypeReg, tar.TypeSymlink, tar.TypeLink:
	default:
		return fmt.Errorf("has the unknown type %q", h.Typeflag)
	}
	if err := l.away(base); err != nil {
		return err
	}
	l.add(base)
	switch h.Typeflag {
	case tar.TypeSymlink:
		if err := l.dir.Symlink(h.Linkname, base); err != nil {
			return err
		}
		return l.give(l.dir, base, h.Uid, h.Gid)
	case tar.TypeLink:
		return l.link(base, h)
	}
	return l.file(t, base, h)
}

// add notes that something is this layer's, with the directories that it lies in.
func (l *layer) add(base string) {
	for at := path.Join(l.at, base); at != "." && !l.added[at]; at = path.Dir(at) {
		l.added[at] = true
	}
}

// away removes what is in the way.
func (l *layer) away(base string) error {
	st, err := l.dir.Lstat(base)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if !st.IsDir() {
		return l.dir.Remove(base)
	}
	return l.dir.RemoveAll(base)
}

func (l *layer) directory(base string, h *tar.Header) error {
	st, err := l.dir.Lstat(base)
	if err != nil || !st.IsDir() {
		if err := l.away(base); err != nil {
			return err
		}
		if err := l.dir.Mkdir(base, 0o755); err != nil {
			return err
		}
	}
	l.add(base)
	if err := l.give(l.dir, base, h.Uid, h.Gid); err != nil {
		return err
	}
	return l.dir.Chmod(base, mode(h)|0o700)
}

// mode is what of a mode counts: what is set-uid would not be obeyed.
func mode(h *tar.Header) fs.FileMode {
	m := fs.FileMode(h.Mode) & fs.ModePerm
	if h.Mode&0o1000 != 0 {
		m |= fs.ModeSticky
	}
	return m
}

func (l *layer) file(t *tar.Reader, base string, h *tar.Header) error {
	f, err := l.dir.OpenFile(base, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, t)
	if err := errors.Join(err, l.give(l.dir, base, h.Uid, h.Gid), f.Chmod(mode(h)|0o400), f.Close()); err != nil {
		return err
	}
	if h.ModTime.IsZero() {
		return nil
	}
	return l.dir.Chtimes(base, h.ModTime, h.ModTime) // compiled Python knows its source by it
}

// link makes a second name for a file that is there.
func (l *layer) link(base string, h *tar.Header) error {
	dir, name := path.Split(clean(h.Linkname))
	from, err := resolve(l.root, dir)
	if err != nil {
		return err
	}
	if name == "" {
		return errors.New("links to the root")
	}
	return l.root.Link(path.Join(from, name), path.Join(l.at, base))
}

// white takes away what layers below have.
func (l *layer) white(base string) error {
	switch {
	case base == opaque:
		return l.empty(l.at)
	case strings.HasPrefix(base, aufs):
		return nil
	}
	name := strings.TrimPrefix(base, whiteout)
	if name == "" || name == "." || name == ".." {
		return errors.New("takes away nothing")
	}
	if l.added[path.Join(l.at, name)] {
		return nil
	}
	return l.away(name)
}

// empty removes what of a directory is not this layer's.
func (l *layer) empty(at string) error {
	dir, err := l.root.Open(at)
	if err != nil {
		return err
	}
	entries, err := dir.ReadDir(-1)
	if err := errors.Join(err, dir.Close()); err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(at, e.Name())
		switch {
		case !l.added[name]:
			err = l.root.RemoveAll(name)
		case e.IsDir():
			err = l.empty(name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
