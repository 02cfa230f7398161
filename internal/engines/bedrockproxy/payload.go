package bedrockproxy

import (
	"bytes"
	"encoding/csv"
	"mime"
	"strings"
	"unicode/utf8"
)

// frame is how the records of a request are put together, and so their answers.
type frame int

const (
	single  frame = iota // one document
	list                 // a list of documents
	lines                // a document on each line
	letters              // a text
)

// unit is one record of a payload: what is asked for it, and whether its answer is a list. err is what is wrong with it.
type unit struct {
	questions []question
	list      bool
	err       error
}

// maxDepth is how deep a document may be.
const maxDepth = 100

const (
	errType = refusal("The content type is not supported: send application/json, application/jsonlines, text/plain or text/csv.")
	errJSON = refusal("The record is not JSON.")
	errText = refusal("The text is not UTF-8.")
	errCSV  = refusal("The request is not CSV.")
)

// payload reads the body of a request. Its error is one of the whole request.
func (c Config) payload(contentType string, body []byte) (frame, []unit, error) {
	kind, _, err := mime.ParseMediaType(contentType)
	if contentType == "" {
		kind, err = "application/json", nil
	}
	switch {
	case err != nil:
		return 0, nil, errType
	case kind == "application/json":
		if v, ok := document(body); ok {
			records, several := v.([]any)
			if !several {
				return single, []unit{c.unit(v)}, nil
			}
			units := make([]unit, len(records))
			for i, r := range records {
				units[i] = c.unit(r)
			}
			return list, units, nil
		}
		// Batch transforms put lines together, and say no more than what is in each.
		first, _, more := bytes.Cut(bytes.TrimSpace(body), []byte("\n"))
		if _, ok := document(first); !ok || !more {
			return 0, nil, errJSON
		}
		return lines, c.lines(body), nil
	case kind == "application/jsonlines", kind == "application/x-jsonlines", kind == "application/jsonl", kind == "application/x-ndjson":
		return lines, c.lines(body), nil
	case kind == "text/plain":
		if !utf8.Valid(body) {
			return 0, nil, errText
		}
		if !c.Batch {
			return letters, []unit{c.unit(string(body))}, nil
		}
		var units []unit
		for l := range strings.Lines(string(body)) {
			if l = strings.TrimRight(l, "\r\n"); strings.TrimSpace(l) != "" {
				units = append(units, c.unit(l))
			}
		}
		return lines, units, nil
	case kind == "text/csv":
		return c.rows(body)
	}
	return 0, nil, errType
}

func (c Config) unit(record any) unit {
	qs, list, err := c.questions(record)
	if err != nil {
		return unit{err: err}
	}
	return unit{questions: qs, list: list}
}

func (c Config) lines(body []byte) (units []unit) {
	for l := range bytes.Lines(body) {
		if l = bytes.TrimSpace(l); len(l) == 0 {
			continue
		}
		v, ok := document(l)
		if !ok {
			units = append(units, unit{err: errJSON})
			continue
		}
		units = append(units, c.unit(v))
	}
	return units
}

// rows reads CSV, each row a record.
func (c Config) rows(body []byte) (frame, []unit, error) {
	if !utf8.Valid(body) {
		return 0, nil, errText
	}
	r := csv.NewReader(bytes.NewReader(body))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	rows, err := r.ReadAll()
	if err != nil {
		return 0, nil, errCSV
	}
	units := make([]unit, len(rows))
	for i, row := range rows {
		if len(row) == 1 {
			units[i] = c.unit(row[0])
			continue
		}
		columns := make([]any, len(row))
		for j, cell := range row {
			columns[j] = cell
		}
		units[i] = c.unit(columns)
	}
	return lines, units, nil
}

// document reads one JSON document that is not too deep.
func document(b []byte) (v any, ok bool) {
	if v = decode(b, &v); v == nil && string(bytes.TrimSpace(b)) != "null" || deeper(v, maxDepth) {
		return nil, false
	}
	return v, true
}

func deeper(v any, left int) bool {
	if left == 0 {
		return true
	}
	switch v := v.(type) {
	case map[string]any:
		for _, x := range v {
			if deeper(x, left-1) {
				return true
			}
		}
	case []any:
		for _, x := range v {
			if deeper(x, left-1) {
				return true
			}
		}
	}
	return false
}
