package ssm

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/arn"
	"github.com/atelier-studio/atelier/internal/platform/bus"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// maxVersions is how many versions a parameter keeps.
const maxVersions = 100

// parameter is what all versions have in common, and the newest one without its value.
type parameter struct {
	about
	First, Version int64 // of those that are kept
	Labels         map[string]int64
	Tags           map[string]string
}

// about is what each version says of itself beside its value.
type about struct {
	Name, Description, DataType, KeyID, Pattern string
	Type                                        types.ParameterType
	Tier                                        types.ParameterTier
	Modified                                    time.Time
	By                                          string
}

// version is one value. What is secret is sealed.
type version struct {
	about
	Number int64
	Value  string `json:",omitempty"`
	Sealed []byte `json:",omitempty"`
}

func parameterARN(k store.Key) string {
	return arn.New("ssm", k.Region, k.Account, "parameter/"+strings.TrimPrefix(k.ID, "/"))
}

func versionKey(k store.Key, number int64) store.Key {
	k.ID = fmt.Sprintf("%s:%012d", k.ID, number)
	return k
}

func (s *Service) seal(k store.Key, v *version, value string) {
	if v.Type != types.ParameterTypeSecureString {
		v.Value = value
		return
	}
	v.Sealed = s.Directory.Seal([]byte(value), parameterARN(k))
}

// reveal gives a version's value: of a secret, what is sealed of it unless it is asked for in clear.
func (s *Service) reveal(k store.Key, v version, clear bool) (*string, error) {
	if v.Type != types.ParameterTypeSecureString {
		return &v.Value, nil
	}
	if !clear {
		return aws.String(encoded(v.Sealed)), nil
	}
	b, err := s.Directory.Unseal(v.Sealed, parameterARN(k))
	return aws.String(string(b)), err
}

var (
	nameForm  = regexp.MustCompile(`^/?[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+)*$`)
	imageForm = regexp.MustCompile(`^ami-[a-z0-9]{8,17}$`)
)

// checkName says whether a parameter may be made of the name.
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html
func checkName(name string) error {
	first, _, _ := strings.Cut(strings.ToLower(strings.TrimPrefix(name, "/")), "/")
	switch {
	case strings.HasPrefix(first, "aws"):
		return wire.Errorf(400, "AccessDeniedException", "No access to reserved parameter name: "+name+".")
	case strings.HasPrefix(first, "ssm") || !nameForm.MatchString(name):
		return invalid(`Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; ` +
			`each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`)
	case !strings.HasPrefix(name, "/") && strings.Contains(name, "/"):
		return invalid(`Parameter name must be a fully qualified name: it begins with a forward slash when it has some within.`)
	case strings.Count(strings.TrimPrefix(name, "/"), "/") >= 15:
		return &types.HierarchyLevelLimitExceededException{Message: aws.String("The parameter name " + name + " has more than 15 levels, which is the limit.")}
	case len(name) > 1011:
		return invalid("The parameter name must not be longer than 1011 characters.")
	}
	return nil
}

// nameOf reads a parameter's name or ARN, and parts the version or label that it selects.
func nameOf(ctx context.Context, given *string) (k store.Key, selector string, err error) {
	name := aws.ToString(given)
	if strings.HasPrefix(name, "arn:") {
		a, err := arn.Parse(name)
		rest, ok := strings.CutPrefix(a.Resource, "parameter/")
		if err != nil || !ok || a.Service != "ssm" {
			return k, "", invalid("The parameter ARN %s is not valid.", name)
		}
		if k = here(ctx, ""); a.Account != k.Account || a.Region != k.Region {
			return k, "", missing(name)
		}
		if name = rest; strings.Contains(rest, "/") {
			name = "/" + rest
		}
	}
	name, selector, _ = strings.Cut(name, ":")
	return here(ctx, name), selector, nil
}

// find reads the parameter of a name as it is; an ARN does not tell "/a" from "a".
func (s *Service) find(tx *store.Tx, k store.Key, given *string) (store.Key, parameter, error) {
	p, err := s.parameters.Get(tx, k)
	if absent(err) && strings.HasPrefix(aws.ToString(given), "arn:") {
		k.ID = "/" + k.ID
		p, err = s.parameters.Get(tx, k)
	}
	if absent(err) {
		err = missing(aws.ToString(given))
	}
	return k, p, err
}

// selected reads the version of a parameter that a selector names: a number, a label, or "" for the newest.
func (s *Service) selected(tx *store.Tx, k store.Key, p parameter, selector string) (version, error) {
	number := p.Version
	if selector != "" {
		n, err := strconv.ParseInt(selector, 10, 64)
		if err != nil {
			label, ok := p.Labels[selector]
			if !ok {
				return version{}, noVersion(p.Name, selector)
			}
			n = label
		}
		number = n
	}
	v, err := s.versions.Get(tx, versionKey(k, number))
	if absent(err) {
		err = noVersion(p.Name, selector)
	}
	return v, err
}

// onNames names parameters for authorization.
func onNames(ctx context.Context, names ...string) ([]wire.Target, error) {
	out := make([]wire.Target, 0, len(names))
	for i := range names {
		k, _, err := nameOf(ctx, &names[i])
		if err != nil {
			return nil, err
		}
		out = append(out, wire.Target{Resource: parameterARN(k)})
	}
	return out, nil
}

// tell emits that a parameter changed.
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/monitoring-systems-manager-event-examples.html
func tell(tx *store.Tx, k store.Key, p parameter, operation string, more map[string]any) error {
	detail := map[string]any{"operation": operation, "name": p.Name, "type": p.Type}
	if p.Description != "" {
		detail["description"] = p.Description
	}
	for name, v := range more {
		detail[name] = v
	}
	b, err := json.Marshal(detail)
	if err != nil {
		return err
	}
	return tx.Emit(bus.Event{Source: "aws.ssm", DetailType: "Parameter Store Change", Account: k.Account, Region: k.Region,
		Resources: []string{parameterARN(k)}, Detail: b})
}
