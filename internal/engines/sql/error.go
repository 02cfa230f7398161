package sql

import (
	"errors"
	"fmt"

	"github.com/atelier-studio/atelier/internal/engines/sql/dialect"
)

// Kind tells what an error is about.
type Kind string

const (
	Syntax          Kind = "syntax"
	UnknownColumn   Kind = "unknown column"
	UnknownTable    Kind = "unknown table"
	UnknownFunction Kind = "unknown function"
	TypeMismatch    Kind = "type mismatch"
	NotSupported    Kind = "not supported"
	Denied          Kind = "denied"
	Data            Kind = "data" // a value that a function or cast can't take, a file that is not as its table says
	Limit           Kind = "limit"
	Cancelled       Kind = "cancelled"
	Internal        Kind = "internal"
)

// Error is why a statement was not answered. Code is Trino's name for it; Line and Column are 0 when no place is known.
// Text never holds a value of a hidden row or column, or a path.
type Error struct {
	Kind         Kind
	Code         string
	Line, Column int
	Text         string
	Err          error // what is behind an internal error; not for callers
}

// Error has the form of Athena's state change reasons.
func (e *Error) Error() string {
	switch {
	case e.Line == 0:
		return e.Code + ": " + e.Text
	case e.Kind == Syntax:
		return fmt.Sprintf("line %d:%d: %s", e.Line, e.Column, e.Text)
	}
	return fmt.Sprintf("%s: line %d:%d: %s", e.Code, e.Line, e.Column, e.Text)
}

func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error without a place.
func Errorf(k Kind, code, format string, args ...any) *Error {
	return &Error{Kind: k, Code: code, Text: fmt.Sprintf(format, args...)}
}

var kinds = map[dialect.Kind]Kind{
	dialect.Syntax: Syntax, dialect.ColumnNotFound: UnknownColumn, dialect.ColumnAmbiguous: UnknownColumn,
	dialect.TableNotFound: UnknownTable, dialect.NoFunction: UnknownFunction, dialect.TypeMismatch: TypeMismatch,
	dialect.NotSupported: NotSupported, dialect.InvalidArgument: Data,
}

// AsError makes any error an *Error: those of the dialect keep kind and place, others are internal.
func AsError(err error) *Error {
	var own *Error
	if errors.As(err, &own) {
		return own
	}
	var d *dialect.Error
	if errors.As(err, &d) {
		return &Error{Kind: kinds[d.Kind], Code: string(d.Kind), Line: d.Pos.Line, Column: d.Pos.Column, Text: d.Text}
	}
	return &Error{Kind: Internal, Code: "GENERIC_INTERNAL_ERROR", Text: "internal error", Err: err}
}
