package sigv4

import (
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Parse reads the signature of a request, from its Authorization header or its query string. It reads no body.
func Parse(r *http.Request) (*Signature, error) {
	auth := r.Header["Authorization"]
	presigned := strings.Contains(r.URL.RawQuery, "X-Amz-Algorithm=") || strings.Contains(r.URL.RawQuery, "X-Amz-Signature=")
	switch {
	case len(auth) > 1 || len(auth) == 1 && presigned:
		return nil, incomplete("Only one way of signing is allowed in a request.")
	case len(auth) == 1 && auth[0] != "":
		return parseHeader(r, auth[0])
	case presigned:
		return parseQuery(r)
	}
	return nil, &Error{Missing, "Request is missing Authentication Token"}
}

func parseHeader(r *http.Request, auth string) (*Signature, error) {
	scheme, rest, _ := strings.Cut(auth, " ")
	if scheme != algorithm {
		return nil, incomplete("Authorization header must begin with '" + algorithm + "'.")
	}
	s := &Signature{Token: r.Header.Get("X-Amz-Security-Token"), Payload: r.Header.Get("X-Amz-Content-Sha256")}
	var credential, signed string
	for _, part := range strings.Split(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			signed = value
		case "Signature":
			s.Value = value
		}
	}
	var faults []string
	for _, p := range [][2]string{{"Credential", credential}, {"Signature", s.Value}, {"SignedHeaders", signed}} {
		if p[1] == "" {
			faults = append(faults, "Authorization header requires '"+p[0]+"' parameter.")
		}
	}
	date := r.Header.Get("X-Amz-Date")
	if date == "" {
		date = r.Header.Get("Date")
	}
	if date == "" {
		faults = append(faults, "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
	}
	if faults != nil {
		return nil, incomplete(strings.Join(faults, " "))
	}
	return s, s.fill(credential, signed, date)
}

func parseQuery(r *http.Request) (*Signature, error) {
	q, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, incomplete("The query string can't be read.")
	}
	for _, name := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date", "X-Amz-Expires"} {
		switch len(q[name]) {
		case 0:
			return nil, incomplete("AWS query-string parameters must include '" + name + "'.")
		case 1:
		default:
			return nil, incomplete("AWS query-string parameter '" + name + "' is given more than once.")
		}
	}
	if q.Get("X-Amz-Algorithm") != algorithm {
		return nil, incomplete("X-Amz-Algorithm must be '" + algorithm + "'.")
	}
	seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	if err != nil || seconds < 1 || time.Duration(seconds)*time.Second > MaxExpires {
		return nil, incomplete("X-Amz-Expires must be between 1 and 604800 seconds.")
	}
	s := &Signature{Presigned: true, Expires: time.Duration(seconds) * time.Second, Value: q.Get("X-Amz-Signature"),
		Token: q.Get("X-Amz-Security-Token"), Payload: r.Header.Get("X-Amz-Content-Sha256")}
	return s, s.fill(q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders"), q.Get("X-Amz-Date"))
}

// fill reads what both forms have.
func (s *Signature) fill(credential, signed, date string) error {
	parts := strings.Split(credential, "/")
	if len(parts) != 5 {
		return incomplete("Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.")
	}
	if parts[4] != "aws4_request" {
		return &Error{Mismatch, "Credential should be scoped with a valid terminator: 'aws4_request'."}
	}
	s.AccessKeyID, s.Day, s.Region, s.Service = parts[0], parts[1], parts[2], parts[3]
	if s.AccessKeyID == "" || len(s.AccessKeyID) > 128 || !validRegion(s.Region) || s.Service == "" || len(s.Service) > 64 {
		return incomplete("Credential must name a key, a region and a service.")
	}
	var err error
	if s.Time, err = parseTime(date); err != nil {
		return incomplete("Date must be in ISO-8601 'basic format'.")
	}
	if s.Day != s.Time.Format("20060102") {
		return &Error{Mismatch, "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '" +
			s.Day + "' != '" + s.Time.Format("20060102") + "'."}
	}
	if len(s.Value) != 64 {
		return mismatch()
	}
	s.SignedHeaders = strings.Split(signed, ";")
	if len(s.SignedHeaders) > 100 {
		return incomplete("There are too many signed headers.")
	}
	for _, h := range s.SignedHeaders {
		if h == "" || h != strings.ToLower(h) || textproto.TrimString(h) != h {
			return incomplete("SignedHeaders must be lower-case names, joined by ';'.")
		}
	}
	if !slices.IsSorted(s.SignedHeaders) {
		return incomplete("SignedHeaders must be sorted.")
	}
	return nil
}

func parseTime(s string) (time.Time, error) {
	t, err := time.Parse(timeFormat, s)
	if err != nil {
		t, err = http.ParseTime(s)
	}
	return t.UTC(), err
}

// validRegion accepts names that can be those of regions, real or of one's own: "us-east-1", "local".
func validRegion(s string) bool {
	if s == "" || len(s) > 32 {
		return false
	}
	for _, c := range []byte(s) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func incomplete(message string) error { return &Error{Incomplete, message} }
