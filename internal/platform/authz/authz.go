// Package authz decides whether a principal may do an action on a resource, as IAM does.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
package authz

// Kind is the kind of a principal.
type Kind string

// The kinds of principals.
const (
	Root          Kind = "Root"
	User          Kind = "IAMUser"
	AssumedRole   Kind = "AssumedRole"
	FederatedUser Kind = "FederatedUser"
	Service       Kind = "AWSService"
	Anonymous     Kind = "Anonymous"
)

// Principal is who acts.
type Principal struct {
	Kind        Kind
	Account     string // 12 digits; "" for Anonymous and Service
	ARN         string // of the user, or of the session (arn:aws:sts::…:assumed-role/R/S)
	UserID      string // aws:userid: AIDA…, AROA…:session, account id for root
	Name        string // user name, or service principal ("lambda.amazonaws.com")
	RoleARN     string // of an assumed role: the role's own ARN
	SessionName string
	AccessKeyID string
	Tags        map[string]string // principal and session tags: aws:PrincipalTag/…
	SessionTags map[string]string // those of the session alone, given by who began it
	Context     Context           // further keys that hold for the whole session (aws:FederatedProvider, aws:MultiFactorAuthPresent, …)
	// Session policies, given at AssumeRole or GetFederationToken. HasSession tells "none given" from "given, allows nothing".
	HasSession bool
	Session    []*Policy
	// Given are the session policies as they were given, so that a service can act for the session later.
	Given []SessionPolicy
}

// SessionPolicy is a policy given with a session. Only ID is set of a managed policy: it is its ARN, and the document in
// force when the session is used counts. The size of tokens stays small so.
type SessionPolicy struct{ ID, Document string }

// Context maps a condition key ("aws:SourceIp", "s3:prefix") to its values. Keys are compared without regard to case.
type Context map[string][]string

// Request is one question.
type Request struct {
	Principal       Principal
	Action          string // "s3:GetObject"
	Resource        string // ARN or "*"
	ResourceAccount string // owner of the resource; "" means the principal's own account
	Context         Context
}

// Policies are all policies that have a say in a request. Session policies are taken from the principal.
type Policies struct {
	Identity []*Policy   // inline and attached, of the user with its groups, or of the role
	Boundary *Policy     // permissions boundary, nil when none
	SCPs     [][]*Policy // service control policies, one slice per level (root, each OU, account); nil: not in force
	Resource *Policy     // of the resource, nil when it has none
	// ResourceRequired says that the resource policy has to allow even within one account, as a KMS key policy must.
	// Trust policies (ParseTrust) behave so by themselves.
	ResourceRequired bool
}

// Outcome is the answer's word, as SimulatePrincipalPolicy's EvalDecision has it.
type Outcome string

// The outcomes.
const (
	Allowed      Outcome = "allowed"
	ExplicitDeny Outcome = "explicitDeny"
	ImplicitDeny Outcome = "implicitDeny"
)

// The kinds of policies, as Decision.By and Match.Kind have them.
const (
	ByIdentity = "identity"
	ByResource = "resource"
	ByBoundary = "boundary"
	BySession  = "session"
	BySCP      = "scp"
)

// Decision is the answer and its reason.
type Decision struct {
	Outcome Outcome
	// By is the kind of policy that decided: ByIdentity, ByResource, ByBoundary, BySession or BySCP. Of an implicit
	// deny it is the kind that had to allow and did not; "" of a principal that may do everything (root).
	By      string
	Matched []Match  // statements that matched
	Missing []string // condition keys that a policy asked for and the request did not carry
}

// Match is one statement that matched.
type Match struct {
	PolicyID  string // Policy.ID
	Kind      string // as Decision.By
	Statement int    // index
	Sid       string
}
