package codec

import (
	"encoding/base64"
	"math"
	"net/http"
	"reflect"
	"strconv"
	"time"
)

const (
	iso8601 = "iso8601"
	rfc822  = "rfc822"
	unix    = "unixTimestamp"
)

// setText reads a scalar from text, as query parameters, XML, headers and labels carry it.
func setText(m *slot, v reflect.Value, text, timeFormat string) error {
	v = m.alloc(v)
	switch m.node.kind {
	case stringKind:
		v.SetString(text)
	case intKind:
		i, err := strconv.ParseInt(text, 10, 64)
		if err != nil || v.OverflowInt(i) {
			return &typeError{"cannot read a number of type " + m.node.shape.Type + " for " + m.label()}
		}
		v.SetInt(i)
	case floatKind:
		f, err := parseFloat(text)
		if err != nil {
			return &typeError{"cannot read a number of type " + m.node.shape.Type + " for " + m.label()}
		}
		v.SetFloat(f)
	case boolKind:
		switch text {
		case "true", "True", "TRUE":
			v.SetBool(true)
		case "false", "False", "FALSE":
			v.SetBool(false)
		default:
			return &typeError{"cannot read true or false for " + m.label()}
		}
	case blobKind:
		return setBlob(m, v, text)
	case timeKind:
		if m.format != "" {
			timeFormat = m.format
		}
		t, err := parseTime(text, timeFormat)
		if err != nil {
			return &typeError{"cannot read a timestamp for " + m.label()}
		}
		v.Set(reflect.ValueOf(t))
	default:
		return &typeError{"text found where a " + m.node.shape.Type + " is expected for " + m.label()}
	}
	return nil
}

func (m *slot) label() string {
	if m.name == "" {
		return m.node.name
	}
	return m.name
}

func setBlob(m *slot, v reflect.Value, text string) error {
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil || v.Kind() != reflect.Slice {
		return &typeError{"cannot read base64 for " + m.label()}
	}
	v.SetBytes(b)
	return nil
}

// appendText writes a scalar as text.
func appendText(b []byte, m *slot, v reflect.Value, timeFormat string) []byte {
	switch m.node.kind {
	case stringKind:
		return append(b, v.String()...)
	case intKind:
		return strconv.AppendInt(b, v.Int(), 10)
	case floatKind:
		return appendFloat(b, v)
	case boolKind:
		return strconv.AppendBool(b, v.Bool())
	case blobKind:
		if v.Kind() == reflect.Slice {
			return base64.StdEncoding.AppendEncode(b, v.Bytes())
		}
	case timeKind:
		if m.format != "" {
			timeFormat = m.format
		}
		return appendTime(b, v.Interface().(time.Time), timeFormat)
	}
	return b
}

func parseFloat(text string) (float64, error) {
	switch text {
	case "NaN":
		return math.NaN(), nil
	case "Infinity":
		return math.Inf(1), nil
	case "-Infinity":
		return math.Inf(-1), nil
	}
	f, err := strconv.ParseFloat(text, 64)
	if err == nil && (math.IsInf(f, 0) || math.IsNaN(f)) {
		err = strconv.ErrSyntax // Go's other spellings of infinity
	}
	return f, err
}

func appendFloat(b []byte, v reflect.Value) []byte {
	f := v.Float()
	switch {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	}
	bits := 64
	if v.Kind() == reflect.Float32 {
		bits = 32
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(b, f, format, -1, bits)
}

// parseTime is lenient between the formats: old clients send what they like, as long as it can't be mistaken.
func parseTime(text, format string) (time.Time, error) {
	if format == rfc822 {
		if t, err := http.ParseTime(text); err == nil {
			return t.UTC(), nil
		}
		if t, err := time.Parse("Mon, 02 Jan 2006 15:04:05.999999999 GMT", text); err == nil {
			return t.UTC(), nil
		}
	}
	if f, err := strconv.ParseFloat(text, 64); err == nil {
		return timeOf(f)
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC(), nil
	}
	if t, err := http.ParseTime(text); err == nil {
		return t.UTC(), nil
	}
	t, err := time.Parse("2006-01-02T15:04:05", text)
	return t.UTC(), err
}

// timeOf reads seconds since 1970. Years beyond 9999 have no text form and are refused.
func timeOf(seconds float64) (time.Time, error) {
	if math.IsNaN(seconds) || seconds > 253402300799 || seconds < -62135596800 {
		return time.Time{}, strconv.ErrRange
	}
	whole := math.Floor(seconds)
	millis := math.Round((seconds - whole) * 1000)
	return time.Unix(int64(whole), int64(millis)*1e6).UTC(), nil
}

// appendTime writes milliseconds at most, as AWS does.
func appendTime(b []byte, t time.Time, format string) []byte {
	t = t.UTC().Truncate(time.Millisecond)
	fraction := t.Nanosecond() != 0
	switch {
	case format == rfc822:
		return t.AppendFormat(b, http.TimeFormat)
	case format == unix && fraction:
		return strconv.AppendFloat(b, float64(t.UnixMilli())/1000, 'f', 3, 64)
	case format == unix:
		return strconv.AppendInt(b, t.Unix(), 10)
	case fraction:
		return t.AppendFormat(b, "2006-01-02T15:04:05.000Z")
	}
	return t.AppendFormat(b, "2006-01-02T15:04:05Z")
}
