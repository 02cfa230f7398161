package blueprint

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Board shows the steps of a workflow: as a tree that is drawn again in place on a terminal, or as lines.
type Board struct {
	w     io.Writer
	size  func() (width, height int) // nil: no terminal
	mu    sync.Mutex
	steps []*Step
	drawn int // lines below the cursor's column that the last frame took
	stop  chan struct{}
	done  sync.WaitGroup
}

// NewBoard makes one. size tells a terminal's width and height; nil is for what is none.
func NewBoard(w io.Writer, size func() (width, height int)) *Board {
	b := &Board{w: w, size: size, stop: make(chan struct{})}
	if size != nil {
		b.done.Go(func() {
			for t := time.NewTicker(120 * time.Millisecond); ; {
				select {
				case <-b.stop:
					t.Stop()
					return
				case <-t.C:
					b.mu.Lock()
					b.draw()
					b.mu.Unlock()
				}
			}
		})
	}
	return b
}

// Close draws the last frame.
func (b *Board) Close() {
	close(b.stop)
	b.done.Wait()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.draw()
}

// Step is one of a workflow.
type Step struct {
	board     *Board
	name      string
	begun     time.Time
	took      time.Duration
	ended     bool
	err       error
	note      string
	resources []Resource
	told      map[string]string
}

// Step begins one.
func (b *Board) Step(name string) *Step {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := &Step{board: b, name: name, begun: time.Now(), told: map[string]string{}}
	b.steps = append(b.steps, s)
	b.draw()
	return s
}

// End ends a step, well or not, and returns its error.
func (s *Step) End(err error, note string, args ...any) error {
	b := s.board
	b.mu.Lock()
	defer b.mu.Unlock()
	s.ended, s.err, s.took = true, err, time.Since(s.begun)
	if err == nil && note != "" {
		s.note = fmt.Sprintf(note, args...)
	}
	if b.size == nil {
		mark, more := "ok", s.note
		if err != nil {
			mark, more = "failed", ""
		} else if n := s.counts(); n != "" {
			more = n
		}
		fmt.Fprintf(b.w, "%-22s %-7s %7.1fs  %s\n", s.name, mark, s.took.Seconds(), more)
	}
	b.draw()
	return err
}

// Resources tells how it is with a stack's resources.
func (s *Step) Resources(list []Resource) {
	b := s.board
	b.mu.Lock()
	defer b.mu.Unlock()
	s.resources = list
	if b.size != nil {
		return
	}
	for _, r := range list {
		if s.told[r.ID] == r.Status || r.Busy() {
			continue
		}
		s.told[r.ID] = r.Status
		reason := ""
		if r.Failed() {
			reason = "  " + r.Reason
		}
		fmt.Fprintf(b.w, "  %-22s %-34s %s %.1fs%s\n", r.ID, r.Type, r.Status, r.Took.Seconds(), reason)
	}
}

func (s *Step) counts() string {
	if len(s.resources) == 0 {
		return ""
	}
	done := 0
	for _, r := range s.resources {
		if !r.Busy() && !r.Failed() {
			done++
		}
	}
	return fmt.Sprintf("%d of %d", done, len(s.resources))
}

var spinner = []rune("⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏")

// draw writes a frame over the last one, in one write so that nothing flickers.
func (b *Board) draw() {
	if b.size == nil {
		return
	}
	width, height := b.size()
	lines := b.frame(max(width, 20), max(height, 6))
	var out bytes.Buffer
	if b.drawn > 0 {
		fmt.Fprintf(&out, "\x1b[%dA", b.drawn)
	}
	for _, l := range lines {
		out.WriteString("\r" + l + "\x1b[K\n")
	}
	out.WriteString("\x1b[J")
	b.drawn = len(lines)
	_, _ = b.w.Write(out.Bytes()) // nothing to do about a terminal that went away
}

// frame are the lines of the tree. The resources of the step under way are those that are busy or failed, as many as there is room for.
func (b *Board) frame(width, height int) (lines []string) {
	now := time.Now()
	turn := string(spinner[now.UnixMilli()/120%int64(len(spinner))])
	for _, s := range b.steps {
		mark, took, more := turn, now.Sub(s.begun), s.note
		switch {
		case s.ended && s.err != nil:
			mark, took = "✗", s.took
		case s.ended:
			mark, took = "✓", s.took
		}
		if n := s.counts(); n != "" {
			more = n
		}
		lines = append(lines, cut(fmt.Sprintf("%s %-22s %6.1fs  %s", mark, s.name, took.Seconds(), more), width))
		if s.ended && s.err == nil {
			continue
		}
		room := height - 2 - len(b.steps)
		for _, r := range s.resources {
			if !r.Busy() && !r.Failed() {
				continue
			}
			if room--; room < 0 {
				break
			}
			if r.Failed() {
				lines = append(lines, cut(fmt.Sprintf("  ✗ %-20s %s", r.ID, r.Reason), width))
			} else {
				lines = append(lines, cut(fmt.Sprintf("  %s %-20s %-32s %6.1fs", turn, r.ID, r.Type, now.Sub(r.Begun).Seconds()), width))
			}
		}
	}
	return lines
}

// cut keeps a line within a terminal's width: a longer one would take two rows.
func cut(s string, width int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	if utf8.RuneCountInString(s) < width {
		return s
	}
	return string([]rune(s)[:width-2]) + "…"
}
