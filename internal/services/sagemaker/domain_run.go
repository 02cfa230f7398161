package sagemaker

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// The jobs of domains and profiles: each brings a home to what its row says.
const (
	domainJob  = "sagemaker-domain"
	profileJob = "sagemaker-user-profile"
)

// homes is the directory of a domain's homes.
func (s *Service) homes(k store.Key) string {
	return filepath.Join(s.Dir, "domains", k.Account, k.Region, k.ID)
}

// home is the directory of somebody's files.
func (s *Service) home(k store.Key, p userProfile) string {
	return filepath.Join(s.homes(store.Key{Account: k.Account, Region: k.Region, ID: p.Domain}), fmt.Sprint(p.UID))
}

// made makes a directory that can be written to, and tells why it could not.
func made(dir string) (failure string) {
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(dir, ".probe-"); err == nil {
			_ = f.Close()
			err = os.Remove(f.Name())
		}
	}
	if err != nil {
		return "The home directory cannot be prepared: " + err.Error()
	}
	return ""
}

// settleDomain makes the homes of a new domain, or ends one that is deleted.
func (s *Service) settleDomain(ctx context.Context, k store.Key) error {
	var d domain
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		d, err = s.domains.Get(tx, k)
		return err
	}); err != nil {
		return gone(err)
	}
	failure := ""
	switch d.Status {
	case types.DomainStatusPending:
		failure = made(s.homes(k))
	case types.DomainStatusDeleting:
		if !d.Keep {
			if err := os.RemoveAll(s.homes(k)); err != nil {
				failure = "The home directories cannot be removed: " + err.Error()
			}
		}
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := s.domains.Get(tx, k)
		if err != nil {
			return gone(err)
		}
		d.Failure, d.Modified = failure, s.Clock.Now()
		switch {
		case d.Status == types.DomainStatusPending && failure == "":
			d.Status = types.DomainStatusInService
		case d.Status == types.DomainStatusPending:
			d.Status = types.DomainStatusFailed
		case d.Status == types.DomainStatusDeleting && failure != "":
			d.Status = types.DomainStatusDeleteFailed
		case d.Status == types.DomainStatusDeleting:
			if err := s.domains.Delete(tx, k); err != nil {
				return err
			}
			return s.untag(tx, aDomain, k)
		}
		return s.domains.Put(tx, k, d)
	})
}

// settleProfile makes the home of a new profile, or ends one that is deleted. The home of one that is deleted stays in its domain.
func (s *Service) settleProfile(ctx context.Context, k store.Key) error {
	var p userProfile
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		p, err = s.profiles.Get(tx, k)
		return err
	}); err != nil {
		return gone(err)
	}
	failure := ""
	if p.Status == types.UserProfileStatusPending {
		failure = made(s.home(k, p))
	}
	return s.Store.Update(ctx, func(tx *store.Tx) error {
		p, err := s.profiles.Get(tx, k)
		if err != nil {
			return gone(err)
		}
		p.Failure, p.Modified = failure, s.Clock.Now()
		switch {
		case p.Status == types.UserProfileStatusPending && failure == "":
			p.Status = types.UserProfileStatusInService
		case p.Status == types.UserProfileStatusPending:
			p.Status = types.UserProfileStatusFailed
		case p.Status == types.UserProfileStatusDeleting:
			if err := s.profiles.Delete(tx, k); err != nil {
				return err
			}
			return s.untag(tx, aProfile, k)
		}
		return s.profiles.Put(tx, k, p)
	})
}
