package tabular

import (
	"bytes"
)

// delimiters are those that Glue's own classifier knows, in its order.
var delimiters = [...]byte{',', '|', '\t', ';', 1}

const (
	sniffRecords = 100
	sniffBytes   = 16 << 10
	enoughAlike  = 0.6 // share of records that have the usual number of fields
)

// sniff finds how a sample is written and how many columns it has; none when nothing fits. What asked says is taken.
func sniff(text []byte, asked dialect, whole bool) (d dialect, columns int) {
	d = dialect{quote: '"', end: '\n'}
	if bytes.IndexByte(text, '\n') < 0 && bytes.IndexByte(text, '\r') >= 0 {
		d.end = '\r'
	}
	head := text
	if n := sniffLength(text, d.end); n < len(text) {
		head, whole = head[:n], false
	}
	if asked.quote != 0 {
		d.quote = asked.quote
	} else if bytes.IndexByte(head, '"') < 0 && bytes.IndexByte(head, '\'') >= 0 && framed(head, d, asked.delim, whole) {
		d.quote = '\''
	}
	if asked.delim != 0 {
		d.delim = asked.delim
		columns, _ = usual(head, d, whole)
		return d, columns
	}
	best := 0.0
	for _, c := range delimiters {
		if bytes.IndexByte(head, c) < 0 {
			continue
		}
		try := d
		try.delim = c
		n, score := usual(head, try, whole)
		if n >= 2 && score > best {
			d.delim, columns, best = c, n, score
		}
	}
	return d, columns
}

// sniffLength is how much is looked at: three lines at least, however long they are.
func sniffLength(text []byte, end byte) int {
	at := 0
	for range 3 {
		i := bytes.IndexByte(text[at:], end)
		if i < 0 {
			return len(text)
		}
		at += i + 1
	}
	return max(at, min(sniffBytes, len(text)))
}

// usual is the number of fields that most records have, and how good that is.
func usual(head []byte, d dialect, whole bool) (n int, score float64) {
	s := splitBytes(head, d)
	var counts [sniffRecords]int
	records := 0
	for records < len(counts) {
		rec, err := s.next()
		if err != nil {
			break
		}
		if s.pos >= len(head) && !whole && records > 0 {
			break // it was cut
		}
		counts[records] = len(rec)
		records++
	}
	if records == 0 {
		return 0, 0
	}
	most := 0
	for i := range records {
		same := 0
		for j := range records {
			if counts[i] == counts[j] {
				same++
			}
		}
		if same > most || same == most && counts[i] > n {
			n, most = counts[i], same
		}
	}
	share := float64(most) / float64(records)
	if share < enoughAlike {
		return 0, 0
	}
	score = share + 0.02*float64(min(n, 10))
	if counts[0] == n {
		score += 0.05
	}
	return n, score
}

// framed tells that a column is written in apostrophes throughout.
func framed(head []byte, d dialect, delim byte, whole bool) bool {
	d.quote = 0
	for _, c := range delimiters {
		if delim != 0 && c != delim || bytes.IndexByte(head, c) < 0 {
			continue
		}
		d.delim = c
		in, out := map[int]int{}, map[int]int{}
		s := splitBytes(head, d)
		for range sniffRecords {
			rec, err := s.next()
			if err != nil || s.pos >= len(head) && !whole {
				break
			}
			for i, f := range rec {
				if n := len(f.text); n >= 2 && f.text[0] == '\'' && f.text[n-1] == '\'' {
					in[i]++
				} else if n > 0 && f.text[0] != '\'' && f.text[n-1] != '\'' { // such a one may be half of a value
					out[i]++
				}
			}
		}
		for i, n := range in {
			if n >= 2 && out[i] <= 1 { // the one may be its name
				return true
			}
		}
	}
	return false
}

// escapes tells that quotes inside of values are written with a backslash.
func escapes(text []byte, d dialect) bool {
	mark := []byte{'\\', d.quote}
	for {
		i := bytes.Index(text, mark)
		if i < 0 || i+2 >= len(text) {
			return false
		}
		text = text[i+2:]
		if c := text[0]; c != d.delim && c != '\r' && c != '\n' && c != d.quote {
			return true
		}
	}
}
