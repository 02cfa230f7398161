package eventfile

// cursor goes through the events of a run.
type cursor struct {
	stream  string
	events  []Event
	reverse bool
	unseen  bool // nobody has counted and matched them
}

func (c *cursor) at() Event {
	if c.reverse {
		return c.events[len(c.events)-1]
	}
	return c.events[0]
}

func (c *cursor) advance() {
	if c.reverse {
		c.events = c.events[:len(c.events)-1]
		return
	}
	c.events = c.events[1:]
}

// cursors is a heap with the nearest event at its top.
type cursors struct {
	list    []*cursor
	reverse bool
}

func (h cursors) Len() int { return len(h.list) }

func (h cursors) Less(i, j int) bool {
	c := compare(h.list[i].at(), h.list[j].at())
	if h.reverse {
		return c > 0
	}
	return c < 0
}

func (h cursors) Swap(i, j int) { h.list[i], h.list[j] = h.list[j], h.list[i] }

// Push is for container/heap.
func (h *cursors) Push(x any) { h.list = append(h.list, x.(*cursor)) }

// Pop is for container/heap.
func (h *cursors) Pop() any {
	n := len(h.list) - 1
	c := h.list[n]
	h.list = h.list[:n]
	return c
}
