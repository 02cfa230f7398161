package cloudformation

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/services/cloudformation/template"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// order is what a request asks of a stack: a template with what belongs to it.
type order struct {
	body, url    *string
	previous     bool // the stack's own template
	parameters   []types.Parameter
	tags         []types.Tag
	retag        bool // tags were given; else the stack's stay
	capabilities []types.Capability
	only         []string // types that may be in it
}

var (
	stackName = regexp.MustCompile(`^[a-zA-Z][-a-zA-Z0-9]*$`)
	knownTags = regexp.MustCompile(`(?i)^aws:`)
)

// take reads, checks and binds what is asked of a stack. old is what stands, nil when nothing does. Whatever is read is read in the name that
// the stack's resources are made in.
func (s *Service) take(ctx context.Context, k store.Key, st *stack, o order, old *revision) (revision, *plan, error) {
	v := revision{}
	config, err := s.config(ctx, k, st)
	if err != nil {
		return v, nil, invalid("%s", err.Error())
	}
	switch {
	case o.previous:
		if old == nil || text(o.body) != "" || text(o.url) != "" {
			return v, nil, invalid("Specify exactly one of 'TemplateBody', 'TemplateURL' or 'UsePreviousTemplate'")
		}
		v.Body = old.Body
	case (text(o.body) != "") == (text(o.url) != ""):
		return v, nil, invalid("Either Template URL or Template Body must be specified.")
	case text(o.body) != "":
		if len(*o.body) > template.MaxBody {
			return v, nil, invalid("1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d", template.MaxBody)
		}
		v.Body = *o.body
	default: // as the caller, whatever the role
		if v.Body, err = s.templateURL(ctx, s.As(wire.CallOf(ctx).Principal, k.Region), *o.url); err != nil {
			return v, nil, err
		}
	}
	if v.Parameters, err = givenParameters(o.parameters, old); err != nil {
		return v, nil, err
	}
	if !o.retag && old != nil {
		v.Tags = old.Tags
	} else if v.Tags, err = checkedTags(o.tags); err != nil {
		return v, nil, err
	}
	t, err := template.Parse([]byte(v.Body))
	if err != nil {
		return v, nil, templateFault(err)
	}
	if err := s.allowed(t, o); err != nil {
		return v, nil, err
	}
	p, err := s.bind(ctx, k, st, v, config)
	if err != nil {
		return v, nil, err
	}
	v.Parameters = p.given()
	return v, p, s.recognized(p, o.only)
}

// givenParameters are those of a request, with the values before where it asks for these.
func givenParameters(list []types.Parameter, old *revision) ([]parameter, error) {
	var out []parameter
	for _, p := range list {
		key := text(p.ParameterKey)
		if slices.ContainsFunc(out, func(q parameter) bool { return q.Key == key }) {
			return nil, invalid("Parameter '%s' was specified more than once", key)
		}
		if p.UsePreviousValue == nil || !*p.UsePreviousValue {
			out = append(out, parameter{Key: key, Value: text(p.ParameterValue)})
			continue
		}
		if p.ParameterValue != nil {
			return nil, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true and non empty value for a parameter", key)
		}
		i := -1
		if old != nil {
			i = slices.IndexFunc(old.Parameters, func(q parameter) bool { return q.Key == key })
		}
		if i < 0 {
			return nil, invalid("Invalid input for parameter key %s. Cannot specify usePreviousValue as true for a parameter key not in the previous template", key)
		}
		out = append(out, parameter{Key: key, Value: old.Parameters[i].Value})
	}
	return out, nil
}

func checkedTags(list []types.Tag) ([]tag, error) {
	var out []tag
	for _, t := range list {
		key := text(t.Key)
		switch {
		case knownTags.MatchString(key):
			return nil, invalid("aws: prefixed tag key names are not allowed for external use.")
		case slices.ContainsFunc(out, func(o tag) bool { return o.Key == key }):
			return nil, invalid("Duplicate tag keys: %s", key)
		}
		out = append(out, tag{key, text(t.Value)})
	}
	if len(out) > wire.MaxTags {
		return nil, invalid("Number of tags cannot exceed %d.", wire.MaxTags)
	}
	return out, nil
}

// allowed holds a template against the capabilities that were acknowledged.
func (s *Service) allowed(t *template.Template, o order) error {
	var lacks []string
	for _, c := range t.Summary().Capabilities {
		has := slices.Contains(o.capabilities, types.Capability(c)) ||
			c == string(types.CapabilityCapabilityIam) && slices.Contains(o.capabilities, types.CapabilityCapabilityNamedIam)
		if !has {
			lacks = append(lacks, c)
		}
	}
	if len(lacks) > 0 {
		return &types.InsufficientCapabilitiesException{Message: some("Requires capabilities : [" + strings.Join(lacks, ", ") + "]")}
	}
	return nil
}

// recognized refuses types that nobody serves, before anything is made.
func (s *Service) recognized(p *plan, only []string) error {
	var all []string
	for _, r := range p.Resources() {
		all = append(all, r.Type)
		if len(only) > 0 && !slices.ContainsFunc(only, func(t string) bool {
			return t == r.Type || strings.HasSuffix(t, "*") && strings.HasPrefix(r.Type, t[:len(t)-1])
		}) {
			return invalid("Resource type %s is not allowed by parameter ResourceTypes", r.Type)
		}
	}
	return s.served(all)
}

// served refuses types that nobody serves.
func (s *Service) served(list []string) error {
	if unknown := s.unserved(list); len(unknown) > 0 {
		return invalid("Template format error: Unrecognized resource types: [%s]", strings.Join(unknown, ", "))
	}
	return nil
}

func (s *Service) unserved(list []string) (out []string) {
	for _, t := range list {
		if _, ok := s.typed(t); !ok && !slices.Contains(out, t) {
			out = append(out, t)
		}
	}
	slices.Sort(out)
	return out
}

// caller is who asks, as resources are made in that name later.
func caller(ctx context.Context) authz.Principal {
	return identity.Via(wire.CallOf(ctx).Principal, principal)
}

// trusted checks that CloudFormation may assume a role.
func (s *Service) trusted(ctx context.Context, role string) error {
	if role == "" {
		return nil
	}
	_, err := s.Directory.ServiceSession(ctx, principal, role, "AWSCloudFormation")
	if errors.Is(err, identity.ErrNotTrusted) {
		return invalid("Role %s is invalid or cannot be assumed", role)
	}
	return err
}
