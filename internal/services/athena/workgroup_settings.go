package athena

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/athena"
	"github.com/aws/aws-sdk-go-v2/service/athena/types"
)

// autoEngine selects the newest engine, currentEngine is what it means.
const (
	autoEngine    = "AUTO"
	currentEngine = "Athena engine version 3"
)

// engineVersion is what a workgroup's choice comes to.
func engineVersion(v *types.EngineVersion) *types.EngineVersion {
	selected := autoEngine
	if v != nil && aws.ToString(v.SelectedEngineVersion) != "" {
		selected = *v.SelectedEngineVersion
	}
	return &types.EngineVersion{SelectedEngineVersion: aws.String(selected), EffectiveEngineVersion: aws.String(currentEngine)}
}

// ListEngineVersions lists what a workgroup may select.
// Source: https://docs.aws.amazon.com/athena/latest/APIReference/API_ListEngineVersions.html
func (s *Service) ListEngineVersions(ctx context.Context, in *athena.ListEngineVersionsInput) (*athena.ListEngineVersionsOutput, error) {
	list := []types.EngineVersion{*engineVersion(nil), {SelectedEngineVersion: aws.String(currentEngine), EffectiveEngineVersion: aws.String(currentEngine)}}
	list, next, err := page(ctx, list, func(v types.EngineVersion) string { return *v.SelectedEngineVersion }, in.MaxResults, in.NextToken)
	return &athena.ListEngineVersionsOutput{EngineVersions: list, NextToken: next}, err
}

// checkWorkgroup refuses settings that no query could be run with.
func checkWorkgroup(c *types.WorkGroupConfiguration) error {
	if v := c.EngineVersion; v != nil {
		switch selected := aws.ToString(v.SelectedEngineVersion); selected {
		case "", autoEngine, currentEngine:
		default:
			return invalid("Engine version %s is not supported. Atelier has %s.", selected, currentEngine)
		}
	}
	if c.ResultConfiguration != nil {
		if l := aws.ToString(c.ResultConfiguration.OutputLocation); l != "" {
			if err := checkOutput(l); err != nil {
				return err
			}
		}
	}
	if m := c.ManagedQueryResultsConfiguration; m != nil && m.Enabled {
		return invalid("Managed query results are not supported by Atelier: set an output location.")
	}
	return nil
}

// checkOutput holds a result location to the form s3://bucket/prefix.
func checkOutput(location string) error {
	rest, ok := strings.CutPrefix(location, "s3://")
	bucket, _, _ := strings.Cut(rest, "/")
	if !ok || bucket == "" {
		return invalid("outputLocation is not a valid S3 path.")
	}
	return nil
}

// update changes settings as far as u says anything.
func update(c *types.WorkGroupConfiguration, u *types.WorkGroupConfigurationUpdates) {
	set(&c.AdditionalConfiguration, u.AdditionalConfiguration)
	set(&c.BytesScannedCutoffPerQuery, u.BytesScannedCutoffPerQuery)
	set(&c.CustomerContentEncryptionConfiguration, u.CustomerContentEncryptionConfiguration)
	set(&c.EnableMinimumEncryptionConfiguration, u.EnableMinimumEncryptionConfiguration)
	set(&c.EnforceWorkGroupConfiguration, u.EnforceWorkGroupConfiguration)
	set(&c.ExecutionRole, u.ExecutionRole)
	set(&c.PublishCloudWatchMetricsEnabled, u.PublishCloudWatchMetricsEnabled)
	set(&c.QueryResultsS3AccessGrantsConfiguration, u.QueryResultsS3AccessGrantsConfiguration)
	set(&c.RequesterPaysEnabled, u.RequesterPaysEnabled)
	if u.EngineVersion != nil {
		c.EngineVersion = u.EngineVersion
		if v := aws.ToString(u.EngineVersion.SelectedEngineVersion); v == "" || v == autoEngine || v == currentEngine {
			c.EngineVersion = engineVersion(u.EngineVersion)
		}
	}
	if aws.ToBool(u.RemoveBytesScannedCutoffPerQuery) {
		c.BytesScannedCutoffPerQuery = nil
	}
	if aws.ToBool(u.RemoveCustomerContentEncryptionConfiguration) {
		c.CustomerContentEncryptionConfiguration = nil
	}
	if m := u.ManagedQueryResultsConfigurationUpdates; m != nil {
		now := types.ManagedQueryResultsConfiguration{}
		if c.ManagedQueryResultsConfiguration != nil {
			now = *c.ManagedQueryResultsConfiguration
		}
		if m.Enabled != nil {
			now.Enabled = *m.Enabled
		}
		set(&now.EncryptionConfiguration, m.EncryptionConfiguration)
		if aws.ToBool(m.RemoveEncryptionConfiguration) {
			now.EncryptionConfiguration = nil
		}
		c.ManagedQueryResultsConfiguration = &now
	}
	if r := u.ResultConfigurationUpdates; r != nil {
		now := types.ResultConfiguration{}
		if c.ResultConfiguration != nil {
			now = *c.ResultConfiguration
		}
		change(&now.AclConfiguration, r.AclConfiguration, r.RemoveAclConfiguration)
		change(&now.EncryptionConfiguration, r.EncryptionConfiguration, r.RemoveEncryptionConfiguration)
		change(&now.ExpectedBucketOwner, r.ExpectedBucketOwner, r.RemoveExpectedBucketOwner)
		change(&now.OutputLocation, r.OutputLocation, r.RemoveOutputLocation)
		c.ResultConfiguration = &now
	}
}

func set[T any](to **T, v *T) {
	if v != nil {
		*to = v
	}
}

func change[T any](to **T, v *T, remove *bool) {
	set(to, v)
	if aws.ToBool(remove) {
		*to = nil
	}
}
