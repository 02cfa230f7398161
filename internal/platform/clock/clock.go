// Package clock is the time that everything else is given, so that tests can hold it.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time. Services never call time.Now themselves.
type Clock interface {
	Now() time.Time
}

// System is the machine's own clock, in UTC.
type System struct{}

// Now returns the current UTC time.
func (System) Now() time.Time { return time.Now().UTC() }

// Manual is a clock that stands still until it is moved. The zero value stands at the zero time.
type Manual struct {
	mu  sync.Mutex
	now time.Time
}

// At returns a Manual that stands at t.
func At(t time.Time) *Manual { return &Manual{now: t} }

// Now returns the time the clock was last moved to.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// Advance moves the clock by d.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
}
