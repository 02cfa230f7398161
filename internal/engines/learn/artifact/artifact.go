// Package artifact keeps a model in two files of a directory: model.json, which says what it is, and model.f32, its numbers: float32,
// little endian, one after the other.
package artifact

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
)

const (
	headerFile  = "model.json"
	numbersFile = "model.f32"
	maxHeader   = 1 << 20
)

// Write writes a model. The header says how many numbers there are, in whatever way Read's caller can check.
func Write(dir string, header any, numbers []float32) error {
	b, err := json.MarshalIndent(header, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, headerFile), append(b, '\n'), 0o644); err != nil {
		return err
	}
	b = make([]byte, 0, 4*len(numbers))
	for _, f := range numbers {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(f))
	}
	return os.WriteFile(filepath.Join(dir, numbersFile), b, 0o644)
}

// Read reads a model into a header. Its numbers may take so many bytes and must all be numbers.
func Read(dir string, header any, limit int64) ([]float32, error) {
	b, err := readFile(dir, headerFile, maxHeader)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(header); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", headerFile, err)
	}
	if b, err = readFile(dir, numbersFile, limit); err != nil {
		return nil, err
	}
	if len(b)%4 != 0 {
		return nil, errors.New(numbersFile + " is cut off")
	}
	numbers := make([]float32, len(b)/4)
	for i := range numbers {
		if numbers[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])); numbers[i]-numbers[i] != 0 {
			return nil, errors.New(numbersFile + " has a value that is no number")
		}
	}
	return numbers, nil
}

func readFile(dir, name string, limit int64) ([]byte, error) {
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("the model has no %s: %w", name, err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(b)) > limit {
		err = fmt.Errorf("%s is larger than %d bytes", name, limit)
	}
	return b, err
}
