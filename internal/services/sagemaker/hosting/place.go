package hosting

import (
	"cmp"
	"slices"
)

// Room is what an instance has, or what a copy of a model wants of one.
type Room struct {
	Cores    float64
	MemoryMB int
}

// Place tells how many instances, each with so much room, hold all copies: the largest first, each where it fits first. ok is false
// when a copy is larger than an instance.
func Place(each Room, copies []Room) (instances int, ok bool) {
	copies = slices.Clone(copies)
	slices.SortStableFunc(copies, func(a, b Room) int {
		return cmp.Or(cmp.Compare(b.MemoryMB, a.MemoryMB), cmp.Compare(b.Cores, a.Cores))
	})
	var left []Room
	for _, c := range copies {
		if c.Cores > each.Cores || c.MemoryMB > each.MemoryMB {
			return 0, false
		}
		at := slices.IndexFunc(left, func(r Room) bool { return r.Cores >= c.Cores && r.MemoryMB >= c.MemoryMB })
		if at < 0 {
			at, left = len(left), append(left, each)
		}
		left[at].Cores -= c.Cores
		left[at].MemoryMB -= c.MemoryMB
	}
	return len(left), true
}
