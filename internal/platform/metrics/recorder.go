package metrics

import (
	"math"
	"time"
)

// Recorder is how a service measures what AWS measures of it. Record never blocks on the disk and never fails: the last seconds
// may be lost with the process.
type Recorder interface {
	Record(account, region, namespace string, data ...Datum)
}

// Datum is one value that was measured.
type Datum struct {
	Name       string
	Unit       string // as CloudWatch names units: "Count", "Milliseconds"; "": None
	Value      float64
	Time       time.Time // zero: now
	Dimensions []Dimension
}

// Dimension tells series of one name apart.
type Dimension struct{ Name, Value string }

// Discard records nothing.
type Discard struct{}

// Record forgets the data.
func (Discard) Record(string, string, string, ...Datum) {}

// most is how many points may wait to be written. More are dropped: measuring must not bring the server down.
const most = 100_000

// pending is a point that waits to be written.
type pending struct {
	account, region string
	sample          Sample
}

// Record gathers data until they are written.
func (k *Keeper) Record(account, region, namespace string, data ...Datum) {
	now := k.Clock.Now()
	k.mu.Lock()
	defer k.mu.Unlock()
	for i := range data {
		d := &data[i]
		if math.IsNaN(d.Value) || math.IsInf(d.Value, 0) {
			continue
		}
		at := d.Time
		if at.IsZero() {
			at = now
		}
		minute := at.Unix() / 60
		b := k.scratch[:0]
		for _, part := range []string{account, region, namespace, d.Name, d.Unit} {
			b = append(append(b, part...), 0)
		}
		for _, dim := range d.Dimensions {
			b = append(append(append(append(b, dim.Name...), 0), dim.Value...), 0)
		}
		for ; minute > 0; minute >>= 8 {
			b = append(b, byte(minute))
		}
		k.scratch = b
		p := k.waiting[string(b)]
		if p == nil {
			if len(k.waiting) >= most {
				continue
			}
			p = &pending{account: account, region: region, sample: Sample{Unit: d.Unit, Time: at,
				Series: Series{Namespace: namespace, Name: d.Name, Dimensions: Sorted(d.Dimensions)}}}
			k.waiting[string(b)] = p
			if len(k.waiting) == 1 {
				k.tell()
			}
		}
		p.sample.Add(d.Value, 1)
	}
}
