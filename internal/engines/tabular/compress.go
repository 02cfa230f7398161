package tabular

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is how much memory a zstd frame may ask for.
const maxWindow = 64 << 20

// unpack gives what is in r, and frees the decoder afterwards. What fails without r failing is the file's fault.
func unpack(c Compression, r io.Reader) (io.Reader, func(), error) {
	if c == Uncompressed {
		return r, func() {}, nil
	}
	u := &unpacker{packed: r}
	free := func() {}
	switch c {
	case Gzip:
		z, err := gzip.NewReader(packedReader{u})
		if err != nil {
			return nil, nil, u.blame(err)
		}
		u.plain = z
	case Zstd:
		z, err := zstd.NewReader(packedReader{u}, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, nil, u.blame(err)
		}
		u.plain, free = z, z.Close
	case Bzip2:
		u.plain = bzip2.NewReader(packedReader{u})
	default:
		return nil, nil, fmt.Errorf("%w: compression %s", ErrUnsupported, c)
	}
	return u, free, nil
}

type unpacker struct {
	packed, plain io.Reader
	failed        error // of packed
}

func (u *unpacker) Read(p []byte) (int, error) {
	n, err := u.plain.Read(p)
	return n, u.blame(err)
}

func (u *unpacker) blame(err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case u.failed != nil:
		return u.failed
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}

type packedReader struct{ u *unpacker }

func (p packedReader) Read(b []byte) (int, error) {
	n, err := p.u.packed.Read(b)
	if err != nil && err != io.EOF {
		p.u.failed = err
	}
	return n, err
}

// capReader fails when more than left bytes come out of a file.
type capReader struct {
	r    io.Reader
	left int64
}

func (c *capReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	if c.left -= int64(n); c.left < 0 {
		return 0, ErrTooLarge
	}
	return n, err
}

// readSample reads up to n unpacked bytes, and whether that is all.
func readSample(o *opened, c Compression, n int) ([]byte, bool, error) {
	if c == Uncompressed && (o.all || len(o.head) >= n) {
		cut := min(n, len(o.head))
		return o.head[:cut], o.all && cut == len(o.head), nil
	}
	r, free, err := unpack(c, o.reader())
	if err != nil {
		return nil, false, fmt.Errorf("cannot unpack %s: %w", o.Name, err)
	}
	defer free()
	var b bytes.Buffer
	if _, err = io.Copy(&b, io.LimitReader(r, int64(n)+1)); err != nil {
		return nil, false, fmt.Errorf("cannot unpack %s: %w", o.Name, err)
	}
	cut := min(n, b.Len())
	return b.Bytes()[:cut], cut == b.Len(), nil
}
