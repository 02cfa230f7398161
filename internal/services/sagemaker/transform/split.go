package transform

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Split says how an object is cut.
type Split string

// The ways to cut, as SageMaker names them.
const (
	Whole    Split = "None"
	Line     Split = "Line"
	RecordIO Split = "RecordIO"
	TFRecord Split = "TFRecord"
)

// ErrLarge is a record of more bytes than a request may have.
var ErrLarge = errors.New("a record is larger than the payload may be")

// reader cuts an object into records.
type reader struct {
	from  *bufio.Reader
	split Split
	limit int // bytes of a record
	done  bool
}

func newReader(r io.Reader, split Split, limit int) *reader {
	return &reader{from: bufio.NewReaderSize(r, 256<<10), split: split, limit: limit}
}

// next gives the next record, io.EOF after the last. A line comes without its end, other records with their frame.
func (r *reader) next() ([]byte, error) {
	switch r.split {
	case Line:
		return r.line()
	case RecordIO:
		return r.recordIO()
	case TFRecord:
		return r.tfRecord()
	}
	if r.done {
		return nil, io.EOF
	}
	r.done = true
	b, err := io.ReadAll(io.LimitReader(r.from, int64(r.limit)+1))
	if err == nil && len(b) > r.limit {
		err = ErrLarge
	}
	return b, err
}

// line reads up to the next end of line. An empty line is a record too, but nothing follows the last end.
func (r *reader) line() ([]byte, error) {
	var out []byte
	for {
		part, err := r.from.ReadSlice('\n')
		out = append(out, part...)
		if len(out) > r.limit+2 {
			return nil, ErrLarge
		}
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(out) == 0:
			return nil, io.EOF
		case err != nil && err != io.EOF:
			return nil, err
		}
		if n := len(out); n > 0 && out[n-1] == '\n' {
			out = out[:n-1]
		}
		if n := len(out); n > 0 && out[n-1] == '\r' {
			out = out[:n-1]
		}
		if len(out) > r.limit {
			return nil, ErrLarge
		}
		return out, nil
	}
}

// recordMagic begins each record of MXNet's RecordIO. Source: https://mxnet.apache.org/versions/1.9.1/api/architecture/note_data_loading
const recordMagic = 0xced7230a

// recordIO reads frames up to the end of a record: one may be cut into several.
func (r *reader) recordIO() (out []byte, err error) {
	for {
		var head [8]byte
		if _, err := io.ReadFull(r.from, head[:]); err != nil {
			if err == io.EOF && len(out) == 0 {
				return nil, io.EOF
			}
			return nil, broken("RecordIO", err)
		}
		if binary.LittleEndian.Uint32(head[:]) != recordMagic {
			return nil, errors.New("the object is not in RecordIO format")
		}
		word := binary.LittleEndian.Uint32(head[4:])
		part, size := word>>29, int(word&(1<<29-1))
		if len(out)+size > r.limit {
			return nil, ErrLarge
		}
		body := make([]byte, (size+3)/4*4)
		if _, err := io.ReadFull(r.from, body); err != nil {
			return nil, broken("RecordIO", err)
		}
		out = append(append(out, head[:]...), body...)
		if part == 0 || part == 3 { // whole, or its last part
			return out, nil
		}
	}
}

// tfRecord reads a record of TensorFlow's: length, checksum, data, checksum.
// Source: https://www.tensorflow.org/tutorials/load_data/tfrecord
func (r *reader) tfRecord() ([]byte, error) {
	var head [12]byte
	if _, err := io.ReadFull(r.from, head[:]); err != nil {
		if err == io.EOF {
			return nil, io.EOF
		}
		return nil, broken("TFRecord", err)
	}
	size := binary.LittleEndian.Uint64(head[:])
	if size > uint64(r.limit) {
		return nil, ErrLarge
	}
	out := make([]byte, 12+size+4)
	copy(out, head[:])
	if _, err := io.ReadFull(r.from, out[12:]); err != nil {
		return nil, broken("TFRecord", err)
	}
	return out, nil
}

func broken(format string, err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("the object ends within a record of %s", format)
	}
	return err
}
