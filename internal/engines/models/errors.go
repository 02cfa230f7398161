package models

import (
	"errors"
	"fmt"
)

// Kind is what went wrong, for those who tell it in an API's words.
type Kind int

// The kinds.
const (
	Broken      Kind = iota // the model or its server failed
	Unknown                 // no model has the id
	Invalid                 // the request cannot be answered by this model: too long, with images it cannot see
	Denied                  // the server does not let us
	Busy                    // the server has too much to do
	Late                    // the server did not answer in time
	Unavailable             // the server cannot be reached, or the model cannot be loaded now
)

// Error is a failure that a caller may be told. Its text holds nothing of keys, addresses and paths.
type Error struct {
	Kind   Kind
	Text   string
	Status int   // of the server's answer, 0 when there was none
	Cause  error // for the operator alone
}

// Error is the text.
func (e *Error) Error() string { return e.Text }

// Unwrap is the cause.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an Error.
func Errorf(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Text: fmt.Sprintf(format, args...)}
}

// KindOf is the kind of an error; Broken for those of others.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Broken
}
