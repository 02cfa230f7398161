package fault

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const (
	// logStreams take the events of all writers; each call has batch events of padding bytes, so that journals are sealed meanwhile.
	logStreams = 7
	batch      = 20
	padding    = 5000
)

// TestKillLogs puts events from all sides while the server is killed. Every event that was acknowledged is there, once for each time it
// was put.
func TestKillLogs(t *testing.T) {
	o := harness.Options{DataDir: t.TempDir()}
	s := start(t, o)
	l := logged{t: t, acknowledged: map[string]bool{}}
	l.prepare(s)
	for n := range *rounds {
		l.put(n, s)
		s = start(t, o)
		l.check(s)
	}
	if err := s.Stop(); err != nil {
		t.Errorf("%v\n%s", err, s.Log())
	}
}

type logged struct {
	t            *testing.T
	mu           sync.Mutex
	acknowledged map[string]bool
}

func logClient(s *harness.Server) *cloudwatchlogs.Client {
	cfg := s.Root().Config()
	cfg.HTTPClient = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: writers}}
	return cloudwatchlogs.NewFromConfig(cfg)
}

func (l *logged) prepare(s *harness.Server) {
	l.t.Helper()
	c := logClient(s)
	_, err := c.CreateLogGroup(l.t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: aws.String("fault")})
	for n := range logStreams {
		if err == nil {
			_, err = c.CreateLogStream(l.t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: aws.String("fault"), LogStreamName: aws.String(fmt.Sprint(n))})
		}
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// put lets the writers run until the server is dead.
func (l *logged) put(round int, s *harness.Server) {
	c := logClient(s)
	at := int64(*writes) * int64(20+rand.IntN(60)) / 100
	var next, done atomic.Int64
	var all, dead sync.WaitGroup
	for range writers {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(*writes); i = next.Add(1) - 1 {
				in := &cloudwatchlogs.PutLogEventsInput{LogGroupName: aws.String("fault"), LogStreamName: aws.String(fmt.Sprint(i % logStreams))}
				var names []string
				for n := range batch {
					name := fmt.Sprintf("%d-%d-%d", round, i, n)
					names = append(names, name)
					in.LogEvents = append(in.LogEvents, types.InputLogEvent{Timestamp: aws.Int64(time.Now().UnixMilli()), Message: aws.String(fmt.Sprintf("%-*s", padding, name))})
				}
				if _, err := c.PutLogEvents(l.t.Context(), in); err != nil {
					return // the server is gone
				}
				l.mu.Lock()
				for _, name := range names {
					l.acknowledged[name] = true
				}
				l.mu.Unlock()
				if done.Add(1) == at {
					dead.Go(s.Kill)
				}
			}
		})
	}
	all.Wait()
	dead.Wait()
	l.t.Logf("round %d: killed after %d calls, %d acknowledged", round, at, done.Load())
	if done.Load() < at {
		l.t.Fatalf("the server went before it was killed\n%s", s.Log())
	}
}

// check reads everything.
func (l *logged) check(s *harness.Server) {
	l.t.Helper()
	got := map[string]int{}
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(logClient(s), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: aws.String("fault")})
	for pages.HasMorePages() {
		p, err := pages.NextPage(l.t.Context())
		if err != nil {
			l.t.Fatal(err)
		}
		for _, e := range p.Events {
			var name string
			if _, err := fmt.Sscan(*e.Message, &name); err != nil || len(*e.Message) != padding {
				l.t.Fatalf("a message is damaged: %.50q", *e.Message)
			}
			got[name]++
		}
	}
	for name := range l.acknowledged {
		if got[name] != 1 {
			l.t.Errorf("%s was acknowledged and is there %d times", name, got[name])
		}
	}
	for name, n := range got {
		if n != 1 {
			l.t.Errorf("%s is there %d times", name, n)
		}
	}
}
