package eventbridge

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/bus/pattern"
	"github.com/atelier-studio/atelier/internal/platform/schedule"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
)

// rule is a rule of a bus, with its targets.
type rule struct {
	Bus, Name   string
	Description string `json:",omitempty"`
	Pattern     string `json:",omitempty"`
	Schedule    string `json:",omitempty"`
	State       types.RuleState
	RoleARN     string `json:",omitempty"`
	ManagedBy   string `json:",omitempty"`
	CreatedBy   string
	Created     time.Time
	Rung        time.Time // when its schedule was due last
	Tags        map[string]string
	Targets     []types.Target `json:",omitempty"`
}

func (r rule) on() bool { return r.State != types.RuleStateDisabled }

func ruleARN(k store.Key) string {
	return arn.New("events", k.Region, k.Account, "rule/"+strings.TrimPrefix(k.ID, defaultBus+"/"))
}

func ruleKey(of store.Key, name string) store.Key {
	of.ID += "/" + name
	return of
}

// routes are the rules of a bus that are on and have a pattern, and the archives that take from it.
type routes struct {
	rules    map[store.Key]*route
	archives map[store.Key]*route
}

type route struct {
	key     store.Key
	pattern *pattern.Pattern // nil: everything
	targets []types.Target
	archive archive
}

func (s *Service) routesOf(k store.Key) *routes {
	r, ok := s.routes[k]
	if !ok {
		r = &routes{rules: map[store.Key]*route{}, archives: map[store.Key]*route{}}
		s.routes[k] = r
	}
	return r
}

// ruleChanged keeps the routes and alarms of rules. The image is locked.
func (s *Service) ruleChanged(k store.Key, _, now *rule) {
	name, _, _ := strings.Cut(k.ID, "/")
	list := s.routesOf(store.Key{Account: k.Account, Region: k.Region, ID: name}).rules
	delete(list, k)
	s.alarms.Clear(k)
	if now == nil || !now.on() {
		return
	}
	if now.Pattern != "" {
		if p, err := pattern.Parse([]byte(now.Pattern)); err == nil { // it was checked when it was set
			list[k] = &route{key: k, pattern: p, targets: now.Targets}
		}
	}
	if next, ok := now.due(); ok {
		s.alarms.Set(k, next)
	}
}

// due is when the rule's schedule rings next.
func (r rule) due() (time.Time, bool) {
	if r.Schedule == "" {
		return time.Time{}, false
	}
	e, err := schedule.Parse(r.Schedule, time.UTC)
	if err != nil {
		return time.Time{}, false
	}
	after := r.Rung
	if after.IsZero() {
		after = r.Created
	}
	return e.Next(r.Created, after)
}

// PutRule makes or changes a rule.
// Source: https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
func (s *Service) PutRule(ctx context.Context, in *eventbridge.PutRuleInput) (*eventbridge.PutRuleOutput, error) {
	of, err := busKey(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	if aws.ToString(in.EventPattern) == "" && aws.ToString(in.ScheduleExpression) == "" {
		return nil, invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
	}
	if in.EventPattern != nil && *in.EventPattern != "" {
		if _, err := pattern.Parse([]byte(*in.EventPattern)); err != nil {
			return nil, badPattern(err)
		}
	}
	if e := aws.ToString(in.ScheduleExpression); e != "" {
		if of.ID != defaultBus {
			return nil, invalid("ScheduleExpression is supported only on the default event bus.")
		}
		if _, err := schedule.Parse(e, time.UTC); err != nil || strings.HasPrefix(e, "at(") {
			return nil, invalid("Parameter ScheduleExpression is not valid.")
		}
	}
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	k, call := ruleKey(of, aws.ToString(in.Name)), wire.CallOf(ctx)
	r := rule{Bus: of.ID, Name: *in.Name, Description: aws.ToString(in.Description), Pattern: aws.ToString(in.EventPattern),
		Schedule: aws.ToString(in.ScheduleExpression), State: in.State, RoleARN: aws.ToString(in.RoleArn), CreatedBy: call.Account(), Created: call.Time, Tags: tags}
	if r.State == "" {
		r.State = types.RuleStateEnabled
	}
	if call.Principal.Kind == authz.Service {
		r.ManagedBy = call.Principal.Name
	}
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.busIn(tx, of); err != nil {
			return err
		}
		before, err := s.rules.Get(tx, k)
		switch {
		case err == nil && before.ManagedBy != r.ManagedBy && before.ManagedBy != "":
			return managed(r.Name)
		case err == nil: // tags that are given with an update are ignored
			r.Tags, r.Targets, r.CreatedBy = before.Tags, before.Targets, before.CreatedBy
			if before.Schedule == r.Schedule && before.on() {
				r.Created, r.Rung = before.Created, before.Rung
			}
		case !absent(err):
			return err
		}
		return s.rules.Put(tx, k, r)
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.PutRuleOutput{RuleArn: aws.String(ruleARN(k))}, nil
}

// onRule names a rule of a bus.
func (s *Service) onRule(ctx context.Context, of, name *string) ([]wire.Target, error) {
	k, err := busKey(ctx, of)
	if err != nil {
		return nil, err
	}
	b, err := s.busTarget(ctx, k)
	if err != nil {
		return nil, err
	}
	r := ruleKey(k, aws.ToString(name))
	t := wire.Target{Resource: ruleARN(r), Account: k.Account, Policy: b.Policy, Context: authz.Context{}}
	err = s.image.Read(ctx, func() {
		for tag, v := range s.rules.Rows()[r].Tags {
			t.Context["aws:ResourceTag/"+tag] = []string{v}
		}
	})
	return []wire.Target{t}, err
}

func (s *Service) putRuleTargets(ctx context.Context, in *eventbridge.PutRuleInput) ([]wire.Target, error) {
	list, err := s.onRule(ctx, in.EventBusName, in.Name)
	if err == nil && in.RoleArn != nil {
		list = append(list, passRole(*in.RoleArn))
	}
	return list, err
}

func passRole(role string) wire.Target {
	return wire.Target{Action: "iam:PassRole", Resource: role, Context: authz.Context{"iam:PassedToService": {service}}}
}

// changeRule reads, changes and writes a rule.
func (s *Service) changeRule(ctx context.Context, of, name *string, force bool, f func(tx *store.Tx, k store.Key, r *rule) error) error {
	b, err := busKey(ctx, of)
	if err != nil {
		return err
	}
	k := ruleKey(b, aws.ToString(name))
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.busIn(tx, b); err != nil {
			return err
		}
		r, err := s.rules.Get(tx, k)
		if absent(err) {
			return missing("Rule %s does not exist on EventBus %s.", aws.ToString(name), b.ID)
		}
		if err != nil {
			return err
		}
		if p := wire.CallOf(ctx).Principal; r.ManagedBy != "" && !force && p.Name != r.ManagedBy {
			return managed(r.Name)
		}
		r.Targets = slices.Clone(r.Targets)
		if err := f(tx, k, &r); err != nil {
			return err
		}
		return s.rules.Put(tx, k, r)
	})
}

// EnableRule turns a rule on.
func (s *Service) EnableRule(ctx context.Context, in *eventbridge.EnableRuleInput) (*eventbridge.EnableRuleOutput, error) {
	err := s.changeRule(ctx, in.EventBusName, in.Name, false, func(_ *store.Tx, _ store.Key, r *rule) error {
		if !r.on() {
			r.Rung = s.Clock.Now() // what was due while it was off is not made up for
		}
		r.State = types.RuleStateEnabled
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.EnableRuleOutput{}, nil
}

func (s *Service) enableRuleTargets(ctx context.Context, in *eventbridge.EnableRuleInput) ([]wire.Target, error) {
	return s.onRule(ctx, in.EventBusName, in.Name)
}

// DisableRule turns a rule off.
func (s *Service) DisableRule(ctx context.Context, in *eventbridge.DisableRuleInput) (*eventbridge.DisableRuleOutput, error) {
	err := s.changeRule(ctx, in.EventBusName, in.Name, false, func(_ *store.Tx, _ store.Key, r *rule) error {
		r.State = types.RuleStateDisabled
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.DisableRuleOutput{}, nil
}

func (s *Service) disableRuleTargets(ctx context.Context, in *eventbridge.DisableRuleInput) ([]wire.Target, error) {
	return s.onRule(ctx, in.EventBusName, in.Name)
}

// DeleteRule removes a rule without targets. One that is not there is no error.
func (s *Service) DeleteRule(ctx context.Context, in *eventbridge.DeleteRuleInput) (*eventbridge.DeleteRuleOutput, error) {
	b, err := busKey(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	k := ruleKey(b, aws.ToString(in.Name))
	err = s.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := s.busIn(tx, b); err != nil {
			return err
		}
		r, err := s.rules.Get(tx, k)
		if absent(err) {
			return nil
		}
		if err != nil {
			return err
		}
		if r.ManagedBy != "" && !in.Force && wire.CallOf(ctx).Principal.Name != r.ManagedBy {
			return managed(r.Name)
		}
		if len(r.Targets) > 0 {
			return invalid("Rule can't be deleted since it has targets.")
		}
		return s.rules.Delete(tx, k)
	})
	if err != nil {
		return nil, err
	}
	return &eventbridge.DeleteRuleOutput{}, nil
}

func (s *Service) deleteRuleTargets(ctx context.Context, in *eventbridge.DeleteRuleInput) ([]wire.Target, error) {
	return s.onRule(ctx, in.EventBusName, in.Name)
}

// find reads a rule from memory.
func (s *Service) find(ctx context.Context, of, name *string) (k store.Key, r rule, err error) {
	b, err := busKey(ctx, of)
	if err != nil {
		return k, r, err
	}
	if _, err := s.bus(ctx, b); err != nil {
		return k, r, err
	}
	k = ruleKey(b, aws.ToString(name))
	ok := false
	if err = s.image.Read(ctx, func() { r, ok = s.rules.Rows()[k] }); err == nil && !ok {
		err = missing("Rule %s does not exist on EventBus %s.", aws.ToString(name), b.ID)
	}
	return k, r, err
}

// DescribeRule tells of a rule.
func (s *Service) DescribeRule(ctx context.Context, in *eventbridge.DescribeRuleInput) (*eventbridge.DescribeRuleOutput, error) {
	k, r, err := s.find(ctx, in.EventBusName, in.Name)
	if err != nil {
		return nil, err
	}
	return &eventbridge.DescribeRuleOutput{Arn: aws.String(ruleARN(k)), Name: &r.Name, EventBusName: &r.Bus, Description: filled(r.Description),
		EventPattern: filled(r.Pattern), ScheduleExpression: filled(r.Schedule), State: r.State, RoleArn: filled(r.RoleARN),
		ManagedBy: filled(r.ManagedBy), CreatedBy: &r.CreatedBy}, nil
}

func (s *Service) describeRuleTargets(ctx context.Context, in *eventbridge.DescribeRuleInput) ([]wire.Target, error) {
	return s.onRule(ctx, in.EventBusName, in.Name)
}

// list gives the rules of a bus in order of name.
func (s *Service) list(ctx context.Context, of *string) (out []rule, err error) {
	b, err := busKey(ctx, of)
	if err != nil {
		return nil, err
	}
	if _, err := s.bus(ctx, b); err != nil {
		return nil, err
	}
	err = s.image.Read(ctx, func() {
		for k, r := range s.rules.Rows() {
			if k.Account == b.Account && k.Region == b.Region && r.Bus == b.ID {
				out = append(out, r)
			}
		}
	})
	slices.SortFunc(out, func(x, y rule) int { return strings.Compare(x.Name, y.Name) })
	return out, err
}

// ListRules lists the rules of a bus.
func (s *Service) ListRules(ctx context.Context, in *eventbridge.ListRulesInput) (*eventbridge.ListRulesOutput, error) {
	list, err := s.list(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	list = slices.DeleteFunc(list, func(r rule) bool { return !strings.HasPrefix(r.Name, aws.ToString(in.NamePrefix)) })
	list, next, err := page(ctx, list, func(r rule) string { return r.Name }, in.Limit, in.NextToken)
	out := &eventbridge.ListRulesOutput{Rules: []types.Rule{}, NextToken: next}
	b, _ := busKey(ctx, in.EventBusName) // was read above
	for _, r := range list {
		out.Rules = append(out.Rules, types.Rule{Arn: aws.String(ruleARN(ruleKey(b, r.Name))), Name: &r.Name, EventBusName: &r.Bus,
			Description: filled(r.Description), EventPattern: filled(r.Pattern), ScheduleExpression: filled(r.Schedule), State: r.State,
			RoleArn: filled(r.RoleARN), ManagedBy: filled(r.ManagedBy)})
	}
	return out, err
}

func (s *Service) listRulesTargets(ctx context.Context, in *eventbridge.ListRulesInput) ([]wire.Target, error) {
	return s.onRule(ctx, in.EventBusName, aws.String("*"))
}

// ListRuleNamesByTarget lists the rules of a bus that send to a target.
func (s *Service) ListRuleNamesByTarget(ctx context.Context, in *eventbridge.ListRuleNamesByTargetInput) (*eventbridge.ListRuleNamesByTargetOutput, error) {
	list, err := s.list(ctx, in.EventBusName)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, r := range list {
		if slices.ContainsFunc(r.Targets, func(t types.Target) bool { return aws.ToString(t.Arn) == aws.ToString(in.TargetArn) }) {
			names[r.Name] = true
		}
	}
	out := &eventbridge.ListRuleNamesByTargetOutput{}
	out.RuleNames, out.NextToken, err = page(ctx, slices.Sorted(maps.Keys(names)), func(n string) string { return n }, in.Limit, in.NextToken)
	return out, err
}

func (s *Service) namesByTargetTargets(ctx context.Context, in *eventbridge.ListRuleNamesByTargetInput) ([]wire.Target, error) {
	return s.onRule(ctx, in.EventBusName, aws.String("*"))
}
