package eventfile_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/logs/eventfile"
)

func open(t testing.TB, st *store.Store, dir string, size int64) *eventfile.Files {
	t.Helper()
	return eventfile.New(eventfile.Config{Dir: dir, Store: st, JournalSize: size})
}

func newStore(t testing.TB) *store.Store {
	t.Helper()
	st, err := store.Open(t.Context(), store.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return st
}

func at(stream string) eventfile.Place {
	return eventfile.Place{Account: "111122223333", Region: "us-east-1", Group: "g1", Stream: stream + ":1"}
}

func add(t testing.TB, f *eventfile.Files, stream string, times ...int64) {
	t.Helper()
	events := make([]eventfile.Event, len(times))
	for i, n := range times {
		events[i] = eventfile.Event{Time: n, Ingested: 9, Message: fmt.Sprintf("%s-%d", stream, n)}
	}
	if err := f.Append(t.Context(), at(stream), events); err != nil {
		t.Fatal(err)
	}
}

func read(t testing.TB, f *eventfile.Files, q eventfile.Query) string {
	t.Helper()
	q.Group = at("")
	var out []string
	if _, err := f.Read(t.Context(), q, func(_ string, e eventfile.Event) bool {
		out = append(out, e.Message)
		return true
	}); err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

// sealed waits until all journals but the current one are sealed.
func sealed(t testing.TB, dir string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(time.Millisecond) {
		names, err := os.ReadDir(filepath.Join(dir, "journal"))
		if err == nil && len(names) <= 1 {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("journals are not sealed: %v %v", names, err)
		}
	}
}

// TestOrder reads what lies in memory, in files and in both, in both directions.
func TestOrder(t *testing.T) {
	for _, size := range []int64{1, 200, 1 << 20} { // each append sealed by itself, a few, none
		st, dir := newStore(t), t.TempDir()
		f := open(t, st, dir, size)
		add(t, f, "a", 10, 20, 30)
		add(t, f, "b", 15, 25)
		add(t, f, "a", 5, 40)
		add(t, f, "a", 20)
		check := func(q eventfile.Query, want string) {
			t.Helper()
			if got := read(t, f, q); got != want {
				t.Errorf("size %d: got %s, want %s", size, got, want)
			}
		}
		only := func(s string) func(string) bool { return func(id string) bool { return id == s+":1" } }
		again := func() {
			t.Helper()
			check(eventfile.Query{}, "a-5 a-10 b-15 a-20 a-20 b-25 a-30 a-40")
			check(eventfile.Query{Reverse: true}, "a-40 a-30 b-25 a-20 a-20 b-15 a-10 a-5")
			check(eventfile.Query{From: 10, To: 25}, "a-10 b-15 a-20 a-20")
			check(eventfile.Query{Streams: only("b")}, "b-15 b-25")
			check(eventfile.Query{Match: func(m string) bool { return strings.HasSuffix(m, "0") }}, "a-10 a-20 a-20 a-30 a-40")
			check(eventfile.Query{After: &eventfile.Position{Time: 20}, Before: &eventfile.Position{Time: 30}}, "a-20 a-20 b-25")
		}
		again()
		if size == 1 {
			sealed(t, dir)
			again()
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		f = open(t, st, dir, size)
		again()
		_ = f.Close()
	}
}

// TestTorn reads a journal up to its last whole record, and writes on behind it.
func TestTorn(t *testing.T) {
	st, dir := newStore(t), t.TempDir()
	f := open(t, st, dir, 0)
	add(t, f, "a", 1)
	add(t, f, "a", 2)
	_ = f.Close()
	names, err := filepath.Glob(filepath.Join(dir, "journal", "*"))
	if err != nil || len(names) != 1 {
		t.Fatal(names, err)
	}
	whole, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	for cut := len(whole)/2 + 1; cut < len(whole); cut++ {
		if err := os.WriteFile(names[0], whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		f = open(t, st, dir, 0)
		if got := read(t, f, eventfile.Query{}); got != "a-1" {
			t.Errorf("cut at %d: got %s", cut, got)
		}
		add(t, f, "a", 3)
		_ = f.Close()
		f = open(t, st, dir, 0)
		if got := read(t, f, eventfile.Query{}); got != "a-1 a-3" {
			t.Errorf("cut at %d: got %s after writing on", cut, got)
		}
		_ = f.Close()
	}
}

// TestGone forgets streams and what is too old, with their files.
func TestGone(t *testing.T) {
	st, dir := newStore(t), t.TempDir()
	f := open(t, st, dir, 1)
	t.Cleanup(func() { _ = f.Close() })
	add(t, f, "a", 10)
	add(t, f, "b", 20)
	add(t, f, "a", 30)
	sealed(t, dir)
	files := func(want int) {
		t.Helper()
		names, err := filepath.Glob(filepath.Join(dir, "groups", "g1", "*"))
		if err != nil || len(names) != want {
			t.Errorf("files: got %v, want %d", names, want)
		}
	}
	freed := int64(0)
	if err := f.Expire(t.Context(), at(""), 15, func(_ *store.Tx, streams map[string]int64) error {
		for _, n := range streams {
			freed += n
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if got := read(t, f, eventfile.Query{}); got != "b-20 a-30" || freed != 30 {
		t.Errorf("got %s, %d bytes freed", got, freed)
	}
	if err := f.Forget(t.Context(), at("b")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, f, eventfile.Query{}); got != "a-30" {
		t.Errorf("got %s", got)
	}
	p := at("")
	p.Stream = ""
	if err := f.Forget(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if got := read(t, f, eventfile.Query{}); got != "" {
		t.Errorf("got %s", got)
	}
	files(0)
}

// TestBudget ends a reading that is too long, and goes on where it ended.
func TestBudget(t *testing.T) {
	for _, reverse := range []bool{false, true} {
		st, dir := newStore(t), t.TempDir()
		f := open(t, st, dir, 2000)
		var want []string
		for i := range 300 {
			s, n := fmt.Sprint(i%7), int64(rand.IntN(100)+i)
			add(t, f, s, n)
			want = append(want, fmt.Sprintf("%s-%d", s, n))
		}
		var got []string
		q, rounds := eventfile.Query{Group: at(""), Budget: 500, Reverse: reverse}, 0
		last := int64(-1)
		for ; ; rounds++ {
			p, err := f.Read(t.Context(), q, func(_ string, e eventfile.Event) bool {
				if last >= 0 && (!reverse && e.Time < last || reverse && e.Time > last) {
					t.Errorf("%d comes after %d", e.Time, last)
				}
				last = e.Time
				got = append(got, e.Message)
				return true
			})
			if err != nil {
				t.Fatal(err)
			}
			if p.Next == nil {
				break
			}
			if reverse {
				q.Before = p.Next
			} else {
				q.After = p.Next
			}
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || rounds < 3 {
			t.Errorf("reverse %v: got %d events in %d rounds, want %d", reverse, len(got), rounds, len(want))
		}
		_ = f.Close()
	}
}

// TestCrowd appends from many sides while others read and journals are sealed.
func TestCrowd(t *testing.T) {
	st, dir := newStore(t), t.TempDir()
	f := open(t, st, dir, 20000)
	var all sync.WaitGroup
	stop, cancel := context.WithCancel(t.Context())
	for range 2 {
		all.Go(func() {
			for stop.Err() == nil {
				seen := map[string]bool{}
				_, err := f.Read(t.Context(), eventfile.Query{Group: at("")}, func(_ string, e eventfile.Event) bool {
					if seen[e.Message] {
						t.Errorf("%s comes twice", e.Message)
					}
					seen[e.Message] = true
					return true
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	var writers sync.WaitGroup
	for w := range 16 {
		writers.Go(func() {
			for i := range 100 {
				add(t, f, fmt.Sprint("s", w), int64(i))
			}
		})
	}
	writers.Wait()
	cancel()
	all.Wait()
	if got := len(strings.Fields(read(t, f, eventfile.Query{}))); got != 1600 {
		t.Errorf("got %d events", got)
	}
	_ = f.Close()
	f = open(t, st, dir, 20000)
	if got := len(strings.Fields(read(t, f, eventfile.Query{}))); got != 1600 {
		t.Errorf("got %d events after a restart", got)
	}
	_ = f.Close()
}

// TestMerge makes one file of many, and reads the same.
func TestMerge(t *testing.T) {
	st, dir := newStore(t), t.TempDir()
	f := open(t, st, dir, 1)
	var want []string
	for i := range 100 {
		s := fmt.Sprint("s", i%3)
		add(t, f, s, int64(i), int64(i))
		want = append(want, fmt.Sprintf("%s-%d", s, i), fmt.Sprintf("%s-%d", s, i))
	}
	sealed(t, dir)
	check := func() {
		t.Helper()
		if got := read(t, f, eventfile.Query{}); got != strings.Join(want, " ") {
			t.Errorf("got %s", got)
		}
		if got := read(t, f, eventfile.Query{From: 50, To: 51, Reverse: true}); got != "s2-50 s2-50" {
			t.Errorf("got %s", got)
		}
	}
	check()
	for range 2 {
		if err := f.Merge(t.Context(), at("")); err != nil {
			t.Fatal(err)
		}
		check()
	}
	names, err := filepath.Glob(filepath.Join(dir, "groups", "g1", "*.1"))
	if err != nil || len(names) != 1 {
		t.Errorf("got %v %v", names, err)
	}
	_ = f.Close()
	past := time.Now().Add(-2 * time.Hour)
	all, err := filepath.Glob(filepath.Join(dir, "groups", "g1", "*"))
	if err != nil || len(all) < 101 {
		t.Fatal(len(all), err)
	}
	for _, n := range all {
		if err := os.Chtimes(n, past, past); err != nil {
			t.Fatal(err)
		}
	}
	f = open(t, st, dir, 1)
	t.Cleanup(func() { _ = f.Close() })
	check()
	if all, err = filepath.Glob(filepath.Join(dir, "groups", "g1", "*")); err != nil || len(all) > 2 { // the last journal may have been sealed after the merge
		t.Errorf("got %v %v", all, err)
	}
	if err := f.Forget(t.Context(), at("s1")); err != nil {
		t.Fatal(err)
	}
	want = slices.DeleteFunc(want, func(m string) bool { return strings.HasPrefix(m, "s1-") })
	check()
}
