package catalog

// Compact takes the members out of a JSON document, as encoding/json writes it, that say null, false or 0: of the API's
// structures these are the ones that are not set. Within maps of the API all values are strings, which stay. It passes an
// error through.
func Compact(b []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	out := b[:0] // what is read is always ahead of what is written
	member := -1 // where the member begun last begins in out, behind its comma; -1 when a value was written since
	for i := 0; i < len(b); {
		c := b[i]
		switch {
		case c == '"':
			end := i + 1
			for b[end] != '"' {
				if b[end] == '\\' {
					end++
				}
				end++
			}
			end++
			begin := len(out)
			out = append(out, b[i:end]...)
			i = end
			if i < len(b) && b[i] == ':' {
				member = begin
				out = append(out, ':')
				i++
				if n := unset(b[i:]); n > 0 {
					i += n
					out = out[:member]
					if b[i] == ',' { // the next member takes the place
						i++
					} else if out[len(out)-1] == ',' {
						out = out[:len(out)-1]
					}
				}
			}
		default:
			out = append(out, c)
			i++
		}
	}
	return out, nil
}

// unset is the length of a value that says nothing, 0 of any other.
func unset(b []byte) int {
	for _, v := range []string{"null", "false", "0"} {
		if n := len(v); len(b) > n && string(b[:n]) == v && (b[n] == ',' || b[n] == '}') {
			return n
		}
	}
	return 0
}
