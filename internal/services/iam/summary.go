package iam

import (
	"context"

	"github.com/atelier-studio/atelier/internal/platform/identity"
	"github.com/atelier-studio/atelier/internal/platform/store"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

// GetAccountSummary counts what the account has, beside the quotas.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountSummary.html
func (s *Service) GetAccountSummary(ctx context.Context, _ *iam.GetAccountSummaryInput) (*iam.GetAccountSummaryOutput, error) {
	out := &iam.GetAccountSummaryOutput{}
	return done(out, s.view(ctx, func(tx *store.Tx, account string) error {
		m := map[string]int32{
			"UsersQuota": 5000, "GroupsQuota": 300, "RolesQuota": 1000, "PoliciesQuota": 1500, "InstanceProfilesQuota": 1000,
			"UserPolicySizeQuota": int32(user.inlineSize()), "GroupPolicySizeQuota": int32(group.inlineSize()),
			"RolePolicySizeQuota": int32(role.inlineSize()), "PolicySizeQuota": managedSize, "AssumeRolePolicySizeQuota": trustSize,
			"GroupsPerUserQuota": groupsPerUser, "AccessKeysPerUserQuota": keysPerUser, "VersionsPerPolicyQuota": maxVersions,
			"AttachedPoliciesPerUserQuota": maxAttached, "AttachedPoliciesPerGroupQuota": maxAttached, "AttachedPoliciesPerRoleQuota": maxAttached,
			"PolicyVersionsInUseQuota": 10000, "ServerCertificates": 0, "ServerCertificatesQuota": 20, "SigningCertificatesPerUserQuota": 2,
			"MFADevices": 0, "MFADevicesInUse": 0, "AccountMFAEnabled": 0, "AccountPasswordPresent": 0,
			"AccountSigningCertificatesPresent": 0, "AccountAccessKeysPresent": 0, "GlobalEndpointTokenVersion": 1,
		}
		in := store.Range{Account: account}
		for name, count := range map[string]func(*store.Tx, store.Range) (int, error){
			"Users": s.d.Users.Count, "Groups": s.d.Groups.Count, "Roles": s.d.Roles.Count, "Policies": s.d.ManagedPolicies.Count,
			"InstanceProfiles": s.d.InstanceProfiles.Count, "Providers": s.d.OIDCProviders.Count,
		} {
			n, err := count(tx, in)
			if err != nil {
				return err
			}
			m[name] = int32(n)
		}
		policies, err := s.d.ManagedPolicies.List(tx, in)
		if err != nil {
			return err
		}
		for _, p := range policies {
			m["PolicyVersionsInUse"] += int32(len(p.Value.Versions))
		}
		keys, err := s.d.AccessKeys.Find(tx, identity.ByUser, identity.UserIndex(account, ""), store.Range{Limit: 1})
		m["AccountAccessKeysPresent"] = int32(len(keys))
		out.SummaryMap = m
		return err
	}))
}
