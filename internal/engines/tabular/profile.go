package tabular

import (
	"encoding/binary"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strconv"
	"time"

	"github.com/axiomhq/hyperloglog"
)

// ColumnProfile is what the values of a column are like.
type ColumnProfile struct {
	Name     string
	Type     Type
	Count    int64 // of all rows
	Nulls    int64
	Distinct int64 // estimated, to about a percent
	Min, Max any   // of numbers float64, of times time.Time, of text string (its first 256 bytes), of others nil
	Mean     float64
	Bins     []Bin // of numbers and times (in seconds since 1970), from a sample
}

// Bin counts the values from From (which is in it) to To (which is in the last only).
type Bin struct {
	From, To float64
	Count    int64
}

const (
	profileSample = 2048 // values kept for a histogram
	profileText   = 256
	profileBins   = 20
)

// Profile goes through rows once, in memory that does not grow with them. The columns are those of the rows.
func Profile(columns []Column, rows iter.Seq2[[]any, error]) ([]ColumnProfile, error) {
	ps := make([]*profiler, len(columns))
	for i := range ps {
		ps[i] = &profiler{out: ColumnProfile{Name: columns[i].Name, Type: columns[i].Type}, distinct: hyperloglog.New(),
			rand: rand.New(rand.NewPCG(1, uint64(i)))}
	}
	for row, err := range rows {
		if err != nil {
			return nil, err
		}
		for i, v := range row {
			ps[i].see(v)
		}
	}
	out := make([]ColumnProfile, len(ps))
	for i, p := range ps {
		out[i] = p.done()
	}
	return out, nil
}

type profiler struct {
	out      ColumnProfile
	distinct *hyperloglog.Sketch
	rand     *rand.Rand
	numbers  int64
	low, top float64
	sample   []float64
	key      []byte
}

func (p *profiler) see(v any) {
	p.out.Count++
	p.key = p.key[:0]
	switch v := v.(type) {
	case nil:
		p.out.Nulls++
		return
	case bool:
		p.key = strconv.AppendBool(p.key, v)
	case int64:
		p.key = binary.LittleEndian.AppendUint64(p.key, uint64(v))
		p.number(float64(v))
	case float64:
		p.key = binary.LittleEndian.AppendUint64(p.key, math.Float64bits(v))
		p.number(v)
	case string:
		p.key = append(p.key, v...)
		if p.out.Type.Kind == Decimal {
			if f, err := strconv.ParseFloat(v, 64); err == nil {
				p.number(f)
			}
			break
		}
		p.text(v[:min(len(v), profileText)])
	case time.Time:
		p.key = binary.LittleEndian.AppendUint64(p.key, uint64(v.UnixNano()))
		p.time(v)
	case []byte:
		p.key = append(p.key, v...)
	default:
		p.key = fmt.Append(p.key, v)
	}
	p.distinct.Insert(p.key)
}

func (p *profiler) text(s string) {
	if low, ok := p.out.Min.(string); !ok || s < low {
		p.out.Min = s
	}
	if top, ok := p.out.Max.(string); !ok || s > top {
		p.out.Max = s
	}
}

func (p *profiler) time(t time.Time) {
	if low, ok := p.out.Min.(time.Time); !ok || t.Before(low) {
		p.out.Min = t
	}
	if top, ok := p.out.Max.(time.Time); !ok || t.After(top) {
		p.out.Max = t
	}
	p.number(float64(t.UnixNano()) / 1e9)
}

// number keeps a sample in which each value is equally likely to be.
func (p *profiler) number(f float64) {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return
	}
	if p.numbers++; p.numbers == 1 {
		p.low, p.top = f, f
	}
	p.low, p.top = min(p.low, f), max(p.top, f)
	p.out.Mean += (f - p.out.Mean) / float64(p.numbers)
	if len(p.sample) < profileSample {
		p.sample = append(p.sample, f)
	} else if i := p.rand.Int64N(p.numbers); i < profileSample {
		p.sample[i] = f
	}
}

func (p *profiler) done() ColumnProfile {
	p.out.Distinct = int64(p.distinct.Estimate())
	if p.numbers == 0 {
		return p.out
	}
	if p.out.Min == nil {
		p.out.Min, p.out.Max = p.low, p.top
	}
	bins := profileBins
	if p.low == p.top {
		bins = 1
	}
	width := (p.top - p.low) / float64(bins)
	if math.IsInf(width, 0) {
		return p.out
	}
	counts := make([]int64, bins)
	for _, f := range p.sample {
		i := 0
		if width > 0 {
			i = min(int((f-p.low)/width), bins-1)
		}
		counts[i]++
	}
	for i, n := range counts {
		p.out.Bins = append(p.out.Bins, Bin{From: p.low + float64(i)*width, To: p.low + float64(i+1)*width,
			Count: int64(math.Round(float64(n) * float64(p.numbers) / float64(len(p.sample))))})
	}
	return p.out
}
