package ecr

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// software is a package that an image has.
type software struct{ Kind, Name, Version string }

func (w software) key() string { return w.Kind + ":" + w.Name + "@" + w.Version }

var errUnreadable = errors.New("the image's layers are no archives that can be read")

const (
	// maxUnpacked is how much of an image is looked at, maxDatabase of one file, and maxPackages how many packages are told.
	maxUnpacked = 16 << 30
	maxDatabase = 64 << 20
	maxPackages = 20_000
)

// packages reads the databases of package managers out of an image's layers. A later layer's file counts for an earlier one's.
func (s *Service) packages(ctx context.Context, p picture) ([]software, error) {
	m, err := readManifest([]byte(p.Manifest), p.MediaType)
	if err != nil {
		return nil, errUnreadable
	}
	files, left := map[string][]software{}, int64(maxUnpacked)
	for _, d := range m.Layers {
		if len(d.URLs) > 0 {
			continue
		}
		if err := s.layerPackages(ctx, d.Digest, files, &left); err != nil {
			return nil, err
		}
	}
	seen := map[software]bool{}
	var out []software
	for _, list := range files {
		for _, w := range list {
			if !seen[w] && len(out) < maxPackages {
				seen[w] = true
				out = append(out, w)
			}
		}
	}
	slices.SortFunc(out, func(a, b software) int { return strings.Compare(a.key(), b.key()) })
	return out, nil
}

func (s *Service) layerPackages(ctx context.Context, digest string, files map[string][]software, left *int64) error {
	f, err := s.blobs.Open(digest)
	if err != nil {
		return fmt.Errorf("cannot read layer: %w", err)
	}
	defer f.Close()
	r, err := unpacked(bufio.NewReaderSize(f, 1<<16))
	if err != nil {
		return err
	}
	counted := &io.LimitedReader{R: r, N: *left}
	defer func() { *left = counted.N }()
	for t := tar.NewReader(counted); ; {
		if err := ctx.Err(); err != nil {
			return err
		}
		h, err := t.Next()
		switch {
		case err == io.EOF:
			return nil
		case err != nil && counted.N == 0:
			return errors.New("the image is too large to be scanned")
		case err != nil:
			return errUnreadable
		}
		name := strings.TrimPrefix(path.Clean("/"+h.Name), "/")
		if base := path.Base(name); strings.HasPrefix(base, ".wh.") { // a file of an earlier layer that is gone
			gone := path.Join(path.Dir(name), strings.TrimPrefix(base, ".wh."))
			for has := range files {
				if has == gone || strings.HasPrefix(has, gone+"/") {
					delete(files, has)
				}
			}
			continue
		}
		read := reading(name)
		if read == nil || h.Typeflag != tar.TypeReg || h.Size > maxDatabase {
			continue
		}
		text, err := io.ReadAll(io.LimitReader(t, maxDatabase))
		if err != nil {
			return errUnreadable
		}
		files[name] = read(text)
	}
}

// unpacked finds out how a layer is compressed.
func unpacked(r *bufio.Reader) (io.Reader, error) {
	magic, _ := r.Peek(4) // a shorter layer is no archive
	switch {
	case bytes.HasPrefix(magic, []byte{0x1f, 0x8b}):
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, errUnreadable
		}
		return z, nil
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		z, err := zstd.NewReader(r, zstd.WithDecoderMaxMemory(256<<20), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, errUnreadable
		}
		return z.IOReadCloser(), nil
	}
	return r, nil
}

// reading tells how a file lists packages, nil when it does not.
func reading(name string) func([]byte) []software {
	switch {
	case name == "var/lib/dpkg/status", path.Dir(name) == "var/lib/dpkg/status.d":
		return func(b []byte) []software { return stanzas(b, "deb", "Package", "Version") }
	case name == "lib/apk/db/installed":
		return func(b []byte) []software { return stanzas(b, "apk", "P", "V") }
	case strings.HasSuffix(name, ".dist-info/METADATA"), strings.HasSuffix(name, ".egg-info/PKG-INFO"):
		return func(b []byte) []software {
			head, _, _ := bytes.Cut(b, []byte("\n\n"))
			return stanzas(head, "python", "Name", "Version")
		}
	}
	return nil
}

// stanzas reads paragraphs of "Name: value" lines.
func stanzas(text []byte, kind, name, version string) (out []software) {
	w := software{Kind: kind}
	end := func() {
		if w.Name != "" && len(out) < maxPackages {
			out = append(out, w)
		}
		w = software{Kind: kind}
	}
	for line := range strings.SplitSeq(string(text), "\n") {
		if strings.TrimSpace(line) == "" {
			end()
			continue
		}
		key, value, ok := strings.Cut(strings.TrimRight(line, "\r"), ":")
		if !ok {
			continue
		}
		switch key {
		case name:
			w.Name = clip(value)
		case version:
			w.Version = clip(value)
		}
	}
	end()
	return out
}

func clip(s string) string {
	s = strings.TrimSpace(s)
	return strings.ToValidUTF8(s[:min(len(s), 256)], "")
}
