// Package cloudformation_test drives the types of CloudFormation's resources, and stacks of them, against a real server.
package cloudformation_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/resource"
	"github.com/atelier-studio/atelier/internal/services/apigatewayv2"
	"github.com/atelier-studio/atelier/internal/services/applicationautoscaling"
	"github.com/atelier-studio/atelier/internal/services/athena"
	"github.com/atelier-studio/atelier/internal/services/bedrock"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/schema"
	"github.com/atelier-studio/atelier/internal/services/cloudwatch"
	"github.com/atelier-studio/atelier/internal/services/ecr"
	"github.com/atelier-studio/atelier/internal/services/eventbridge"
	"github.com/atelier-studio/atelier/internal/services/glue"
	"github.com/atelier-studio/atelier/internal/services/iam"
	"github.com/atelier-studio/atelier/internal/services/lakeformation"
	"github.com/atelier-studio/atelier/internal/services/lambda"
	"github.com/atelier-studio/atelier/internal/services/logs"
	"github.com/atelier-studio/atelier/internal/services/ram"
	"github.com/atelier-studio/atelier/internal/services/s3"
	"github.com/atelier-studio/atelier/internal/services/sagemaker"
	"github.com/atelier-studio/atelier/internal/services/scheduler"
	"github.com/atelier-studio/atelier/internal/services/sns"
	"github.com/atelier-studio/atelier/internal/services/sqs"
	"github.com/atelier-studio/atelier/internal/services/ssm"
	"github.com/atelier-studio/atelier/test/conformance/harness"
	"github.com/google/uuid"
)

// every lists the types of all services.
func every() map[string]resource.Type {
	out := map[string]resource.Type{}
	for _, list := range [][]resource.Type{(*apigatewayv2.Service)(nil).Stack(), (*applicationautoscaling.Service)(nil).Stack(), (*cloudwatch.Service)(nil).Stack(),
		(*eventbridge.Service)(nil).Stack(), (*athena.Service)(nil).Stack(), (*bedrock.Service)(nil).Stack(), (*ecr.Service)(nil).Stack(), (*glue.Service)(nil).Stack(),
		(*lakeformation.Service)(nil).Stack(), (*ram.Service)(nil).Stack(), (*sagemaker.Service)(nil).Stack(), (*scheduler.Service)(nil).Stack(), (*iam.Service)(nil).Stack(), (*lambda.Service)(nil).Stack(), (*logs.Service)(nil).Stack(), (*s3.Service)(nil).Stack(), (*sns.Service)(nil).Stack(), (*sqs.Service)(nil).Stack(), (*ssm.Service)(nil).Stack()} {
		for _, t := range list {
			out[t.Name] = t
		}
	}
	return out
}

// piece is one resource of a case: what it is made with, what it is updated to ("" for no update), and the attributes that it must have. In
// all of them ${Name} is the ID of an earlier piece and ${Name.Attribute} its attribute. unseen are properties that Read does not tell.
type piece struct {
	name, typ  string
	properties string
	updated    string
	id         string // regular expression
	attributes map[string]string
	unseen     []string
	drifts     []string // told in part, such as those with secrets
	once       bool     // Create cannot be repeated
}

type runner struct {
	who    harness.Caller
	types  map[string]resource.Type
	states map[string]resource.State
}

var reference = regexp.MustCompile(`\$\{([A-Za-z0-9]+)(?:\.([A-Za-z0-9.]+))?\}`)

// resolve puts what earlier pieces became into text.
func (x *runner) resolve(t *testing.T, text string) string {
	return reference.ReplaceAllStringFunc(text, func(ref string) string {
		m := reference.FindStringSubmatch(ref)
		switch m[1] {
		case "Account":
			return x.who.Account
		case "Region":
			return harness.Region
		}
		s, ok := x.states[m[1]]
		if !ok {
			t.Fatalf("no piece %s", m[1])
		}
		if m[2] == "" {
			return s.ID
		}
		v, ok := s.Attributes[m[2]]
		if !ok {
			t.Fatalf("%s has no attribute %s: %v", m[1], m[2], s.Attributes)
		}
		return resource.Text(v)
	})
}

func (x *runner) read(t *testing.T, text string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(x.resolve(t, text)))
	d.UseNumber()
	var m map[string]any
	if err := d.Decode(&m); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return m
}

func (x *runner) request(p piece) resource.Request {
	return resource.Request{Config: x.who.Config(), Account: x.who.Account, Region: harness.Region, Partition: "aws", StackName: "types",
		StackID:   "arn:aws:cloudformation:" + harness.Region + ":" + x.who.Account + ":stack/types/" + uuid.NewString(),
		LogicalID: p.name, Name: strings.ToLower("types-" + p.name + "-" + random()), Token: uuid.NewString()}
}

func random() string { return strings.ReplaceAll(uuid.NewString(), "-", "")[:12] }

// tell runs a case: makes all pieces, updates them, and removes them in the other order.
func tell(t *testing.T, who harness.Caller, pieces ...piece) {
	t.Helper()
	x := &runner{who: who, types: every(), states: map[string]resource.State{}}
	requests := map[string]resource.Request{}
	for _, p := range pieces {
		if ok := t.Run(p.name+" create", func(t *testing.T) { requests[p.name] = x.create(t, p) }); !ok {
			pieces = pieces[:slices.IndexFunc(pieces, func(q piece) bool { return q.name == p.name })]
			break
		}
	}
	for _, p := range pieces {
		if p.updated != "" {
			t.Run(p.name+" update", func(t *testing.T) { requests[p.name] = x.update(t, p, requests[p.name]) })
		}
	}
	for _, p := range slices.Backward(pieces) {
		t.Run(p.name+" delete", func(t *testing.T) { x.remove(t, p, requests[p.name]) })
	}
}

func (x *runner) create(t *testing.T, p piece) resource.Request {
	typ, ok := x.types[p.typ]
	if !ok {
		t.Fatalf("no type %s", p.typ)
	}
	ctx, r := t.Context(), x.request(p)
	r.Name = r.Name[:min(len(r.Name), max(typ.NameMax, 63))] + typ.NameSuffix
	r.Properties = x.read(t, p.properties)
	find := func(want bool) resource.State {
		t.Helper()
		s, found, err := typ.Find(ctx, r)
		if err != nil || found != want {
			t.Errorf("is found: %v %v", found, err)
		}
		return s
	}
	if typ.Find != nil {
		find(false)
	}
	s, err := typ.Create(ctx, r)
	if err != nil {
		t.Fatal(err)
	}
	if typ.Find != nil {
		if s.ID != find(true).ID {
			t.Errorf("found is another than %s", s.ID)
		}
	} else if p.once {
		t.Logf("%s is made once", p.typ)
	} else if again, err := typ.Create(ctx, r); err != nil || again.ID != s.ID {
		t.Errorf("created again: %v %v, not %s", again.ID, err, s.ID)
	}
	r.ID, r.Attributes = s.ID, s.Attributes
	x.ready(t, typ, &r, &s)
	x.look(t, typ, p, r, s)
	x.states[p.name] = s
	return r
}

func (x *runner) ready(t *testing.T, typ resource.Type, r *resource.Request, s *resource.State) {
	t.Helper()
	if typ.Ready == nil {
		return
	}
	wait(t, func(ctx context.Context) (bool, error) {
		now, done, err := typ.Ready(ctx, *r)
		if now.ID != "" {
			s.ID = now.ID
		}
		if now.Attributes != nil {
			s.Attributes = now.Attributes
		}
		return done, err
	})
	r.ID, r.Attributes = s.ID, s.Attributes
}

func wait(t *testing.T, f func(ctx context.Context) (bool, error)) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		done, err := f(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if done {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("not done after a minute")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// look checks what a resource is.
func (x *runner) look(t *testing.T, typ resource.Type, p piece, r resource.Request, s resource.State) {
	t.Helper()
	x.states[p.name] = s
	if p.id != "" && !regexp.MustCompile("^(?:"+x.resolve(t, p.id)+")$").MatchString(s.ID) {
		t.Errorf("ID is %q, not %s", s.ID, x.resolve(t, p.id))
	}
	for name, want := range p.attributes {
		got, ok := s.Attributes[name]
		if !ok || !regexp.MustCompile("^(?:"+x.resolve(t, want)+")$").MatchString(resource.Text(got)) {
			t.Errorf("attribute %s is %v, not %s", name, got, want)
		}
	}
	if facts, ok := schema.Of(p.typ); !ok {
		t.Errorf("no schema of %s", p.typ)
	} else {
		for name := range s.Attributes {
			if !facts.HasAttribute(name) {
				t.Errorf("%s has no attribute %s", p.typ, name)
			}
		}
	}
	if typ.Read == nil {
		t.Fatal("is not read")
	}
	is, err := typ.Read(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if is.ID != s.ID || !reflect.DeepEqual(plain(t, is.Attributes), plain(t, s.Attributes)) {
		t.Errorf("is read as %v, not %v", is, s)
	}
	for _, name := range slices.Sorted(maps.Keys(r.Properties)) {
		if got, ok := is.Properties[name]; ok == slices.Contains(p.unseen, name) {
			t.Errorf("property %s is told: %v", name, ok)
		} else if ok && !slices.Contains(p.drifts, name) && !alike(got, r.Properties[name]) {
			t.Errorf("property %s is %v, not %v", name, resource.Text(got), resource.Text(r.Properties[name]))
		}
	}
}

func plain(t *testing.T, v map[string]any) string {
	t.Helper()
	if len(v) == 0 {
		return ""
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// alike compares as drift detection does: what is not wanted is not compared.
func alike(got, wanted any) bool {
	switch w := wanted.(type) {
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return false
		}
		for k, e := range w {
			if !alike(g[k], e) {
				return false
			}
		}
		return true
	case []any:
		g, ok := got.([]any)
		return ok && slices.EqualFunc(g, w, alike)
	}
	return resource.Text(got) == resource.Text(wanted)
}

func (x *runner) update(t *testing.T, p piece, r resource.Request) resource.Request {
	typ := x.types[p.typ]
	if typ.Update == nil {
		t.Fatal("is not updated")
	}
	r.Old, r.Properties, r.Token = r.Properties, x.read(t, p.updated), uuid.NewString()
	s, err := typ.Update(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if s.ID == "" {
		t.Fatal("update gives no ID")
	}
	x.ready(t, typ, &r, &s)
	x.look(t, typ, p, r, s)
	if s, err = typ.Update(t.Context(), r); err != nil { // as after a crash
		t.Errorf("updated again: %v", err)
	}
	r.Old = nil
	return r
}

func (x *runner) remove(t *testing.T, p piece, r resource.Request) {
	typ := x.types[p.typ]
	for range 2 { // what is gone is no error
		if err := typ.Delete(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if typ.Gone != nil {
			wait(t, func(ctx context.Context) (bool, error) { return typ.Gone(ctx, r) })
		}
	}
	if _, err := typ.Read(t.Context(), r); !errors.Is(err, resource.ErrGone) && !standsInOthers(p.typ) {
		t.Errorf("is read after it was deleted: %v", err)
	}
}

// standsInOthers says that a resource is a setting of another one, which has a default.
func standsInOthers(typ string) bool {
	return strings.HasPrefix(typ, "AWS::SNS::Topic") || typ == "AWS::LakeFormation::DataLakeSettings"
}
