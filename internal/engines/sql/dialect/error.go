package dialect

import "fmt"

// Kind tells what an error is about.
type Kind string

const (
	Syntax          Kind = "SYNTAX_ERROR"
	ColumnNotFound  Kind = "COLUMN_NOT_FOUND"
	ColumnAmbiguous Kind = "AMBIGUOUS_NAME"
	TableNotFound   Kind = "TABLE_NOT_FOUND"
	NoFunction      Kind = "FUNCTION_NOT_FOUND"
	TypeMismatch    Kind = "TYPE_MISMATCH"
	NotSupported    Kind = "NOT_SUPPORTED"
	InvalidArgument Kind = "INVALID_FUNCTION_ARGUMENT"
)

// Error is what is wrong with a statement, and where. Its text has the form that Athena's state change reason has.
type Error struct {
	Kind Kind
	Pos  Pos
	Text string
}

func (e *Error) Error() string {
	if e.Pos.Line == 0 {
		return fmt.Sprintf("%s: %s", e.Kind, e.Text)
	}
	if e.Kind == Syntax {
		return fmt.Sprintf("line %d:%d: %s", e.Pos.Line, e.Pos.Column, e.Text)
	}
	return fmt.Sprintf("%s: line %d:%d: %s", e.Kind, e.Pos.Line, e.Pos.Column, e.Text)
}

func errorf(k Kind, p Pos, format string, args ...any) *Error {
	return &Error{Kind: k, Pos: p, Text: fmt.Sprintf(format, args...)}
}
