package tabular

import (
	"bytes"
	"sync"
)

// log is a kind of log that is known without a classifier, under the name that Glue gives it:
// https://docs.aws.amazon.com/glue/latest/dg/add-classifier.html#classifier-built-in
type log struct {
	may     func(line []byte) bool // a cheap look, before the pattern is tried
	compile func() (*GrokClassifier, error)
}

const (
	apacheLine = `%{IPORHOST:clientip} (?:-|%{NOTSPACE:ident}) (?:-|%{NOTSPACE:auth}) \[%{HTTPDATE:timestamp}\] ` +
		`"(?:%{WORD:verb} %{NOTSPACE:request}(?: HTTP/%{NUMBER:httpversion})?|%{DATA:rawrequest})" (?:-|%{INT:response}) (?:-|%{INT:bytes})`
	kernelLine = `%{SYSLOGTIMESTAMP:timestamp} (?:%{SYSLOGHOST:logsource} )?(?P<program>[\w./-]+)(?:\[%{POSINT:pid}\])?: %{GREEDYDATA:message}`
	rubyLine   = `[DFEWI], \[%{TIMESTAMP_ISO8601:timestamp} #%{POSINT:pid}\] *%{RUBY_LOGLEVEL:loglevel} -- +%{DATA:progname}: %{GREEDYDATA:message}`
	squidLine  = `%{NUMBER:timestamp}\s+%{NUMBER:duration}\s%{IP:client_address}\s%{WORD:cache_result}/%{POSINT:status_code}\s%{NUMBER:bytes}\s` +
		`%{WORD:request_method}\s%{NOTSPACE:url}\s(?:-|%{NOTSPACE:user})\s%{WORD:hierarchy_code}/(?:-|%{IPORHOST:server})\s%{NOTSPACE:content_type}`
	redisLine = `%{NUMBER:timestamp} \[%{INT:database} %{IP:client}:%{POSINT:port}\] "%{WORD:command}"\s?%{GREEDYDATA:params}`
)

// logPatterns are the patterns of whole lines, which a caller's pattern may use too.
var logPatterns = map[string]string{
	"COMBINEDAPACHELOG": apacheLine + ` "(?:-|%{DATA:referrer})" "(?:-|%{DATA:agent})"`,
	"COMMONAPACHELOG":   apacheLine,
	"LINUXKERNELLOG":    kernelLine,
	"RUBYLOGGER":        rubyLine,
	"SQUID3LOG":         squidLine,
	"REDISMONITORLOG":   redisLine,
}

var logs = []*log{
	newLog("combined_apache", "COMBINEDAPACHELOG", mayBeApache),
	newLog("apache", "COMMONAPACHELOG", mayBeApache),
	newLog("linux_kernel", "LINUXKERNELLOG", mayBeSyslog),
	newLog("ruby_logger", "RUBYLOGGER", func(b []byte) bool { return bytes.HasPrefix(b[1:], []byte(", [")) }),
	newLog("squid", "SQUID3LOG", func(b []byte) bool {
		return b[0]-'0' <= 9 && bytes.IndexByte(b, '"') < 0 && bytes.Count(b, []byte(" ")) >= 9
	}),
	newLog("redismonlog", "REDISMONITORLOG", func(b []byte) bool { return b[0]-'0' <= 9 && bytes.Contains(b, []byte(" [")) }),
}

func newLog(classification, name string, may func([]byte) bool) *log {
	return &log{may: may, compile: sync.OnceValues(func() (*GrokClassifier, error) {
		return NewGrok(classification, "^%{"+name+"}$", "")
	})}
}

func mayBeApache(b []byte) bool {
	i := bytes.Index(b, []byte(" ["))
	return i > 0 && bytes.Contains(b[i:], []byte(`] "`))
}

func mayBeSyslog(b []byte) bool {
	return len(b) > 16 && b[0] >= 'A' && b[0] <= 'Z' && b[3] == ' ' && (b[6] == ' ' && b[9] == ':' || b[5] == ' ' && b[8] == ':')
}

// inferLog tries the known logs on the first line, and the one that fits on the rest.
func inferLog(s *sample) (Schema, bool) {
	line := bytes.TrimLeft(s.text, "\r\n")
	if i := bytes.IndexByte(line, '\n'); i >= 0 {
		line = line[:i]
	}
	line = trimReturn(line)
	if len(line) < 16 || len(line) > maxLine {
		return Schema{}, false
	}
	for _, l := range logs {
		if !l.may(line) {
			continue
		}
		if g, err := l.compile(); err == nil && g.re.Match(line) {
			if out, ok := g.classify(s); ok {
				return out, true
			}
		}
	}
	return Schema{}, false
}
