package schema

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

//go:generate go run ../schemagen

//go:embed data/types.json.gz
var packed []byte

// facts are the schemas by type, each of which is decoded when it is first asked for.
var facts = sync.OnceValue(func() map[string]json.RawMessage {
	var all map[string]json.RawMessage
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		err = json.NewDecoder(z).Decode(&all)
	}
	if err != nil {
		panic(fmt.Sprintf("schemas in the binary are damaged: %v", err)) // they are tested
	}
	return all
})

var known sync.Map // type -> *Schema

// Schema is what is known of one type of resources.
type Schema struct {
	// Type is the type's name, "AWS::SQS::Queue".
	Type string

	root node
	tags string // the property for tags; "" where there is none
}

// node is a schema, or a part of one.
type node struct {
	Ref                  string `json:"$ref"`
	Type                 kinds
	Properties           map[string]*node
	PatternProperties    map[string]*node
	AdditionalProperties *closed
	Definitions          map[string]*node
	Items                *node
	Required             []string
	Enum                 []any
	Const                any
	Pattern              string
	MinLength            *int
	MaxLength            *int
	MinItems             *int
	MaxItems             *int
	Minimum              *float64
	Maximum              *float64
	UniqueItems          bool
	AllOf, AnyOf, OneOf  []*node
	DependentRequired    map[string][]string
	DependentExcluded    map[string][]string
	RequiredXor          []string
	RequiredOr           []string

	CreateOnlyProperties            []string
	ConditionalCreateOnlyProperties []string
	ReadOnlyProperties              []string
	Tagging                         struct{ TagProperty string }
}

// kinds are one type, or several of which a value has one.
type kinds []string

// UnmarshalJSON reads a name or a list of names.
func (k *kinds) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*k = kinds{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(k))
}

// closed says whether further properties are refused, or how they are.
type closed struct {
	refused bool
	of      *node
}

// UnmarshalJSON reads true, false or a schema.
func (c *closed) UnmarshalJSON(b []byte) error {
	var open bool
	if json.Unmarshal(b, &open) == nil {
		c.refused = !open
		return nil
	}
	return json.Unmarshal(b, &c.of)
}

const custom = "AWS::CloudFormation::CustomResource"

// Of is the schema of a type; false when there is none. Custom::Anything has that of AWS::CloudFormation::CustomResource.
func Of(typ string) (*Schema, bool) {
	if s, ok := known.Load(typ); ok {
		return s.(*Schema), true
	}
	named := typ
	if strings.HasPrefix(typ, "Custom::") {
		named = custom
	}
	raw, ok := facts()[named]
	if !ok {
		return nil, false
	}
	s := &Schema{Type: typ}
	if err := json.Unmarshal(raw, &s.root); err != nil {
		panic(fmt.Sprintf("the schema of %s in the binary is damaged: %v", typ, err))
	}
	s.tags = strings.TrimPrefix(s.root.Tagging.TagProperty, "/properties/")
	if s.root.Properties[s.tags] == nil {
		s.tags = ""
	}
	if named == typ { // of names that users choose there is no end
		known.Store(typ, s)
	}
	return s, true
}

// Types are those that have a schema, sorted.
func Types() []string { return slices.Sorted(maps.Keys(facts())) }

// at follows references.
func (s *Schema) at(n *node) *node {
	for range 16 { // no schema nests references deeper
		if n == nil || n.Ref == "" {
			break
		}
		path := strings.Split(strings.TrimPrefix(n.Ref, "#/"), "/")
		n = &s.root
		for i := 0; i+1 < len(path) && n != nil; i += 2 {
			switch path[i] {
			case "definitions":
				n = n.Definitions[path[i+1]]
			case "properties":
				n = n.Properties[path[i+1]]
			}
		}
	}
	return n
}

// readOnly says whether a property at the top is only given, never taken.
func (s *Schema) readOnly(property string) bool {
	return slices.Contains(s.root.ReadOnlyProperties, "/properties/"+property)
}

// beside are attributes that CloudFormation gives though no schema says so: of some types all properties at the top, of others these.
// Source: each type's "Return values" in the template reference.
var beside = map[string][]string{
	"AWS::Events::EventBus":          all,
	"AWS::SNS::Topic":                all,
	"AWS::SQS::Queue":                all,
	"AWS::SSM::Parameter":            all,
	"AWS::SageMaker::Endpoint":       {"EndpointName"},
	"AWS::SageMaker::EndpointConfig": {"EndpointConfigName"},
	"AWS::SageMaker::Model":          {"ModelName"},
}

var all = []string{"*"}

// Attributes are what Fn::GetAtt gives, sorted, "Endpoint.Address" with dots.
func (s *Schema) Attributes() []string {
	names := slices.Clone(beside[s.Type])
	if slices.Equal(names, all) {
		names = slices.Collect(maps.Keys(s.root.Properties))
	}
	for _, p := range s.root.ReadOnlyProperties {
		names = append(names, strings.ReplaceAll(strings.TrimPrefix(p, "/properties/"), "/", "."))
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// HasAttribute says whether Fn::GetAtt gives the attribute; of custom resources and nested stacks (Outputs.X) any.
func (s *Schema) HasAttribute(name string) bool {
	if s.Type == custom || strings.HasPrefix(s.Type, "Custom::") || s.Type == "AWS::CloudFormation::Stack" && strings.HasPrefix(name, "Outputs.") {
		return true
	}
	return slices.ContainsFunc(s.Attributes(), func(a string) bool { return a == name || strings.HasPrefix(name, a+".") })
}
