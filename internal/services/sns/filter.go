package sns

import (
	"encoding/json"
	"strings"

	"github.com/atelier-studio/atelier/internal/platform/bus/pattern"
	"github.com/atelier-studio/atelier/internal/platform/delivery"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
)

const (
	// maxFilter is how long a filter policy may be, and maxKeys how many keys one may have.
	// Source: https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
	maxFilter = 256 << 10
	maxKeys   = 5
)

// filter is a filter policy.
type filter struct {
	*pattern.Pattern
	body bool
}

// readFilter reads a filter policy of a scope.
func readFilter(text, scope string) (*filter, error) {
	if len(text) > maxFilter {
		return nil, invalid("FilterPolicy: Filter policy is too long")
	}
	p, err := pattern.Parse([]byte(text))
	if err != nil {
		why := strings.TrimPrefix(err.Error(), "Event pattern is not valid. Reason: ")
		return nil, invalid("Attributes Reason: FilterPolicy: %s", why)
	}
	var top map[string]json.RawMessage
	if err := json.Unmarshal([]byte(text), &top); err != nil {
		return nil, invalid("Attributes Reason: FilterPolicy: %v", err)
	}
	body := scope == "MessageBody"
	if keys(top) > maxKeys {
		return nil, &types.FilterPolicyLimitExceededException{Message: aws.String("Invalid parameter: FilterPolicy: Filter policy can not have more than 5 keys")}
	}
	for name, v := range top {
		if !body && name != "$or" && len(v) > 0 && v[0] == '{' {
			return nil, invalid("Filter policy scope MessageAttributes does not support nested filter policy")
		}
	}
	return &filter{p, body}, nil
}

// keys counts the leaves of a policy.
func keys(object map[string]json.RawMessage) int {
	n := 0
	for _, v := range object {
		var sub map[string]json.RawMessage
		if json.Unmarshal(v, &sub) == nil {
			n += keys(sub)
		} else {
			n++
		}
	}
	return n
}

// match tells whether a message goes through. Attributes are matched by their types: numbers as numbers, String.Array as a list;
// binary ones match nothing. A body that is no JSON object does not go through.
func (f *filter) match(body string, attributes map[string]delivery.Attribute) bool {
	if f == nil {
		return true
	}
	document := []byte(body)
	if f.body && !strings.HasPrefix(strings.TrimSpace(body), "{") {
		return false
	}
	if !f.body {
		all := map[string]json.RawMessage{}
		for name, a := range attributes {
			switch base, kind, _ := strings.Cut(a.Type, "."); {
			case base == "Number", base == "String" && kind == "Array":
				all[name] = json.RawMessage(a.Text)
				if !json.Valid(all[name]) {
					delete(all, name)
				}
			case base == "String":
				all[name], _ = json.Marshal(a.Text) // of text that is always possible
			}
		}
		var err error
		if document, err = json.Marshal(all); err != nil {
			return false
		}
	}
	e, err := pattern.Read(document)
	return err == nil && f.Match(e)
}
