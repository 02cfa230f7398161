package dataset

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// instance is a row of a request: {"features": …} or {"data": {"features": …}}.
type instance struct {
	Features *features `json:"features"`
	Data     *struct {
		Features *features `json:"features"`
	} `json:"data"`
}

// features are a list of numbers, or values with keys and a shape.
type features struct {
	Values []float32 `json:"values"`
	Keys   []int32   `json:"keys"`
	Shape  []int64   `json:"shape"`
}

// UnmarshalJSONFrom reads either form.
func (f *features) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == '[' {
		return json.UnmarshalDecode(d, &f.Values)
	}
	type plain features
	return json.UnmarshalDecode(d, (*plain)(f))
}

func (r *Rows) readJSON(body []byte) error {
	var request struct {
		Instances []instance `json:"instances"`
	}
	if err := json.Unmarshal(body, &request); err != nil {
		return fmt.Errorf("the body is not JSON with rows under the key instances: %w", err)
	}
	for _, i := range request.Instances {
		if err := r.addInstance(i); err != nil {
			return err
		}
	}
	return nil
}

func (r *Rows) readLines(body []byte) error {
	for n := 1; len(body) > 0; n++ {
		line, rest, _ := bytes.Cut(body, []byte("\n"))
		body = rest
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var i instance
		if err := json.Unmarshal(line, &i); err != nil {
			return fmt.Errorf("line %d is not a JSON object with features: %w", n, err)
		}
		if err := r.addInstance(i); err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
	}
	return nil
}

func (r *Rows) addInstance(i instance) error {
	f := i.Features
	if f == nil && i.Data != nil {
		f = i.Data.Features
	}
	if f == nil {
		return errors.New("an instance has no features")
	}
	if !finite(f.Values, false) {
		return errors.New("a value is out of range")
	}
	width := 0
	if len(f.Shape) > 0 {
		last := f.Shape[len(f.Shape)-1]
		if last < 1 || last > 1<<31-1 {
			return fmt.Errorf("a shape of %d columns is out of range", last)
		}
		width = int(last)
	}
	if f.Keys == nil {
		return r.add(f.Values, nil, 0, 0, false)
	}
	return r.add(f.Values, f.Keys, width, 0, false)
}
