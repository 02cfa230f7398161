package lambda

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/uuid"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
)

// mapping has a function run with what a queue holds. It is kept as it is shown, but for its state.
type mapping struct {
	types.EventSourceMappingConfiguration
	Name      string // of the function
	Qualifier string `json:",omitempty"`
	Enabled   bool
	Revision  string            // changes with every change
	Tags      map[string]string `json:",omitempty"`
}

var errNoMapping = missing("The resource you requested does not exist.")

func mappingARN(k store.Key) string {
	return arn.New("lambda", k.Region, k.Account, "event-source-mapping:"+k.ID)
}

func (m mapping) of(k store.Key) ref {
	k.ID = m.Name
	return ref{k, m.Qualifier}
}

// show is a mapping with its state.
func (s *Service) show(k store.Key, m mapping, state string) types.EventSourceMappingConfiguration {
	c := m.EventSourceMappingConfiguration
	if state == "" {
		state = "Disabled"
		if m.Enabled {
			state = "Enabled"
		}
	}
	c.State = &state
	c.LastProcessingResult = s.lastResult(k)
	return c
}

func (s *Service) mapping(ctx context.Context, k store.Key) (m mapping, err error) {
	ok := false
	if err = s.image.Read(ctx, func() { m, ok = s.mappings.Rows()[k] }); err == nil && !ok {
		err = errNoMapping
	}
	return m, err
}

// mappingKey is the mapping that a call names.
func mappingKey(ctx context.Context, id *string) store.Key {
	k := callKey(ctx)
	k.ID = aws.ToString(id)
	return k
}

// onMapping names a mapping for authorization.
func (s *Service) onMapping(ctx context.Context, id *string) ([]wire.Target, error) {
	k := mappingKey(ctx, id)
	m, err := s.mapping(ctx, k)
	if errors.Is(err, errNoMapping) { // the handler says so to who may ask
		err = nil
	}
	t := wire.Target{Resource: mappingARN(k), Context: tagContext(m.Tags)}
	if m.Name != "" {
		if t.Context == nil {
			t.Context = authz.Context{}
		}
		t.Context["lambda:FunctionArn"] = []string{m.of(k).arn()}
	}
	return []wire.Target{t}, err
}

// CreateEventSourceMapping has a function run with what a queue holds.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
func (s *Service) CreateEventSourceMapping(ctx context.Context, in *lambda.CreateEventSourceMappingInput) (*lambda.CreateEventSourceMappingOutput, error) {
	r, _, v, err := s.configured(ctx, in.FunctionName, nil)
	if err != nil {
		return nil, err
	}
	a, err := arn.Parse(aws.ToString(in.EventSourceArn))
	if err != nil {
		return nil, invalid("Unrecognized event source.")
	}
	if err := refuse(a.Service != "sqs", "An event source of "+a.Service); err != nil {
		return nil, err
	}
	for name, is := range map[string]bool{"StartingPosition": in.StartingPosition != "", "ParallelizationFactor": in.ParallelizationFactor != nil,
		"BisectBatchOnFunctionError": aws.ToBool(in.BisectBatchOnFunctionError), "MaximumRecordAgeInSeconds": in.MaximumRecordAgeInSeconds != nil,
		"MaximumRetryAttempts": in.MaximumRetryAttempts != nil, "TumblingWindowInSeconds": in.TumblingWindowInSeconds != nil,
		"DestinationConfig": failure(in.DestinationConfig) != nil, "Topics": len(in.Topics) > 0, "Queues": len(in.Queues) > 0} {
		if is {
			return nil, invalid("%s is not supported for SQS event sources.", name)
		}
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	now := wire.CallOf(ctx).Time
	k := mappingKey(ctx, aws.String(uuid.NewString()))
	m := mapping{Name: r.ID, Qualifier: r.Qualifier, Enabled: in.Enabled == nil || *in.Enabled, Tags: in.Tags, Revision: uuid.NewString()}
	m.UUID, m.EventSourceMappingArn, m.EventSourceArn, m.FunctionArn = &k.ID, aws.String(mappingARN(k)), in.EventSourceArn, aws.String(r.arn())
	m.BatchSize, m.MaximumBatchingWindowInSeconds = aws.Int32(10), aws.Int32(0)
	m.LastModified, m.StateTransitionReason = &now, aws.String("USER_INITIATED")
	m.FunctionResponseTypes = []types.FunctionResponseType{}
	if err := m.set(in.BatchSize, in.MaximumBatchingWindowInSeconds, in.FilterCriteria, in.FunctionResponseTypes, in.ScalingConfig); err != nil {
		return nil, err
	}
	if err := s.mayPoll(ctx, r.Key, v, a); err != nil {
		return nil, err
	}
	taken := func(tx *store.Tx) error {
		rows, err := s.mappings.List(tx, store.Range{Account: k.Account, Region: k.Region})
		for _, row := range rows {
			if has := row.Value; has.Name == m.Name && has.Qualifier == m.Qualifier && *has.EventSourceArn == *m.EventSourceArn {
				return conflict("An event source mapping with SQS arn (\" %s \") and function (\" %s \") already exists. Please update or delete the existing mapping with UUID %s",
					*m.EventSourceArn, m.Name, *has.UUID)
			}
		}
		return err
	}
	if err := s.Store.Update(ctx, func(tx *store.Tx) error {
		if err := taken(tx); err != nil {
			return err
		}
		return s.mappings.Insert(tx, k, m)
	}); err != nil {
		return nil, err
	}
	if err := s.attend(ctx); err != nil {
		return nil, err
	}
	return copied[lambda.CreateEventSourceMappingOutput](s.show(k, m, "Creating")), nil
}

func (s *Service) createMappingTargets(ctx context.Context, in *lambda.CreateEventSourceMappingInput) ([]wire.Target, error) {
	r, err := named(ctx, in.FunctionName, nil)
	return []wire.Target{{Resource: "*", Context: authz.Context{"lambda:FunctionArn": {r.arn()}}}}, err
}

// set changes what is given, and holds it to what queues can do.
func (m *mapping) set(size, window *int32, filter *types.FilterCriteria, responses []types.FunctionResponseType, scaling *types.ScalingConfig) error {
	given(&m.BatchSize, size)
	given(&m.MaximumBatchingWindowInSeconds, window)
	if filter != nil {
		if _, err := readFilters(filter); err != nil {
			return err
		}
		if m.FilterCriteria = filter; len(filter.Filters) == 0 {
			m.FilterCriteria = nil
		}
	}
	if responses != nil {
		m.FunctionResponseTypes = responses
	}
	if scaling != nil {
		if m.ScalingConfig = scaling; scaling.MaximumConcurrency == nil {
			m.ScalingConfig = nil
		}
	}
	fifo := strings.HasSuffix(*m.EventSourceArn, ".fifo")
	switch {
	case fifo && *m.MaximumBatchingWindowInSeconds > 0:
		return invalid("Batching window is not supported for FIFO queues.")
	case fifo && *m.BatchSize > 10:
		return invalid("Invalid request provided: The batch size for FIFO queues cannot be greater than 10.")
	case *m.BatchSize > 10 && *m.MaximumBatchingWindowInSeconds < 1:
		return invalid("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	}
	return nil
}

// GetEventSourceMapping tells of a mapping.
func (s *Service) GetEventSourceMapping(ctx context.Context, in *lambda.GetEventSourceMappingInput) (*lambda.GetEventSourceMappingOutput, error) {
	k := mappingKey(ctx, in.UUID)
	m, err := s.mapping(ctx, k)
	if err != nil {
		return nil, err
	}
	return copied[lambda.GetEventSourceMappingOutput](s.show(k, m, "")), nil
}

func (s *Service) getMappingTargets(ctx context.Context, in *lambda.GetEventSourceMappingInput) ([]wire.Target, error) {
	return s.onMapping(ctx, in.UUID)
}

// ListEventSourceMappings lists mappings, those of a queue or a function when asked to.
func (s *Service) ListEventSourceMappings(ctx context.Context, in *lambda.ListEventSourceMappingsInput) (*lambda.ListEventSourceMappingsOutput, error) {
	of := callKey(ctx)
	var r ref
	if in.FunctionName != nil {
		var err error
		if r, err = named(ctx, in.FunctionName, nil); err != nil {
			return nil, err
		}
	}
	found := map[store.Key]mapping{}
	if err := s.image.Read(ctx, func() {
		for k, m := range s.mappings.Rows() {
			if k.Account == of.Account && k.Region == of.Region && (in.FunctionName == nil || m.Name == r.ID && m.Qualifier == r.Qualifier) &&
				(in.EventSourceArn == nil || *m.EventSourceArn == *in.EventSourceArn) {
				found[k] = m
			}
		}
	}); err != nil {
		return nil, err
	}
	var list []types.EventSourceMappingConfiguration
	for k, m := range found {
		list = append(list, s.show(k, m, ""))
	}
	order := func(c types.EventSourceMappingConfiguration) string { return *c.UUID }
	slices.SortFunc(list, func(a, b types.EventSourceMappingConfiguration) int { return strings.Compare(order(a), order(b)) })
	out := &lambda.ListEventSourceMappingsOutput{}
	var err error
	out.EventSourceMappings, out.NextMarker, err = page(ctx, list, order, in.MaxItems, in.Marker)
	return out, err
}

// changeMapping reads, changes and writes a mapping.
func (s *Service) changeMapping(ctx context.Context, k store.Key, f func(tx *store.Tx, m *mapping) error) error {
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		m, err := s.mappings.Get(tx, k)
		if absent(err) {
			return errNoMapping
		}
		if err != nil {
			return err
		}
		if err := f(tx, &m); err != nil {
			return err
		}
		return s.mappings.Put(tx, k, m)
	})
}

// UpdateEventSourceMapping changes a mapping, and stops it or has it go on.
// Source: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
func (s *Service) UpdateEventSourceMapping(ctx context.Context, in *lambda.UpdateEventSourceMappingInput) (*lambda.UpdateEventSourceMappingOutput, error) {
	k := mappingKey(ctx, in.UUID)
	was, err := s.mapping(ctx, k)
	if err != nil {
		return nil, err
	}
	r := was.of(k)
	if in.FunctionName != nil {
		if r, _, _, err = s.configured(ctx, in.FunctionName, nil); err != nil {
			return nil, err
		}
	}
	now, state := wire.CallOf(ctx).Time, "Updating"
	var m mapping
	if err := s.changeMapping(ctx, k, func(_ *store.Tx, has *mapping) error {
		has.Name, has.Qualifier, has.FunctionArn = r.ID, r.Qualifier, aws.String(r.arn())
		if in.Enabled != nil && *in.Enabled != has.Enabled {
			has.Enabled = *in.Enabled
			if state = "Disabling"; has.Enabled {
				state = "Enabling"
			}
		}
		if err := has.set(in.BatchSize, in.MaximumBatchingWindowInSeconds, in.FilterCriteria, in.FunctionResponseTypes, in.ScalingConfig); err != nil {
			return err
		}
		has.LastModified, has.Revision = &now, uuid.NewString()
		m = *has
		return nil
	}); err != nil {
		return nil, err
	}
	if err := s.attend(ctx); err != nil {
		return nil, err
	}
	return copied[lambda.UpdateEventSourceMappingOutput](s.show(k, m, state)), nil
}

func (s *Service) updateMappingTargets(ctx context.Context, in *lambda.UpdateEventSourceMappingInput) ([]wire.Target, error) {
	return s.onMapping(ctx, in.UUID)
}

// DeleteEventSourceMapping ends a mapping. What it has received already runs to its end.
func (s *Service) DeleteEventSourceMapping(ctx context.Context, in *lambda.DeleteEventSourceMappingInput) (*lambda.DeleteEventSourceMappingOutput, error) {
	k := mappingKey(ctx, in.UUID)
	m, err := s.mapping(ctx, k)
	if err != nil {
		return nil, err
	}
	if err := s.Store.Update(ctx, func(tx *store.Tx) error { return s.mappings.DeleteIf(tx, k) }); err != nil {
		return nil, err
	}
	shown := s.show(k, m, "Deleting")
	if err := s.attend(ctx); err != nil {
		return nil, err
	}
	return copied[lambda.DeleteEventSourceMappingOutput](shown), nil
}

func (s *Service) deleteMappingTargets(ctx context.Context, in *lambda.DeleteEventSourceMappingInput) ([]wire.Target, error) {
	return s.onMapping(ctx, in.UUID)
}
