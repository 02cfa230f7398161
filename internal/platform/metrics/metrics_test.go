package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

const (
	account = "123456789012"
	region  = "us-east-1"
)

var start = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

func open(t testing.TB, dir string, c *clock.Manual) *Keeper {
	t.Helper()
	st, err := store.Open(context.Background(), store.Config{Dir: dir, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	return New(Config{Store: st, Clock: c})
}

func read(t testing.TB, k *Keeper, s Series, from time.Time, length, period time.Duration) []Point {
	t.Helper()
	out, err := k.Read(context.Background(), account, region, s, Range{Start: from, End: from.Add(length), Period: period})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func show(list []Point) (out string) {
	for _, p := range list {
		out += fmt.Sprintf("%s %s %v/%v %v..%v; ", p.Time.Format("15:04:05"), p.Unit, p.Sum, p.Count, p.Min, p.Max)
	}
	return out
}

func TestRecord(t *testing.T) {
	c, dir := clock.At(start), t.TempDir()
	k := open(t, dir, c)
	dims := []Dimension{{"Queue", "b"}, {"A", "x"}}
	k.Record(account, region, "N", Datum{Name: "m", Unit: "Count", Value: 2, Dimensions: dims}, Datum{Name: "m", Unit: "Count", Value: math.NaN()})
	c.Advance(30 * time.Second)
	k.Record(account, region, "N", Datum{Name: "m", Unit: "Count", Value: 5, Dimensions: []Dimension{dims[1], dims[0]}}, Datum{Name: "m", Value: 9})
	c.Advance(60 * time.Second)
	k.Record(account, region, "N", Datum{Name: "m", Unit: "Bytes", Value: 1, Dimensions: dims}, Datum{Name: "m", Unit: "Count", Value: 4, Dimensions: dims})
	k.Record("2", region, "N", Datum{Name: "m", Unit: "Count", Value: 100, Dimensions: dims})
	s := Series{Namespace: "N", Name: "m", Dimensions: Sorted(dims)}
	f := func(period time.Duration, want string) {
		t.Helper()
		if got := show(read(t, k, s, start, 10*time.Minute, period)); got != want {
			t.Errorf("by %v: %s, want %s", period, got, want)
		}
	}
	minutes := "03:00:00 Count 7/2 2..5; 03:01:00 Bytes 1/1 1..1; 03:01:00 Count 4/1 4..4; "
	f(time.Minute, minutes)
	f(5*time.Minute, "03:00:00 Bytes 1/1 1..1; 03:00:00 Count 11/3 2..5; ")
	if got := show(read(t, k, Series{Namespace: "N", Name: "m"}, start, time.Hour, time.Minute)); got != "03:00:00  9/1 9..9; " {
		t.Errorf("without dimensions: %s", got)
	}
	list, err := k.Metrics(context.Background(), account, region, func(Metric) bool { return true })
	if err != nil || len(list) != 2 || len(list[0].Dimensions) != 0 || !list[1].Last.Equal(start) && !list[1].Last.Equal(c.Now()) {
		t.Errorf("listed %+v %v", list, err)
	}
	_ = k.Store.Close()
	k = open(t, dir, c)
	f(time.Minute, minutes)
	k.Record(account, region, "N", Datum{Name: "m", Unit: "Count", Value: 1, Time: start, Dimensions: dims})
	if got := show(read(t, k, s, start, time.Minute, time.Minute)); got != "03:00:00 Count 8/3 1..5; " {
		t.Errorf("more of a minute after a restart: %s", got)
	}
}

func TestPutIsOfItsTransaction(t *testing.T) {
	k := open(t, t.TempDir(), clock.At(start))
	s := Series{Namespace: "N", Name: "m"}
	put := func(fail error, list ...Sample) {
		t.Helper()
		err := k.Store.Update(context.Background(), func(tx *store.Tx) error {
			return errors.Join(k.Put(tx, account, region, list), fail)
		})
		if !errors.Is(err, fail) {
			t.Fatal(err)
		}
	}
	one := func(at time.Time, v float64) Sample {
		return Sample{Series: s, Time: at, Fine: true, Aggregate: Aggregate{Sum: v, Count: 1, Min: v, Max: v}}
	}
	put(errors.New("no"), one(start, 1))
	put(nil, one(start, 2), one(start.Add(time.Second), 3), one(start.Add(16*time.Second), 4))
	put(nil, Sample{Series: s, Time: start, Aggregate: Statistics(100, 10, 1, 20)})
	if got := show(read(t, k, s, start, time.Minute, time.Second)); got != "03:00:00  2/1 2..2; 03:00:01  3/1 3..3; 03:00:16  4/1 4..4; " {
		t.Errorf("by the second: %s", got)
	}
	if got := show(read(t, k, s, start, time.Minute, 10*time.Second)); got != "03:00:00  5/2 2..3; 03:00:10  4/1 4..4; " {
		t.Errorf("by ten seconds: %s", got)
	}
	all := read(t, k, s, start, time.Minute, time.Minute)
	if got := show(all); got != "03:00:00  109/13 1..20; " {
		t.Errorf("by the minute: %s", got)
	}
	if _, known := all[0].Known(); known {
		t.Error("values are known of statistics")
	}
}

func TestTiers(t *testing.T) {
	c := clock.At(start)
	k := open(t, t.TempDir(), c)
	ctx := context.Background()
	s := Series{Namespace: "N", Name: "m"}
	var list []Sample
	for i := range 20 {
		list = append(list, Sample{Series: s, Fine: true, Time: start.Add(time.Duration(i) * time.Minute), Aggregate: Aggregate{Sum: float64(i), Count: 1, Min: float64(i), Max: float64(i)}})
	}
	if err := k.Store.Update(ctx, func(tx *store.Tx) error { return k.Put(tx, account, region, list) }); err != nil {
		t.Fatal(err)
	}
	f := func(after time.Duration, period time.Duration, points int, total float64) {
		t.Helper()
		c.Advance(after)
		if err := k.Sweep(ctx); err != nil {
			t.Fatal(err)
		}
		sum := 0.0
		got := read(t, k, s, start, time.Hour, period)
		for _, p := range got {
			sum += p.Sum
		}
		if len(got) != points || sum != total {
			t.Errorf("after %v: %d points of %v, want %d of %v: %s", c.Now().Sub(start), len(got), sum, points, total, show(got))
		}
	}
	f(0, time.Second, 20, 190)
	f(4*time.Hour, time.Second, 0, 0)
	f(0, time.Minute, 20, 190)
	f(16*24*time.Hour, time.Minute, 4, 190)
	f(50*24*time.Hour, time.Minute, 1, 190)
	if all, _ := k.Metrics(ctx, account, region, func(Metric) bool { return true }); len(all) != 0 {
		t.Errorf("old series is listed: %v", all)
	}
	f(500*24*time.Hour, time.Minute, 0, 0)
	_ = k.image.Read(ctx, func() {
		if len(k.series.Rows()) != 0 {
			t.Error("series is left")
		}
	})
}

func TestValuesWithinOnePercent(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for name, draw := range map[string]func() float64{
		"uniform":   func() float64 { return r.Float64() * 1000 },
		"latencies": func() float64 { return math.Exp(r.NormFloat64() * 2) },
		"signed":    func() float64 { return r.NormFloat64() * 100 },
		"integers":  func() float64 { return float64(r.IntN(50)) },
	} {
		var all []float64
		var parts [4]Aggregate
		for i := range 20_000 {
			v := draw()
			all = append(all, v)
			parts[i%4].Add(v, 1)
		}
		var a Aggregate
		for _, p := range parts {
			b, err := p.MarshalJSON()
			if err != nil {
				t.Fatal(err)
			}
			var back Aggregate
			if err := back.UnmarshalJSON(b); err != nil {
				t.Fatal(err)
			}
			a.Merge(back)
		}
		slices.Sort(all)
		values, ok := a.Known()
		if !ok || len(values) > widest || a.Count != 20_000 || a.Min != all[0] || a.Max != all[len(all)-1] {
			t.Errorf("%s: %d values known %v, %v in %v..%v", name, len(values), ok, a.Count, a.Min, a.Max)
		}
		for _, q := range []float64{0.01, 0.1, 0.5, 0.9, 0.99, 0.999} {
			rank, seen, got := q*20_000, 0.0, 0.0
			for _, v := range values {
				got = v.Value
				if seen += v.Count; seen >= rank {
					break
				}
			}
			if want := all[int(rank)-1]; math.Abs(got-want) > 0.011*math.Abs(want) {
				t.Errorf("%s: p%v is %v, want %v", name, 100*q, got, want)
			}
		}
	}
	var wild Aggregate
	for i := range 30_000 {
		wild.Add(math.Pow(1.001, float64(i)), 1)
		wild.Add(-math.Pow(1.001, float64(i)), 1)
	}
	if n := len(wild.Values); n > widest+exact {
		t.Errorf("%d values are held", n)
	}
}

func TestMostIsBounded(t *testing.T) {
	k := open(t, t.TempDir(), clock.At(start))
	for i := range most + 10 {
		k.Record(account, region, "N", Datum{Name: fmt.Sprint(i), Value: 1})
	}
	if len(k.waiting) != most {
		t.Errorf("%d wait", len(k.waiting))
	}
}

func TestRunWritesWhenItEnds(t *testing.T) {
	k := open(t, t.TempDir(), clock.At(start))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { k.Run(ctx); close(done) }()
	k.Record(account, region, "N", Datum{Name: "m", Value: 1})
	cancel()
	<-done
	if len(k.waiting) != 0 {
		t.Error("something was left")
	}
	if got := show(read(t, k, Series{Namespace: "N", Name: "m"}, start, time.Minute, time.Minute)); got != "03:00:00  1/1 1..1; " {
		t.Errorf("wrote %s", got)
	}
}

func BenchmarkRecord(b *testing.B) {
	k := open(b, b.TempDir(), clock.At(start))
	dims := []Dimension{{"QueueName", "queue"}}
	b.ReportAllocs()
	for i := range b.N {
		k.Record(account, region, "AWS/SQS", Datum{Name: "NumberOfMessagesSent", Unit: "Count", Value: float64(i % 10), Dimensions: dims})
	}
}

// BenchmarkPut writes data of many series, each acknowledged when it is on disk, from 64 callers.
func BenchmarkPut(b *testing.B) {
	k := open(b, b.TempDir(), clock.At(start))
	var next atomic.Int64
	var all sync.WaitGroup
	b.ResetTimer()
	for range 64 {
		all.Go(func() {
			for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
				s := Sample{Series: Series{Namespace: "N", Name: "m", Dimensions: []Dimension{{"D", fmt.Sprint(i % 50)}}}, Time: start,
					Aggregate: Aggregate{Sum: float64(i), Count: 1, Min: float64(i), Max: float64(i)}}
				if err := k.Store.Update(context.Background(), func(tx *store.Tx) error { return k.Put(tx, account, region, []Sample{s}) }); err != nil {
					b.Error(err)
				}
			}
		})
	}
	all.Wait()
}
