package layout

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/engines/tabular"
)

// finish writes a shape down as a table. A folder in which there is nothing but one other folder is not a table itself, unless it has
// to be or the other's name is a value: a key and a value, or a number.
func (g *grouper) finish(n *node, s *shape, here bool) {
	path, name := n.path, n.name()
	for !here && len(s.keys) > 0 && s.keys[0] == "" {
		first := s.leaves[0].values[0]
		if strings.Trim(first, "0123456789-") == "" || slices.ContainsFunc(s.leaves, func(l leaf) bool { return l.values[0] != first }) {
			break
		}
		path, name = path+first+"/", first
		s.keys = s.keys[1:]
		for i := range s.leaves {
			s.leaves[i].values = s.leaves[i].values[1:]
		}
	}
	if name == "" {
		name = g.bucket
	}
	t := Table{Name: TableName(name), Path: path}
	schema := *s.schema
	t.Schema = &schema
	for i, k := range s.keys {
		t.Keys = append(t.Keys, Key{k, keyType(s.leaves, i)})
		if k == "" {
			t.Keys[i].Name = "partition_" + strconv.Itoa(i)
		}
	}
	t.separate()
	slices.SortStableFunc(s.leaves, func(a, b leaf) int { return slices.Compare(a.values, b.values) })
	for i, l := range s.leaves {
		if i > 0 && slices.Equal(s.leaves[i-1].values, l.values) && len(t.Keys) > 0 { // as country=DE and country=%44E are
			g.left = append(g.left, Left{l.path, "another folder is the same partition"})
			continue
		}
		t.Stats.add(l.stats)
		if len(t.Keys) > 0 {
			t.Partitions = append(t.Partitions, Partition{Values: l.values, Path: l.path, Schema: without(l.schema, t.Keys), Stats: l.stats})
		}
	}
	g.tables = append(g.tables, t)
}

// separate sees that no key has the name of a column. What the files say by name is hidden by the folders' names; where columns go by
// place the key gets another name.
func (t *Table) separate() {
	for i, k := range t.Keys {
		for j := range t.Keys[:i] {
			if t.Keys[j].Name == k.Name {
				t.Keys[i].Name = fmt.Sprintf("%s_%d", k.Name, i)
			}
		}
		if _, taken := t.Schema.Column(k.Name); taken && !named(t.Schema) {
			t.Keys[i].Name = fmt.Sprintf("partition_%d", i)
		}
	}
	t.Schema = without(t.Schema, t.Keys)
}

func named(s *tabular.Schema) bool { return s.Format == tabular.JSON || s.Format == tabular.Parquet }

func without(s *tabular.Schema, keys []Key) *tabular.Schema {
	if !named(s) {
		return s
	}
	hidden := func(c tabular.Column) bool {
		return slices.ContainsFunc(keys, func(k Key) bool { return strings.EqualFold(k.Name, c.Name) })
	}
	if !slices.ContainsFunc(s.Columns, hidden) {
		return s
	}
	out := *s
	out.Columns = slices.DeleteFunc(slices.Clone(s.Columns), hidden)
	return &out
}

// keyType is the type of all values of a level: int, bigint, date or string. A number may have one zero before it, as months have.
func keyType(leaves []leaf, i int) string {
	const small = 9 // digits that an int has for certain
	whole, day, digits := true, true, 0
	seen := false
	for _, l := range leaves {
		v := l.values[i]
		if v == nullValue || v == "" {
			continue
		}
		seen = true
		n := strings.TrimPrefix(v, "-")
		whole = whole && n != "" && len(n) <= 18 && strings.Trim(n, "0123456789") == "" && (n[0] != '0' || len(n) <= 2)
		digits = max(digits, len(n))
		if day {
			_, err := time.Parse(time.DateOnly, v)
			day = err == nil
		}
	}
	switch {
	case seen && whole && digits <= small:
		return "int"
	case seen && whole:
		return "bigint"
	case seen && day:
		return "date"
	}
	return "string"
}
