package payload

import (
	"encoding/json"
	"errors"

	"github.com/atelier-studio/atelier/internal/platform/authz"
)

// ErrVerdict is an answer of an authorizer's function that decides nothing.
var ErrVerdict = errors.New("The response from the Lambda authorizer doesn't match the format that API Gateway expects.")

// Verdict is what an authorizer's function decides.
type Verdict struct {
	Allowed   bool          // of a simple answer
	Policy    *authz.Policy // nil: the answer is simple
	Principal string
	Context   map[string]any
}

// ReadVerdict reads what an authorizer's function answers: whether, when the authorizer has simple answers, or else a policy. Errors
// are ErrVerdict.
func ReadVerdict(simple bool, payload []byte) (Verdict, error) {
	var a struct {
		IsAuthorized   *bool           `json:"isAuthorized"`
		PrincipalID    json.RawMessage `json:"principalId"`
		PolicyDocument json.RawMessage `json:"policyDocument"`
		Context        map[string]any  `json:"context"`
	}
	if err := json.Unmarshal(payload, &a); err != nil {
		return Verdict{}, ErrVerdict
	}
	v := Verdict{Context: a.Context}
	if simple {
		if a.IsAuthorized == nil {
			return Verdict{}, ErrVerdict
		}
		v.Allowed = *a.IsAuthorized
		return v, nil
	}
	var err error
	if v.Policy, err = authz.Parse(a.PolicyDocument); err != nil {
		return Verdict{}, ErrVerdict
	}
	if v.Principal, err = scalar(a.PrincipalID); err != nil {
		return Verdict{}, ErrVerdict
	}
	return v, nil
}

// Allows decides on a route, with what a policy's conditions may ask for.
func (v Verdict) Allows(arn string, keys authz.Context) bool {
	if v.Policy == nil {
		return v.Allowed
	}
	d := authz.Evaluate(authz.Request{Principal: authz.Principal{Kind: authz.User}, Action: "execute-api:Invoke", Resource: arn, Context: keys},
		authz.Policies{Identity: []*authz.Policy{v.Policy}})
	return d.Outcome == authz.Allowed
}
