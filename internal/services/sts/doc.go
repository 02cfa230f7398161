// Package sts gives out temporary credentials.
//
// Known gaps: AssumeRoleWithSAML, AssumeRoot, GetWebIdentityToken and GetDelegatedAccessToken are not there, nor is
// DecodeAuthorizationMessage, as no message is encoded. There are no MFA devices, so a token code is always refused. The
// thumbprints of OIDC providers are not compared: the system's certificate authorities decide, as they do in AWS for
// issuers that have a certificate of theirs.
package sts
