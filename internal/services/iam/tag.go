package iam

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

// maxTags is how many tags a resource can have.
const maxTags = 50

// addTags puts tags over those in to. IAM tells keys apart without regard to case.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html
func addTags(to *map[string]string, list []types.Tag) error {
	out := maps.Clone(*to)
	if out == nil && len(list) > 0 {
		out = map[string]string{}
	}
	for i, t := range list {
		key := aws.ToString(t.Key)
		if strings.HasPrefix(lower(key), "aws:") {
			return invalidInput("Tag keys beginning with \"aws:\" are reserved for system use")
		}
		if slices.ContainsFunc(list[:i], func(o types.Tag) bool { return strings.EqualFold(aws.ToString(o.Key), key) }) {
			return invalidInput("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		removeTag(out, key)
		out[key] = aws.ToString(t.Value)
	}
	if len(out) > maxTags {
		return overLimit("The number of tags has reached the maximum limit.")
	}
	*to = out
	return nil
}

func removeTag(tags map[string]string, key string) {
	maps.DeleteFunc(tags, func(k, _ string) bool { return strings.EqualFold(k, key) })
}

func removeTags(from *map[string]string, keys []string) error {
	*from = maps.Clone(*from)
	for _, k := range keys {
		removeTag(*from, k)
	}
	return nil
}

// tagList gives tags in order of key, nil when there are none.
func tagList(tags map[string]string) []types.Tag {
	var out []types.Tag
	for _, k := range slices.Sorted(maps.Keys(tags)) {
		out = append(out, types.Tag{Key: aws.String(k), Value: aws.String(tags[k])})
	}
	return out
}

// tagPage is tagList in pages.
func tagPage(ctx context.Context, tags map[string]string, marker *string, limit *int32) ([]types.Tag, cut, error) {
	list := tagList(tags)
	if list == nil {
		list = []types.Tag{}
	}
	return page(ctx, list, func(t types.Tag) string { return *t.Key }, marker, limit)
}
