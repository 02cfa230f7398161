package sagemaker

import (
	"context"
	"crypto/rand"
	"reflect"
	"strings"
	"time"

	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/atelier-studio/atelier/internal/wire"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker"
	"github.com/aws/aws-sdk-go-v2/service/sagemaker/types"
)

// domain is where people work: their profiles, and a directory with the home of each.
type domain struct {
	In                sagemaker.CreateDomainInput
	Status            types.DomainStatus
	Failure           string `json:",omitempty"`
	FileSystem        string // name of the homes' file system
	Created, Modified time.Time
	Users             int32 `json:",omitempty"` // how many profiles were made
	Keep              bool  `json:",omitempty"` // the homes stay when it is deleted
}

// shortID is the end of a resource's id: n small letters and digits.
func shortID(n int) string { return strings.ToLower(rand.Text()[:n]) }

// CreateDomain makes a domain. It is InService when its homes can be written to.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateDomain.html
func (s *Service) CreateDomain(ctx context.Context, in *sagemaker.CreateDomainInput) (*sagemaker.CreateDomainOutput, error) {
	k, now := here(ctx, "d-"+shortID(12)), s.Clock.Now()
	tags, err := tagMap(in.Tags)
	if err != nil {
		return nil, err
	}
	if in.AuthMode == types.AuthModeSso {
		return nil, wire.Errorf(400, "NotImplemented", "Domains whose people come from IAM Identity Center (AuthMode SSO) are not implemented by Atelier.")
	}
	if aws.ToString(in.DomainName) == "" {
		return nil, invalid("DomainName is required.")
	}
	if err := s.checkSettings(ctx, in.DefaultUserSettings, in.DefaultSpaceSettings); err != nil {
		return nil, err
	}
	d := domain{In: *in, Status: types.DomainStatusPending, FileSystem: "fs-" + shortID(17), Created: now, Modified: now}
	d.In.Tags = nil
	if d.In.AppNetworkAccessType == "" {
		d.In.AppNetworkAccessType = types.AppNetworkAccessTypePublicInternetOnly
	}
	return &sagemaker.CreateDomainOutput{DomainArn: aws.String(aDomain.of(k)), DomainId: &k.ID, Url: aws.String(domainURL(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		rows, err := s.domains.List(tx, store.Range{Account: k.Account, Region: k.Region})
		if err != nil {
			return err
		}
		for _, r := range rows {
			if strings.EqualFold(aws.ToString(r.Value.In.DomainName), *in.DomainName) {
				return &types.ResourceInUse{Message: aws.String("A domain with the name " + *in.DomainName + " already exists: " + r.Key.ID + ".")}
			}
		}
		if err := s.domains.Insert(tx, k, d); err != nil {
			return err
		}
		if err := s.tag(tx, aDomain, k, tags); err != nil {
			return err
		}
		_, err = tx.Enqueue(domainJob, k)
		return err
	})
}

func domainURL(k store.Key) string {
	return "https://" + k.ID + ".studio." + k.Region + ".sagemaker.aws"
}

func (s *Service) createDomainTargets(ctx context.Context, in *sagemaker.CreateDomainInput) ([]wire.Target, error) {
	return append([]wire.Target{{Resource: aDomain.of(here(ctx, "*"))}}, settingsRoles(in.DefaultUserSettings, in.DefaultSpaceSettings)...), nil
}

// settingsRoles are the roles that settings pass on.
func settingsRoles(u *types.UserSettings, d *types.DefaultSpaceSettings) (targets []wire.Target) {
	if u != nil && u.ExecutionRole != nil {
		targets = append(targets, passRole(u.ExecutionRole))
	}
	if d != nil && d.ExecutionRole != nil {
		targets = append(targets, passRole(d.ExecutionRole))
	}
	return targets
}

// checkSettings refuses roles that SageMaker may not assume, and file systems of others.
func (s *Service) checkSettings(ctx context.Context, u *types.UserSettings, d *types.DefaultSpaceSettings) error {
	if u != nil && len(u.CustomFileSystemConfigs) > 0 || d != nil && len(d.CustomFileSystemConfigs) > 0 {
		return wire.Errorf(400, "NotImplemented", "Custom file systems of domains are not implemented by Atelier.")
	}
	for _, t := range settingsRoles(u, d) {
		if err := s.trusted(ctx, t.Resource); err != nil {
			return err
		}
	}
	return nil
}

func noDomain(of store.Key, err error) error { return noResource(aDomain, of, err) }

// DescribeDomain tells of a domain.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeDomain.html
func (s *Service) DescribeDomain(ctx context.Context, in *sagemaker.DescribeDomainInput) (*sagemaker.DescribeDomainOutput, error) {
	k := here(ctx, aws.ToString(in.DomainId))
	var d domain
	if err := s.Store.View(ctx, func(tx *store.Tx) (err error) {
		d, err = s.domains.Get(tx, k)
		return noDomain(k, err)
	}); err != nil {
		return nil, err
	}
	out := &sagemaker.DescribeDomainOutput{DomainId: &k.ID, DomainArn: aws.String(aDomain.of(k)), DomainName: d.In.DomainName, Url: aws.String(domainURL(k)),
		Status: d.Status, CreationTime: &d.Created, LastModifiedTime: &d.Modified, AuthMode: d.In.AuthMode, DefaultUserSettings: d.In.DefaultUserSettings,
		DefaultSpaceSettings: d.In.DefaultSpaceSettings, DomainSettings: d.In.DomainSettings, AppNetworkAccessType: d.In.AppNetworkAccessType,
		AppSecurityGroupManagement: d.In.AppSecurityGroupManagement, HomeEfsFileSystemCreation: d.In.HomeEfsFileSystemCreation, KmsKeyId: d.In.KmsKeyId,
		SubnetIds: d.In.SubnetIds, VpcId: d.In.VpcId, TagPropagation: d.In.TagPropagation}
	if d.In.HomeEfsFileSystemCreation != types.HomeEfsFileSystemCreationDisabled {
		out.HomeEfsFileSystemId = &d.FileSystem
	}
	if d.Failure != "" {
		out.FailureReason = &d.Failure
	}
	return out, nil
}

func (s *Service) describeDomainTargets(ctx context.Context, in *sagemaker.DescribeDomainInput) ([]wire.Target, error) {
	return aDomain.on(ctx, in.DomainId)
}

// overlay puts what is given in the place of what was.
func overlay[T any](was, given *T) *T {
	if was == nil || given == nil {
		if given == nil {
			return was
		}
		return given
	}
	out := *was
	for i, v := 0, reflect.ValueOf(given).Elem(); i < v.NumField(); i++ {
		if f := reflect.ValueOf(&out).Elem().Field(i); f.CanSet() && !v.Field(i).IsZero() {
			f.Set(v.Field(i))
		}
	}
	return &out
}

// UpdateDomain changes the settings of a domain that are given.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateDomain.html
func (s *Service) UpdateDomain(ctx context.Context, in *sagemaker.UpdateDomainInput) (*sagemaker.UpdateDomainOutput, error) {
	k := here(ctx, aws.ToString(in.DomainId))
	if err := s.checkSettings(ctx, in.DefaultUserSettings, in.DefaultSpaceSettings); err != nil {
		return nil, err
	}
	return &sagemaker.UpdateDomainOutput{DomainArn: aws.String(aDomain.of(k))}, s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := s.domains.Get(tx, k)
		if err != nil {
			return noDomain(k, err)
		}
		if d.Status != types.DomainStatusInService && d.Status != types.DomainStatusUpdateFailed {
			return &types.ResourceInUse{Message: aws.String("The domain " + k.ID + " cannot be changed: its status is " + string(d.Status) + ".")}
		}
		d.In.DefaultUserSettings = overlay(d.In.DefaultUserSettings, in.DefaultUserSettings)
		d.In.DefaultSpaceSettings = overlay(d.In.DefaultSpaceSettings, in.DefaultSpaceSettings)
		if u := in.DomainSettingsForUpdate; u != nil {
			d.In.DomainSettings = overlay(d.In.DomainSettings, &types.DomainSettings{AmazonQSettings: u.AmazonQSettings, DockerSettings: u.DockerSettings,
				ExecutionRoleIdentityConfig: u.ExecutionRoleIdentityConfig, IpAddressType: u.IpAddressType, SecurityGroupIds: u.SecurityGroupIds,
				TrustedIdentityPropagationSettings: u.TrustedIdentityPropagationSettings, UnifiedStudioSettings: u.UnifiedStudioSettings})
		}
		d.In = *overlay(&d.In, &sagemaker.CreateDomainInput{AppNetworkAccessType: in.AppNetworkAccessType, AppSecurityGroupManagement: in.AppSecurityGroupManagement,
			HomeEfsFileSystemCreation: in.HomeEfsFileSystemCreation, SubnetIds: in.SubnetIds, TagPropagation: in.TagPropagation, VpcId: in.VpcId})
		d.Status, d.Modified = types.DomainStatusInService, s.Clock.Now()
		return s.domains.Put(tx, k, d)
	})
}

func (s *Service) updateDomainTargets(ctx context.Context, in *sagemaker.UpdateDomainInput) ([]wire.Target, error) {
	targets, err := aDomain.on(ctx, in.DomainId)
	return append(targets, settingsRoles(in.DefaultUserSettings, in.DefaultSpaceSettings)...), err
}

// DeleteDomain ends a domain without profiles. Its homes stay, unless they shall go.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteDomain.html
func (s *Service) DeleteDomain(ctx context.Context, in *sagemaker.DeleteDomainInput) (*sagemaker.DeleteDomainOutput, error) {
	k := here(ctx, aws.ToString(in.DomainId))
	return &sagemaker.DeleteDomainOutput{}, s.Store.Update(ctx, func(tx *store.Tx) error {
		d, err := s.domains.Get(tx, k)
		if err != nil {
			return noDomain(k, err)
		}
		if d.Status == types.DomainStatusDeleting {
			return nil
		}
		users, err := s.profiles.List(tx, store.Range{Account: k.Account, Region: k.Region, Prefix: k.ID + "/", Limit: 1})
		if err != nil {
			return err
		}
		if len(users) > 0 {
			return &types.ResourceInUse{Message: aws.String("Unable to delete Domain " + k.ID + " because UserProfile(s) are associated with it.")}
		}
		d.Status, d.Modified = types.DomainStatusDeleting, s.Clock.Now()
		d.Keep = in.RetentionPolicy == nil || in.RetentionPolicy.HomeEfsFileSystem != types.RetentionTypeDelete
		if err := s.domains.Put(tx, k, d); err != nil {
			return err
		}
		_, err = tx.Enqueue(domainJob, k)
		return err
	})
}

func (s *Service) deleteDomainTargets(ctx context.Context, in *sagemaker.DeleteDomainInput) ([]wire.Target, error) {
	return aDomain.on(ctx, in.DomainId)
}

// ListDomains lists domains, the newest first.
// Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListDomains.html
func (s *Service) ListDomains(ctx context.Context, in *sagemaker.ListDomainsInput) (*sagemaker.ListDomainsOutput, error) {
	rows, next, err := list(ctx, s, s.domains, listing{limit: in.MaxResults, token: in.NextToken},
		func(r store.Row[domain]) entry { return entry{name: r.Key.ID, created: r.Value.Created} })
	out := &sagemaker.ListDomainsOutput{Domains: []types.DomainDetails{}, NextToken: next}
	for _, r := range rows {
		d := r.Value
		out.Domains = append(out.Domains, types.DomainDetails{DomainId: aws.String(r.Key.ID), DomainArn: aws.String(aDomain.of(r.Key)), DomainName: d.In.DomainName,
			Status: d.Status, CreationTime: &d.Created, LastModifiedTime: &d.Modified, Url: aws.String(domainURL(r.Key))})
	}
	return out, err
}
