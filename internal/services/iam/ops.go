package iam

import "github.com/atelier-studio/atelier/internal/wire"

// Ops lists the operations.
func (s *Service) Ops() wire.Ops {
	var all wire.Ops
	for _, part := range []wire.Ops{s.userOps(), s.groupOps(), s.roleOps(), s.profileOps(), s.policyOps(), s.accountOps()} {
		all = append(all, part...)
	}
	return all
}

func (s *Service) userOps() wire.Ops {
	on, bounded := s.on(user), s.onBounded(user)
	return wire.Ops{
		op(s.CreateUser, s.creating(user)), op(s.GetUser, on), op(s.UpdateUser, on), op(s.DeleteUser, on),
		op(s.ListUsers, s.listing("user")), op(s.TagUser, on), op(s.UntagUser, on), op(s.ListUserTags, on),
		op(s.ListGroupsForUser, on), op(s.PutUserPolicy, bounded), op(s.GetUserPolicy, on), op(s.DeleteUserPolicy, bounded),
		op(s.ListUserPolicies, on), op(s.AttachUserPolicy, bounded), op(s.DetachUserPolicy, bounded),
		op(s.ListAttachedUserPolicies, on), op(s.PutUserPermissionsBoundary, bounded),
		op(s.DeleteUserPermissionsBoundary, bounded), op(s.CreateAccessKey, on), op(s.ListAccessKeys, on),
		op(s.UpdateAccessKey, on), op(s.DeleteAccessKey, on), op(s.GetAccessKeyLastUsed, s.onKey),
	}
}

func (s *Service) groupOps() wire.Ops {
	on := s.on(group)
	return wire.Ops{
		op(s.CreateGroup, s.creating(group)), op(s.GetGroup, on), op(s.UpdateGroup, on), op(s.DeleteGroup, on),
		op(s.ListGroups, s.listing("group")), op(s.AddUserToGroup, on), op(s.RemoveUserFromGroup, on),
		op(s.PutGroupPolicy, on), op(s.GetGroupPolicy, on), op(s.DeleteGroupPolicy, on), op(s.ListGroupPolicies, on),
		op(s.AttachGroupPolicy, on), op(s.DetachGroupPolicy, on), op(s.ListAttachedGroupPolicies, on),
	}
}

func (s *Service) roleOps() wire.Ops {
	on, bounded := s.on(role), s.onBounded(role)
	return wire.Ops{
		op(s.CreateRole, s.creating(role)), op(s.GetRole, on), op(s.UpdateRole, on), op(s.UpdateRoleDescription, on),
		op(s.UpdateAssumeRolePolicy, on), op(s.DeleteRole, on), op(s.ListRoles, s.listing("role")), op(s.TagRole, on),
		op(s.UntagRole, on), op(s.ListRoleTags, on), op(s.PutRolePolicy, bounded), op(s.GetRolePolicy, on),
		op(s.DeleteRolePolicy, bounded), op(s.ListRolePolicies, on), op(s.AttachRolePolicy, bounded),
		op(s.DetachRolePolicy, bounded), op(s.ListAttachedRolePolicies, on), op(s.PutRolePermissionsBoundary, bounded),
		op(s.DeleteRolePermissionsBoundary, bounded), op(s.ListInstanceProfilesForRole, on),
		op(s.CreateServiceLinkedRole, s.creatingServiceLinked), op(s.DeleteServiceLinkedRole, on),
		op(s.GetServiceLinkedRoleDeletionStatus, s.onDeletion),
	}
}

func (s *Service) profileOps() wire.Ops {
	return wire.Ops{
		op(s.CreateInstanceProfile, s.creatingProfile), op(s.GetInstanceProfile, s.onProfile),
		op(s.DeleteInstanceProfile, s.onProfile), op(s.ListInstanceProfiles, s.listing("instance-profile")),
		op(s.AddRoleToInstanceProfile, s.onProfilePassing), op(s.RemoveRoleFromInstanceProfile, s.onProfile),
		op(s.TagInstanceProfile, s.onProfile), op(s.UntagInstanceProfile, s.onProfile), op(s.ListInstanceProfileTags, s.onProfile),
	}
}

func (s *Service) policyOps() wire.Ops {
	return wire.Ops{
		op(s.CreatePolicy, s.creatingPolicy), op(s.GetPolicy, s.onPolicy), op(s.DeletePolicy, s.onPolicy),
		op(s.ListPolicies, s.listingPolicies), op(s.CreatePolicyVersion, s.onPolicy), op(s.GetPolicyVersion, s.onPolicy),
		op(s.ListPolicyVersions, s.onPolicy), op(s.SetDefaultPolicyVersion, s.onPolicy), op(s.DeletePolicyVersion, s.onPolicy),
		op(s.ListEntitiesForPolicy, s.onPolicy), op(s.TagPolicy, s.onPolicy), op(s.UntagPolicy, s.onPolicy),
		op(s.ListPolicyTags, s.onPolicy), op(s.SimulatePrincipalPolicy, s.onSource), op(s.SimulateCustomPolicy, nil),
		op(s.GetContextKeysForPrincipalPolicy, s.onSource), op(s.GetContextKeysForCustomPolicy, nil),
	}
}

func (s *Service) accountOps() wire.Ops {
	return wire.Ops{
		op(s.CreateOpenIDConnectProvider, s.creatingProvider), op(s.GetOpenIDConnectProvider, s.onProvider),
		op(s.ListOpenIDConnectProviders, nil), op(s.DeleteOpenIDConnectProvider, s.onProvider),
		op(s.AddClientIDToOpenIDConnectProvider, s.onProvider), op(s.RemoveClientIDFromOpenIDConnectProvider, s.onProvider),
		op(s.UpdateOpenIDConnectProviderThumbprint, s.onProvider), op(s.TagOpenIDConnectProvider, s.onProvider),
		op(s.UntagOpenIDConnectProvider, s.onProvider), op(s.ListOpenIDConnectProviderTags, s.onProvider),
		op(s.CreateAccountAlias, nil), op(s.ListAccountAliases, nil), op(s.DeleteAccountAlias, nil),
		op(s.GetAccountSummary, nil), op(s.GetAccountAuthorizationDetails, nil),
	}
}
