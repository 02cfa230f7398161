// Package iam manages users, groups, roles, policies, access keys, instance profiles and OpenID Connect providers of an
// account, and answers what a principal may do.
//
// What it writes is what enforcement reads: both look at the same identity.Directory, and the simulator asks the same
// evaluator with the same policies.
//
// Known gaps: no passwords and login profiles, MFA devices, SAML providers, server and signing certificates, SSH keys,
// service specific credentials, credential reports, password policies, access advisor and delegation requests. When an
// access key or role was last used is not kept. Trust policies name users and roles by ARN, so that one that is deleted
// and made again is trusted again. A trust policy that names another account as a whole is taken even when
// no such account is on this server.
// Source: https://docs.aws.amazon.com/IAM/latest/APIReference/welcome.html
package iam
