package bedrockruntime

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/guardrail"
	"github.com/atelier-studio/atelier/internal/engines/models"
)

// errBlocked tells a model that nobody will read the rest.
var errBlocked = errors.New("guardrail blocked the answer")

// filter takes the parts of an answer on their way to the caller.
type filter struct {
	g    *guard
	ctx  context.Context
	sink models.Sink

	stream  *guardrail.Stream // of the block that is being written
	block   int
	wrote   strings.Builder // of the block
	parts   int
	begin   time.Time
	shown   []models.Content // what the caller gets
	stopped bool
	changed bool
}

// filter begins an answer.
func (g *guard) filter(ctx context.Context, sink models.Sink) *filter {
	return &filter{g: g, ctx: ctx, sink: sink, begin: time.Now()}
}

func (f *filter) blocked() bool { return f.stopped }

// part takes a part of an answer.
func (f *filter) part(p models.Part) error {
	f.parts++
	if f.g == nil {
		return f.sink(p)
	}
	if p.Use != nil || p.Input != "" || f.stream != nil && p.Block != f.block {
		if err := f.close(); err != nil {
			return err
		}
	}
	if p.Use != nil || p.Input != "" {
		return f.sink(p)
	}
	if f.stream == nil {
		f.stream, f.block = f.g.rail.Stream(guardrail.Output, f.g.by), p.Block
		f.wrote.Reset()
		f.shown = append(f.shown, models.Content{})
	}
	f.wrote.WriteString(p.Text)
	out, blocked := f.stream.Write(p.Text)
	if f.g.after && !blocked {
		out = p.Text // what is found later can only end it
	}
	if blocked {
		if err := f.close(); err != nil {
			return err
		}
		return errBlocked
	}
	return f.show(out)
}

func (f *filter) show(text string) error {
	if text == "" {
		return nil
	}
	f.shown[len(f.shown)-1].Text += text
	return f.sink(models.Part{Block: f.block, Text: text})
}

// close ends the block that is being written.
func (f *filter) close() error {
	if f.stream == nil {
		return nil
	}
	out, r, err := f.stream.Close(f.ctx)
	f.stream = nil
	if err != nil {
		return err
	}
	f.g.judged(r, f.wrote.String(), time.Since(f.begin))
	if r.Blocked {
		f.stopped, f.changed = true, true
		if err := f.show(f.g.kept.BlockedOutput); err != nil {
			return err
		}
		return nil
	}
	if f.g.after {
		return nil
	}
	f.changed = f.changed || r.Masked
	return f.show(out)
}

// end gives on what was kept, and makes a what the caller got.
func (f *filter) end(a *models.Answer) error {
	if f.g == nil {
		return nil
	}
	if err := f.close(); err != nil {
		return err
	}
	if f.stopped && a.Usage.Output == 0 {
		a.Usage.Output = f.parts
	}
	if !f.changed {
		return nil
	}
	a.Stop = intervened
	content := f.shown
	if !f.stopped {
		for _, c := range a.Content {
			if c.Use != nil {
				content = append(content, c)
			}
		}
	}
	a.Content = content
	return nil
}
