// Package blobs keeps what images consist of as files that are named by their SHA-256: <dir>/sha256/<two digits>/<digest>. What many
// repositories have lies here once. A blob is written to a file of its upload, hashed, synced and put in place in one step, so that a
// file under a digest is always whole.
package blobs

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// The errors of uploads.
var (
	ErrDigest   = errors.New("digest does not match the content")
	ErrNoUpload = errors.New("upload does not exist")
	ErrOffset   = errors.New("part does not begin where the last one ended")
)

var (
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	uploadForm = regexp.MustCompile(`^[0-9a-zA-Z._-]{1,200}$`)
)

// Valid tells whether a digest has the form of one that can be kept.
func Valid(digest string) bool { return digestForm.MatchString(digest) }

// Of is the digest of data.
func Of(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// Store is a directory of blobs and uploads.
type Store struct{ dir string }

// New names the directory. It is made with the first upload.
func New(dir string) *Store { return &Store{dir} }

func (s *Store) path(digest string) string {
	hex := digest[len("sha256:"):]
	return filepath.Join(s.dir, "sha256", hex[:2], hex)
}

func (s *Store) upload(id string) (string, error) {
	if !uploadForm.MatchString(id) || id[0] == '.' {
		return "", ErrNoUpload
	}
	return filepath.Join(s.dir, "uploads", id), nil
}

// Open opens a blob; fs.ErrNotExist when there is none.
func (s *Store) Open(digest string) (*os.File, error) {
	if !Valid(digest) {
		return nil, fs.ErrNotExist
	}
	return os.Open(s.path(digest))
}

// Size is a blob's size in bytes; fs.ErrNotExist when there is none.
func (s *Store) Size(digest string) (int64, error) {
	if !Valid(digest) {
		return 0, fs.ErrNotExist
	}
	info, err := os.Stat(s.path(digest))
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Begin begins an upload.
func (s *Store) Begin(id string) error {
	path, err := s.upload(id)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return fmt.Errorf("cannot begin upload: %w", err)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("cannot begin upload: %w", err)
	}
	return f.Close()
}

// Offset is how much of an upload has come.
func (s *Store) Offset(id string) (int64, error) {
	path, err := s.upload(id)
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ErrNoUpload
	}
	if err != nil {
		return 0, fmt.Errorf("cannot read upload: %w", err)
	}
	return info.Size(), nil
}

// Append adds to an upload what begins at offset, -1: wherever it stands, and gives how much has come. A part that breaks off is kept as
// far as it came: its sender asks for the offset and goes on.
func (s *Store) Append(id string, offset int64, data io.Reader) (int64, error) {
	path, err := s.upload(id)
	if err != nil {
		return 0, err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ErrNoUpload
	}
	if err != nil {
		return 0, fmt.Errorf("cannot write upload: %w", err)
	}
	info, err := f.Stat()
	if err == nil && offset >= 0 && offset != info.Size() {
		err = ErrOffset
	}
	if err != nil {
		return 0, errors.Join(err, f.Close())
	}
	n, err := io.Copy(f, data)
	if err = errors.Join(err, f.Close()); err != nil {
		return info.Size() + n, fmt.Errorf("cannot write upload: %w", err)
	}
	return info.Size() + n, nil
}

// Finish makes an upload the blob of a digest, and gives its size.
func (s *Store) Finish(id, digest string) (int64, error) {
	path, err := s.upload(id)
	if err != nil {
		return 0, err
	}
	if !Valid(digest) {
		return 0, ErrDigest
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ErrNoUpload
	}
	if err != nil {
		return 0, fmt.Errorf("cannot finish upload: %w", err)
	}
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return 0, fmt.Errorf("cannot finish upload: %w", err)
	}
	if "sha256:"+hex.EncodeToString(h.Sum(nil)) != digest {
		return 0, ErrDigest
	}
	to := s.path(digest)
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return 0, fmt.Errorf("cannot finish upload: %w", err)
	}
	if err := errors.Join(os.Rename(path, to), syncDir(filepath.Dir(to))); err != nil {
		return 0, fmt.Errorf("cannot finish upload: %w", err)
	}
	now := time.Now()
	return size, os.Chtimes(to, now, now) // Sweep leaves young ones alone
}

// Cancel forgets an upload.
func (s *Store) Cancel(id string) error {
	path, err := s.upload(id)
	if err != nil {
		return err
	}
	if err := os.Remove(path); errors.Is(err, fs.ErrNotExist) {
		return ErrNoUpload
	} else if err != nil {
		return fmt.Errorf("cannot cancel upload: %w", err)
	}
	return nil
}

// Sweep removes uploads that nobody has added to, and blobs that nobody has used, since before.
func (s *Store) Sweep(before time.Time, used func(digest string) (bool, error)) error {
	err := each(filepath.Join(s.dir, "uploads"), func(path string, info fs.FileInfo) error {
		if info.ModTime().Before(before) {
			return os.Remove(path)
		}
		return nil
	})
	if err != nil {
		return err
	}
	return each(filepath.Join(s.dir, "sha256"), func(path string, info fs.FileInfo) error {
		if !info.ModTime().Before(before) {
			return nil
		}
		if is, err := used("sha256:" + filepath.Base(path)); err != nil || is {
			return err
		}
		return os.Remove(path)
	})
}

// each walks the files below a directory, which may not be there.
func each(dir string, f func(path string, info fs.FileInfo) error) error {
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		return f(path, info)
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func syncDir(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
