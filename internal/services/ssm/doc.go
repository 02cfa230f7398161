// Package ssm is Parameter Store of Systems Manager: parameters with versions, labels and hierarchies, as text or sealed.
//
// Known gaps: nothing else of Systems Manager. A SecureString is sealed with the server's key; the KMS key that it names is kept and not
// applied. Parameter policies are refused, and parameters of other accounts and AWS's public ones (/aws/service/…) are not there.
// Source: https://docs.aws.amazon.com/systems-manager/latest/userguide/systems-manager-parameter-store.html
package ssm
