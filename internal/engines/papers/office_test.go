package papers

import (
	"archive/zip"
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/xuri/excelize/v2"
)

// packed makes an archive of names and contents.
func packed(t testing.TB, list ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(list); i += 2 {
		w, err := z.Create(list[i])
		if err == nil {
			_, err = w.Write([]byte(list[i+1]))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const word = `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>
<w:p><w:r><w:t>The sky</w:t></w:r><w:r><w:t xml:space="preserve"> is &lt;green&gt;</w:t><w:tab/><w:t>today</w:t><w:br/><w:delText>gone</w:delText></w:r></w:p>
<w:p><mc:AlternateContent><mc:Choice><w:t>once</w:t></mc:Choice><mc:Fallback><w:t>twice</w:t></mc:Fallback></mc:AlternateContent></w:p>
<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl></w:body></w:document>`

func book(t testing.TB) string {
	t.Helper()
	f := excelize.NewFile()
	style, err := f.NewStyle(&excelize.Style{NumFmt: 14})
	if err != nil {
		t.Fatal(err)
	}
	for cell, v := range map[string]any{"A1": "name", "B1": "sold", "A2": "tea", "B2": 12.5, "A5": "on", "B5": time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)} {
		if err := f.SetCellValue("Sheet1", cell, v); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.SetCellStyle("Sheet1", "B5", "B5", style); err != nil {
		t.Fatal(err)
	}
	b, err := f.WriteToBuffer()
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestOffice(t *testing.T) {
	f := func(format, data, want string) {
		t.Helper()
		if got, err := Text(t.Context(), format, []byte(data)); err != nil || got != want {
			t.Errorf("%s: %q %v, want %q", format, got, err, want)
		}
	}
	f("docx", packed(t, "word/document.xml", word), "The sky is <green>\ttoday\n\nonce\na \tb")
	f("docx", packed(t, "_rels/.rels", `<Relationships><Relationship Type="http://x/officeDocument" Target="/w/d.xml"/></Relationships>`, "w/d.xml", word),
		"The sky is <green>\ttoday\n\nonce\na \tb")
	f("xlsx", book(t), "Sheet1:\nname\tsold\ntea\t12.5\n\non\t03-02-26")
}

func TestOfficeThatIsNone(t *testing.T) {
	f := func(format, data, want string) {
		t.Helper()
		if text, err := Text(t.Context(), format, []byte(data)); !errors.Is(err, ErrFormat) || !strings.Contains(Why(err), want) {
			t.Errorf("%s: %q %v, want %s", format, text, err, want)
		}
	}
	bomb := packed(t, "word/document.xml", strings.Repeat(" ", maxUnpacked+1))
	for _, format := range []string{"docx", "xlsx"} {
		f(format, "PK", "no Office document")
		f(format, "\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", "old binary format")
		f(format, bomb, "unpacks to more than")
		f(format, packed(t, "a", "b"), "it is no")
	}
	f("docx", packed(t, "word/document.xml", "<w:p>"), "damaged")
	f("docx", packed(t, "word/document.xml", strings.Repeat("<a>", 1000)), "too deep")
	f("docx", packed(t, "word/document.xml", "<w:t>"+strings.Repeat("x", maxText+1)+"</w:t>"), "too much text")
	f("doc", "x", "save it as docx")
}

func FuzzOffice(f *testing.F) {
	f.Add("docx", []byte(packed(f, "word/document.xml", word)))
	f.Add("xlsx", []byte(book(f)))
	f.Fuzz(func(t *testing.T, format string, b []byte) {
		if format != "docx" && format != "xlsx" || len(b) > 1<<20 {
			return
		}
		text, err := Text(t.Context(), format, b)
		if err != nil && !errors.Is(err, ErrFormat) || err == nil && !utf8.ValidString(text) {
			t.Errorf("%q %v", text, err)
		}
	})
}

func FuzzWord(f *testing.F) {
	f.Add(word)
	f.Fuzz(func(t *testing.T, s string) {
		text, err := paragraphs(t.Context(), strings.NewReader(s))
		if err != nil && !errors.Is(err, ErrFormat) || err == nil && !utf8.ValidString(text) {
			t.Errorf("%q becomes %q %v", s, text, err)
		}
	})
}
