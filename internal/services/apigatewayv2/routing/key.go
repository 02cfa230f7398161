package routing

import (
	"errors"
	"slices"
	"strings"
)

const (
	// Default is the key of the route that takes what no other takes, and the name of the stage that has no name in the path.
	Default = "$default"
	// Any is the method that stands for all.
	Any = "ANY"

	maxSegments = 64
)

// ErrKey is a route key that is none.
var ErrKey = errors.New("the provided route key is not formatted properly for HTTP protocol. Format should be \"<METHOD> /<PATH>\" or \"$default\"")

// Key is a parsed route key: "GET /pets/{id}", "ANY /{proxy+}" or "$default".
type Key struct {
	Text   string
	Method string // "" of $default
	Path   string // "" of $default
	parts  []part
}

// part is a segment of a path.
type part struct {
	text     string // or a variable's name
	variable bool
	greedy   bool
}

var methods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", Any}

// Parse reads a route key.
func Parse(text string) (Key, error) {
	if text == Default {
		return Key{Text: text}, nil
	}
	method, path, ok := strings.Cut(text, " ")
	if !ok || !slices.Contains(methods, method) || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \t\r\n?#") {
		return Key{}, ErrKey
	}
	k := Key{Text: text, Method: method, Path: path}
	segments := strings.Split(path[1:], "/")
	if len(segments) > maxSegments {
		return Key{}, ErrKey
	}
	names := map[string]bool{}
	for i, s := range segments {
		p, ok := segment(s)
		if !ok || p.greedy && i != len(segments)-1 || p.variable && names[p.text] {
			return Key{}, ErrKey
		}
		if p.variable {
			names[p.text] = true
		}
		k.parts = append(k.parts, p)
	}
	return k, nil
}

func segment(s string) (part, bool) {
	if !strings.ContainsAny(s, "{}") {
		return part{text: s}, true
	}
	name, opened := strings.CutPrefix(s, "{")
	name, closed := strings.CutSuffix(name, "}")
	name, greedy := strings.CutSuffix(name, "+")
	ok := opened && closed && name != ""
	for _, c := range name {
		ok = ok && (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-' || c == '.')
	}
	return part{name, true, greedy}, ok
}

// Same tells whether two keys take the same requests, whatever their variables are called.
func (k Key) Same(o Key) bool {
	return k.Method == o.Method && slices.EqualFunc(k.parts, o.parts, func(a, b part) bool {
		return a.variable == b.variable && a.greedy == b.greedy && (a.variable || a.text == b.text)
	}) && (k.Text == Default) == (o.Text == Default)
}

// Variables are the names of the path's variables.
func (k Key) Variables() (names []string) {
	for _, p := range k.parts {
		if p.variable {
			names = append(names, p.text)
		}
	}
	return names
}
