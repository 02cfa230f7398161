package papers

import (
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

const onePage = "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n" +
	"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 100]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>endobj\n" +
	"4 0 obj<</Length 44>>stream\nBT /F1 18 Tf 10 50 Td (The sky is green) Tj ET\nendstream endobj\n" +
	"5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n"

func TestText(t *testing.T) {
	f := func(format, data, want string) {
		t.Helper()
		if got, err := Text(t.Context(), format, []byte(data)); err != nil || strings.TrimSpace(got) != want {
			t.Errorf("%s: %q %v, want %q", format, got, err, want)
		}
	}
	f("txt", "\uFEFFplain", "plain")
	f("md", "# A *b*", "# A *b*")
	f("csv", "a,b\n1,2", "a,b\n1,2")
	f("html", "<html><head><title>no</title><style>p{}</style></head><body><h1>A</h1><p>b  <b>c</b>\nd &amp; e</p><script>no()</script><table><tr><td>1</td><td>2</td></tr></table></body></html>",
		"A\n\nb c d & e\n\n\n1\t2")
	f("html", "<head><meta charset=utf-8><style></style><body>text", "text")
	f("pdf", onePage, "The sky is green")
}

func TestWhatIsNoDocument(t *testing.T) {
	f := func(format, data string) {
		t.Helper()
		if text, err := Text(t.Context(), format, []byte(data)); !errors.Is(err, ErrFormat) || strings.Contains(Why(err), "cannot be read") {
			t.Errorf("%s: %q %v", format, text, err)
		}
	}
	f("txt", "\xff\xfe")
	f("html", "\xff")
	f("doc", "x")
	f("odt", "x")
	f("pdf", "no PDF")
	f("pdf", "%PDF-1.7 and nothing more")
}

func FuzzHTML(f *testing.F) {
	f.Add("<p>a<script>b</script><td>c")
	f.Fuzz(func(t *testing.T, s string) {
		text, err := htmlText([]byte(s))
		if err == nil && (!utf8.ValidString(text) || len(text) > 4*len(s)+16) {
			t.Errorf("%q becomes %q", s, text)
		}
	})
}
