package eventfile

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// headerSize is length and checksum of a record.
const headerSize = 8

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// generation is one journal, with what it holds in memory.
type generation struct {
	number uint64
	file   *os.File
	size   int64
	heads  map[string]map[string]*head // by group and stream
}

func (g *generation) name() string { return fmt.Sprintf("%020d", g.number) }

// batch is what is written and synced together.
type batch struct {
	data []byte
	adds []addition
	done chan struct{}
	err  error
}

type addition struct {
	place  Place
	events []Event
}

// Append adds events to a stream, and gives each its Seq. They are on disk when it returns.
func (f *Files) Append(ctx context.Context, p Place, events []Event) error {
	if err := f.open(ctx); err != nil {
		return err
	}
	first := f.seq.Add(uint64(len(events))) - uint64(len(events))
	for i := range events {
		events[i].Seq = first + 1 + uint64(i)
	}
	record := appendRecord(nil, p, events)
	f.mu.Lock()
	for len(f.waiting) >= behind && !f.closed {
		f.room.Wait()
	}
	if f.closed {
		f.mu.Unlock()
		return ErrClosed
	}
	if f.next == nil {
		f.next = &batch{done: make(chan struct{})}
	}
	b := f.next
	b.data, b.adds = append(b.data, record...), append(b.adds, addition{p, events})
	if !f.writing {
		f.writing = true
		go f.write()
	}
	f.mu.Unlock()
	<-b.done // what is being written is waited for even when ctx ends: whoever asked must learn what became of it
	return b.err
}

// write writes batches until none waits.
func (f *Files) write() {
	for {
		f.mu.Lock()
		b := f.next
		if b == nil {
			f.writing = false
			f.idle.Broadcast()
			f.mu.Unlock()
			return
		}
		f.next = nil
		g, n := f.current, f.last+1
		f.mu.Unlock()
		var err error
		if g == nil {
			g, err = f.begin(n)
		}
		if err == nil {
			err = g.write(b.data)
		}
		f.mu.Lock()
		if err == nil {
			f.current, f.last = g, g.number
			for _, a := range b.adds {
				g.add(a.place, a.events)
			}
			if g.size >= f.JournalSize {
				f.rotate()
			}
		}
		f.mu.Unlock()
		b.err = err
		close(b.done)
	}
}

// begin makes a journal.
func (f *Files) begin(number uint64) (*generation, error) {
	g := &generation{number: number, heads: map[string]map[string]*head{}}
	var err error
	if g.file, err = os.OpenFile(f.journal(g.name()), os.O_CREATE|os.O_TRUNC|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, fmt.Errorf("cannot write log events: %w", err)
	}
	if err := syncDir(f.journal("")); err != nil {
		_ = g.file.Close()
		return nil, fmt.Errorf("cannot write log events: %w", err)
	}
	return g, nil
}

// write appends to the journal, whole or not at all.
func (g *generation) write(data []byte) error {
	_, err := g.file.Write(data)
	if err == nil {
		err = g.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("cannot write log events: %w", errors.Join(err, g.file.Truncate(g.size)))
	}
	g.size += int64(len(data))
	return nil
}

// rotate ends the journal and has it sealed. f.mu is held.
func (f *Files) rotate() {
	g := f.current
	_ = g.file.Close() // it is synced
	g.file, f.current = nil, nil
	f.waiting = append(f.waiting, g)
	f.beginSealing()
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// appendRecord writes an append. The events have consecutive numbers and one time of ingestion.
func appendRecord(b []byte, p Place, events []Event) []byte {
	start, size := len(b), headerSize+64+len(p.Group)+len(p.Stream)
	for _, e := range events {
		size += len(e.Message) + 12
	}
	b = append(make([]byte, 0, start+size), b...)
	b = append(b, make([]byte, headerSize)...)
	for _, s := range []string{p.Account, p.Region, p.Group, p.Stream} {
		b = appendText(b, s)
	}
	b = binary.AppendVarint(b, events[0].Ingested)
	b = binary.AppendUvarint(b, events[0].Seq)
	b = binary.AppendUvarint(b, uint64(len(events)))
	before := int64(0)
	for _, e := range events {
		b = appendText(binary.AppendVarint(b, e.Time-before), e.Message)
		before = e.Time
	}
	payload := b[start+headerSize:]
	binary.LittleEndian.PutUint32(b[start:], uint32(len(payload)))
	binary.LittleEndian.PutUint32(b[start+4:], crc32.Checksum(payload, castagnoli))
	return b
}

// replay reads a journal again, up to the first record that is not whole.
func (f *Files) replay(number uint64) (*generation, error) {
	g := &generation{number: number, heads: map[string]map[string]*head{}}
	data, err := os.ReadFile(f.journal(g.name()))
	if err != nil {
		return nil, err
	}
	for rest := data; len(rest) >= headerSize; rest = data[g.size:] {
		n := int64(binary.LittleEndian.Uint32(rest))
		if n > int64(len(rest)-headerSize) {
			break
		}
		payload := rest[headerSize : headerSize+n]
		if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(rest[4:]) {
			break
		}
		p, events, ok := readRecord(payload)
		if !ok {
			break
		}
		g.add(p, events)
		if last := events[len(events)-1].Seq; last > f.seq.Load() {
			f.seq.Store(last)
		}
		g.size += headerSize + n
	}
	return g, nil
}

func readRecord(b []byte) (p Place, events []Event, ok bool) {
	r := reader{b: b}
	p = Place{r.text(), r.text(), r.text(), r.text()}
	ingested, seq, n := r.signed(), r.unsigned(), r.unsigned()
	if r.bad || n == 0 || n > uint64(len(b)) {
		return p, nil, false
	}
	events = make([]Event, n)
	time := int64(0)
	for i := range events {
		time += r.signed()
		events[i] = Event{Time: time, Ingested: ingested, Seq: seq + uint64(i), Message: r.text()}
	}
	return p, events, !r.bad
}

// reader reads numbers and texts. bad says that there was less than was asked for.
type reader struct {
	b   []byte
	bad bool
}

func (r *reader) unsigned() uint64 {
	v, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) signed() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.bad, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}

func (r *reader) text() string {
	n := r.unsigned()
	if n > uint64(len(r.b)) {
		r.bad, r.b = true, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func syncDir(path string) error {
	d, err := os.Open(filepath.Clean(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
