package routing

import (
	"net/url"
	"strings"
)

// Table finds routes. It is not changed once requests are asked for.
type Table[T any] struct {
	root  node[T]
	other *entry[T] // $default
}

type entry[T any] struct {
	key   Key
	value T
}

// node is what may come after some segments.
type node[T any] struct {
	text     map[string]*node[T]
	variable *node[T]
	greedy   *node[T]
	methods  map[string]*entry[T] // of a path that ends here
}

// Add puts a route into the table. A later route with the same key takes the place of an earlier one.
func (t *Table[T]) Add(k Key, value T) {
	e := &entry[T]{k, value}
	if k.Text == Default {
		t.other = e
		return
	}
	n := &t.root
	for _, p := range k.parts {
		n = n.next(p)
	}
	if n.methods == nil {
		n.methods = map[string]*entry[T]{}
	}
	n.methods[k.Method] = e
}

func (n *node[T]) next(p part) *node[T] {
	at := &n.variable
	if p.greedy {
		at = &n.greedy
	}
	if !p.variable {
		if n.text == nil {
			n.text = map[string]*node[T]{}
		}
		next := n.text[p.text]
		if next == nil {
			next = &node[T]{}
			n.text[p.text] = next
		}
		return next
	}
	if *at == nil {
		*at = &node[T]{}
	}
	return *at
}

// Found is a route with what the variables of its path stand for.
type Found[T any] struct {
	Key       Key
	Value     T
	Variables map[string]string // nil when there are none
}

// Find finds the route of a request. path is escaped, as it was sent, and begins with a slash.
func (t *Table[T]) Find(method, path string) (Found[T], bool) {
	var room [16]string
	segments := room[:0]
	for s := range strings.SplitSeq(strings.TrimPrefix(path, "/"), "/") {
		segments = append(segments, s)
	}
	for _, greedy := range []bool{false, true} { // whatever matches in full comes first
		steps := maxSteps
		if e := t.root.find(method, segments, greedy, &steps); e != nil {
			return Found[T]{e.key, e.value, e.key.bind(segments)}, true
		}
	}
	if t.other != nil {
		return Found[T]{Key: t.other.key, Value: t.other.value}, true
	}
	return Found[T]{}, false
}

// maxSteps bounds the search. An API has 300 routes at most, so that an honest search is far below.
const maxSteps = 1 << 14

func (n *node[T]) find(method string, rest []string, greedy bool, steps *int) *entry[T] {
	if *steps--; *steps < 0 {
		return nil
	}
	if len(rest) == 0 {
		return n.of(method)
	}
	if next := n.text[rest[0]]; next != nil {
		if e := next.find(method, rest[1:], greedy, steps); e != nil {
			return e
		}
	} else if strings.IndexByte(rest[0], '%') >= 0 {
		if next := n.text[plain(rest[0])]; next != nil {
			if e := next.find(method, rest[1:], greedy, steps); e != nil {
				return e
			}
		}
	}
	if rest[0] == "" && len(rest) == 1 {
		return nil // a slash at the end is no value
	}
	if n.variable != nil && rest[0] != "" {
		if e := n.variable.find(method, rest[1:], greedy, steps); e != nil {
			return e
		}
	}
	if greedy && n.greedy != nil {
		return n.greedy.of(method)
	}
	return nil
}

func (n *node[T]) of(method string) *entry[T] {
	if e := n.methods[method]; e != nil {
		return e
	}
	return n.methods[Any]
}

// bind reads the variables out of a path's segments.
func (k Key) bind(segments []string) map[string]string {
	var out map[string]string
	for i, p := range k.parts {
		if !p.variable {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		if p.greedy {
			out[p.text] = plain(strings.Join(segments[i:], "/"))
		} else {
			out[p.text] = plain(segments[i])
		}
	}
	return out
}

func plain(s string) string {
	if u, err := url.PathUnescape(s); err == nil {
		return u
	}
	return s
}
