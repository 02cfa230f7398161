package sts

// AssumeRoleTargets lets tests ask what the chain asks.
var AssumeRoleTargets = (*Service).assumeRoleTargets
