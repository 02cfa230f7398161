package template

import (
	"context"
	"testing"
)

// FuzzParse reads templates, binds and resolves what it can: whatever comes, nothing panics, and what is given ends.
func FuzzParse(f *testing.F) {
	f.Add([]byte(frame + "Resources:\n  R: {Type: A::B::C, Properties: {p: !If [Prod, !Ref Other, !Sub \"${Name}\"]}}" + others))
	f.Add([]byte(language + "Resources: {\"Fn::ForEach::L\": [X, [a, b], {\"R${X}\": {Type: A::B::C, Properties: {p: !Length [a]}}}]}\n"))
	f.Add([]byte(`{"Resources": {"R": {"Type": "A::B::C", "Properties": {"a": {"Fn::Cidr": ["10.0.0.0/8", 256, 8]}, "b": {"Fn::Split": [",", "a,b"]}}}}}`))
	f.Add([]byte("Rules: {A: {RuleCondition: !Equals [a, a], Assertions: [{Assert: !EachMemberIn [[a], [b]]}]}}\n" + small))
	f.Add([]byte("a: &a [x, x]\nb: &b [*a, *a]\nc: [*b, *b]\n"))
	f.Add([]byte("Outputs: {O: {Value: !Join [\"\", [!ImportValue x]], Export: {Name: !Select [0, !Split [\"-\", a-b]]}}}\n" + small))
	f.Fuzz(func(t *testing.T, body []byte) {
		parsed, err := Parse(body)
		if err != nil {
			return
		}
		parsed.Summary()
		given := map[string]string{}
		for _, p := range parsed.Parameters {
			if p.Default == nil {
				given[p.Name] = "1"
			}
		}
		b, err := parsed.Bind(context.Background(), given, env())
		if err != nil {
			return
		}
		if len(b.Processed()) == 0 {
			t.Error("what was read cannot be written")
		}
		for _, r := range b.Resources() {
			if _, ok := b.Graph()[r.ID]; !ok {
				t.Errorf("%s is not in the graph", r.ID)
			}
			if _, err := b.Properties(context.Background(), r.ID, known{}); err != nil {
				continue // what states give may not fit
			}
		}
		if _, err := b.Outputs(context.Background(), known{}); err != nil {
			return
		}
	})
}
