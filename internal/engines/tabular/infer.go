package tabular

import (
	"context"
	"fmt"
	"strings"
)

// Options bound what is looked at. The zero value will do.
type Options struct {
	SampleBytes int          // unpacked bytes from the beginning; 1 MiB if 0
	MaxBytes    int64        // unpacked bytes of a file, in reading rows; 16 GiB if 0
	MaxRecord   int          // bytes of a record; 16 MiB if 0
	MaxMemory   int64        // for what must be held in memory, as a stream of Parquet; 256 MiB if 0
	Classifiers []Classifier // asked in this order, before those that are built in
}

// Classifier is a custom classifier: CSVClassifier, JSONClassifier, *GrokClassifier.
type Classifier interface {
	// classify tells what the sample is, and false when it is nothing that this classifier knows.
	classify(*sample) (Schema, bool)
}

func (o Options) withDefaults() Options {
	o.SampleBytes = or(o.SampleBytes, 1<<20)
	o.MaxBytes = or(o.MaxBytes, 16<<30)
	o.MaxRecord = or(o.MaxRecord, 16<<20)
	o.MaxMemory = or(o.MaxMemory, 256<<20)
	return o
}

// sample is the beginning of a file, as UTF-8.
type sample struct {
	text  []byte
	whole bool // that is all of it
}

// firstParquet is read of a file whose name says that it is Parquet, whose footer will be asked for next.
const firstParquet = 512

// Infer tells what a file is. That it is empty, unknown, or of a format that cannot be read is an answer in Format, not an
// error. Errors: those of the source, ErrCorrupt, ErrTooLarge.
func Infer(ctx context.Context, src Source, o Options) (Schema, error) {
	o = o.withDefaults()
	if err := ctx.Err(); err != nil {
		return Schema{}, err
	}
	n := o.SampleBytes
	if src.at != nil && src.Size > int64(n) && strings.Contains(src.Name, ".parquet") {
		n = firstParquet
	}
	f, err := src.start(n)
	if err != nil {
		return Schema{}, err
	}
	defer f.close()
	if len(f.head) == 0 {
		return Schema{Compression: Uncompressed, Whole: true}, nil
	}
	switch format := magicFormat(f.head); format {
	case None:
	case Parquet:
		return inferParquet(f, o)
	default:
		return Schema{Format: format, Classification: string(format), Compression: Uncompressed}, nil
	}
	c := magicCompression(f.head)
	if !c.Readable() {
		return Schema{Format: Unknown, Classification: string(Unknown), Compression: c}, nil
	}
	b, whole, err := readSample(f, c, o.SampleBytes)
	if err != nil {
		return Schema{}, err
	}
	s := inferText(b, whole, o)
	s.Compression = c
	s.Whole = whole
	return s, nil
}

// inferText asks the classifiers, those of the caller first.
func inferText(b []byte, whole bool, o Options) Schema {
	if len(b) == 0 {
		return Schema{}
	}
	if f := magicFormat(b); f != None {
		return Schema{Format: Unknown, Classification: string(Unknown)}
	}
	text, encoding := decodeText(b, whole)
	if encoding == "" {
		return Schema{Format: Unknown, Classification: string(Unknown)}
	}
	s := &sample{text: text, whole: whole}
	out := classify(s, o.Classifiers)
	if out.Format != None {
		out.Encoding = encoding
	}
	return out
}

func classify(s *sample, custom []Classifier) Schema {
	blank := len(strings.TrimSpace(string(s.text[:min(len(s.text), 4096)]))) == 0
	if blank && s.whole && len(strings.TrimSpace(string(s.text))) == 0 {
		return Schema{}
	}
	for _, c := range custom {
		if out, ok := c.classify(s); ok {
			return out
		}
	}
	if out, ok := (JSONClassifier{}).classify(s); ok {
		return out
	}
	if isXML(s.text) {
		return Schema{Format: XML, Classification: string(XML)}
	}
	if out, ok := inferLog(s); ok {
		return out
	}
	if out, ok := (CSVClassifier{}).infer(s, false); ok {
		return out
	}
	return Schema{Format: Unknown, Classification: string(Unknown)}
}

func isXML(b []byte) bool {
	return strings.HasPrefix(strings.TrimLeft(string(b[:min(len(b), 256)]), " \t\r\n"), "<?xml")
}

// recovered turns a panic of a decoder that was fed rubbish into an error.
func recovered(what string, err *error) {
	switch r := recover().(type) {
	case nil:
	case allocError:
		*err = fmt.Errorf("cannot decode %s: %w", what, r.error)
	default:
		*err = fmt.Errorf("cannot decode %s: %w: %v", what, ErrCorrupt, r)
	}
}
