package ram

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/service/ram"
)

// TagResource puts tags on a share or on a permission of the caller's.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_TagResource.html
func (s *Service) TagResource(ctx context.Context, in *ram.TagResourceInput) (*ram.TagResourceOutput, error) {
	added, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	err = s.retag(ctx, in.ResourceShareArn, in.ResourceArn, func(has map[string]string) (map[string]string, error) {
		out, err := wire.AddTags(has, added)
		return out, tagFault(err)
	})
	if err != nil {
		return nil, err
	}
	return &ram.TagResourceOutput{}, nil
}

// UntagResource takes tags off.
// Source: https://docs.aws.amazon.com/ram/latest/APIReference/API_UntagResource.html
func (s *Service) UntagResource(ctx context.Context, in *ram.UntagResourceInput) (*ram.UntagResourceOutput, error) {
	err := s.retag(ctx, in.ResourceShareArn, in.ResourceArn, func(has map[string]string) (map[string]string, error) {
		return wire.RemoveTags(has, in.TagKeys), nil
	})
	if err != nil {
		return nil, err
	}
	return &ram.UntagResourceOutput{}, nil
}

// tagged is the share or permission that a call is about, one of which has to be named.
func tagged(share, resource *string) (name string, isShare bool, err error) {
	switch {
	case (share == nil) == (resource == nil):
		return "", false, invalid("Specify either resourceShareArn or resourceArn.")
	case share != nil:
		return *share, true, nil
	}
	if _, _, ok := read(shareNoun, *resource); ok {
		return *resource, true, nil
	}
	return *resource, false, nil
}

func (s *Service) retag(ctx context.Context, share, resource *string, change func(map[string]string) (map[string]string, error)) error {
	name, isShare, err := tagged(share, resource)
	if err != nil {
		return err
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		if isShare {
			x, err := s.change(ctx, tx, name)
			if err != nil {
				return err
			}
			if x.Tags, err = change(x.Tags); err != nil {
				return err
			}
			return s.Sharing.Shares.Put(tx, x.Key(), x)
		}
		p, err := s.customer(ctx, tx, name)
		if err != nil {
			return err
		}
		if p.Tags, err = change(p.Tags); err != nil {
			return err
		}
		return s.permissions.Put(tx, p.key(), p)
	})
}
