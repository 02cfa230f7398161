package tabular

import (
	"bytes"
	"errors"
)

// Format is what kind of file it is, in Glue's words.
type Format string

const (
	None    Format = "" // an empty file
	CSV     Format = "csv"
	JSON    Format = "json"
	Parquet Format = "parquet"
	Grok    Format = "grok" // lines that a pattern matches
	Avro    Format = "avro" // recognised only, as the two that follow
	ORC     Format = "orc"
	XML     Format = "xml"
	Unknown Format = "UNKNOWN"
)

// Readable tells whether the columns and rows of a format can be read.
func (f Format) Readable() bool { return f == CSV || f == JSON || f == Parquet || f == Grok }

// Compression is how a whole file is packed, in Glue's words. What Parquet packs inside itself is its Codec.
type Compression string

const (
	Uncompressed Compression = "none"
	Gzip         Compression = "gzip"
	Zstd         Compression = "zstd"
	Bzip2        Compression = "bzip2"
	Snappy       Compression = "snappy" // recognised only, as those that follow
	LZ4          Compression = "lz4"
	XZ           Compression = "xz"
	Zip          Compression = "zip"
)

// Readable tells whether a file that is packed so can be read.
func (c Compression) Readable() bool {
	return c == Uncompressed || c == Gzip || c == Zstd || c == Bzip2
}

var (
	// ErrCorrupt is the error of a file that is broken: cut off, or not what its magic says.
	ErrCorrupt = errors.New("the file is corrupt")
	// ErrTooLarge is the error of a file, or of a record in it, above the limits.
	ErrTooLarge = errors.New("too large to be read")
	// ErrUnsupported is the error of reading rows of a format that is only recognised.
	ErrUnsupported = errors.New("the format is not supported")
)

var parquetMagic = []byte("PAR1")

// magicFormat is the format that says so in its first bytes, None when it does not.
func magicFormat(head []byte) Format {
	switch {
	case bytes.HasPrefix(head, parquetMagic), bytes.HasPrefix(head, []byte("PARE")):
		return Parquet
	case bytes.HasPrefix(head, []byte("Obj\x01")):
		return Avro
	case bytes.HasPrefix(head, []byte("ORC")) && len(head) > 3 && head[3] < ' ':
		return ORC
	}
	return None
}

func magicCompression(head []byte) Compression {
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b\x08")):
		return Gzip
	case bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")), len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], []byte("\x2a\x4d\x18")):
		return Zstd
	case len(head) >= 10 && bytes.HasPrefix(head, []byte("BZh")) && bytes.Equal(head[4:10], []byte("\x31\x41\x59\x26\x53\x59")):
		return Bzip2
	case bytes.HasPrefix(head, []byte("\xff\x06\x00\x00sNaPpY")):
		return Snappy
	case bytes.HasPrefix(head, []byte("\x04\x22\x4d\x18")):
		return LZ4
	case bytes.HasPrefix(head, []byte("\xfd7zXZ\x00")):
		return XZ
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return Zip
	}
	return Uncompressed
}
