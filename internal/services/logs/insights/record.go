package insights

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// Record is a log event with where it comes from.
type Record struct {
	Time, Ingested int64
	Message        string
	Stream         string
	Log            string        // <account>:<group>
	Pointer        func() string // makes what GetLogRecord finds the event by

	parsed bool
	json   any
	known  map[string]value // of lines that Lambda writes
}

// row is a record on its way, with what was computed for it. After stats there is no record.
type row struct {
	record *Record
	vars   map[string]value
	order  []string // names of what stats made
	shown  []string // what is to be shown; nil: nobody said
}

func (r *row) set(name string, v value) {
	if r.vars == nil {
		r.vars = map[string]value{}
	}
	r.vars[name] = v
}

// get finds a field.
func (r *row) get(name string) value {
	if v, ok := r.vars[name]; ok {
		return v
	}
	if r.record == nil {
		return nil
	}
	return r.record.get(name)
}

func (e *Record) get(name string) value {
	switch name {
	case "@message":
		return e.Message
	case "@timestamp":
		return stamp(e.Time)
	case "@ingestionTime":
		return stamp(e.Ingested)
	case "@logStream":
		return e.Stream
	case "@log":
		return e.Log
	case "@ptr":
		return e.Pointer()
	}
	e.parse()
	if strings.HasPrefix(name, "@") {
		if v, ok := e.known[name]; ok {
			return v
		}
		return nil
	}
	return inside(e.json, name)
}

// parse discovers the fields of JSON, and of lines that Lambda writes.
// Source: https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
func (e *Record) parse() {
	if e.parsed {
		return
	}
	e.parsed = true
	if n := strings.IndexByte(e.Message, '{'); n >= 0 {
		d := json.NewDecoder(strings.NewReader(e.Message[n:]))
		d.UseNumber()
		var v any
		if d.Decode(&v) == nil {
			e.json = v
		}
	}
	e.known = lambdaFields(e.Message)
}

// maxDepth is how deep JSON is looked into.
const maxDepth = 20

// inside finds a.b.0.c, where names may have dots of their own.
func inside(v any, path string) value { return descend(v, path, 0) }

func descend(v any, path string, depth int) value {
	if depth > maxDepth {
		return nil
	}
	switch v := v.(type) {
	case map[string]any:
		if x, ok := v[path]; ok {
			return plain(x)
		}
		for i := 0; i < len(path); i++ {
			if path[i] == '.' {
				if x, ok := v[path[:i]]; ok {
					if found := descend(x, path[i+1:], depth+1); found != nil {
						return found
					}
				}
			}
		}
	case []any:
		first, rest, more := strings.Cut(path, ".")
		n, err := strconv.Atoi(first)
		if err != nil || n < 0 || n >= len(v) {
			return nil
		}
		if !more {
			return plain(v[n])
		}
		return descend(v[n], rest, depth+1)
	}
	return nil
}

// plain is a JSON value as a value.
func plain(v any) value {
	if n, ok := v.(json.Number); ok {
		if f, ok := num(string(n)); ok {
			return f
		}
		return string(n)
	}
	return v
}

// Names lists the fields of a record, at most most of them.
func (e *Record) Names(most int) []string {
	e.parse()
	out := []string{"@ingestionTime", "@log", "@logStream", "@message", "@timestamp"}
	for k := range e.known {
		out = append(out, k)
	}
	return flatten(out, "", e.json, most, 0)
}

func flatten(out []string, prefix string, v any, most, depth int) []string {
	if len(out) >= most || depth > maxDepth {
		return out
	}
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if prefix != "" {
				k = prefix + "." + k
			}
			out = flatten(out, k, x, most, depth+1)
		}
		return out
	case []any:
		for i, x := range v {
			k := strconv.Itoa(i)
			if prefix != "" {
				k = prefix + "." + k
			}
			out = flatten(out, k, x, most, depth+1)
		}
		return out
	}
	if prefix == "" {
		return out
	}
	return append(out, prefix)
}

// Fields gives all fields of a record with their values.
func (e *Record) Fields(most int) map[string]string {
	out := map[string]string{}
	for _, name := range e.Names(most) {
		v := e.get(name)
		if s, ok := v.(stamp); ok {
			out[name] = strconv.FormatInt(int64(s), 10)
			continue
		}
		out[name] = show(v)
	}
	return out
}

var lambdaLine = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^(START|END|REPORT) RequestId: ([0-9a-fA-F-]{36})`)
})

var lambdaReport = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(Init Duration|Billed Duration|Duration|Memory Size|Max Memory Used): ([0-9.]+) (ms|MB)`)
})

func lambdaFields(message string) map[string]value {
	if !strings.HasPrefix(message, "START ") && !strings.HasPrefix(message, "END ") && !strings.HasPrefix(message, "REPORT ") {
		return nil
	}
	m := lambdaLine().FindStringSubmatch(message)
	if m == nil {
		return nil
	}
	out := map[string]value{"@type": m[1], "@requestId": m[2]}
	names := map[string]string{"Init Duration": "@initDuration", "Billed Duration": "@billedDuration", "Duration": "@duration",
		"Memory Size": "@memorySize", "Max Memory Used": "@maxMemoryUsed"}
	for _, f := range lambdaReport().FindAllStringSubmatch(message, -1) {
		if n, ok := num(f[2]); ok {
			if f[3] == "MB" {
				n *= 1e6 // as Insights has them, in bytes
			}
			out[names[f[1]]] = n
		}
	}
	return out
}
