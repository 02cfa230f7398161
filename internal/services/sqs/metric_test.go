package sqs

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/clock"
	"github.com/atelier-studio/atelier/internal/platform/jobs"
	"github.com/atelier-studio/atelier/internal/platform/metrics"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// meter remembers what is recorded.
type meter struct {
	mu  sync.Mutex
	got map[string]float64
}

func (m *meter) Record(_, _, namespace string, data ...metrics.Datum) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, d := range data {
		m.got[fmt.Sprint(namespace, " ", d.Name, " ", d.Dimensions[0].Value)] = d.Value
	}
}

func TestGauge(t *testing.T) {
	c := clock.At(time.Unix(1_800_000_000, 0))
	dir := t.TempDir()
	st, err := store.Open(context.Background(), store.Config{Dir: dir, Clock: c})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	m := &meter{got: map[string]float64{}}
	s := New(Config{Store: st, Jobs: jobs.New(jobs.Config{Store: st, Dir: dir}), Metrics: m, Clock: c})
	k := store.Key{Account: "1", Region: "r", ID: "q"}
	q := queue{ID: "id", Attributes: map[string]string{"MessageRetentionPeriod": "345600"}}
	if err := st.Update(context.Background(), func(tx *store.Tx) error { return s.queues.Insert(tx, k, q) }); err != nil {
		t.Fatal(err)
	}
	list := []*message{{ID: "a", Body: "xy", Born: s.now()}, {ID: "b", Body: "xy", Born: s.now(), Visible: s.now() + 600_000}}
	if err := s.send(context.Background(), k, q, list); err != nil {
		t.Fatal(err)
	}
	c.Advance(90 * time.Second)
	s.gauge(context.Background())
	for name, want := range map[string]float64{"ApproximateNumberOfMessagesVisible": 1, "ApproximateNumberOfMessagesDelayed": 1,
		"ApproximateNumberOfMessagesNotVisible": 0, "ApproximateAgeOfOldestMessage": 90, "NumberOfMessagesSent": 1, "SentMessageSize": 2} {
		if got, ok := m.got["AWS/SQS "+name+" q"]; !ok || got != want {
			t.Errorf("%s is %v %v, want %v", name, got, ok, want)
		}
	}
	// After a restart the messages that wait are measured before anybody looks for them; queues that nobody uses are not.
	m.got = map[string]float64{}
	s = New(Config{Store: st, Jobs: jobs.New(jobs.Config{Store: st, Dir: t.TempDir()}), Metrics: m, Clock: c})
	if err := st.Update(context.Background(), func(tx *store.Tx) error {
		return s.queues.Insert(tx, store.Key{Account: "1", Region: "r", ID: "unused"}, queue{ID: "other"})
	}); err != nil {
		t.Fatal(err)
	}
	s.gauge(context.Background())
	if got := m.got["AWS/SQS ApproximateNumberOfMessagesVisible q"]; got != 1 || len(m.got) != 4 {
		t.Errorf("after a restart: %v", m.got)
	}
}
