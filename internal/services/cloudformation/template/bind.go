package template

import "context"

// Env is where a stack is.
type Env struct {
	Account, Region, Partition string // Partition: "aws" when empty
	StackID, StackName         string
	NotificationARNs           []string
	// Zones are the availability zones of a Region, for Fn::GetAZs. Nil: <region>a, b and c.
	Zones func(region string) []string
	// SSM reads a parameter of Systems Manager for types AWS::SSM::Parameter::Value<...>; name may have a version, "name:3". Lists come
	// joined by commas. Nil refuses them.
	SSM func(ctx context.Context, name string) (string, error)
	// Resolved are values of such parameters that were read before, by the template's name for them: these are not read again.
	// Set them from Bound.Values when an operation goes on, so that all its steps see the same.
	Resolved map[string]string
	// Include reads what the AWS::Include transform names, "s3://bucket/key". Nil refuses it.
	Include func(ctx context.Context, location string) ([]byte, error)
}

// Bound is a template with its parameters, and all that they decide. It is not changed after Bind, and safe to use from many goroutines.
type Bound struct {
	Template *Template
	env      Env
}

// Bind gives the template's parameters their values, applies its transforms, asserts its rules and decides its conditions. Given are the
// parameters by name; whoever asks to use a previous value gives that value. Errors are *Error, or Env's own.
func (t *Template) Bind(ctx context.Context, given map[string]string, env Env) (*Bound, error) {
	panic("not yet")
}

// Values are the parameters in the template's order.
func (b *Bound) Values() []Value { panic("not yet") }

// Conditions are the template's, decided.
func (b *Bound) Conditions() map[string]bool { panic("not yet") }

// Resources are those whose condition holds, sorted by ID.
func (b *Bound) Resources() []*Resource { panic("not yet") }

// Resource is the one of that ID; nil when there is none or its condition does not hold.
func (b *Bound) Resource(id string) *Resource { panic("not yet") }

// Graph tells which resources each one needs before it is made: DependsOn and what its properties refer to in the branches that
// the conditions chose. Every ID of Resources is a key; lists are sorted. It has no cycles.
func (b *Bound) Graph() map[string][]string { panic("not yet") }

// Imports are the names that Fn::ImportValue asks for in resources and outputs, sorted, each once.
func (b *Bound) Imports() []string { panic("not yet") }

// Processed is the template after its transforms as indented JSON (as written but for its form, when it has none), for GetTemplate.
func (b *Bound) Processed() []byte { panic("not yet") }
