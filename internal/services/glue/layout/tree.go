package layout

import (
	"slices"
	"strings"
)

// node is a folder.
type node struct {
	path     string
	level    int
	files    []File
	children []*node // in order of name
	at       map[string]*node
}

func countFolders(path string) int { return strings.Count(path, "/") }

// add puts a file in its place below the folder.
func (n *node) add(f File, rest string) {
	for {
		name, more, deeper := strings.Cut(rest, "/")
		if !deeper {
			n.files = append(n.files, f)
			return
		}
		c := n.at[name]
		if c == nil {
			c = &node{path: n.path + name + "/", level: n.level + 1}
			if n.at == nil {
				n.at = map[string]*node{}
			}
			n.at[name] = c
			i, _ := slices.BinarySearchFunc(n.children, c, func(a, b *node) int { return strings.Compare(a.path, b.path) })
			n.children = slices.Insert(n.children, i, c)
		}
		n, rest = c, more
	}
}

// name is the folder's own name, "" of a bucket.
func (n *node) name() string {
	path := strings.TrimSuffix(n.path, "/")
	return path[strings.LastIndexByte(path, '/')+1:]
}
