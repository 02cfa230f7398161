package template

import "fmt"

// Error is what is wrong with a template or with what it was given; CloudFormation answers ValidationError with its message.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

func errorf(format string, args ...any) error { return &Error{fmt.Sprintf(format, args...)} }
