// Package ram shares resources with other accounts: shares, their resources, principals and permissions, invitations. The state is
// platform/sharing's, which Lake Formation changes too.
//
// Known gaps: associations are made and ended at once, where AWS answers ASSOCIATING first. There are no sources, no template
// parameters of permissions, and no shares created from resource policies, so that nothing can be promoted. Beside what Lake
// Formation grants, a permission of a share is told (GetResourcePolicies) but not in force.
package ram
