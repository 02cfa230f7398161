package tabular

import (
	"bytes"
	"io"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
)

// Names of encodings, as Hive's serialization.encoding takes them.
const (
	UTF8        = "UTF-8"
	UTF16LE     = "UTF-16LE"
	UTF16BE     = "UTF-16BE"
	Latin1      = "ISO-8859-1"
	Windows1252 = "windows-1252"
)

var utf8BOM = []byte("\xef\xbb\xbf")

// decodeText tells the encoding of a sample and gives it as UTF-8 without a mark; no encoding when it is no text.
func decodeText(b []byte, whole bool) (text []byte, name string) {
	switch {
	case bytes.HasPrefix(b, utf8BOM):
		b = b[len(utf8BOM):]
	case bytes.HasPrefix(b, []byte("\xff\xfe")), bytes.HasPrefix(b, []byte("\xfe\xff")):
		name = UTF16LE
		if b[0] == 0xfe {
			name = UTF16BE
		}
		b = b[:len(b)&^1]
	}
	if name == "" {
		if name = eightBit(b, whole); name == UTF8 {
			if !whole {
				b = wholeRunes(b)
			}
			return b, textual(b, UTF8)
		}
	}
	text, err := encodings(name).NewDecoder().Bytes(b)
	if err != nil {
		return nil, ""
	}
	return text, textual(text, name)
}

// eightBit is UTF-8 when that fits, else the encoding of Western Europe that has these bytes.
func eightBit(b []byte, whole bool) string {
	if !whole {
		b = wholeRunes(b)
	}
	if utf8.Valid(b) {
		return UTF8
	}
	for _, c := range b {
		if c >= 0x80 && c < 0xa0 {
			return Windows1252
		}
	}
	return Latin1
}

// wholeRunes leaves off a character that was cut at the end.
func wholeRunes(b []byte) []byte {
	for i := 1; i <= utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			return b
		}
	}
	return b
}

// textual gives name back when the text looks written: no zero bytes, hardly any control characters.
func textual(text []byte, name string) string {
	bad, high := 0, 0
	for _, c := range text {
		switch {
		case c == 0:
			return ""
		case c < ' ' && c != '\t' && c != '\n' && c != '\r' && c != 1, c == 0x7f:
			bad++
		case c >= 0x80:
			high++
		}
	}
	// A wrong guess of an eight-bit encoding shows as a text of hardly any plain letters.
	if bad > len(text)/100 || (name == Latin1 || name == Windows1252) && high > len(text)/2 {
		return ""
	}
	return name
}

func encodings(name string) encoding.Encoding {
	switch name {
	case UTF16LE:
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
	case UTF16BE:
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case Latin1:
		return charmap.ISO8859_1
	case Windows1252:
		return charmap.Windows1252
	}
	return unicode.UTF8BOM
}

// textReader gives what r holds as UTF-8.
func textReader(r io.Reader, name string) io.Reader {
	return transform.NewReader(r, encodings(name).NewDecoder())
}
