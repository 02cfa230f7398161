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

const (
	firstWait = time.Second
	maxWait   = 10 * time.Minute
)

// failed writes an attempt that failed into the parcel, and tells whether the parcel is given up.
func (p *Parcel) failed(err error, now time.Time) (over bool) {
	p.Attempts++
	p.Failure, p.Code = err.Error(), code(err)
	wait := min(firstWait<<min(p.Attempts-1, 20), maxWait)
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
