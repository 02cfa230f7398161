package dqdl

import "fmt"

// Position is a place in a ruleset. Both count from 1, columns in characters.
type Position struct{ Line, Column int }

// Error is what is wrong with a ruleset, and where.
type Error struct {
	Position
	Message string
}

// Error gives place and message.
func (e *Error) Error() string {
	return fmt.Sprintf("Parsing Error: line %d:%d %s", e.Line, e.Column, e.Message)
}

func wrong(at Position, format string, args ...any) error {
	return &Error{at, fmt.Sprintf(format, args...)}
}
