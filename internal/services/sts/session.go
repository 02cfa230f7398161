package sts

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/atelier-studio/atelier/internal/platform/authz"
	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
)

func itoa(n int32) string { return strconv.Itoa(int(n)) }

const (
	maxTags     = 50
	maxPolicies = 10
	maxPolicy   = 2048 // characters of all documents of one session
	// maxPacked is what policies, ARNs and tags may come to in packed form, in bytes. AWS does not tell its own bound; this
	// one keeps a token below 8 KiB, which fits into a header and into a presigned URL.
	maxPacked = 4096
)

// sessionTags checks the tags of a session and adds those that the caller's own session hands on. Keys are told apart
// without regard to case.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html
func sessionTags(caller authz.Principal, tags []types.Tag, transitive []string) (map[string]string, []string, error) {
	if len(tags) > maxTags || len(transitive) > maxTags {
		return nil, nil, invalid("A session cannot have more than 50 tags.")
	}
	out := map[string]string{}
	lower := map[string]bool{}
	inherited := caller.Context[keyTransitive]
	for _, k := range inherited {
		lower[strings.ToLower(k)], out[k] = true, caller.Tags[k]
	}
	for _, t := range tags {
		k := aws.ToString(t.Key)
		if slices.ContainsFunc(inherited, func(s string) bool { return strings.EqualFold(s, k) }) {
			return nil, nil, wire.Errorf(400, "InvalidParameterValue",
				"One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key from the calling session.")
		}
		if lower[strings.ToLower(k)] {
			return nil, nil, wire.Errorf(400, "InvalidParameterValue", "Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		if strings.HasPrefix(strings.ToLower(k), "aws:") {
			return nil, nil, wire.Errorf(400, "InvalidParameterValue", "Tag keys that begin with aws: are reserved.")
		}
		lower[strings.ToLower(k)], out[k] = true, aws.ToString(t.Value)
	}
	hand := slices.Clone(inherited)
	for _, k := range transitive {
		i := slices.IndexFunc(tags, func(t types.Tag) bool { return strings.EqualFold(aws.ToString(t.Key), k) })
		if i < 0 {
			if slices.ContainsFunc(inherited, func(s string) bool { return strings.EqualFold(s, k) }) {
				continue
			}
			return nil, nil, wire.Errorf(400, "InvalidParameterValue", "The specified transitive tag key must be included in the requested tags.")
		}
		hand = append(hand, aws.ToString(tags[i].Key))
	}
	return out, hand, nil
}

// sessionPolicies checks the policies of a session, whose managed ones must be of the given account or of AWS, and tells
// how much of the room for policies and tags is taken, in percent; nil when there are none.
func (s *Service) sessionPolicies(ctx context.Context, account string, document *string, arns []types.PolicyDescriptorType,
	tags map[string]string) ([]identity.SessionPolicy, *int32, error) {
	var out []identity.SessionPolicy
	if document != nil {
		if utf8.RuneCountInString(*document) > maxPolicy {
			return nil, nil, &types.PackedPolicyTooLargeException{Message: aws.String("The session policy is longer than 2048 characters.")}
		}
		if _, err := authz.ParseIdentity([]byte(*document)); err != nil {
			return nil, nil, malformedPolicy(err)
		}
		out = append(out, identity.SessionPolicy{ID: "session policy", Document: *document})
	}
	if len(arns) > maxPolicies {
		return nil, nil, invalid("A session cannot have more than 10 managed session policies.")
	}
	err := s.store.View(ctx, func(tx *store.Tx) error {
		for _, a := range arns {
			id := aws.ToString(a.Arn)
			p, err := s.directory.ManagedPolicy(tx, id)
			if errors.Is(err, store.ErrNotFound) || err == nil && p.Account != "aws" && p.Account != account {
				return invalid("Policy " + id + " does not exist or is not attachable.")
			}
			if err != nil {
				return err
			}
			out = append(out, identity.SessionPolicy{ID: id})
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if len(out) == 0 && len(tags) == 0 {
		return nil, nil, nil
	}
	size, err := packedSize(out, tags)
	if err != nil {
		return nil, nil, err
	}
	percent := int32((size*100 + maxPacked - 1) / maxPacked)
	if percent > 100 {
		return nil, nil, &types.PackedPolicyTooLargeException{
			Message: aws.String("Packed size of session tags and policies consumes " + itoa(percent) + "% of allotted space.")}
	}
	return out, &percent, nil
}

func packedSize(policies []identity.SessionPolicy, tags map[string]string) (int, error) {
	text, err := json.Marshal([]any{policies, tags})
	if err != nil {
		return 0, err
	}
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestSpeed)
	if err != nil {
		return 0, err
	}
	if _, err := w.Write(text); err != nil {
		return 0, err
	}
	err = w.Close()
	return b.Len(), err
}

func malformedPolicy(err error) error {
	return &types.MalformedPolicyDocumentException{Message: aws.String(err.Error())}
}
