package eventfile

import (
	"encoding/binary"
	"errors"
	"strings"
)

var errFrame = errors.New("log file is damaged")

// appendFrame compresses events, which are in order, onto b.
func (f *Files) appendFrame(b []byte, events []Event) []byte {
	size := 0
	for _, e := range events {
		size += len(e.Message) + 16
	}
	raw := binary.AppendUvarint(make([]byte, 0, size), uint64(len(events)))
	var before Event
	for _, e := range events {
		raw = binary.AppendVarint(raw, e.Time-before.Time)
		raw = binary.AppendVarint(raw, e.Ingested-before.Ingested)
		raw = binary.AppendVarint(raw, int64(e.Seq-before.Seq))
		raw = appendText(raw, e.Message)
		before = e
	}
	return f.encode.EncodeAll(raw, b)
}

// readFrame gives the events of a frame that keep wants, and how many bytes of messages there were.
func (f *Files) readFrame(b []byte, keep func(*Event) bool) (events []Event, seen Summary, err error) {
	raw, err := f.decode.DecodeAll(b, nil)
	if err != nil {
		return nil, seen, errors.Join(errFrame, err)
	}
	text := string(raw)
	r := reader{b: raw}
	n := r.unsigned()
	if n > uint64(len(raw)) {
		return nil, seen, errFrame
	}
	events = make([]Event, 0, min(n, 64))
	var e Event
	for range n {
		e.Time += r.signed()
		e.Ingested += r.signed()
		e.Seq += uint64(r.signed())
		size := r.unsigned()
		if r.bad || size > uint64(len(r.b)) {
			return nil, seen, errFrame
		}
		at := len(text) - len(r.b)
		r.b = r.b[size:]
		e.Message = text[at : at+int(size)]
		seen.Events++
		seen.Bytes += e.Size()
		if keep(&e) {
			events = append(events, e)
		}
	}
	if len(events)*16 < int(n) { // the few do not hold the whole frame in memory
		for i := range events {
			events[i].Message = strings.Clone(events[i].Message)
		}
	}
	return events, seen, nil
}
