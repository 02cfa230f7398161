package resource

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Type is one type of resources. All its functions are called by a job whose steps may be repeated after a crash; none of them waits:
// what takes long is begun, and Ready tells when it is done.
type Type struct {
	// Name is the type's, "AWS::SQS::Queue".
	Name string
	// NameProperty is the property that names the resource: one that the template leaves out is Request.Name. Empty where the service
	// chooses the identifier.
	NameProperty string
	// NameMax is how long a generated name may be; 0 is 64. NameLower says that it is in lower case; NameSuffix that it ends so.
	NameMax    int
	NameLower  bool
	NameSuffix string

	// Identify gives the physical ID where the name (or other properties) tell it, so that Types can make Find of Read.
	Identify func(r Request) string

	// Create begins to make the resource. The state's ID is what Ref gives.
	Create func(ctx context.Context, r Request) (State, error)
	// Find looks for the resource that r describes, by its name or by what only this stack can have made, and gives found false when
	// there is none. It is asked before the first Create, when something found means that the name is taken, and again when a Create was
	// interrupted, when it means that it was made. Nil: Create itself bears to be repeated (by r.Token, say).
	Find func(ctx context.Context, r Request) (s State, found bool, err error)
	// Update changes the resource r.ID from r.Old to r.Properties. It is asked only about properties that do not replace the resource. Nil:
	// every change replaces it.
	Update func(ctx context.Context, r Request) (State, error)
	// Delete begins to remove the resource r.ID. What is gone already is no error.
	Delete func(ctx context.Context, r Request) error
	// Ready says whether what Create or Update began is done, and gives the state as it is then (attributes may have come). An error
	// means that it failed, and says why. Nil: it is done at once.
	Ready func(ctx context.Context, r Request) (s State, done bool, err error)
	// Gone says whether what Delete began is done. Nil: it is done at once.
	Gone func(ctx context.Context, r Request) (done bool, err error)
	// Read gives the resource as it is: its attributes, and in Properties those that it can tell, for drift. ErrGone when there is none.
	// Nil: drift is not detected.
	Read func(ctx context.Context, r Request) (State, error)
}

// Request is one resource of a stack, and what is wanted of it.
type Request struct {
	// Config makes calls as the stack's role (or as who asked for the operation, without one), in the stack's Region.
	Config aws.Config
	// Account, Region and Partition are the stack's.
	Account, Region, Partition string
	// StackID is the stack's ARN, StackName its name, LogicalID the resource's name in the template.
	StackID, StackName, LogicalID string
	// Name is a name for the resource, made of the stack's, the logical one and a random part that stays: <stack>-<logical>-<12 characters>.
	Name string
	// Token is the same whenever this step is repeated, and no other step's. At most 36 characters of [a-z0-9-].
	Token string
	// ID is the physical ID; empty before Create.
	ID string
	// Properties are resolved: strings, bools, json.Numbers, []any and map[string]any. Tags of the stack are merged into the
	// property for tags, in its form. Old are those before an Update.
	Properties, Old map[string]any
	// Attributes are those of the state before.
	Attributes map[string]any
}

// State is what a resource is.
type State struct {
	// ID is the physical ID, which Ref gives.
	ID string
	// Attributes are what Fn::GetAtt gives: "Arn", and with a dot those within structures: "Endpoint.Address".
	Attributes map[string]any
	// Properties are set by Read.
	Properties map[string]any
}

// Text is a property as a string; empty when it is not there.
func (r Request) Text(property string) string { return text(r.Properties[property]) }

// Changed says whether any of the properties differs from before.
func (r Request) Changed(properties ...string) bool {
	for _, p := range properties {
		if !same(r.Old[p], r.Properties[p]) {
			return true
		}
	}
	return false
}
