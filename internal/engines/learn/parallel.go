package learn

import "sync"

// Together calls f of 0 to n-1 at once and waits for all.
func Together(n int, f func(i int)) {
	var wait sync.WaitGroup
	for i := range n - 1 {
		wait.Go(func() { f(i) })
	}
	if n > 0 {
		f(n - 1)
	}
	wait.Wait()
}

// Share is the i-th of parts of about the same size of n things: from the first to before the last.
func Share(n, parts, i int) (first, last int) { return n * i / parts, n * (i + 1) / parts }
