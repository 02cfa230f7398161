package transform

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Model answers requests.
type Model interface {
	// Ask sends a request. Errors are those that end the object.
	Ask(ctx context.Context, contentType, accept string, body []byte) (answer []byte, contentType2 string, err error)
}

// Job is how objects are transformed.
type Job struct {
	Split       Split
	Multi       bool // as many records in a request as fit; otherwise one
	Assemble    bool // answers are put together as lines
	ContentType string
	Accept      string
	Payload     int           // bytes of a request
	Slots       chan struct{} // as many as there are requests at a time, over all objects
	Processing
}

// Check tells what of a job cannot be.
func (j Job) Check() error {
	switch {
	case !j.none() && KindOf(j.ContentType) == Opaque:
		return errors.New("InputFilter, OutputFilter and JoinSource need records of text/csv, application/json or application/jsonlines")
	case (j.Join || !j.Output.All()) && j.Split != Line && j.Split != Whole:
		return errors.New("JoinSource and OutputFilter need SplitType Line or None")
	}
	return nil
}

// request is some records on their way.
type request struct {
	records [][]byte // as they were
	body    []byte
	answer  []byte
	kind    string // of the answer
	err     error
	done    chan struct{}
}

// Object transforms one object. Answers are written in the order of the records. At most as many requests as there are slots are under
// way, and twice as many in memory.
func (j Job) Object(ctx context.Context, in io.Reader, out io.Writer, m Model) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	line := make(chan *request, 2*cap(j.Slots))
	read := make(chan error, 1)
	go func() {
		defer close(line)
		read <- j.requests(ctx, in, line, m)
	}()
	var failed error
	for r := range line {
		<-r.done
		if failed == nil {
			if failed = r.err; failed == nil {
				failed = j.write(out, r)
			}
			if failed != nil {
				cancel() // the others are of no use
			}
		}
	}
	if failed != nil {
		return failed
	}
	return <-read
}

// requests reads the records, puts them together and sends them.
func (j Job) requests(ctx context.Context, in io.Reader, line chan<- *request, m Model) error {
	records := newReader(in, j.Split, j.Payload)
	next := &request{}
	send := func() error {
		r := next
		next = &request{}
		r.done = make(chan struct{})
		select {
		case j.Slots <- struct{}{}:
		case <-ctx.Done():
			return ctx.Err()
		}
		go func() {
			defer close(r.done)
			defer func() { <-j.Slots }()
			r.answer, r.kind, r.err = m.Ask(ctx, j.ContentType, j.Accept, r.body)
		}()
		line <- r
		return nil
	}
	for {
		record, err := records.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		body, err := j.sent(KindOf(j.ContentType), record)
		if err != nil {
			return err
		}
		if len(body) > j.Payload {
			return ErrLarge
		}
		if len(next.records) > 0 && (!j.Multi || len(next.body)+len(body)+1 > j.Payload) {
			if err := send(); err != nil {
				return err
			}
		}
		if j.Split == Line && len(next.records) > 0 {
			next.body = append(next.body, '\n')
		}
		next.body = append(next.body, body...)
		next.records = append(next.records, record)
		if !j.Multi {
			if err := send(); err != nil {
				return err
			}
		}
	}
	if len(next.records) > 0 {
		return send()
	}
	return nil
}

// write writes what comes of a request.
func (j Job) write(out io.Writer, r *request) error {
	if j.Output.All() && !j.Join {
		return j.put(out, r.answer)
	}
	kind := r.kind
	if KindOf(kind) == Opaque {
		kind = j.Accept
	}
	of := KindOf(kind)
	if of == Opaque {
		of = KindOf(j.ContentType)
	}
	answers := [][]byte{r.answer}
	if len(r.records) > 1 {
		answers = bytes.Split(bytes.TrimRight(r.answer, "\r\n"), []byte("\n"))
	}
	if len(answers) != len(r.records) {
		return fmt.Errorf("the model answered %d records with %d lines, which cannot be joined", len(r.records), len(answers))
	}
	for i, a := range answers {
		b, err := j.kept(KindOf(j.ContentType), of, r.records[i], a)
		if err != nil {
			return err
		}
		if err := j.put(out, b); err != nil {
			return err
		}
	}
	return nil
}

func (j Job) put(out io.Writer, b []byte) error {
	if _, err := out.Write(b); err != nil {
		return err
	}
	if j.Assemble && !bytes.HasSuffix(b, []byte("\n")) {
		_, err := out.Write([]byte("\n"))
		return err
	}
	return nil
}
