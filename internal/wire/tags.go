package wire

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// MaxTags is how many tags a resource may have. Source: https://docs.aws.amazon.com/tag-editor/latest/userguide/reference.html
const MaxTags = 50

// TagFault is what can be wrong with tags.
type TagFault int

// The faults.
const (
	TagTwice    TagFault = iota // a key is given more than once
	TagReserved                 // a key begins with "aws:"
	TagLength                   // a key or value is too long or has no characters
	TagTooMany
)

// TagError is a list of tags that is refused. Services answer it in their own words.
type TagError struct {
	Fault TagFault
	Key   string
}

// Error says what to do.
func (e *TagError) Error() string {
	switch e.Fault {
	case TagTwice:
		return "Duplicate tag keys found. Please note that Tag keys are case insensitive."
	case TagReserved:
		return "The tag key " + e.Key + " begins with the prefix aws:, which is reserved for AWS use."
	case TagLength:
		return "Tag keys have 1 to 128 characters and values up to 256."
	}
	return fmt.Sprintf("The number of tags exceeds the limit of %d.", MaxTags)
}

// TagMap reads the tags of a request, whose type each SDK package has for itself. Errors are *TagError.
func TagMap[T any](list []T, pair func(T) (key, value *string)) (map[string]string, error) {
	out := make(map[string]string, len(list))
	for _, t := range list {
		k, v := pair(t)
		key, value := "", ""
		if k != nil {
			key = *k
		}
		if v != nil {
			value = *v
		}
		if _, twice := out[key]; twice {
			return nil, &TagError{TagTwice, key}
		}
		out[key] = value
	}
	return out, checkTags(out)
}

func checkTags(tags map[string]string) error {
	for k, v := range tags {
		switch {
		case k == "", utf8.RuneCountInString(k) > 128, utf8.RuneCountInString(v) > 256:
			return &TagError{TagLength, k}
		case len(k) >= 4 && strings.EqualFold(k[:4], "aws:"):
			return &TagError{TagReserved, k}
		}
	}
	if len(tags) > MaxTags {
		return &TagError{TagTooMany, ""}
	}
	return nil
}

// AddTags puts tags to those that a resource has, and returns a new map. Errors are *TagError.
func AddTags(has, added map[string]string) (map[string]string, error) {
	out := make(map[string]string, len(has)+len(added))
	maps.Copy(out, has)
	maps.Copy(out, added)
	if len(out) > MaxTags {
		return nil, &TagError{TagTooMany, ""}
	}
	return out, nil
}

// RemoveTags takes tags off and returns a new map.
func RemoveTags(has map[string]string, keys []string) map[string]string {
	out := maps.Clone(has)
	for _, k := range keys {
		delete(out, k)
	}
	return out
}

// TagList writes tags in order of key.
func TagList[T any](tags map[string]string, tag func(key, value string) T) []T {
	out := make([]T, 0, len(tags))
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, tag(k, tags[k]))
	}
	return out
}
