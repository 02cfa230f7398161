package iceberg

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"path"
	"time"

	iceio "github.com/apache/iceberg-go/io"
)

// Objects is where the files of tables lie. Locations are URIs, or paths. Absence is fs.ErrNotExist.
type Objects interface {
	// Open opens a file for reading.
	Open(ctx context.Context, location string) (File, error)
	// Create begins a file. It is there once Close gave no error.
	Create(ctx context.Context, location string) (io.WriteCloser, error)
	// Remove removes a file. One that isn't there is no error.
	Remove(ctx context.Context, location string) error
	// List walks the files below a location.
	List(ctx context.Context, below string, each func(Object) error) error
}

// File is an open file.
type File interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64
}

// Object is a file that a list found.
type Object struct {
	Location string
	Size     int64
	Changed  time.Time
}

// maxMetadata bounds files that are read whole: metadata, lists of manifests, and manifests.
const maxMetadata = 128 << 20

// files is Objects as iceberg-go takes them.
type files struct {
	ctx     context.Context
	objects Objects
}

var (
	_ iceio.WriteFileIO     = files{}
	_ iceio.ReadFileIO      = files{}
	_ iceio.ListableIO      = files{}
	_ iceio.BulkRemovableIO = files{}
)

func (f files) Open(name string) (iceio.File, error) {
	in, err := f.objects.Open(f.ctx, name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return opened{in, name}, nil
}

func (f files) ReadFile(name string) ([]byte, error) {
	in, err := f.objects.Open(f.ctx, name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	defer in.Close()
	if in.Size() > maxMetadata {
		return nil, fmt.Errorf("%s is larger than %d bytes", name, maxMetadata)
	}
	return io.ReadAll(in)
}

func (f files) Create(name string) (iceio.FileWriter, error) {
	w, err := f.objects.Create(f.ctx, name)
	if err != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: err}
	}
	return created{w}, nil
}

func (f files) WriteFile(name string, p []byte) error {
	w, err := f.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(p)
	if closed := w.Close(); err == nil {
		err = closed
	}
	return err
}

func (f files) Remove(name string) error { return f.objects.Remove(f.ctx, name) }

func (f files) DeleteFiles(ctx context.Context, names []string) (gone []string, err error) {
	for _, n := range names {
		if err := f.objects.Remove(ctx, n); err != nil {
			return gone, err
		}
		gone = append(gone, n)
	}
	return gone, nil
}

func (f files) WalkDir(root string, each fs.WalkDirFunc) error {
	return f.objects.List(f.ctx, root, func(o Object) error { return each(o.Location, entry{o}, nil) })
}

type opened struct {
	File
	name string
}

func (o opened) Stat() (fs.FileInfo, error) { return entry{Object{o.name, o.Size(), time.Time{}}}, nil }

type created struct{ io.WriteCloser }

func (c created) ReadFrom(r io.Reader) (int64, error) { return io.Copy(c.WriteCloser, r) }

// entry describes a file.
type entry struct{ o Object }

func (e entry) Name() string               { return path.Base(e.o.Location) }
func (e entry) Size() int64                { return e.o.Size }
func (e entry) Mode() fs.FileMode          { return 0o600 }
func (e entry) ModTime() time.Time         { return e.o.Changed }
func (e entry) IsDir() bool                { return false }
func (e entry) Sys() any                   { return nil }
func (e entry) Type() fs.FileMode          { return 0 }
func (e entry) Info() (fs.FileInfo, error) { return e, nil }
