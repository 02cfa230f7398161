package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v3"
)

func decodeYAML(body []byte) (any, error) {
	d := yaml.NewDecoder(bytes.NewReader(body))
	var doc yaml.Node
	if err := d.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) { // comments only
			return nil, errShape
		}
		if m := regexp.MustCompile(`line (\d+)`).FindStringSubmatch(err.Error()); m != nil {
			return nil, errorf("Template format error: YAML not well-formed. (line %s)", m[1])
		}
		return nil, errorf("Template format error: YAML not well-formed.")
	}
	if err := d.Decode(new(yaml.Node)); !errors.Is(err, io.EOF) { // a second document
		return nil, errorf("Template format error: YAML not well-formed.")
	}
	if doc.Kind != yaml.DocumentNode || len(doc.Content) != 1 {
		return nil, errShape
	}
	return readYAML(doc.Content[0], "", 0)
}

func badYAML(n *yaml.Node) error {
	return errorf("Template format error: YAML not well-formed. (line %d, column %d)", n.Line, n.Column)
}

func readYAML(n *yaml.Node, path string, depth int) (any, error) {
	if depth > maxDepth {
		return nil, errShape
	}
	if n.Kind == yaml.AliasNode {
		return nil, errorf("Template error: YAML aliases are not allowed in CloudFormation templates")
	}
	name, short := strings.CutPrefix(n.Tag, "!")
	if short && !strings.HasPrefix(name, "!") && name != "" {
		return readShort(n, name, path, depth)
	}
	return readPlain(n, path, depth)
}

// readShort reads a function's short form.
func readShort(n *yaml.Node, name, path string, depth int) (any, error) {
	long := "Fn::" + name
	if name == "Ref" || name == "Condition" {
		long = name
	} else if _, known := functions[long]; !known {
		return nil, badYAML(n)
	}
	if n.Kind == yaml.ScalarNode {
		if name == "GetAtt" {
			id, attribute, ok := strings.Cut(n.Value, ".")
			if !ok {
				return map[string]any{long: []any{id}}, nil
			}
			return map[string]any{long: []any{id, attribute}}, nil
		}
		return map[string]any{long: n.Value}, nil
	}
	v, err := readPlain(n, path+"/"+long, depth+1)
	return map[string]any{long: v}, err
}

func readPlain(n *yaml.Node, path string, depth int) (any, error) {
	switch n.Kind {
	case yaml.ScalarNode:
		return scalar(n, path)
	case yaml.SequenceNode:
		list := make([]any, 0, len(n.Content))
		for _, c := range n.Content {
			v, err := readYAML(c, path, depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
		return list, nil
	case yaml.MappingNode:
		m := make(map[string]any, len(n.Content)/2)
		for i := 0; i+1 < len(n.Content); i += 2 {
			k := n.Content[i]
			if k.Kind == yaml.AliasNode {
				return readYAML(k, path, depth)
			}
			if _, twice := m[k.Value]; twice || k.Kind != yaml.ScalarNode || k.ShortTag() == "!!merge" || k.ShortTag() == "!!null" {
				return nil, badYAML(k)
			}
			v, err := readYAML(n.Content[i+1], path+"/"+k.Value, depth+1)
			if err != nil {
				return nil, err
			}
			m[k.Value] = v
		}
		return m, nil
	}
	return nil, badYAML(n)
}

// plainNumber is what is a number in JSON too. Others (0644, 0x1F, 1_000) stay as they are written, which keeps the zeros of account IDs.
var plainNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

func scalar(n *yaml.Node, path string) (any, error) {
	switch n.ShortTag() {
	case "!!null":
		return nil, nullAt(path)
	case "!!bool":
		return strings.EqualFold(n.Value, "true"), nil
	case "!!int", "!!float":
		if plainNumber.MatchString(n.Value) {
			return json.Number(n.Value), nil
		}
		return n.Value, nil
	case "!!str", "!!timestamp":
		return n.Value, nil
	}
	return nil, badYAML(n)
}
