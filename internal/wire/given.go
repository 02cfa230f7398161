package wire

import (
	"context"
	"encoding/json"
	"strconv"
)

type givenKey struct{}

// Given tells whether a JSON request has a member, for numbers that the SDK's types cannot tell from those that were left out.
// path goes through objects by name and through lists by index. Outside the chain nothing is given.
func Given(ctx context.Context, path ...string) bool {
	body, _ := ctx.Value(givenKey{}).([]byte)
	for _, step := range path {
		if i, err := strconv.Atoi(step); err == nil {
			var list []json.RawMessage
			if json.Unmarshal(body, &list) != nil || i < 0 || i >= len(list) {
				return false
			}
			body = list[i]
			continue
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(body, &object) != nil {
			return false
		}
		var ok bool
		if body, ok = object[step]; !ok || string(body) == "null" {
			return false
		}
	}
	return len(body) > 0
}
