// Package fetch brings the files of models to disk: from HTTPS, from a Hugging Face repository, from S3 or from another directory.
// What broke off goes on where it was; a file is put in place only when it is whole and its checksum is right.
package fetch

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Part is what a source gives: the rest of a file from an offset.
type Part struct {
	Body   io.ReadCloser
	Offset int64  // where it begins; 0 when the source cannot go on
	Size   int64  // of the whole file, -1 when it isn't known
	Tag    string // of the file's version: another one begins anew
	SHA256 string // of the whole file, "" when the source doesn't say
}

// Source is a file elsewhere.
type Source interface {
	// Open gives the file from offset on, when its version is tag ("" takes any).
	Open(ctx context.Context, offset int64, tag string) (Part, error)
}

// Options say how a file is fetched.
type Options struct {
	SHA256   string                  // that it must have, "" takes the source's word
	Max      int64                   // bytes it may have
	Progress func(done, total int64) // called now and then; total is -1 when it isn't known
}

// ErrChecksum is a file that is not the one that was wanted. What was fetched is removed.
var ErrChecksum = errors.New("the checksum is wrong")

// To puts a source's file at path.
func To(ctx context.Context, src Source, path string, o Options) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("cannot fetch: %w", err)
	}
	part, tagged := path+".part", path+".part.tag"
	tag, offset := "", int64(0)
	if b, err := os.ReadFile(tagged); err == nil {
		if info, err := os.Stat(part); err == nil {
			tag, offset = strings.TrimSpace(string(b)), info.Size()
		}
	}
	p, err := src.Open(ctx, offset, tag)
	if err != nil {
		return err
	}
	defer p.Body.Close()
	if p.Size > o.Max {
		return fmt.Errorf("cannot fetch: the file has %d bytes, more than %d", p.Size, o.Max)
	}
	f, err := os.OpenFile(part, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return fmt.Errorf("cannot fetch: %w", err)
	}
	defer f.Close()
	if p.Tag != "" {
		if err := os.WriteFile(tagged, []byte(p.Tag), 0o644); err != nil {
			return fmt.Errorf("cannot fetch: %w", err)
		}
	}
	sum, err := receive(ctx, f, p, o)
	if err != nil {
		if p.Tag == "" { // it could not be gone on with
			_ = os.Remove(part)
		}
		return err
	}
	want := o.SHA256
	if want == "" {
		want = p.SHA256
	}
	_ = os.Remove(tagged)
	if want != "" && !strings.EqualFold(want, sum) {
		_ = os.Remove(part)
		return fmt.Errorf("%w: it is %s, not %s", ErrChecksum, sum, want)
	}
	if err := os.Rename(part, path); err != nil {
		return fmt.Errorf("cannot fetch: %w", err)
	}
	return nil
}

// receive writes what comes, and gives the hash of the whole.
func receive(ctx context.Context, f *os.File, p Part, o Options) (string, error) {
	h := sha256.New()
	if _, err := io.CopyN(h, f, p.Offset); err != nil {
		return "", fmt.Errorf("cannot fetch: %w", err)
	}
	if err := f.Truncate(p.Offset); err != nil {
		return "", fmt.Errorf("cannot fetch: %w", err)
	}
	done := p.Offset
	buf := make([]byte, 1<<20)
	for {
		if err := ctx.Err(); err != nil {
			return "", err
		}
		n, err := p.Body.Read(buf)
		if done += int64(n); done > o.Max {
			return "", fmt.Errorf("cannot fetch: the file has more than %d bytes", o.Max)
		}
		_, _ = h.Write(buf[:n]) // hashes don't fail
		if _, failed := f.Write(buf[:n]); failed != nil {
			return "", fmt.Errorf("cannot fetch: %w", failed)
		}
		if o.Progress != nil && n > 0 {
			o.Progress(done, p.Size)
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", fmt.Errorf("cannot fetch: it broke off after %d bytes; the same command goes on: %w", done, err)
		}
	}
	if p.Size >= 0 && done != p.Size {
		return "", fmt.Errorf("cannot fetch: it broke off after %d of %d bytes; the same command goes on", done, p.Size)
	}
	return hex.EncodeToString(h.Sum(nil)), f.Sync()
}
