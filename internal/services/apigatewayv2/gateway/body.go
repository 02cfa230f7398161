package gateway

import (
	"errors"
	"io"
)

var errTooLarge = errors.New("body is too large")

// readAll reads a body of at most maxPayload bytes. What its sender only announces gets no memory in advance.
func readAll(r io.Reader, announced int64) ([]byte, error) {
	if announced > maxPayload {
		return nil, errTooLarge
	}
	b := make([]byte, 0, min(max(announced+1, 512), 64<<10))
	for {
		n, err := r.Read(b[len(b):cap(b)])
		if b = b[:len(b)+n]; len(b) > maxPayload {
			return nil, errTooLarge
		}
		if err == io.EOF {
			return b, nil
		}
		if err != nil {
			return nil, err
		}
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
	}
}
