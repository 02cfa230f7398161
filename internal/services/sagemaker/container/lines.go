package container

import (
	"bytes"
	"sync"
)

// maxLine is where a line without end is cut, in bytes.
const maxLine = 64 << 10

// Lines cuts what a program writes into lines.
type Lines struct {
	To func(line string)

	mu   sync.Mutex
	rest []byte
}

// Write takes some of it.
func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 && len(l.rest) >= maxLine {
			i = maxLine - 1
			l.To(string(l.rest[:maxLine]))
		} else if i >= 0 {
			l.To(string(bytes.TrimSuffix(l.rest[:i], []byte("\r"))))
		} else {
			return len(p), nil
		}
		l.rest = append(l.rest[:0], l.rest[i+1:]...)
	}
}

// Flush gives the last line, which has no end.
func (l *Lines) Flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.To(string(l.rest))
		l.rest = nil
	}
}
