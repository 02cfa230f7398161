package hosting

import (
	"bytes"
	"sync"
)

// maxLine is where a line without end is cut, in bytes.
const maxLine = 64 << 10

// lines cuts what a program writes into lines.
type lines struct {
	to func(line string)

	mu   sync.Mutex
	rest []byte
}

// Write takes some of it.
func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		i := bytes.IndexByte(l.rest, '\n')
		if i < 0 && len(l.rest) >= maxLine {
			i = maxLine - 1
			l.to(string(l.rest[:maxLine]))
		} else if i >= 0 {
			l.to(string(bytes.TrimSuffix(l.rest[:i], []byte("\r"))))
		} else {
			return len(p), nil
		}
		l.rest = append(l.rest[:0], l.rest[i+1:]...)
	}
}

// flush gives the last line, which has no end.
func (l *lines) flush() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.rest) > 0 {
		l.to(string(l.rest))
		l.rest = nil
	}
}
