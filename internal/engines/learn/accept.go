package learn

import "strings"

// MediaType is a content type without its parameters, in small letters.
func MediaType(contentType string) string {
	kind, _, _ := strings.Cut(contentType, ";")
	return strings.ToLower(strings.TrimSpace(kind))
}

// Negotiate picks the first type of an Accept header that is among some, the first of those when the header asks for none. It
// fails with a *RequestError of status 406.
func Negotiate(accept string, from ...string) (string, error) {
	if strings.TrimSpace(accept) == "" {
		return from[0], nil
	}
	for a := range strings.SplitSeq(accept, ",") {
		a = MediaType(a)
		if a == "*/*" {
			return from[0], nil
		}
		for _, f := range from {
			if a == f || a == strings.Replace(f, "application/", "application/x-", 1) || strings.HasSuffix(a, "/*") && strings.HasPrefix(f, a[:len(a)-1]) {
				return f, nil
			}
		}
	}
	return "", NotAcceptable(accept)
}
