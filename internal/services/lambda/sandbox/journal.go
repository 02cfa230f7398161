package sandbox

import (
	"bytes"
	"sync"
	"time"
)

// maxLine is the most of one line, in bytes; longer ones are cut into several. CloudWatch Logs takes 256 KB with 26 bytes of its own.
const maxLine = 256*1024 - 26

// tailSize is how much of an invocation's log its caller may see.
const tailSize = 4096

// journal takes what a process writes apart into lines, and keeps the end of them.
type journal struct {
	stream string
	to     func(LogLine)
	now    func() time.Time

	mu   sync.Mutex
	part []byte // a line that has not ended
	tail []byte
}

// Write takes what the process has written.
func (l *journal) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(p)
	for len(p) > 0 {
		at := bytes.IndexByte(p, '\n')
		rest := p
		if at >= 0 {
			rest = p[:at]
		}
		l.part = append(l.part, rest...)
		if at < 0 {
			p = nil
		} else {
			p = p[at+1:]
		}
		for len(l.part) > maxLine {
			l.emit(string(l.part[:maxLine]))
			l.part = append(l.part[:0], l.part[maxLine:]...)
		}
		if at >= 0 {
			l.emit(string(l.part))
			l.part = l.part[:0]
		}
	}
	return n, nil
}

// line adds a line of the platform's own.
func (l *journal) line(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.part) > 0 {
		l.emit(string(l.part))
		l.part = l.part[:0]
	}
	l.emit(text)
}

func (l *journal) emit(text string) {
	l.tail = append(append(l.tail, text...), '\n')
	if len(l.tail) > 4*tailSize {
		l.tail = append(l.tail[:0], l.tail[len(l.tail)-tailSize:]...)
	}
	if l.to != nil {
		l.to(LogLine{Stream: l.stream, Time: l.now(), Text: text})
	}
}

// begin starts an invocation's tail. What a new process wrote while it initialized belongs to its first one.
func (l *journal) begin(cold bool) {
	if cold {
		return
	}
	l.mu.Lock()
	l.tail = l.tail[:0]
	l.mu.Unlock()
}

// end returns the tail.
func (l *journal) end() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.tail[max(0, len(l.tail)-tailSize):])
}
