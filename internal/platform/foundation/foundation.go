// Package foundation is what the two services of Bedrock share: the service that manages keeps guardrails, imported models, inference
// profiles, provisioned throughput and the settings of logs; the one that runs models reads them, and keeps asynchronous invocations,
// whose tags the other manages.
package foundation

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/bedrock/types"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
)

// AsyncKind is the kind of resource that an asynchronous invocation is.
const AsyncKind = "async-invoke"

// Draft is the version of a guardrail that can be changed.
const Draft = "DRAFT"

// Guardrail is one version of a guardrail.
type Guardrail struct {
	ID, Version, Name, Description string
	Created, Updated               time.Time
	BlockedInput, BlockedOutput    string // what is said in place of what was blocked
	Next                           int    // the last version that was made; kept with the draft
	KMSKey                         string
	Tags                           map[string]string

	Topics    *types.GuardrailTopicPolicyConfig
	Content   *types.GuardrailContentPolicyConfig
	Words     *types.GuardrailWordPolicyConfig
	Sensitive *types.GuardrailSensitiveInformationPolicyConfig
	Grounding *types.GuardrailContextualGroundingPolicyConfig
}

// Imported is a model that was brought in.
type Imported struct {
	ID, Name, Architecture string
	File                   string // GGUF, relative to the directory of models
	Family                 string // whose bodies it takes
	Job, JobName, Source   string
	Instruct               bool
	Created                time.Time
	Tags                   map[string]string
}

// Profile is an inference profile of an application.
type Profile struct {
	ID, Name, Description string
	Model                 string // of the foundation model
	Created, Updated      time.Time
	Tags                  map[string]string
}

// Throughput is provisioned throughput.
type Throughput struct {
	ID, Name         string
	Model            string // ARN
	Units            int32
	Commitment       types.CommitmentDuration
	Created, Updated time.Time
	Tags             map[string]string
}

// Async is an invocation that is answered in S3.
type Async struct {
	ID, Model, ModelARN string
	Input               json.RawMessage // until it is answered
	Output, KMSKey      string          // s3://…
	BucketOwner         string
	Caller              authz.Principal // in whose name the output is written; without session policies and key
	Token               string
	Status, Failure     string
	Submitted, Modified time.Time
	Ended               time.Time
	Tags                map[string]string
}

// Shelf is where it all lies.
type Shelf struct {
	Store       *store.Store
	Guardrails  *store.Table[Guardrail] // id/version
	Imported    *store.Table[Imported]
	Profiles    *store.Table[Profile]
	Throughputs *store.Table[Throughput]
	Asyncs      *store.Table[Async]
	Logging     *store.Table[types.LoggingConfig] // id ""
}

// New opens the shelf in st.
func New(st *store.Store) *Shelf {
	return &Shelf{Store: st, Guardrails: store.NewTable[Guardrail](st, "bedrock_guardrail"), Imported: store.NewTable[Imported](st, "bedrock_imported_model"),
		Profiles: store.NewTable[Profile](st, "bedrock_inference_profile"), Throughputs: store.NewTable[Throughput](st, "bedrock_throughput"),
		Asyncs: store.NewTable[Async](st, "bedrock_async"), Logging: store.NewTable[types.LoggingConfig](st, "bedrock_logging")}
}

// ErrIdentifier is an identifier that cannot be one of a model.
var ErrIdentifier = errors.New("not the identifier of a model")

// Model is what the identifier of a model stands for.
type Model struct {
	ID       string    // of a foundation model or of a profile that the system defines; "" for one that was imported
	Imported *Imported // nil for a foundation model
	ARNs     []string  // what must be allowed
}

// ModelARN is the ARN of a foundation model.
func ModelARN(region, id string) string {
	return "arn:aws:bedrock:" + region + "::foundation-model/" + id
}

// Resolve reads the identifier of a model: an id, or the ARN of a model or of what leads to one. Errors are ErrIdentifier, and
// store.ErrNotFound where the ARN is of nothing. tx is for ARNs alone.
func (s *Shelf) Resolve(tx *store.Tx, account, region, identifier string) (Model, error) {
	if !strings.HasPrefix(identifier, "arn:") {
		return Model{ID: identifier, ARNs: []string{ModelARN(region, identifier)}}, nil
	}
	a, err := arn.Parse(identifier)
	kind, id, ok := strings.Cut(a.Resource, "/")
	if err != nil || !ok || a.Service != "bedrock" || id == "" {
		return Model{}, ErrIdentifier
	}
	k := store.Key{Account: a.Account, Region: a.Region, ID: id}
	switch kind {
	case "foundation-model", "inference-profile":
		m := Model{ID: id, ARNs: []string{identifier}}
		return m, nil
	case "imported-model":
		v, err := s.Imported.Get(tx, k)
		return Model{Imported: &v, ARNs: []string{identifier}}, err
	case "application-inference-profile":
		v, err := s.Profiles.Get(tx, k)
		if err != nil {
			return Model{}, err
		}
		return Model{ID: v.Model, ARNs: []string{identifier, ModelARN(a.Region, v.Model)}}, nil
	case "provisioned-model":
		v, err := s.Throughputs.Get(tx, k)
		if err != nil {
			return Model{}, err
		}
		m, err := s.Resolve(tx, account, region, v.Model)
		m.ARNs = []string{identifier}
		return m, err
	}
	return Model{}, ErrIdentifier
}
