package lakeformation

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/wire"
)

// touching has IAM asked for the call as such, and the owners of what is touched and those who are granted something find
// it in their trails. Lake Formation itself decides what of others' resources may be touched, so that no policy of their
// owner is asked.
func touching(ctx context.Context, r governance.Resource, others ...string) ([]wire.Target, error) {
	call := wire.CallOf(ctx)
	var out []wire.Target
	asked := map[string]bool{}
	for _, account := range append([]string{r.Account()}, others...) {
		if account == "" || asked[account] {
			continue
		}
		asked[account] = true
		t := wire.Target{Resource: r.ARN(call.Region), Account: account}
		if account != call.Account() {
			policy, err := letIn(call.Account())
			if err != nil {
				return nil, err
			}
			t.Policy = policy
		}
		out = append(out, t)
	}
	return out, nil
}

// letIn is the policy of a resource that leaves the decision to the caller's own account and to Lake Formation.
func letIn(account string) (*authz.Policy, error) {
	document, err := json.Marshal(map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow",
		"Principal": map[string]string{"AWS": arn.New("iam", "", account, "root")}, "Action": "lakeformation:*", "Resource": "*"}}})
	if err != nil {
		return nil, err
	}
	p, err := authz.ParseResource(document)
	if err != nil {
		return nil, fmt.Errorf("cannot let account %s in: %w", account, err)
	}
	return p, nil
}
