package cloudformation

import (
	"bytes"
	"encoding/json"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// stack is one stack. Its status says what its job has to do next; its resources' rows say how far that is.
type stack struct {
	ID, Name           string // the unique part of its ARN, and the name
	Created            time.Time
	Updated, Deleted   *time.Time `json:",omitempty"`
	Status             types.StackStatus
	Reason             string `json:",omitempty"`
	Description        string `json:",omitempty"`
	Now                int    // revision that stands; 0: none
	Next               int    `json:",omitempty"` // revision that is being made
	Operation          string `json:",omitempty"` // that is under way
	Token              string `json:",omitempty"` // the client's, of the last operation
	Cancel             string `json:",omitempty"` // why the operation shall be given up
	Deadline           *time.Time
	Timeout            *int32
	OnFailure          types.OnFailure
	RetainExceptCreate bool               `json:",omitempty"`
	Protected          bool               `json:",omitempty"` // from termination
	Policy             string             `json:",omitempty"` // stack policy
	Update             string             `json:",omitempty"` // stack policy during this update
	Retain             []string           `json:",omitempty"` // resources that DeleteStack shall leave
	Force              bool               `json:",omitempty"` // DeleteStack leaves what cannot be deleted
	Skip               []string           `json:",omitempty"` // resources that a rollback leaves
	Owner              authz.Principal    // who asked for the operation; calls are made in that name when there is no role
	Host               string             `json:",omitempty"` // as the caller addressed us
	Role               string             `json:",omitempty"`
	Notify             []string           `json:",omitempty"`
	Parent, Root       string             `json:",omitempty"` // ARNs
	ChangeSet          string             `json:",omitempty"` // ARN of the one that was executed last
	Outputs            []output           `json:",omitempty"`
	Imports            []string           `json:",omitempty"` // names of exports
	Drift              *stackDrift        `json:",omitempty"`
	Capabilities       []types.Capability `json:",omitempty"`
	Rollback           *types.RollbackConfiguration
	Tags               []tag
}

type tag struct{ Key, Value string }

type output struct{ Key, Value, Description, Export string }

type stackDrift struct {
	Status types.StackDriftStatus
	Time   time.Time
}

// revision is a template with what it was given.
type revision struct {
	Number     int
	Body       string
	Parameters []parameter
	Tags       []tag
}

// parameter is a parameter as it was given, and, where these differ, the value that it led to.
type parameter struct {
	Key, Value string
	Resolved   *string `json:",omitempty"`
	Secret     bool    `json:",omitempty"` // NoEcho
}

// row is one resource of a stack, by its name in the template.
type row struct {
	Logical, Type string
	Status        types.ResourceStatus
	Reason        string `json:",omitempty"`
	Time          time.Time
	Now           *thing `json:",omitempty"` // what stands; nil: nothing
	// Was is what stood before the update that is under way, when the update has touched it. Rollback goes back there.
	Was *thing `json:",omitempty"`
	// New says that there was nothing before the update that is under way.
	New bool `json:",omitempty"`
	// Lost is what a step that failed was to make: it may be there in part.
	Lost *thing `json:",omitempty"`
	// Doing is what was about to be done when the row was written last: after a crash it is not known whether it was.
	Doing *step `json:",omitempty"`
	// Trash is what cleaning up removes.
	Trash []thing `json:",omitempty"`
	// Last is the physical ID of what stood last.
	Last string `json:",omitempty"`
	// Removed says that the resource is no longer of the stack.
	Removed bool      `json:",omitempty"`
	Drift   *rowDrift `json:",omitempty"`
}

// thing is something that was made, or is to be made.
type thing struct {
	Type       string
	ID         string `json:",omitempty"`
	Name       string // generated
	Properties values `json:",omitempty"`
	Attributes values `json:",omitempty"`
	Requires   []string
	Delete     string `json:",omitempty"` // DeletionPolicy
	Replace    string `json:",omitempty"` // UpdateReplacePolicy
	Metadata   string `json:",omitempty"` // JSON
}

// step is one call of a type.
type step struct {
	Action  string // create, update or delete
	Token   string
	To      thing // what it leads to
	Begun   bool  `json:",omitempty"` // the call was made, and is waited for
	Since   time.Time
	Replace bool `json:",omitempty"` // create, beside what stands
	Back    bool `json:",omitempty"` // update, of a rollback
}

const (
	creates = "create"
	updates = "update"
	deletes = "delete"
)

type rowDrift struct {
	Status      types.StackResourceDriftStatus
	Time        time.Time
	Expected    string
	Actual      string                     `json:",omitempty"`
	Differences []types.PropertyDifference `json:",omitempty"`
}

// values are properties or attributes. Numbers keep the form that they were written in.
type values map[string]any

// UnmarshalJSON reads numbers as json.Number.
func (v *values) UnmarshalJSON(b []byte) error {
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return err
	}
	*v = m
	return nil
}

// tables are where stacks are kept.
type tables struct {
	stacks    *store.Table[stack]    // id: the stack's
	names     *store.Table[string]   // id: name of a stack that is not deleted; its id
	revisions *store.Table[revision] // id: stack/number
	rows      *store.Table[row]      // id: stack/logical name
	events    *store.Table[event]    // id: stack/inverse time
	sets      *store.Table[changeSet]
	exports   *store.Table[export] // id: name
	imports   *store.Table[string] // id: export/stack
	drifts    *store.Table[detection]
	signals   *store.Table[signal] // id: stack/logical/unique id
	handles   *store.Table[handle] // id: of pre-signed URLs; regionless
}

func newTables(st *store.Store) tables {
	return tables{stacks: store.NewTable[stack](st, "cloudformation_stack"), names: store.NewTable[string](st, "cloudformation_name"),
		revisions: store.NewTable[revision](st, "cloudformation_revision"), rows: store.NewTable[row](st, "cloudformation_resource"),
		events: store.NewTable[event](st, "cloudformation_event"), sets: store.NewTable[changeSet](st, "cloudformation_changeset"),
		exports: store.NewTable[export](st, "cloudformation_export"), imports: store.NewTable[string](st, "cloudformation_import"),
		drifts: store.NewTable[detection](st, "cloudformation_drift"), signals: store.NewTable[signal](st, "cloudformation_signal"),
		handles: store.NewTable[handle](st, "cloudformation_handle")}
}

func stackARN(k store.Key, name string) string {
	return arn.New("cloudformation", k.Region, k.Account, "stack/"+name+"/"+k.ID)
}

func (t *stack) arn(k store.Key) string { return stackARN(k, t.Name) }

// under is a key of something of the stack k.
func under(k store.Key, id string) store.Key {
	k.ID += "/" + id
	return k
}

func prefixed(k store.Key, id string) store.Range {
	return store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/" + id}
}
