package eventfile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/klauspost/compress/zstd"

	"github.com/atelier-studio/atelier/internal/platform/store"
)

// ErrClosed is returned by Append after Close.
var ErrClosed = errors.New("log files are closed")

const (
	// journalSize is where a journal ends and is sealed, in bytes.
	journalSize = 16 << 20
	// frameSize is how much of a stream is compressed together, in bytes.
	frameSize = 256 << 10
	// behind is how many journals may wait to be sealed before appends wait too.
	behind = 4
)

// Place is a stream of a group. Group and Stream are ids that are used once: whoever deletes a stream and makes it again takes
// another. A Place without Stream is the whole group.
type Place struct{ Account, Region, Group, Stream string }

func (p Place) key(id string) store.Key {
	return store.Key{Account: p.Account, Region: p.Region, ID: id}
}

// Event is one log event. Times are in milliseconds since 1970. Seq is given by Append; it is unique and grows.
type Event struct {
	Time, Ingested int64
	Seq            uint64
	Message        string
}

// Size is what an event counts for. Source:
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
func (e Event) Size() int64 { return int64(len(e.Message)) + 26 }

// Summary is what there is of a stream.
type Summary struct {
	First, Last int64 // times of events
	Ingested    int64 // last ingestion
	Events      int64
	Bytes       int64 // as Size counts
}

// Add joins two summaries.
func (s *Summary) Add(o Summary) {
	if o.Events == 0 {
		return
	}
	if s.Events == 0 {
		*s = o
		return
	}
	s.First, s.Last, s.Ingested = min(s.First, o.First), max(s.Last, o.Last), max(s.Ingested, o.Ingested)
	s.Events, s.Bytes = s.Events+o.Events, s.Bytes+o.Bytes
}

// Config is what the files need.
type Config struct {
	Dir    string
	Store  *store.Store
	Logger *slog.Logger
	// Sealed is told, in the transaction that indexes them, what came to the streams of a group. It removes those streams that are gone;
	// their events are dropped.
	Sealed func(tx *store.Tx, group Place, streams map[string]Summary) error
	// JournalSize is where a journal is sealed; 0 means 16 MB.
	JournalSize int64
}

// Files are the log events of a server.
type Files struct {
	Config
	parts  *store.Table[part]
	state  *store.Table[state]
	seq    atomic.Uint64
	encode *zstd.Encoder
	decode *zstd.Decoder

	opening sync.Mutex
	opened  atomic.Bool

	mu      sync.Mutex
	room    *sync.Cond // told when a journal was sealed
	current *generation
	waiting []*generation // to be sealed, oldest first
	sealed  uint64        // the last generation whose parts count
	last    uint64        // the last generation there is
	next    *batch
	writing bool
	sealing bool
	closed  bool
	idle    *sync.Cond // told when writing or sealing ends
	indexes map[string]*index
	graves  []grave
}

// state is what is known of all files together.
type state struct {
	Sealed uint64 // generations up to this one are in parts
	Seq    uint64
}

var stateKey = store.Key{ID: "state"}

// New names the files. They are opened with the first use.
func New(c Config) *Files {
	if c.JournalSize == 0 {
		c.JournalSize = journalSize
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	f := &Files{Config: c, parts: store.NewTable[part](c.Store, "logs_part"), state: store.NewTable[state](c.Store, "logs_state"),
		indexes: map[string]*index{}}
	f.room, f.idle = sync.NewCond(&f.mu), sync.NewCond(&f.mu)
	return f
}

// open reads the journals that a run before left.
func (f *Files) open(ctx context.Context) error {
	if f.opened.Load() {
		return nil
	}
	f.opening.Lock()
	defer f.opening.Unlock()
	if f.opened.Load() {
		return nil
	}
	if err := f.load(ctx); err != nil {
		return fmt.Errorf("cannot open log files: %w", err)
	}
	f.opened.Store(true)
	return nil
}

func (f *Files) load(ctx context.Context) (err error) {
	if f.encode, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
		return err
	}
	if f.decode, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(0), zstd.WithDecoderMaxMemory(64<<20)); err != nil {
		return err
	}
	for _, d := range []string{f.journal(""), f.groupDir("")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return err
		}
	}
	var s state
	err = f.Store.View(ctx, func(tx *store.Tx) (err error) {
		s, err = f.state.Get(tx, stateKey)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	names, err := os.ReadDir(f.journal(""))
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.sealed, f.last = s.Sealed, s.Sealed
	f.seq.Store(s.Seq)
	for _, d := range names { // in order of name and so of number
		n, err := strconv.ParseUint(d.Name(), 10, 64)
		if err != nil {
			continue
		}
		if n <= s.Sealed {
			if err := os.Remove(f.journal(d.Name())); err != nil {
				return err
			}
			continue
		}
		g, err := f.replay(n)
		if err != nil {
			return err
		}
		f.last = n
		f.waiting = append(f.waiting, g)
	}
	if n := len(f.waiting); n > 0 && f.waiting[n-1].size < f.JournalSize { // goes on in the last one
		g := f.waiting[n-1]
		if g.file, err = os.OpenFile(f.journal(g.name()), os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
			return err
		}
		if err := g.file.Truncate(g.size); err != nil {
			return err
		}
		f.current, f.waiting = g, f.waiting[:n-1]
	}
	f.beginSealing()
	return nil
}

func (f *Files) journal(name string) string { return filepath.Join(f.Dir, "journal", name) }

func (f *Files) groupDir(group string) string { return filepath.Join(f.Dir, "groups", group) }

// Close waits for what is being written and sealed, and refuses what comes after. What is there can still be read.
func (f *Files) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	f.room.Broadcast()
	for f.writing || f.sealing {
		f.idle.Wait()
	}
	if f.current == nil || f.current.file == nil {
		return nil
	}
	file := f.current.file
	f.current.file = nil
	return file.Close()
}
