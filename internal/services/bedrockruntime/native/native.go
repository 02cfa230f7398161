// Package native reads and writes the bodies of InvokeModel, which are those of each family of models.
// Source: https://docs.aws.amazon.com/bedrock/latest/userguide/model-parameters.html
package native

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/models"
)

// Error is a body that the family does not have. Its text is for the caller.
type Error struct{ Text string }

// Error is the text.
func (e *Error) Error() string { return e.Text }

func malformed(format string, args ...any) error {
	return &Error{"Malformed input request: " + fmt.Sprintf(format, args...) + ", please reformat your input and try again."}
}

// Texts is a family of models that write.
type Texts interface {
	// Decode reads a request. Errors are *Error.
	Decode(body []byte) (models.Request, error)
	// Encode writes an answer.
	Encode(model string, a models.Answer) any
	// Stream begins a streamed answer.
	Stream(model string, emit func(event any) error) Stream
}

// Stream writes an answer in parts.
type Stream interface {
	Part(p models.Part) error
	// End writes what comes after the last part. metrics go into the last event.
	End(a models.Answer, metrics *Metrics) error
}

// Metrics are told at the end of a stream.
type Metrics struct {
	Input     int   `json:"inputTokenCount"`
	Output    int   `json:"outputTokenCount"`
	Latency   int64 `json:"invocationLatency"` // milliseconds
	FirstByte int64 `json:"firstByteLatency"`
}

// Vectors is a family of models that make embeddings.
type Vectors interface {
	// Texts reads what is to be embedded. Errors are *Error.
	Texts(body []byte) ([]string, error)
	// Encode writes the vectors of the texts of body.
	Encode(body []byte, v models.Vectors) (any, error)
}

// TextsOf finds a family of models that write, nil when there is none of that name.
func TextsOf(family string) Texts {
	switch family {
	case "anthropic":
		return anthropic{}
	case "llama":
		return llama{}
	case "titan":
		return titan{}
	case "nova":
		return nova{}
	case "mistral":
		return mistral{}
	}
	return nil
}

// VectorsOf finds a family of models that make embeddings.
func VectorsOf(family string) Vectors {
	switch family {
	case "titan-embed":
		return titanEmbed{}
	case "cohere-embed":
		return cohereEmbed{}
	}
	return nil
}

// read decodes a body of which only the members of v may be there.
func read(body []byte, v any, required ...string) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return malformed("expected a JSON object")
	}
	for _, r := range required {
		if _, ok := members[r]; !ok {
			return malformed("#: required key [%s] not found", r)
		}
	}
	d := json.NewDecoder(bytes.NewReader(body))
	d.DisallowUnknownFields()
	err := d.Decode(v)
	if err == nil {
		return nil
	}
	var kind *json.UnmarshalTypeError
	if errors.As(err, &kind) {
		return malformed("#/%s: expected type: %s, found: %s", strings.ReplaceAll(kind.Field, ".", "/"), kind.Type, kind.Value)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return malformed("#: extraneous key [%s] is not permitted", strings.Trim(name, `"`))
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return malformed("unexpected end of JSON")
	}
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	return malformed("invalid JSON")
}

// within checks the range of a number that was given.
func within[N int | float64](name string, v *N, low, high N) error {
	switch {
	case v == nil:
	case *v < low:
		return malformed("#/%s: %v is not greater or equal to %v", name, *v, low)
	case *v > high:
		return malformed("#/%s: %v is not less or equal to %v", name, *v, high)
	}
	return nil
}

// firstOf gives the first error of some.
func firstOf(list ...error) error {
	i := slices.IndexFunc(list, func(err error) bool { return err != nil })
	if i < 0 {
		return nil
	}
	return list[i]
}

func number(v *int) int {
	if v == nil {
		return 0
	}
	return *v
}
