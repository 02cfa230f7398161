package lambda

import (
	"context"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

const (
	// accountConcurrency is how many invocations of an account run at a time in a region, and unreserved how many of them can't
	// be reserved.
	// Source: https://docs.aws.amazon.com/lambda/latest/dg/lambda-concurrency.html
	accountConcurrency = 1000
	unreserved         = 100
)

// slots counts what runs.
type slots struct {
	mu      sync.Mutex
	running map[store.Key]int // by function
	shared  map[store.Key]int // by account and region, of functions that have nothing reserved
	freed   chan struct{}     // closed when one ends
}

func newSlots() *slots {
	return &slots{running: map[store.Key]int{}, shared: map[store.Key]int{}, freed: make(chan struct{})}
}

// enter begins an invocation, or gives why it can't. leave ends it.
func (c *slots) enter(k store.Key, reserved *int32, open int) (leave func(), running int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	of := store.Key{Account: k.Account, Region: k.Region}
	if reserved != nil {
		if c.running[k] >= int(*reserved) {
			return nil, 0, throttled(types.ThrottleReasonReservedFunctionConcurrentInvocationLimitExceeded)
		}
	} else if c.shared[of] >= open {
		return nil, 0, throttled(types.ThrottleReasonConcurrentInvocationLimitExceeded)
	}
	c.running[k]++
	if reserved == nil {
		c.shared[of]++
	}
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.running[k]--; c.running[k] == 0 {
			delete(c.running, k)
		}
		if reserved == nil {
			c.shared[of]--
		}
		close(c.freed)
		c.freed = make(chan struct{})
	}), c.running[k], nil
}

// free tells whether an invocation could begin.
func (c *slots) free(k store.Key, reserved *int32, open int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if reserved != nil {
		return c.running[k] < int(*reserved)
	}
	return c.shared[store.Key{Account: k.Account, Region: k.Region}] < open
}

// wait waits until an invocation ends, or for so long.
func (c *slots) wait(ctx context.Context, d time.Duration) {
	c.mu.Lock()
	freed := c.freed
	c.mu.Unlock()
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-freed:
	case <-t.C:
	case <-ctx.Done():
	}
}

// reservedIn sums what the functions of an account have reserved, but for one of them. It is asked within the image.
func (s *Service) reservedIn(k store.Key) (sum int) {
	for at, f := range s.functions.Rows() {
		if at.Account == k.Account && at.Region == k.Region && at.ID != k.ID && f.Reserved != nil {
			sum += int(*f.Reserved)
		}
	}
	return sum
}

// PutFunctionConcurrency reserves concurrency for a function, which is also the most it has.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
func (s *Service) PutFunctionConcurrency(ctx context.Context, in *lambda.PutFunctionConcurrencyInput) (*lambda.PutFunctionConcurrencyOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	taken := 0
	if err := s.image.Read(ctx, func() { taken = s.reservedIn(r.Key) }); err != nil {
		return nil, err
	}
	if n := int(*in.ReservedConcurrentExecutions); n > 0 && accountConcurrency-taken-n < unreserved {
		return nil, invalid("Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [%d].", unreserved)
	}
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		for _, p := range f.Provisioned {
			if p.Requested > *in.ReservedConcurrentExecutions {
				return invalid("ReservedConcurrentExecutions %d should not be lower than function's total provisioned concurrency [%d].", *in.ReservedConcurrentExecutions, p.Requested)
			}
		}
		f.Reserved = in.ReservedConcurrentExecutions
		return nil
	}); err != nil {
		return nil, err
	}
	return &lambda.PutFunctionConcurrencyOutput{ReservedConcurrentExecutions: in.ReservedConcurrentExecutions}, nil
}

func (s *Service) putConcurrencyTargets(ctx context.Context, in *lambda.PutFunctionConcurrencyInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}

// GetFunctionConcurrency tells what a function has reserved.
func (s *Service) GetFunctionConcurrency(ctx context.Context, in *lambda.GetFunctionConcurrencyInput) (*lambda.GetFunctionConcurrencyOutput, error) {
	_, f, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	return &lambda.GetFunctionConcurrencyOutput{ReservedConcurrentExecutions: f.Reserved}, nil
}

func (s *Service) getConcurrencyTargets(ctx context.Context, in *lambda.GetFunctionConcurrencyInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}

// DeleteFunctionConcurrency gives back what a function has reserved.
func (s *Service) DeleteFunctionConcurrency(ctx context.Context, in *lambda.DeleteFunctionConcurrencyInput) (*lambda.DeleteFunctionConcurrencyOutput, error) {
	r, _, err := s.function(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	if err := s.change(ctx, r, func(_ *store.Tx, f *function) error {
		f.Reserved = nil
		return nil
	}); err != nil {
		return nil, err
	}
	return &lambda.DeleteFunctionConcurrencyOutput{}, nil
}

func (s *Service) deleteConcurrencyTargets(ctx context.Context, in *lambda.DeleteFunctionConcurrencyInput) ([]wire.Target, error) {
	return s.on(ctx, in.FunctionName, nil)
}

// GetAccountSettings tells an account's limits, and what it uses of them.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html
func (s *Service) GetAccountSettings(ctx context.Context, _ *lambda.GetAccountSettingsInput) (*lambda.GetAccountSettingsOutput, error) {
	k := callKey(ctx)
	var use types.AccountUsage
	open := int32(accountConcurrency)
	err := s.image.Read(ctx, func() {
		open -= int32(s.reservedIn(k))
		for at := range s.functions.Rows() {
			if at.Account == k.Account && at.Region == k.Region {
				use.FunctionCount++
			}
		}
		for at, v := range s.versions.Rows() {
			if at.Account == k.Account && at.Region == k.Region {
				use.TotalCodeSize += v.CodeSize
			}
		}
		for at, l := range s.layers.Rows() {
			if at.Account == k.Account && at.Region == k.Region {
				use.TotalCodeSize += l.Size
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return &lambda.GetAccountSettingsOutput{AccountUsage: &use, AccountLimit: &types.AccountLimit{CodeSizeUnzipped: maxObject, CodeSizeZipped: maxInline,
		ConcurrentExecutions: accountConcurrency, TotalCodeSize: 75 << 30, UnreservedConcurrentExecutions: &open}}, nil
}

func callKey(ctx context.Context) store.Key {
	call := wire.CallOf(ctx)
	return store.Key{Account: call.Account(), Region: call.Region}
}
