package gateway

import (
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"golang.org/x/time/rate"
)

// Those of an account, for the one that a stage or route doesn't give.
// Source: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-throttling.html
const (
	accountRate  = 10000 // requests per second
	accountBurst = 5000
)

// limit is a bucket of tokens, of which each request takes one.
type limit struct {
	rate   rate.Limit
	burst  int
	bucket *rate.Limiter
}

// takes lets a request in. No limit lets all in.
func (l *limit) takes(now time.Time) bool { return l == nil || l.bucket.AllowN(now, 1) }

// limits keeps the buckets of stages and routes while their APIs change.
type limits struct {
	mu   sync.Mutex
	kept map[string]*limit
}

// of gives the bucket of a place, filled anew when its limits are others than they were.
func (l *limits) of(place string, s *types.RouteSettings) *limit {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s == nil || s.ThrottlingBurstLimit == nil && s.ThrottlingRateLimit == nil {
		delete(l.kept, place)
		return nil
	}
	r, burst := rate.Limit(accountRate), accountBurst
	if s.ThrottlingRateLimit != nil {
		r = rate.Limit(*s.ThrottlingRateLimit)
	}
	if s.ThrottlingBurstLimit != nil {
		burst = int(*s.ThrottlingBurstLimit)
	}
	if has := l.kept[place]; has != nil && has.rate == r && has.burst == burst {
		return has
	}
	now := &limit{r, burst, rate.NewLimiter(r, burst)}
	if l.kept == nil {
		l.kept = map[string]*limit{}
	}
	l.kept[place] = now
	return now
}

// forget drops the buckets of an API.
func (l *limits) forget(api string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for place := range l.kept {
		if strings.HasPrefix(place, api+"/") {
			delete(l.kept, place)
		}
	}
}
