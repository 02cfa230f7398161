package dataset

import (
	"encoding/binary"
	"errors"
	"fmt"
	"mime"
	"strconv"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// Content types.
const (
	CSV      = "text/csv"
	JSON     = "application/json"
	Lines    = "application/jsonlines"
	LIBSVM   = "text/libsvm"
	RecordIO = "application/x-recordio-protobuf"
)

// Options are how rows are read.
type Options struct {
	Label   bool // rows of CSV begin with a label, unless the content type says label_size=0
	Width   int  // columns without the label, when they are known: rows of CSV that have just as many have no label
	Missing bool // an empty field of CSV, or NaN, is a missing value
}

// ErrType is a content type that Read doesn't know.
var ErrType = errors.New("the content type is not supported")

// ErrEmpty is a body without a row.
var ErrEmpty = errors.New("there is no row")

// Kind gives the format of a content type, "" when it is none of ours.
func Kind(contentType string) string {
	switch kind := learn.MediaType(contentType); kind {
	case CSV, JSON, Lines, LIBSVM, RecordIO:
		return kind
	case "application/x-jsonlines":
		return Lines
	case "text/x-libsvm":
		return LIBSVM
	}
	return ""
}

// Read reads all rows of a body. Without a content type it is RecordIO when it looks so, else CSV.
func Read(contentType string, body []byte, o Options) (*Rows, error) {
	kind := Kind(contentType)
	if learn.MediaType(contentType) == "" {
		kind = CSV
		if len(body) >= 4 && binary.LittleEndian.Uint32(body) == recordMagic {
			kind = RecordIO
		}
	}
	r := &Rows{}
	var err error
	switch kind {
	case CSV:
		labels := 0
		if o.Label {
			labels = 1
		}
		if _, given, e := mime.ParseMediaType(contentType); e == nil && given["label_size"] != "" {
			o.Width = 0
			if labels, err = strconv.Atoi(given["label_size"]); err != nil || labels < 0 || labels > 1 {
				return nil, fmt.Errorf("label_size must be 0 or 1, not %s", given["label_size"])
			}
		}
		err = r.readCSV(body, labels, o)
	case JSON:
		err = r.readJSON(body)
	case Lines:
		err = r.readLines(body)
	case LIBSVM:
		err = r.readLIBSVM(body, o)
	case RecordIO:
		err = r.readRecordIO(body, o)
	default:
		err = ErrType
	}
	if err == nil && r.rows == 0 {
		err = ErrEmpty
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}
