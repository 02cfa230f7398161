package authz

var kindNames = map[string]string{
	ByIdentity: "identity-based policy",
	ByResource: "resource-based policy",
	ByBoundary: "permissions boundary",
	BySession:  "session policy",
	BySCP:      "service control policy",
}

// Reason says why action was denied, as the end of AWS's access denied messages does; "" when it was allowed.
// Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func (d Decision) Reason(action string) string {
	by := d.By
	if by == "" {
		by = ByIdentity
	}
	switch d.Outcome {
	case ExplicitDeny:
		article := "a "
		if by == ByIdentity {
			article = "an "
		}
		return "with an explicit deny in " + article + kindNames[by]
	case ImplicitDeny:
		return "because no " + kindNames[by] + " allows the " + action + " action"
	}
	return ""
}

// AccessDenied is the whole message of a denied request: who, what, on what and why.
func AccessDenied(r Request, d Decision) string {
	who := r.Principal.ARN
	switch {
	case r.Principal.Kind == Service:
		who = r.Principal.Name
	case r.Principal.Kind == Anonymous || who == "":
		who = "anonymous"
	}
	message := "User: " + who + " is not authorized to perform: " + r.Action
	if r.Resource != "" && r.Resource != "*" {
		message += " on resource: " + r.Resource
	}
	return message + " " + d.Reason(r.Action)
}
