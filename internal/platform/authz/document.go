package authz

import (
	"bytes"
	"encoding/json"
	"io"
	"unicode/utf8"
)

// Bounds of what Parse reads. The largest policy AWS takes anywhere is below 64 KiB; a legal document nests 6 deep.
const (
	maxDocument = 256 << 10
	maxDepth    = 12
)

// nodeKind tells the JSON types apart.
type nodeKind uint8

const (
	nodeNull nodeKind = iota
	nodeString
	nodeNumber
	nodeBool
	nodeArray
	nodeObject
)

// node is a JSON value that keeps the order of members, so that duplicates are seen, which encoding/json would hide.
type node struct {
	kind  nodeKind
	text  string // of a string, number or bool
	items []node // of an array or object
	names []string
}

// readDocument reads exactly one JSON value. Every failure is a syntax error to IAM.
func readDocument(b []byte) (node, error) {
	if len(b) > maxDocument || !utf8.Valid(b) {
		return node{}, errSyntax
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	n, err := readNode(d, maxDepth)
	if err != nil {
		return node{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return node{}, errSyntax
	}
	return n, nil
}

func readNode(d *json.Decoder, depth int) (node, error) {
	if depth == 0 {
		return node{}, errSyntax
	}
	t, err := d.Token()
	if err != nil {
		return node{}, errSyntax
	}
	switch t := t.(type) {
	case string:
		return node{kind: nodeString, text: t}, nil
	case json.Number:
		return node{kind: nodeNumber, text: t.String()}, nil
	case bool:
		if t {
			return node{kind: nodeBool, text: "true"}, nil
		}
		return node{kind: nodeBool, text: "false"}, nil
	case json.Delim:
		if t == '[' {
			return readArray(d, depth)
		}
		return readObject(d, depth)
	}
	return node{}, nil
}

func readArray(d *json.Decoder, depth int) (node, error) {
	n := node{kind: nodeArray}
	for d.More() {
		item, err := readNode(d, depth-1)
		if err != nil {
			return node{}, err
		}
		n.items = append(n.items, item)
	}
	if _, err := d.Token(); err != nil {
		return node{}, errSyntax
	}
	return n, nil
}

func readObject(d *json.Decoder, depth int) (node, error) {
	n := node{kind: nodeObject}
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return node{}, errSyntax
		}
		name, ok := t.(string)
		if !ok || seen[name] {
			return node{}, errSyntax
		}
		seen[name] = true
		item, err := readNode(d, depth-1)
		if err != nil {
			return node{}, err
		}
		n.names = append(n.names, name)
		n.items = append(n.items, item)
	}
	if _, err := d.Token(); err != nil {
		return node{}, errSyntax
	}
	return n, nil
}

// member finds a member of an object.
func (n node) member(name string) (node, bool) {
	for i, s := range n.names {
		if s == name {
			return n.items[i], true
		}
	}
	return node{}, false
}

// strings reads a string or an array of strings; with scalars, numbers and booleans count as their text.
func (n node) strings(scalars bool) ([]string, bool) {
	one := func(n node) bool {
		return n.kind == nodeString || scalars && (n.kind == nodeNumber || n.kind == nodeBool)
	}
	if one(n) {
		return []string{n.text}, true
	}
	if n.kind != nodeArray {
		return nil, false
	}
	out := make([]string, 0, len(n.items))
	for _, item := range n.items {
		if !one(item) {
			return nil, false
		}
		out = append(out, item.text)
	}
	return out, true
}
