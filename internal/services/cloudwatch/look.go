package cloudwatch

import (
	"context"
	"strconv"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudwatch/metricmath"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// settling is how long after a period's end it is looked at: for data that come a little late.
const settling = 2 * time.Second

// step is how often an alarm is looked at: each minute, or every ten seconds for short periods.
func (m *metric) step() time.Duration {
	if m.Period > 0 && m.Period < 60 {
		return 10 * time.Second
	}
	for _, q := range m.Metrics {
		if q.MetricStat != nil && *q.MetricStat.Period < 60 || q.Period != nil && *q.Period < 60 {
			return 10 * time.Second
		}
	}
	return time.Minute
}

// look is called when it is time to look at an alarm, and sets the next time.
func (s *Service) look(ctx context.Context, k store.Key, _ time.Time) error {
	var a alarm
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		a, err = s.alarms.Get(tx, k)
		return err
	}); err != nil {
		if absent(err) {
			return nil
		}
		return err
	}
	// The next time is set first, so that a change that comes meanwhile can bring it forward.
	if a.Composite != nil {
		if a.Composite.Until != nil {
			s.ring.Set(k, *a.Composite.Until)
		}
		return s.lookComposite(ctx, k, a)
	}
	step := a.Metric.step()
	s.ring.Set(k, s.Clock.Now().Add(-settling).Truncate(step).Add(step+settling))
	return s.lookMetric(ctx, k, a)
}

func (s *Service) lookMetric(ctx context.Context, k store.Key, a alarm) error {
	seen, err := s.observe(ctx, k, a.Metric)
	if err != nil {
		return err
	}
	v := a.Metric.judge(seen.list)
	if (v.State == "" || v.State == a.State) && !(a.State == types.StateValueAlarm && a.scales()) {
		return nil
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := s.alarms.Get(tx, k)
		if absent(err) || err == nil && (!now.Configured.Equal(a.Configured) || now.State != a.State) {
			return nil // it was changed just now
		}
		if err != nil {
			return err
		}
		if v.State == "" || v.State == now.State {
			return s.rescale(tx, k, &now, v)
		}
		reason, data := a.Metric.reason(v, now.State, s.Clock.Now(), seen)
		return s.transit(tx, k, now, change{state: v.State, reason: reason, data: data, latest: latest(v)})
	})
}

// seen is what was observed, the oldest first.
type seen struct {
	list   []observation
	period int64
	start  time.Time
}

func latest(v verdict) *float64 {
	if len(v.Evaluated) == 0 {
		return nil
	}
	return v.Evaluated[0].Value
}

// plan is what an alarm looks at, as a request for data.
func (m *metric) plan(account string) (*plan, *query, error) {
	list := m.Metrics
	if len(list) == 0 {
		list = []types.MetricDataQuery{{Id: aws.String("m"), MetricStat: &types.MetricStat{Period: &m.Period, Stat: aws.String(m.stat()), Unit: m.Unit,
			Metric: &types.Metric{Namespace: &m.Namespace, MetricName: &m.Name, Dimensions: m.Dimensions}}}}
	}
	p, err := newPlan(list, account)
	if err != nil {
		return nil, nil, err
	}
	q, err := p.watched()
	return p, q, err
}

// observe reads the periods up to now.
func (s *Service) observe(ctx context.Context, k store.Key, m *metric) (seen, error) {
	p, q, err := m.plan(k.Account)
	if err != nil {
		return seen{}, err
	}
	period := (&computation{plan: p}).period(q)
	if q.MetricStat != nil {
		period = int64(*q.MetricStat.Period)
	}
	length := time.Duration(period) * time.Second
	end := s.Clock.Now().Truncate(m.step())
	out := seen{period: period, start: end.Add(-length * time.Duration(m.Periods+spare))}
	c := s.computation(ctx, k.Account, k.Region, p, out.start, end)
	v, err := c.lookup(*q.Id)
	if err != nil {
		if ctx.Err() != nil {
			return out, err
		}
		v = metricmath.Value{Series: []*metricmath.Series{{}}} // such as a division by zero: there are no data
	}
	out.list = make([]observation, m.Periods+spare)
	for i := range out.list {
		out.list[i].At = out.start.Unix() + int64(i)*period
	}
	for _, point := range v.Series[0].Points {
		if i := (point.At - out.start.Unix()) / period; i >= 0 && int(i) < len(out.list) {
			out.list[i].Value = aws.Float64(point.Value)
		}
	}
	need := lowSample(m.stat())
	for _, point := range c.samples[*q.Id] {
		if i := (point.Time.Unix() - out.start.Unix()) / period; i >= 0 && int(i) < len(out.list) {
			out.list[i].Count, out.list[i].Few = point.Count, point.Count < need
		}
	}
	return out, nil
}

// lowSample is how many samples a percentile needs to mean something.
func lowSample(stat string) float64 {
	m := shortForm.FindStringSubmatch(stat)
	if m == nil || m[1] != "p" {
		return 0
	}
	p, err := strconv.ParseFloat(m[2], 64)
	if err != nil {
		return 0
	}
	p /= 100
	return 10 / max(min(p, 1-p), 1e-9)
}
