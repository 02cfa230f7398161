package layout

import (
	"fmt"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
)

// Of ten folders side by side this many must be alike to be partitions of one table, when their names don't say that they are.
const alikeOfTen = 7

// grouper collects what was found.
type grouper struct {
	bucket string
	o      Options
	tables []Table
	left   []Left
}

// shape is what a folder would be as a table.
type shape struct {
	schema *tabular.Schema
	keys   []string // of the levels below: names of Hive's, "" for others
	leaves []leaf
}

// leaf is a folder that would be a partition.
type leaf struct {
	path   string
	values []string
	schema *tabular.Schema
	stats  Stats
}

// similar tells whether two may be of one table.
func (g *grouper) similar(a, b *tabular.Schema) bool {
	if a == b || !g.o.Combine && !g.o.Whole {
		return a == b || tabular.Similar(*a, *b)
	}
	return compatible(a, b)
}

// compatible tells whether one table can read both.
func compatible(a, b *tabular.Schema) bool {
	return a.Format == b.Format && a.Classification == b.Classification && a.Compression == b.Compression && a.Delimiter == b.Delimiter &&
		a.Path == b.Path && a.Pattern == b.Pattern
}

// heap is schemas that are alike.
type heap struct {
	merged  *tabular.Schema
	last    *tabular.Schema
	members []int
}

func merge(a, b *tabular.Schema) *tabular.Schema {
	if a == b {
		return a
	}
	m := tabular.Merge(*a, *b)
	return &m
}

// heaps puts schemas that are alike together.
func (g *grouper) heaps(n int, schema func(int) *tabular.Schema) (out []*heap) {
	for i := range n {
		s := schema(i)
		placed := false
		for _, h := range out {
			if placed = h.last == s || g.similar(h.merged, s) || g.similar(h.last, s); placed {
				if h.last != s {
					h.merged, h.last = merge(h.merged, s), s
				}
				h.members = append(h.members, i)
				break
			}
		}
		if !placed {
			out = append(out, &heap{s, s, []int{i}})
		}
	}
	return out
}

func largest(list []*heap) *heap {
	var best *heap
	for _, h := range list {
		if best == nil || len(h.members) > len(best.members) {
			best = h
		}
	}
	return best
}

// look finds out what a folder is: a shape when it can be (part of) one table. What is a table of its own for certain is written
// down.
func (g *grouper) look(n *node) *shape {
	tables, left := len(g.tables), len(g.left)
	s := g.lookInto(n)
	if g.o.Level == n.level && (s == nil || len(g.tables) > tables) { // it is one table, whatever is in it
		g.tables, g.left = g.tables[:tables], g.left[:left]
		return g.force(n)
	}
	return s
}

func (g *grouper) lookInto(n *node) *shape {
	above := g.o.Level > n.level
	var shapes []*shape
	var nodes []*node
	for _, c := range n.children {
		switch s := g.look(c); {
		case s == nil:
		case above:
			g.finish(c, s, g.o.Level == c.level)
		default:
			shapes, nodes = append(shapes, s), append(nodes, c)
		}
	}
	kinds := g.heaps(len(n.files), func(i int) *tabular.Schema { return n.files[i].Schema })
	if above {
		g.each(n.files)
		return nil
	}
	below := g.join(nodes, shapes)
	switch {
	case len(kinds) == 0:
		return below
	case below == nil && len(nodes) == 0 && len(kinds) == 1:
		return &shape{schema: kinds[0].merged, leaves: []leaf{g.leafOf(n, n.files, kinds[0].merged)}}
	case below != nil && len(kinds) == 1 && g.similar(kinds[0].merged, below.schema):
		if below.hive() {
			g.leave(n.files, "it lies beside the table's partitions")
			return below
		}
		// Hive reads a table without partitions with all folders in it.
		flat := leaf{path: n.path, schema: merge(kinds[0].merged, below.schema), stats: total(n.files)}
		for _, l := range below.leaves {
			flat.stats.add(l.stats)
		}
		return &shape{schema: flat.schema, leaves: []leaf{flat}}
	}
	g.each(n.files)
	return below
}

func total(files []File) (out Stats) {
	for _, f := range files {
		out.add(f.stats())
	}
	return out
}

func (g *grouper) leafOf(n *node, files []File, s *tabular.Schema) leaf {
	return leaf{path: n.path, schema: s, stats: total(files)}
}

// each makes a table of each file.
func (g *grouper) each(files []File) {
	for _, f := range files {
		g.tables = append(g.tables, Single(f))
	}
}

func (g *grouper) leave(files []File, why string) {
	for _, f := range files {
		g.left = append(g.left, Left{f.Key, why})
	}
}

func (s *shape) hive() bool { return len(s.keys) > 0 && s.keys[0] != "" }

// join makes one shape of folders side by side, if they are partitions of one table. Folders that are not are written down as tables.
func (g *grouper) join(nodes []*node, shapes []*shape) *shape {
	if len(nodes) == 0 {
		return nil
	}
	levels := map[string][]int{}
	best := ""
	for i, n := range nodes {
		key, _, _ := hive(n.name())
		sign := fmt.Sprintf("%q", append([]string{key}, shapes[i].keys...))
		levels[sign] = append(levels[sign], i)
		if len(levels[sign]) > len(levels[best]) {
			best = sign
		}
	}
	same := levels[best]
	kinds := g.heaps(len(same), func(i int) *tabular.Schema { return shapes[same[i]].schema })
	most := largest(kinds)
	first, _, _ := hive(nodes[same[0]].name())
	keys := append([]string{first}, shapes[same[0]].keys...)
	one := 10*len(most.members) >= alikeOfTen*len(same)
	if keys[0] != "" {
		one = 2*len(most.members) > len(same)
	}
	if !one || 10*len(same) < alikeOfTen*len(nodes) && keys[0] == "" {
		for i, n := range nodes {
			g.finish(n, shapes[i], false)
		}
		return nil
	}
	out := &shape{schema: most.merged, keys: keys}
	chosen := make(map[int]bool, len(same))
	for _, i := range same {
		chosen[i] = true
		value := valueOf(nodes[i].name())
		for _, l := range shapes[i].leaves {
			l.values = append([]string{value}, l.values...)
			out.leaves = append(out.leaves, l)
		}
		if s := shapes[i].schema; keys[0] != "" && compatible(out.schema, s) { // it says itself that it is of the table
			out.schema = merge(out.schema, s)
		}
	}
	for i, n := range nodes {
		if !chosen[i] {
			g.finish(n, shapes[i], false)
		}
	}
	return out
}

// force takes all folders below as partitions of one table: those on the level on which most are, of the kind that most are of.
func (g *grouper) force(n *node) *shape {
	type place struct {
		*node
		names []string
	}
	levels := map[int][]place{}
	deepest := 0
	var walk func(n *node, names []string)
	walk = func(n *node, names []string) {
		if len(n.files) > 0 {
			levels[len(names)] = append(levels[len(names)], place{n, names})
			if len(levels[len(names)]) > len(levels[deepest]) {
				deepest = len(names)
			}
		}
		for _, c := range n.children {
			walk(c, append(names[:len(names):len(names)], c.name()))
		}
	}
	walk(n, nil)
	var files []File
	for _, p := range levels[deepest] {
		files = append(files, p.files...)
	}
	most := largest(g.heaps(len(files), func(i int) *tabular.Schema { return files[i].Schema }))
	if most == nil {
		return nil
	}
	out := &shape{schema: most.merged, keys: make([]string, deepest)}
	for level, places := range levels {
		for _, p := range places {
			if level != deepest {
				g.leave(p.files, "it lies on another level than the table's other files")
				continue
			}
			l := leaf{path: p.path}
			for _, f := range p.files {
				if !compatible(out.schema, f.Schema) {
					g.leave([]File{f}, "its format is not that of the table")
					continue
				}
				if out.schema = merge(out.schema, f.Schema); l.schema == nil {
					l.schema = f.Schema
				}
				l.schema = merge(l.schema, f.Schema)
				l.stats.add(f.stats())
			}
			if l.schema == nil {
				continue
			}
			for i, name := range p.names {
				key, _, _ := hive(name)
				out.keys[i] = key
				l.values = append(l.values, valueOf(name))
			}
			out.leaves = append(out.leaves, l)
		}
	}
	return out
}
