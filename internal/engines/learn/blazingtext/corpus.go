package blazingtext

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/atelier-studio/atelier/internal/engines/learn"
)

// corpus is labelled text as numbers: places in a dictionary, of each line its labels and words, then the end of the line.
type corpus struct {
	tokens []int32
	ends   []int // of lines, in tokens
}

func (c corpus) line(i int) []int32 {
	if i == 0 {
		return c.tokens[:c.ends[0]]
	}
	return c.tokens[c.ends[i-1]:c.ends[i]]
}

// readText reads a channel, at most so many bytes of it. JSON Lines become plain lines.
func readText(channels learn.Channels, name string, most int64) ([]byte, error) {
	var text []byte
	asJSON := strings.Contains(strings.ToLower(channels[name].ContentType), "json")
	err := channels.Each(name, func(file string, r io.Reader) error {
		b, err := io.ReadAll(io.LimitReader(r, most-int64(len(text))+1))
		if err != nil {
			return fmt.Errorf("cannot read %s: %w", file, err)
		}
		if int64(len(text)+len(b)) > most {
			return learn.ClientErrorf("The data of channel '%s' is larger than %d bytes", name, most)
		}
		if asJSON || bytes.HasPrefix(bytes.TrimLeft(b[:min(len(b), 64)], " \t\r\n"), []byte(`{"`)) {
			if b, err = fromManifest(b, file); err != nil {
				return err
			}
		}
		if text == nil {
			text = b
		} else {
			text = append(text, b...)
		}
		if n := len(text); n > 0 && text[n-1] != '\n' {
			text = append(text, '\n')
		}
		return nil
	})
	return text, err
}

// fromManifest turns lines like {"source":"a text","label":1} or "label":[1,"x"] into fastText's.
func fromManifest(b []byte, file string) ([]byte, error) {
	var out bytes.Buffer
	for n := 1; len(b) > 0; n++ {
		line, rest, _ := bytes.Cut(b, []byte("\n"))
		b = rest
		if line = bytes.TrimSpace(line); len(line) == 0 {
			continue
		}
		var record struct {
			Source *string `json:"source"`
			Label  any     `json:"label"`
		}
		if err := json.Unmarshal(line, &record); err != nil || record.Source == nil {
			return nil, learn.ClientErrorf("Line %d of %s is not a JSON object with the attributes source and label", n, file)
		}
		labels, ok := record.Label.([]any)
		if !ok {
			labels = []any{record.Label}
		}
		for _, l := range labels {
			switch l.(type) {
			case string, float64:
				out.WriteString(labelPrefix + strings.Join(strings.Fields(fmt.Sprint(l)), "-") + " ")
			default:
				return nil, learn.ClientErrorf("Line %d of %s has a label that is neither a string nor a number", n, file)
			}
		}
		for _, word := range strings.Fields(*record.Source) {
			out.WriteString(word + " ")
		}
		out.WriteByte('\n')
	}
	return out.Bytes(), nil
}

// count makes a corpus of text and counts its words into a dictionary, in several parts at once. The outcome is that of one.
func count(d *dictionary, text []byte, parts int) corpus {
	pieces := split(text, parts)
	dictionaries, corpora := make([]dictionary, len(pieces)), make([]corpus, len(pieces))
	learn.Together(len(pieces), func(i int) {
		corpora[i] = tokenize(pieces[i], func(b []byte) int32 { return dictionaries[i].add(b, hashOf(b), 1) })
	})
	var whole corpus
	for i, part := range dictionaries {
		places := make([]int32, len(part.entries))
		for j, e := range part.entries {
			places[j] = d.add([]byte(e.word), e.hash, e.count)
		}
		for j, t := range corpora[i].tokens {
			corpora[i].tokens[j] = places[t]
		}
		whole.append(corpora[i])
	}
	d.tokens += int64(len(whole.tokens))
	return whole
}

func tokenize(text []byte, id func([]byte) int32) corpus {
	c := corpus{tokens: make([]int32, 0, len(text)/5)}
	for len(text) > 0 {
		n := bytes.IndexByte(text, '\n')
		line := text
		if n >= 0 {
			line, text = text[:n], text[n+1:]
		} else {
			text = nil
		}
		for {
			word, rest := next(line)
			if len(word) == 0 {
				break
			}
			c.tokens, line = append(c.tokens, id(word)), rest
		}
		c.tokens = append(c.tokens, id([]byte(endOfLine)))
		c.ends = append(c.ends, len(c.tokens))
	}
	return c
}

func (c *corpus) append(more corpus) {
	if len(c.tokens) == 0 {
		*c = more
		return
	}
	at := len(c.tokens)
	c.tokens = append(c.tokens, more.tokens...)
	for _, e := range more.ends {
		c.ends = append(c.ends, at+e)
	}
}

// split cuts text at ends of lines, into parts of about a size.
func split(text []byte, parts int) [][]byte {
	var pieces [][]byte
	for ; parts > 1; parts-- {
		n := len(text) / parts
		if i := bytes.IndexByte(text[n:], '\n'); i >= 0 && n > 1<<12 {
			pieces, text = append(pieces, text[:n+i+1]), text[n+i+1:]
		}
	}
	return append(pieces, text)
}
