package delivery

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"time"
)

// Parcel is one thing on its way to one place.
type Parcel struct {
	Kind        string // of courier
	Account     string // that sends
	Region      string
	Line        string `json:",omitempty"` // parcels of one line go in order, one after the other; "": in any order
	Place       string `json:",omitempty"` // outside the server; of those to one place few are on their way at a time
	Data        json.RawMessage
	Accepted    time.Time
	MaxAge      time.Duration // 0: any
	MaxAttempts int           // -1: any; 1 is no retry
	Attempts    int
	Spared      int `json:",omitempty"` // attempts that do not count
	Due         time.Time
	Failure     string `json:",omitempty"` // of the last attempt
	Code        string `json:",omitempty"` // its error code
	Given       bool   `json:",omitempty"` // given up: only the dead-letter queue is left to reach
}

// permanent is a failure that another attempt would not mend.
type permanent struct{ error }

func (p permanent) Unwrap() error { return p.error }

// Permanent marks an error as one that no further attempt will mend, such as a queue that is gone or a missing permission.
func Permanent(err error) error { return permanent{err} }

// timed is a failure that says itself when the next attempt is.
type timed struct {
	error
	wait   time.Duration
	spared bool
}

func (t timed) Unwrap() error { return t.error }

// After marks an error after which the next attempt comes in so long.
func After(err error, wait time.Duration) error { return timed{err, wait, false} }

// Spared marks an error that counts as no attempt, such as of a function that runs as often as it may: it is tried again with a
// growing wait until the parcel is too old.
func Spared(err error) error { return timed{err, 0, true} }

const (
	firstWait = time.Second
	maxWait   = 10 * time.Minute
)

// failed writes an attempt that failed into the parcel, and tells whether the parcel is given up.
func (p *Parcel) failed(err error, now time.Time) (over bool) {
	p.Failure, p.Code = err.Error(), code(err)
	var say timed
	before := p.Attempts
	if errors.As(err, &say) && say.spared {
		before, p.Spared = p.Spared, p.Spared+1
	} else {
		p.Attempts++
	}
	wait := min(firstWait<<min(before, 20), maxWait)
	if say.wait > 0 {
		wait = say.wait
	}
	wait += time.Duration(rand.Int64N(int64(wait)/4 + 1)) // so that those that failed together do not come together again
	p.Due = now.Add(wait)
	var last permanent
	return errors.As(err, &last) || p.MaxAttempts >= 0 && p.Attempts >= p.MaxAttempts || p.MaxAge > 0 && p.Due.Sub(p.Accepted) > p.MaxAge
}

func code(err error) string {
	var c interface{ ErrorCode() string }
	if errors.As(err, &c) {
		return c.ErrorCode()
	}
	return "SDK_CLIENT_ERROR"
}
