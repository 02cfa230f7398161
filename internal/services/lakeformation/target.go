package lakeformation

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/governance"
	"github.com/atelier-studio/atelier/internal/wire"
)

// touching has IAM asked for the call as such, of the caller's own account: Lake Formation itself decides what of others'
// resources may be touched. The owners of what is touched, and those who are granted something, find the call in their trails.
func touching(ctx context.Context, r governance.Resource, others ...string) []wire.Target {
	call := wire.CallOf(ctx)
	return []wire.Target{{Resource: r.ARN(call.Region), Account: call.Account(), Concerns: append(others, r.Account())}}
}
