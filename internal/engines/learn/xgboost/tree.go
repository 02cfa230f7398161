package xgboost

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// node is a split, or a leaf when its feature is -1.
type node struct {
	value       float32 // of a leaf; or what a feature must be below to go left
	feature     int32
	left, right int32
	missing     int32   // where a missing value goes
	set         []int32 // of a categorical split: categories that go right, in order
	categorical bool
}

// tree is a decision tree. Its root is node 0.
type tree struct {
	nodes []node
	leafs []float32 // of a tree with a list of values in each leaf, whose value is then where it begins
	width int       // of these lists, 0 when there are none
	group int       // to whose sum it adds
	share float32   // of its leaf that is added
}

// leaf is where a row ends. NaN is a missing value. A row is as wide as the features of all trees.
func (t *tree) leaf(row []float32) *node {
	n := &t.nodes[0]
	for n.feature >= 0 {
		v := row[n.feature]
		switch {
		case v != v:
			n = &t.nodes[n.missing]
		case n.categorical && n.goesRight(v), !n.categorical && v >= n.value:
			n = &t.nodes[n.right]
		default:
			n = &t.nodes[n.left]
		}
	}
	return n
}

// goesRight tells whether a category is in the split's set. What is no category goes left, as in XGBoost.
func (n *node) goesRight(v float32) bool {
	if v < 0 || v >= 1<<24 {
		return false
	}
	_, found := slices.BinarySearch(n.set, int32(v))
	return found
}

// add adds a row's leaf to the sums of its groups.
func (t *tree) add(row, sums []float32) {
	n := t.leaf(row)
	if t.width == 0 {
		sums[t.group] += t.share * n.value
		return
	}
	at := int(n.left)
	for i, v := range t.leafs[at : at+t.width] {
		sums[i] += t.share * v
	}
}

var errTree = errors.New("its lists don't fit together")

// readTree reads a tree whose features and groups are below the numbers given.
func readTree(o object, features, groups int) (tree, error) {
	left, right, split := o.numbers("left_children"), o.numbers("right_children"), o.numbers("split_indices")
	condition, missing, kinds := o.numbers("split_conditions"), o.numbers("default_left"), o.numbers("split_type")
	n := len(left)
	if n == 0 || len(right) != n || len(split) != n || len(condition) != n || len(missing) != n || len(kinds) != n && len(kinds) != 0 {
		return tree{}, errTree
	}
	t := tree{nodes: make([]node, n), share: 1}
	width, err := o.object("tree_param").count("size_leaf_vector", 1<<20)
	if err != nil {
		return tree{}, err
	}
	if width > 1 {
		if width != groups {
			return tree{}, fmt.Errorf("its leaves have %d values for %d groups", width, groups)
		}
		if err := t.readLeafs(o, width); err != nil {
			return tree{}, err
		}
	}
	for i := range t.nodes {
		d := &t.nodes[i]
		if left[i] < 0 {
			d.feature, d.value = -1, float32(condition[i])
			if t.width > 0 {
				at := float64(i)
				if o["leaf_weights"] != nil {
					at = right[i]
				}
				if at < 0 || at >= float64(len(t.leafs)/width) || at != math.Trunc(at) {
					return tree{}, errTree
				}
				d.left = int32(at) * int32(width)
			}
			continue
		}
		if !below(left[i], n) || !below(right[i], n) || !below(split[i], features) {
			return tree{}, errTree
		}
		d.feature, d.value, d.left, d.right = int32(split[i]), float32(condition[i]), int32(left[i]), int32(right[i])
		if d.missing = d.right; missing[i] != 0 {
			d.missing = d.left
		}
		d.categorical = len(kinds) > 0 && kinds[i] != 0
	}
	if err := t.readSets(o); err != nil {
		return tree{}, err
	}
	return t, t.check()
}

// readLeafs reads lists of values: those of leaves, or up to XGBoost 3.1 those of all nodes.
func (t *tree) readLeafs(o object, width int) error {
	list := o.numbers("leaf_weights")
	if o["leaf_weights"] == nil {
		if list = o.numbers("base_weights"); len(list) != width*len(t.nodes) {
			return errTree
		}
	}
	t.width, t.leafs = width, make([]float32, len(list))
	for i, v := range list {
		t.leafs[i] = float32(v)
	}
	return nil
}

// readSets reads the categories of categorical splits.
func (t *tree) readSets(o object) error {
	nodes, starts, sizes, all := o.numbers("categories_nodes"), o.numbers("categories_segments"), o.numbers("categories_sizes"), o.numbers("categories")
	if len(starts) != len(nodes) || len(sizes) != len(nodes) {
		return errTree
	}
	used := 0
	for i, at := range nodes {
		if !below(at, len(t.nodes)) || !below(starts[i], len(all)+1) || !below(sizes[i], len(all)+1-int(starts[i])) {
			return errTree
		}
		segment := all[int(starts[i]) : int(starts[i])+int(sizes[i])]
		if used += len(segment); used > len(all) {
			return errTree // segments that overlap would take more memory than the file
		}
		set := make([]int32, len(segment))
		for j, c := range segment {
			if !below(c, 1<<24) {
				return errTree
			}
			set[j] = int32(c)
		}
		slices.Sort(set)
		t.nodes[int(at)].set = set
	}
	return nil
}

// below tells whether a number of a document is whole, and in [0, n).
func below(f float64, n int) bool { return f >= 0 && f < float64(n) && f == math.Trunc(f) }

// check makes sure that no node has two ways to it, so that every row reaches a leaf.
func (t *tree) check() error {
	seen := make([]bool, len(t.nodes))
	for next := []int32{0}; len(next) > 0; {
		i := next[len(next)-1]
		next = next[:len(next)-1]
		if seen[i] {
			return errors.New("a tree has a loop")
		}
		seen[i] = true
		if n := t.nodes[i]; n.feature >= 0 {
			next = append(next, n.left, n.right)
		}
	}
	return nil
}
