package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// maxDepth bounds how deep a template nests; CloudFormation's own is far below what stacks of calls bear.
const maxDepth = 100

var errShape = &Error{"Template format error: unsupported structure."}

// decode reads JSON or YAML as nested map[string]any, []any, string, bool and json.Number. Short forms come out as long ones.
func decode(body []byte) (map[string]any, error) {
	if len(body) > MaxFromS3 {
		return nil, errorf("Template may not exceed %d bytes in size.", MaxFromS3)
	}
	body = bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))
	var v any
	var err error
	switch trimmed := bytes.TrimLeft(body, " \t\r\n"); {
	case len(trimmed) == 0:
		return nil, errShape
	case trimmed[0] == '{':
		v, err = decodeJSON(body)
	default:
		v, err = decodeYAML(body)
	}
	if err != nil {
		return nil, err
	}
	root, ok := v.(map[string]any)
	if !ok {
		return nil, errShape
	}
	return root, nil
}

func decodeJSON(body []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	v, err := readJSON(d, "", 0)
	if err == nil {
		if _, end := d.Token(); !errors.Is(end, io.EOF) {
			err = errJSON
		}
	}
	var said *Error
	if err == nil || errors.As(err, &said) {
		return v, err
	}
	line, column := position(body, int(d.InputOffset()))
	return nil, errorf("Template format error: JSON not well-formed. (line %d, column %d)", line, column)
}

var errJSON = errors.New("not well-formed")

func readJSON(d *json.Decoder, path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errShape
	}
	t, err := d.Token()
	if err != nil {
		return nil, err
	}
	switch t {
	case nil:
		return nil, nullAt(path)
	case json.Delim('{'):
		m := map[string]any{}
		for d.More() {
			k, err := d.Token()
			if err != nil {
				return nil, err
			}
			key, ok := k.(string)
			if _, twice := m[key]; !ok || twice {
				return nil, errJSON
			}
			if m[key], err = readJSON(d, path+"/"+key, depth+1); err != nil {
				return nil, err
			}
		}
		_, err = d.Token()
		return m, err
	case json.Delim('['):
		list := []any{}
		for d.More() {
			v, err := readJSON(d, path, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		_, err = d.Token()
		return list, err
	case json.Delim('}'), json.Delim(']'):
		return nil, errJSON
	}
	return t, nil
}

func nullAt(path string) error {
	return errorf("[%s] 'null' values are not allowed in templates", path)
}

func position(body []byte, offset int) (line, column int) {
	before := string(body[:min(offset, len(body))])
	return strings.Count(before, "\n") + 1, len(before) - strings.LastIndexByte(before, '\n')
}
