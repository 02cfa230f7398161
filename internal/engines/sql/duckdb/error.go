package duckdb

import (
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"github.com/atelier-studio/atelier/internal/engines/sql"
	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// raw is an error as the engine gives it.
type raw struct {
	Type     string `json:"exception_type"`
	Message  string `json:"exception_message"`
	Position string `json:"position"`
	Subtype  string `json:"error_subtype"`
}

func (r *raw) Error() string { return r.Type + ": " + r.Message }

func engineError(text string) error {
	r := &raw{}
	i := strings.IndexByte(text, '{')
	if i < 0 || json.Unmarshal([]byte(text[i:]), r) != nil {
		r.Message = text
	}
	return r
}

func cancelled(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return sql.Errorf(sql.Limit, "EXCEEDED_TIME_LIMIT", "Query exceeded its time limit")
	}
	return sql.Errorf(sql.Cancelled, "USER_CANCELED", "Query was cancelled")
}

// explain makes an error of the engine one for the user. st is nil in the phase before the user's statement, of whose
// errors nothing is told but the kind.
func explain(err error, st *dialect.Statement) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return cancelled(err)
	}
	var r *raw
	if !errors.As(err, &r) {
		return sql.AsError(err)
	}
	e := &sql.Error{Kind: sql.Internal, Code: "GENERIC_INTERNAL_ERROR", Text: "internal error", Err: err}
	switch r.Type {
	case "Out of Memory":
		e = sql.Errorf(sql.Limit, "EXCEEDED_LOCAL_MEMORY_LIMIT", "Query exceeded its limit of memory or of spilled data")
	case "INTERRUPT":
		return cancelled(context.Canceled)
	}
	if st == nil {
		if r.Type == "IO" || r.Type == "Invalid Input" || r.Type == "Conversion" || r.Type == "Invalid" {
			e = &sql.Error{Kind: sql.Data, Code: "HIVE_BAD_DATA", Text: "a file is not as its table says", Err: err}
		}
		return e
	}
	switch r.Type {
	case "Conversion":
		e = sql.Errorf(sql.Data, "INVALID_CAST_ARGUMENT", "%s", r.first())
		if m := outOfRange.FindStringSubmatch(r.first()); m != nil && numbers[m[2]] != "" {
			e = sql.Errorf(sql.Data, "NUMERIC_VALUE_OUT_OF_RANGE", "Out of range for %s: %s", numbers[m[2]], m[1])
		}
	case "Out of Range":
		e = sql.Errorf(sql.Data, "NUMERIC_VALUE_OUT_OF_RANGE", "%s", r.first())
		if m := overflow.FindStringSubmatch(r.first()); m != nil && numbers[m[2]] != "" {
			e.Text = numbers[m[2]] + " " + m[1] + " overflow: " + m[3]
		}
	case "Invalid Input":
		e = sql.Errorf(sql.Data, "INVALID_FUNCTION_ARGUMENT", "%s", r.first())
		switch {
		case r.first() == "Division by zero":
			e.Code = "DIVISION_BY_ZERO"
		case strings.HasPrefix(r.first(), "Cannot cast"):
			e.Code = "INVALID_CAST_ARGUMENT"
		}
	case "Binder":
		e = sql.Errorf(sql.TypeMismatch, "TYPE_MISMATCH", "%s", r.first())
	case "IO":
		e = &sql.Error{Kind: sql.Data, Code: "HIVE_BAD_DATA", Text: "a file is not as its table says", Err: err}
	}
	if r.fromFile() {
		e = &sql.Error{Kind: sql.Data, Code: "HIVE_BAD_DATA", Text: "a file is not as its table says", Err: err}
	}
	e.Err = err
	if off, bad := strconv.Atoi(r.Position); bad == nil {
		p := st.Pos(off)
		e.Line, e.Column = p.Line, p.Column
	}
	return e
}

// What the engine says of numbers that are too large, and its names of their types.
var (
	outOfRange = regexp.MustCompile(`^Type INT\d+ with value (\S+) can't be cast because the value is out of range for the destination type (INT\d+)`)
	overflow   = regexp.MustCompile(`^Overflow in (addition|subtraction|multiplication) of (INT\d+) \((.*)\)!`)
	numbers    = map[string]string{"INT8": "tinyint", "INT16": "smallint", "INT32": "integer", "INT64": "bigint"}
)

// first is the first line of a message, which is about the statement; what follows are hints about the engine.
func (r *raw) first() string {
	s, _, _ := strings.Cut(r.Message, "\n")
	return s
}

// fromFile tells errors of reading, whose text may hold a path or a whole line of a file.
func (r *raw) fromFile() bool {
	for _, s := range []string{"CSV", "JSON transform", "Parquet", "parquet", "Original Line", "file \"", "in file", "read_"} {
		if strings.Contains(r.Message, s) {
			return true
		}
	}
	return false
}
