package learn

import "runtime"

// WithDefaults fills in what is zero.
func (l Limits) WithDefaults() Limits {
	if l.Body <= 0 {
		l.Body = 100 << 20
	}
	if l.Memory <= 0 {
		l.Memory = 4 << 30
	}
	if l.Threads <= 0 {
		l.Threads = runtime.GOMAXPROCS(0)
	}
	return l
}
