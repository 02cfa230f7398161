package sqs

// ready is a heap of lines by the sequence of their first message.
type ready []*line

func (r ready) Len() int           { return len(r) }
func (r ready) Less(i, j int) bool { return r[i].waiting[0].seq < r[j].waiting[0].seq }
func (r ready) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }

// Push is for container/heap.
func (r *ready) Push(x any) { *r = append(*r, x.(*line)) }

// Pop is for container/heap.
func (r *ready) Pop() any {
	old := *r
	x := old[len(old)-1]
	*r = old[:len(old)-1]
	return x
}

// alarm is when an entry ends to be hidden.
type alarm struct {
	at   int64
	e    *entry
	turn int
}

type alarms []alarm

func (a alarms) Len() int           { return len(a) }
func (a alarms) Less(i, j int) bool { return a[i].at < a[j].at }
func (a alarms) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push is for container/heap.
func (a *alarms) Push(x any) { *a = append(*a, x.(alarm)) }

// Pop is for container/heap.
func (a *alarms) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}

// ages is a heap of messages by their birth.
type ages []*entry

func (a ages) Len() int           { return len(a) }
func (a ages) Less(i, j int) bool { return a[i].born < a[j].born }
func (a ages) Swap(i, j int)      { a[i], a[j] = a[j], a[i] }

// Push is for container/heap.
func (a *ages) Push(x any) { *a = append(*a, x.(*entry)) }

// Pop is for container/heap.
func (a *ages) Pop() any {
	old := *a
	x := old[len(old)-1]
	*a = old[:len(old)-1]
	return x
}
